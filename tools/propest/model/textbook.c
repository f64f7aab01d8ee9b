/* The rules of thumb. */
#include "tools/propest/model/textbook.h"

#include <math.h>

struct textbook textbook_of(const struct textbook_facts *facts)
{
	struct textbook t = { .facts = *facts };
	double n = fmax(facts->replicas, 1);

	t.bound = facts->max_delay_s * n + facts->interval_s * log(n);
	t.expected = t.bound * (1 + facts->updates_per_s * facts->mean_delay_s) * (1 + 2 * facts->failure * n);
	t.ci95 = 1.96 * t.expected;
	t.ci99 = 2.58 * t.expected;
	t.dns_authoritative = 60;
	t.dns_cache = facts->ttl_s * facts->depth;
	t.dns_network = .1 * facts->caches;
	t.dns = t.dns_authoritative + t.dns_cache + t.dns_network;
	t.partition = facts->partition_s + t.expected;
	return t;
}
