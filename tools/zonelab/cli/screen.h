/* The picture of a lab on a terminal: what is watched, then nodes by tier, each with its serial or answer, its lag and its remaining TTL.
 *
 * Every state has a word, colours only help. Lines are cut to the width; what does not fit into the height is scrolled to. Zones other than the
 * watched one take one line as long as all their servers agree.
 */
#pragma once

#include "lib/base/buf.h"
#include "tools/zonelab/cli/tally.h"

struct screen {
	unsigned width, height;            /* columns, lines */
	bool has_colours;
	unsigned scrolled;                 /* lines of the list above the picture; too many are corrected */
	double now;                        /* seconds since the lab's start */
	const char *mode;                  /* "loopback", "net" */
};

/* Appends lines, at most `height`, each ended by a newline, none longer than `width`. */
void screen_draw(struct screen *screen, const struct tally *tally, struct buf *out);
