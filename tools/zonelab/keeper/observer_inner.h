/* What the observer's files share. */
#pragma once

#include "tools/zonelab/keeper/observer.h"
#include "tools/zonelab/keeper/seen.h"

/* One server of one zone. */
struct observed_server {
	uint32_t zone, node;
	bool is_known;                /* it has told something since it was up: a serial, or a trouble */
	const char *trouble;
	uint32_t serial;              /* without trouble */
	usec_t asked;                 /* the latest question */
	usec_t shown;                 /* when the question was asked that it answered last */
	bool is_open;
	uint8_t round;
	unsigned silent;              /* questions in a row */
};

struct observed_zone {
	const struct topology_zone *zone;
	uint32_t first, count;        /* of the servers; the first is the primary */
	bool has_serial, primary_told;
	uint32_t serial;              /* what all should have: the primary's */
	uint32_t newest;              /* ever */
	struct seen_serial soa;       /* the primary's last */
	usec_t restless_until;
	bool has_change, is_pending;
	usec_t changed;
	usec_t servers_done;          /* since when all have it; -1 */
};

enum { CLIENT_SLOTS = 32 };

struct observed_cache {
	uint32_t node;
	struct seen_value value;
	usec_t at;                    /* when it was given */
	bool is_fresh;
	usec_t next;                  /* client */
	uint8_t slot;
	uint8_t open;                 /* slots in use */
	usec_t asked[CLIENT_SLOTS];   /* -1: not in use */
};

struct observer {
	struct observer_config config;
	struct rng rng;
	bool *is_up;                  /* nodes */
	struct observed_server *servers;
	uint32_t server_count;
	struct observed_zone *zones;
	uint32_t zone_count;
	struct observed_cache *caches;
	uint32_t cache_count;
	usec_t next_tick;
	uint64_t tick;
	bool has_watch;
	struct observer_watch watch;
	uint32_t watched_zone;
	struct seen_value target;     /* what the truth says */
	bool truth_is_due, truth_is_open;
	usec_t truth_asked;
	usec_t caches_done;           /* since when all have it; -1 */
};

enum {
	ID_CACHE = 0x8000,            /* then the cache's index (10 bits) and the slot (5 bits) */
	ID_ROUND = 0x4000,            /* of a server: changes with each question, so that a late answer is not taken for the next question's */
	ID_INDEX = 0x3fff,
	ID_TRUTH = ID_INDEX,          /* there are not so many servers */
};

double observer_seconds(const struct observer *observer, usec_t at);
void observer_ask(struct observer *observer, uint32_t node, const struct seen_question *question);
const char *observer_node_name(const struct observer *observer, uint32_t node);

/* observer_servers.c */
void servers_on_tick(struct observer *observer, usec_t now);
void servers_on_answer(struct observer *observer, uint32_t node, const struct message *message, usec_t now);
void servers_on_node(struct observer *observer, uint32_t node);
/* Tells when all have the change, and notes when they have not any more. */
void zone_look(struct observer *observer, uint32_t zone, usec_t now);

/* observer_caches.c */
void caches_on_tick(struct observer *observer, usec_t now);
void caches_ask(struct observer *observer, usec_t now);
usec_t caches_deadline(const struct observer *observer);
void caches_on_answer(struct observer *observer, uint32_t node, const struct message *message, usec_t now);
void caches_on_node(struct observer *observer, uint32_t node, usec_t now);
bool caches_are_fresh(const struct observer *observer);
/* What is true of the watched name, or with no target yet, that it is watched; `stale` is taken over. */
void target_tell(struct observer *observer, json_t *stale);
/* The truth may have changed. */
void truth_doubt(struct observer *observer, usec_t now);
void truth_on_tick(struct observer *observer, usec_t now);
void truth_on_answer(struct observer *observer, const struct message *message, usec_t now);
