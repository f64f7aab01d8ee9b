/* A network in memory under a manual clock: datagrams that get lost, doubled, delayed and so overtake each other, streams that stall and break,
 * partitions, nodes that go down. Everything that happens follows from the seed.
 *
 * A node is a number and a set of callbacks. Nothing is called but from simnet_run_until, and every call happens at simnet_now.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"

struct simnet;

/* One direction between two nodes. */
struct simnet_link {
	usec_t delay_min, delay_max;      /* each packet draws its own */
	double loss;                      /* of a packet; a stream sends it again, later each time */
	double duplicate;                 /* of a datagram */
	bool cut;
};

/* What a node does. All may be NULL but those that its traffic needs. */
struct simnet_node {
	void *ctx;
	void (*on_datagram)(void *ctx, unsigned from, const uint8_t *data, size_t len);
	/* Once after simnet_wake. */
	void (*on_wake)(void *ctx);
	/* A message on a stream, at either end. */
	void (*on_message)(void *ctx, uint64_t stream, unsigned from, const uint8_t *data, size_t len);
	/* The stream has ended, by the other end or because packets did not come through for SIMNET_STREAM_PATIENCE. Not called at the end that closed it. */
	void (*on_close)(void *ctx, uint64_t stream, unsigned from);
};

#define SIMNET_STREAM_PATIENCE (20 * USEC_PER_SEC)

/* Asserts that memory is there. All links begin as `link`. */
struct simnet *simnet_new(uint64_t seed, unsigned node_count, const struct simnet_link *link);
void simnet_free(struct simnet *net);
void simnet_node(struct simnet *net, unsigned node, const struct simnet_node *handler);

usec_t simnet_now(const struct simnet *net);
/* Monotonic and wall; the wall clock began in 2026. */
const struct clock *simnet_clock(const struct simnet *net);
/* Draws from it belong to the simulation: use it for everything random in a test. */
struct rng *simnet_rng(struct simnet *net);

/* Changes a link from now on; packets on their way stay there. */
struct simnet_link *simnet_link(struct simnet *net, unsigned from, unsigned to);
void simnet_link_all(struct simnet *net, const struct simnet_link *link);
/* Cuts or joins both directions. */
void simnet_cut(struct simnet *net, unsigned a, unsigned b, bool cut);
/* A node that is down gets nothing; its streams break. */
void simnet_set_up(struct simnet *net, unsigned node, bool up);
bool simnet_is_up(const struct simnet *net, unsigned node);

void simnet_datagram(struct simnet *net, unsigned from, unsigned to, const void *data, size_t len);
/* Opening costs a round trip, which the first message waits for. */
uint64_t simnet_stream_open(struct simnet *net, unsigned from, unsigned to);
/* Harmless on a stream that has ended. */
void simnet_stream_send(struct simnet *net, uint64_t stream, unsigned from, const void *data, size_t len);
void simnet_stream_close(struct simnet *net, uint64_t stream, unsigned from);
/* on_wake of the node at `at` (or now); replaces the wish before. INT64_MAX: never. */
void simnet_wake(struct simnet *net, unsigned node, usec_t at);

/* Handles everything up to and at `until`, where the clock stands afterwards. */
void simnet_run_until(struct simnet *net, usec_t until);
/* The same, but also stops when `done` says so (asked after each event). Whether it did. */
bool simnet_run_while(struct simnet *net, usec_t until, bool (*done)(void *ctx), void *ctx);

uint64_t simnet_packets(const struct simnet *net);
