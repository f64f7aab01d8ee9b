/* What is seen of a lab: who serves which serial since when, and what clients of the resolvers are given.
 *
 * A state machine: answers, nodes' fates and a clock value go in; questions and events come out, by the callbacks of `struct observer_out`, at once.
 * Sockets, timers and the journal are observer_part.c's; the prediction is observer_predict.c's.
 *
 * Servers. Time is cut into ticks of 50 ms. The primary of every zone is asked for its serial each tick. The others are asked each tick while
 * their zone is restless: one of them serves something else than the primary, or a cache's answer to the watched name is not the primary's, or
 * the zone has changed in the last two seconds; else once a second. When a primary shows a new serial the others are asked at once. A question
 * is given up after half a second; three in a row, and the server is silent. So the moment of first serving is at most one tick and an answer's
 * way too late, and it is bounded from below by the moment when the last question was asked that was answered otherwise ("since").
 *
 * Caches. Each resolver has Poisson clients, who ask for the watched name with recursion desired. Their answer is fresh if it is what the
 * truth, the primary of the name's zone, says; a cache is asked again only by them, so what is seen of it is what clients see. The truth is asked
 * when the watch begins and when that primary's serial has moved, until it answers.
 *
 * A node that is down is not asked and not waited for. Times in events are seconds since `origin`. Nothing is asked of caches as long as
 * nothing is watched.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/base/status.h"
#include "tools/zonelab/files/facts.h"
#include "tools/zonelab/topology/topology.h"

enum {
	OBSERVER_TICK_MS = 50,
	OBSERVER_LEISURE_TICKS = 20,
	OBSERVER_RESTLESS_MS = 2000,      /* after a change */
	OBSERVER_PATIENCE_MS = 500,       /* with a server */
	OBSERVER_CLIENT_PATIENCE_MS = 5000,
};

struct observer;

/* `node` is an index into the topology. `event` is taken over; NULL means that there was no memory for it. */
struct observer_out {
	void (*ask)(void *ctx, uint32_t node, const uint8_t *wire, size_t len);
	void (*tell)(void *ctx, json_t *event);
	void *ctx;
};

struct observer_config {
	const struct topology *topology;      /* borrowed */
	struct observer_out out;
	usec_t origin;                        /* of the times in events */
	double client_rate;                   /* questions a second at each resolver */
	uint64_t seed;                        /* of the clients' gaps */
	double speed;                         /* of the lab's clock, by which TTLs run */
};

int observer_new(struct observer **observer, const struct observer_config *config) ZT_MUST_CHECK;
void observer_free(struct observer *observer);

/* Nodes are down until it is said that they are up. */
void observer_on_node(struct observer *observer, uint32_t node, bool is_up, usec_t now);
/* A datagram that came from the node. */
void observer_on_answer(struct observer *observer, uint32_t node, const uint8_t *wire, size_t len, usec_t now);
/* Asks what is due. */
void observer_on_time(struct observer *observer, usec_t now);
/* When it is to be called next. */
usec_t observer_deadline(const struct observer *observer);

/* What the resolvers' clients ask for from now on. */
struct observer_watch {
	const struct topology_zone *zone;       /* whose primary is the truth */
	uint8_t name[NAME_MAX_LEN];
	uint16_t type;
};
void observer_watch(struct observer *observer, const struct observer_watch *watch, usec_t now);
/* The clocks of the watched name, as its primary tells them, seconds; false as long as they are not known. */
bool observer_clocks(const struct observer *observer, struct facts_clocks *clocks);
/* Whether its primary says that there is no such record. */
bool observer_target_is_absent(const struct observer *observer);
/* NULL: nothing is watched. */
const struct observer_watch *observer_watched(const struct observer *observer);
/* Whether all that live of the watched zone, servers and caches, have what its primary has; a server that has not for long does not count. */
bool observer_is_at_rest(const struct observer *observer, usec_t now);
/* "serials", "answers" and "watched", for the state document. */
void observer_state_add(const struct observer *observer, json_t *state);
