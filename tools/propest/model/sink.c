/* Kinks on their way. */
#include "tools/propest/model/sink.h"

#include <math.h>
#include <stdlib.h>

void sink_list_add(struct kink_list *list, double at, double slope)
{
	if (list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 256;
		struct kink *kinks = reallocarray(list->kinks, size, sizeof(*kinks));
		if (!kinks) {
			list->status = ZT_ENOMEM;
			return;
		}
		list->kinks = kinks;
		list->size = size;
	}
	list->kinks[list->count++] = (struct kink){ at, slope };
}

void sink_held_kink(const struct cache_sink *sink, double at, double slope)
{
	/* The mean over a trailing window turns a bend into a parabola as long as the hold. */
	for (size_t i = 0; i < sink->count; i++) {
		curve_bend(&sink->curves[i], at, slope / (2 * sink->hold));
		curve_bend(&sink->curves[i], at + sink->hold, -slope / (2 * sink->hold));
	}
	if (!sink->list)
		return;
	/* A list holds straight pieces only; they join points that lie on it. */
	double width = sink->hold / sink->hold_parts, part = slope / sink->hold_parts;
	sink_list_add(sink->list, at, part / 2);
	for (unsigned i = 1; i < sink->hold_parts; i++)
		sink_list_add(sink->list, at + i * width, part);
	sink_list_add(sink->list, at + sink->hold, part / 2);
}

void sink_jump(const struct cache_sink *sink, double at, double by)
{
	double width = sink->hold_parts > 0 ? sink->hold : SINK_JUMP_S;

	at += sink->shift;
	by *= sink->weight;
	if (sink->list || sink->hold_parts > 0) {
		sink_put(sink, at, by / width);
		sink_put(sink, at + width, -by / width);
		return;
	}
	for (size_t i = 0; i < sink->count; i++)
		curve_jump(&sink->curves[i], at, by);
}
