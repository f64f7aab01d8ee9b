/* What a lab's events add up to: who is up, who serves what, which caches are fresh, what the latest change of the watched name took.
 *
 * Events are taken one at a time, in their order, from the lab's start; times are real seconds since then, what is measured is in the lab's. Nothing is asked or printed here.
 * Events that are not about this, or of a later version, are passed over.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "tools/zonelab/topology/topology.h"

enum { TALLY_TROUBLE_SIZE = 24 };

struct tally_server {
	uint32_t zone, node;               /* indexes into the topology */
	bool is_known;                     /* it has told something since it was up */
	char trouble[TALLY_TROUBLE_SIZE];  /* "": it serves `serial` */
	bool has_served;                   /* `serial`, now or before it was down or in trouble */
	uint32_t serial;
	double at, since;                  /* first seen with it; not seen with it before */
};

struct tally_zone {
	uint32_t first, count;             /* of the servers; the first is the primary */
	bool has_serial;
	uint32_t serial;                   /* the primary's */
	bool has_change;
	double changed, not_before;        /* the latest change */
};

struct tally_cache {
	uint32_t node;
	bool is_known;
	char trouble[TALLY_TROUBLE_SIZE];
	json_t *value;                     /* NULL as long as nothing is known */
	bool is_absent;                    /* there is no such name */
	bool is_fresh;
	double fresh_since;
	double ttl, at;                    /* seconds left, then */
	/* since the latest change; negative: not yet, never */
	double first_fresh;
	double last_stale;                 /* the last stale answer that a fresh one followed */
	unsigned returns;                  /* from fresh to stale, without a change */
};

struct tally {
	const struct topology *topology;
	int name_width;                    /* of the longest of the nodes' names */
	double speed;                      /* of the lab's clock: its seconds in a real one */
	bool *is_up;                       /* nodes */
	struct tally_server *servers;
	uint32_t server_count;
	struct tally_zone *zones;          /* one a zone of the topology */
	struct tally_cache *caches;
	uint32_t cache_count;
	bool has_watch;
	uint32_t watched;                  /* zone */
	char *name;
	char *type;
	json_t *target;
	double target_ttl;
	bool target_is_due;                /* the watched zone has changed; what the primary says now is still to come */
	json_t *prediction;                /* for the latest change; NULL: none */
	double t;                          /* of the last event */
};

int tally_init(struct tally *tally, const struct topology *topology) ZT_MUST_CHECK;
void tally_fini(struct tally *tally);
void tally_take(struct tally *tally, const json_t *event);


bool tally_server_is_current(const struct tally *tally, const struct tally_server *server);
/* All that are up have what the primary has. */
bool tally_zone_is_current(const struct tally *tally, uint32_t zone);
bool tally_caches_are_fresh(const struct tally *tally);

/* Seconds of the lab between two times. */
static inline double tally_took(const struct tally *tally, double from, double to) { return (to - from) * tally->speed; }

/* What the latest change of the watched zone took, seconds of the lab since it was seen; negative: not all have it, or nobody. */
struct tally_measured {
	double servers;                    /* all servers that are up serve it */
	double first_fresh;                /* a client was given it */
	double caches;                     /* every cache that is up has given it, and has not returned since */
	double last_stale;                 /* a client was given the old data for the last time; 0: never */
	uint32_t server_count, servers_current, cache_count, caches_fresh;
};
struct tally_measured tally_measure(const struct tally *tally);

/* "192.0.2.1, 192.0.2.2", "no data", "SERVFAIL"; cut to fit; returns `out`. */
char *tally_cache_to_text(const struct tally_cache *cache, char *out, size_t size);
char *tally_value_to_text(const json_t *value, char *out, size_t size);
