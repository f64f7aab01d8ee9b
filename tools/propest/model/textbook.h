/* The usual rules of thumb, kept to be compared with: closed formulas over a handful of averages. What is wrong with each is in
 * doc/propagation.md. */
#pragma once

struct textbook_facts {
	double replicas;            /* servers and caches */
	double max_delay_s;         /* largest one-way delay */
	double mean_delay_s;
	double interval_s;          /* SOA REFRESH */
	double updates_per_s;
	double failure;             /* share of replicas that fail */
	double ttl_s;
	double depth;               /* caches in a chain */
	double caches;
	double partition_s;         /* length of the longest outage, 0: none */
};

struct textbook {
	struct textbook_facts facts;
	double bound;               /* max_delay * n + interval * ln n */
	double expected;            /* bound * (1 + rate * delay) * (1 + 2 * failure * n) */
	double ci95, ci99;          /* expected * 1.96 and * 2.58 */
	double dns;                 /* the sum of: */
	double dns_authoritative, dns_cache, dns_network;
	double partition;           /* outage + expected */
};

struct textbook textbook_of(const struct textbook_facts *facts);
