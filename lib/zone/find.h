/* Look-up in steps, so that the cache misses of several questions overlap: a worker starts one finder for each question of a batch,
 * runs them together, and then finishes each. zone_find is the same for one question.
 */
#pragma once

#include "lib/zone/key.h"
#include "lib/zone/zone.h"

/* Between start and finish; the version must stay readable and `name` unchanged. */
struct zone_finder {
	const struct zone_version *version;
	const uint8_t *name;
	uintptr_t twig;                    /* where the descent stands */
	uintptr_t cut, dname;              /* the topmost ancestors met that own NS or DNAME, and where */
	uint16_t cut_offset, dname_offset;
	unsigned limit;                    /* symbols that still guide the descent */
	struct key key;
};

/* `name` is at or below the apex. */
void zone_finder_start(struct zone_finder *finder, const struct zone_version *version, const uint8_t *name);
/* Takes all of them down to where their descents end, one node of each at a time. The array is used up. */
void zone_finders_run(struct zone_finder **finders, unsigned count);
void zone_finder_finish(struct zone_finder *finder, struct zone_lookup *out);
