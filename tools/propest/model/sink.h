/* Where the kinks of one sample's curve go: to curves that are summed, or to a list for what has to be done to a single curve first.
 *
 * On the way a curve can be weighted, moved in time, and followed by a client that holds each answer for a fixed time whatever its TTL: then all
 * instants are later by a uniform part of that hold.
 */
#pragma once

#include <stddef.h>

#include "tools/propest/model/curve.h"

/* A jump is a rise within this time where only straight pieces will do. */
#define SINK_JUMP_S 1e-6

struct kink { double at, slope; };

struct kink_list {
	struct kink *kinks;
	size_t count, size;
	int status;           /* ZT_ENOMEM when it could not grow */
};

/* To each of `count` curves, or to `list` where that is set. */
struct cache_sink {
	struct curve *curves;
	size_t count;
	struct kink_list *list;
	double weight;        /* multiplies the curve; 1 leaves it */
	double shift;         /* is added to all instants */
	double hold;          /* the client's; 0: none */
	unsigned hold_parts;  /* in a list, a kink under a hold is followed in so many straight pieces; 0 without a hold */
};

void sink_list_add(struct kink_list *list, double at, double slope);
/* The kink's bend spread over the hold. */
void sink_held_kink(const struct cache_sink *sink, double at, double slope);
void sink_jump(const struct cache_sink *sink, double at, double by);

static inline void sink_put(const struct cache_sink *sink, double at, double slope)
{
	if (sink->list)
		sink_list_add(sink->list, at, slope);
	for (size_t i = 0; i < sink->count; i++)
		curve_kink(&sink->curves[i], at, slope);
}

static inline void sink_kink(const struct cache_sink *sink, double at, double slope)
{
	at += sink->shift;
	slope *= sink->weight;
	if (sink->hold_parts > 0)
		sink_held_kink(sink, at, slope);
	else
		sink_put(sink, at, slope);
}
