/* From a query's bytes to a reply's: what can be answered at once, from ready-made messages, local zones and the cache.
 *
 * The usual case, a ready-made message, allocates nothing. No socket here; what has to be resolved is handed back to the worker, which comes
 * again with the result (front_reply).
 */
#pragma once

#include "lib/dns/message.h"
#include "resolverd/resolve/iterate.h"
#include "resolverd/serve/respond.h"
#include "resolverd/serve/view.h"

enum front_verdict {
	FRONT_REPLY,        /* `out` holds a reply of out_len bytes */
	FRONT_DROP,         /* no reply: too short to answer, or itself a reply */
	FRONT_RESOLVE,      /* asked.name and asked.type must be resolved first */
};

/* What a reply needs to know of its query. */
struct asked {
	uint16_t id;
	uint16_t flags;
	uint16_t type;
	bool edns;
	bool dnssec_ok;
	uint16_t limit;                          /* bytes a reply may have */
	uint16_t question_len;
	uint8_t question[NAME_MAX_LEN + 4];      /* as sent, letter case included */
	uint8_t name[NAME_MAX_LEN];              /* lower case */
};

struct front {
	/* in */
	const struct view *view;
	struct cache *cache;
	struct responder *responder;
	usec_t now;
	uint8_t *out;
	size_t out_size;

	/* out */
	size_t out_len;
	unsigned rcode;
	bool truncated;
	bool hit;                /* answered by a ready-made message */
	struct asked asked;
};

struct front_query {
	const uint8_t *wire;
	size_t len;
	const struct netaddr *remote;
	bool is_tcp;
};

enum front_verdict front_query(struct front *front, const struct front_query *query);
/* The reply to front->asked from a result of the machine. */
void front_reply(struct front *front, const struct result *result);
/* SERVFAIL to front->asked: too much is in flight. */
void front_fail(struct front *front);
