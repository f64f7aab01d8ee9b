/* Whom to ask about a name: a zone, the names of its servers and the addresses known of them.
 *
 * Made from the configuration (hints, stub and forward zones), from NS sets in the cache, or from a referral just received. Lives in the
 * task's arena and is its notebook: which server was tried how often, which server names were looked up.
 */
#pragma once

#include "lib/base/rng.h"
#include "resolverd/resolve/context.h"
#include "resolverd/resolve/scrub.h"

enum { DELEG_MAX_SERVERS = 48 };

enum deleg_source { DELEG_HINTS, DELEG_STUB, DELEG_FORWARD, DELEG_CACHE, DELEG_REFERRAL };

struct server {
	struct netaddr addr;
	uint8_t tries;
	bool bad;                    /* answered, but to no use */
};

enum target_state { TARGET_UNKNOWN, TARGET_ASKED, TARGET_KNOWN, TARGET_FAILED };

struct target {
	const uint8_t *name;         /* lower case */
	enum target_state state;
	bool asked_a, asked_aaaa;    /* looked up in this task */
};

struct deleg {
	enum deleg_source source;
	const uint8_t *zone;         /* lower case */
	usec_t expires;              /* end of the NS set's life; INT64_MAX where it was configured */
	struct target targets[NS_MAX];
	unsigned target_count;
	struct server servers[DELEG_MAX_SERVERS];
	unsigned server_count;
};

/* The deepest delegation for `name` that can be used: addresses are known, or can be found without asking the zone itself. In the arena;
 * NULL when memory is out. */
struct deleg *deleg_find(const struct context *ctx, const uint8_t *name);
struct deleg *deleg_from_referral(const struct context *ctx, const struct reply *reply);
/* Adds the addresses of an A or AAAA set that may be asked; returns how many there were. */
unsigned deleg_add_addresses(struct deleg *deleg, const struct policy *policy, const struct rrset *set);
