/* Servers that help each other with one zone: what each is known to have, how near it is, and whom to tell.
 *
 * A secondary knows two kinds of servers it can take the zone from: its primaries, who have authority, and the other members of its group, who have what
 * they got themselves. They are numbered together, primaries first. Who hears of a new serial first tells a few others, drawn at random;
 * whoever learns of it takes it from the nearest server known to have it, so that what the primary sends does not grow with the group.
 *
 * Pure: no sockets, no clock. Not here: whether what a member has is right (lineage, digests: the transfer's own business).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/base/status.h"

struct group_server {
	uint32_t serial;             /* the newest it said it has; meaningful when has_serial */
	bool has_serial;
	usec_t rtt;                  /* smoothed; 0 = not known */
};

struct group {
	struct group_server *servers;
	unsigned count;
	unsigned primary_count;      /* the first of them */
};

ZT_MUST_CHECK int group_init(struct group *group, unsigned primary_count, unsigned member_count);
void group_fini(struct group *group);

/* The server said (by NOTIFY, or in an answer) that it has `serial`. */
void group_note_serial(struct group *group, unsigned server, uint32_t serial);
/* It did not deliver what it was thought to have. */
void group_forget_serial(struct group *group, unsigned server);
/* A question took so long to be answered. */
void group_note_rtt(struct group *group, unsigned server, usec_t rtt);

/* The nearest server known to have `serial` or a newer one, of those whose bit in `skip` is not set; -1: none. One whose distance is not known counts
 * as near, so that it becomes known. `skip` has a bit for each of the first 64 servers; others are never skipped. */
int group_nearest(const struct group *group, uint32_t serial, uint64_t skip);

/* Whom to tell of a serial. */
struct group_news {
	uint32_t serial;
	int from;                    /* who told us; -1: nobody */
	unsigned most;               /* members to tell */
};

/* Draws different members to be told, none of which is known to have the serial. Returns how many; out has room for news->most. */
unsigned group_draw(const struct group *group, const struct group_news *news, struct rng *rng, unsigned *out);
