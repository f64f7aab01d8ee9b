/* The same topology with other daemons: kinds of nodes are replaced in its text. */
#pragma once

#include "lib/base/buf.h"
#include "tools/zonelab/scenario/scenario.h"

struct choice {
	const char *who;      /* a role of the scenario, or a node */
	const char *kind;
};

struct choices {
	const struct choice *items;
	size_t count;
};

/* Appends the topology's text, with the choices (later ones win), to `out`. Problems are told by the choice's words as the command line has them, in `error`;
 * then ZT_EINVAL. The text must be a topology. */
int choice_apply(const struct topology_text *source, const struct scenario *scenario, const struct choices *choices, struct buf *out, char error[256])
	ZT_MUST_CHECK;
