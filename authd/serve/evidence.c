/* Telling the manage thread of other servers. */
#include "authd/serve/evidence.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "authd/serve/request.h"
#include "authd/serve/respond.h"
#include "lib/net/tls.h"

enum {
	EVIDENCE_MAX = 4096,         /* on their way to the manage thread */
	RECENT_SLOTS = 256,
	SIGN_INTERVAL_MS = 100,
};

#define REFUSED_INTERVAL (10 * USEC_PER_MSEC)

/* When a server's life was last told. Two servers in one slot only make it be told more often. */
struct recent {
	uint64_t hash;
	uint32_t at_ms;
};

struct witness {
	struct mailbox *manage;
	const struct clock *clock;
	_Atomic uint32_t pending;
	struct recent recent[RECENT_SLOTS];
	usec_t refused_due;
};

int witness_new(struct witness **out, struct mailbox *manage, const struct clock *clock)
{
	struct witness *witness = calloc(1, sizeof(*witness));

	if (!witness)
		return ZT_ENOMEM;
	witness->manage = manage;
	witness->clock = clock;
	*out = witness;
	return ZT_OK;
}

void witness_free(struct witness *witness)
{
	free(witness);
}

void witness_tell(struct witness *witness, const struct evidence_subject *subject, const struct evidence *evidence)
{
	bool has_room = atomic_load_explicit(&witness->pending, memory_order_relaxed) < EVIDENCE_MAX;
	struct request *request = has_room ? request_new(REQUEST_EVIDENCE) : NULL;

	if (!request)
		return;
	request->pending = &witness->pending;
	atomic_fetch_add_explicit(&witness->pending, 1, memory_order_relaxed);
	request->peer = *subject->peer;
	request->received = clock_now(witness->clock);
	name_copy(request->apex, subject->apex);
	name_lower(request->apex);
	if (subject->key)
		name_copy(request->key, subject->key);
	request->has_key = subject->key != NULL;
	request->evidence = *evidence;
	mailbox_post(witness->manage, &request->node);
}

void witness_tell_refused(struct witness *witness, const struct respond *r)
{
	usec_t now = moment_now(r->moment);
	struct request *request = r->tls_peer && now >= witness->refused_due ? request_new(REQUEST_REFUSED) : NULL;

	if (!request)
		return;
	witness->refused_due = now + REFUSED_INTERVAL;
	request->peer = *r->peer;
	request->is_encrypted = true;
	request->tls_peer = tls_peer_acquire(r->tls_peer);
	name_copy(request->apex, r->zone->apex);
	request->evidence.type = r->message.qtype;
	mailbox_post(witness->manage, &request->node);
}

/* Whether the server's life is to be told again. */
static bool is_due(struct witness *witness, const struct respond *r)
{
	struct netaddr host = *r->peer;

	netaddr_set_port(&host, 0);
	uint64_t hash = netaddr_hash(&host, r->view->seed);
	struct recent *recent = &witness->recent[hash % RECENT_SLOTS];
	uint32_t now_ms = (uint32_t)(moment_now(r->moment) / USEC_PER_MSEC);
	if (recent->hash == hash && now_ms - recent->at_ms < SIGN_INTERVAL_MS)
		return false;
	*recent = (struct recent){ hash, now_ms };
	return true;
}

void witness_note(struct witness *witness, const struct respond *r)
{
	struct evidence evidence = {
		.event = EVIDENCE_SIGN, .type = r->message.qtype,
		.is_proven = r->is_tcp || r->key || r->plan.cookie_kind == COOKIE_GOOD,
	};

	if ((r->message.qtype != TYPE_SOA && r->message.qtype != TYPE_IXFR) || !r->zone || !view_knows_peer(r->view, r->peer) || !is_due(witness, r))
		return;
	witness_tell(witness, &(struct evidence_subject){ r->peer, r->key, r->zone->apex }, &evidence);
}
