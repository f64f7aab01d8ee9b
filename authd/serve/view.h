/* What the worker threads see of the world: an immutable table of zones, swapped whole by the manage thread.
 *
 * A worker takes the view once per batch of messages (view_current, an RCU read) and may use it, and each zone's current version, until its next
 * quiescent state. The manage thread builds a new table when zones come, go or change their settings; a new version of a zone's
 * data is published inside `zone` and needs no new view. Nothing here is ever written by a worker.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "authd/serve/settings.h"
#include "lib/base/clock.h"
#include "lib/net/acl.h"
#include "lib/zone/zone.h"

enum served_state {
	SERVED_LOADING,      /* nothing to serve yet: SERVFAIL */
	SERVED_OK,
	SERVED_EXPIRED,      /* a secondary past SOA EXPIRE (RFC 1035 section 4.3.5): SERVFAIL */
};

/* One zone as workers see it. Lives until a grace period after the last view that lists it. */
struct served_zone {
	const uint8_t *apex;                  /* lower case */
	const struct zone *zone;
	_Atomic int state;                    /* enum served_state; written by the manage thread */
	_Atomic usec_t expires_at;            /* of a secondary, monotonic; 0 = never. Written by the manage thread */
	const struct acl *allow_query;        /* immutable while listed; NULL = everybody */
	const struct acl *allow_transfer;     /* NULL = nobody, as the others below */
	const struct acl *allow_update;
	const struct acl *allow_notify;       /* primaries included */
	const struct acl *ixfr_steps;         /* whose IXFR is answered in that form, whatever suits better */
	const struct acl *ixfr_condensed;
	bool transfer_tls_only;
	bool is_secondary;                    /* else nobody may send NOTIFY */
	uint32_t index;                       /* dense number of the zone in its view, for per-worker counters */
};

/* With the hash at hand nothing is read of zones that are not meant: where there are many, each would be a cache miss or two. */
struct view_slot {
	uint64_t hash;
	struct served_zone *zone;             /* NULL = free */
};

/* Addresses of other servers, whatever their ports. */
struct view_peers {
	struct netaddr *slots;                /* open addressing; unset = free */
	uint32_t count;
	uint32_t mask;                        /* slots - 1; no meaning where there are no slots */
};

struct view {
	uint32_t zone_count;
	uint32_t mask;                        /* slots - 1 */
	unsigned max_labels;                  /* of the longest apex, to bound the probing */
	uint64_t seed;                        /* of the table's hash */
	uint64_t depths[2];                   /* bit N: there is an apex of N labels, so that other names need not be looked for */
	struct view_slot *slots;              /* open addressing by name_hash of the apex */
	struct view_peers peers;              /* who is notified of changes, of any zone; filled between view_new and publishing */
	struct serve_settings settings;       /* set between view_new and publishing; view_new has the defaults */
};

/* The settings of a server that was told nothing. */
void serve_settings_init(struct serve_settings *settings);

/* The table over `zones` (borrowed pointers, the array is copied). NULL when memory is out. */
struct view *view_new(struct served_zone *const *zones, uint32_t count, uint64_t seed);
/* Frees the table, not the zones. */
void view_free(struct view *view);

/* Adds a server to those that are known. */
int view_add_peer(struct view *view, const struct netaddr *peer) ZT_MUST_CHECK;
bool view_knows_peer(const struct view *view, const struct netaddr *peer);

/* The zone with the longest apex at or above `name`; NULL if we serve none. With `parent_side` an exact match is passed over where a
 * zone above is served too (a DS question at an apex belongs to the parent, RFC 4035 section 3.1.4.1). */
struct served_zone *view_find(const struct view *view, const uint8_t *name, bool parent_side);
/* The zone of exactly this apex. */
struct served_zone *view_get(const struct view *view, const uint8_t *apex);
