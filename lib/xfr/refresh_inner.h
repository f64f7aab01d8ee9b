/* The secondary's machine from inside: for refresh.c (events and actions) and refresh_round.c (rounds). */
#pragma once

#include "lib/xfr/refresh.h"

static inline usec_t refresh_seconds(uint32_t count)
{
	return (count > 0 ? count : 1) * USEC_PER_SEC;
}

/* refresh_round.c */
void refresh_round_begin(struct refresh *refresh);
/* The next one begins after `wait`, if nothing comes before. */
void refresh_round_end(struct refresh *refresh, usec_t wait, usec_t now);
void refresh_round_end_well(struct refresh *refresh, usec_t confirmed_at, usec_t now);
void refresh_round_end_failed(struct refresh *refresh, usec_t now);
/* Goes on with the present primary by another kind of transfer. */
void refresh_rung_begin(struct refresh *refresh, enum refresh_action_kind rung);
/* Whether the present server is another member of the group. */
bool refresh_is_member(const struct refresh *refresh);
/* Since when the zone counts as confirmed: now, or as much earlier as the primary's own version is nearer to its end (RFC 7314). */
usec_t refresh_confirmed_since(const struct refresh *refresh, usec_t now);
/* The present server is done with and did not bring us forward. */
void refresh_primary_end(struct refresh *refresh, usec_t now);
/* The present server has nothing newer than we, but `serial`. */
void refresh_primary_has_serial(struct refresh *refresh, uint32_t serial, usec_t now);
