/* Reconciliation of simulated servers: who asks, and who answers. */
#include <assert.h>

#include "lib/xfr/reconcile_server.h"
#include "tests/sim/xfr/replica_inner.h"
#include "tests/support/zone_text.h"

/* ---- asking ----------------------------------------------------------------------------------------------------------------------------- */

static void queries_send(struct replica *r)
{
	uint8_t wire[MESSAGE_MAX_LEN];
	size_t len;
	int status;

	while ((status = reconcile_client_query(r->repair, wire, sizeof(wire), &len)) == ZT_OK)
		simnet_stream_send(r->net, r->stream, r->config.node, wire, len);
	assert(status == ZT_EDONE);
	r->counters.sent++;
}

void replica_repair_begin(struct replica *r, const struct refresh_action *action)
{
	struct reconcile_client_config config = {
		.zone = r->zone, .key = &zone_text_key, .id = (uint16_t)rng_u64(&r->rng), .any_serial = action->any_serial,
	};

	replica_transfer_drop(r);
	r->ticket = action->ticket;
	r->asked = node_of(r, action->primary);
	r->any_serial = action->any_serial;
	r->asks_for = action->kind;
	r->was_answered = false;
	r->said = (struct xfr_edns){ 0 };
	int status = reconcile_client_new(&config, &r->repair);
	assert(status == ZT_OK);
	r->stream = simnet_stream_open(r->net, r->config.node, r->asked);
	queries_send(r);
	refresh_on_progress(&r->refresh, r->ticket, now_of(r));
}

void replica_repair_message(struct replica *r, const uint8_t *data, size_t len)
{
	r->was_answered = true;
	refresh_on_progress(&r->refresh, r->ticket, now_of(r));
	enum reconcile_result result = reconcile_client_message(r->repair, data, len);
	while (result == RECONCILE_WORK)
		result = reconcile_client_work(r->repair);
	switch (result) {
	case RECONCILE_WORK:
	case RECONCILE_MORE:
		return;
	case RECONCILE_SEND:
		queries_send(r);
		return;
	case RECONCILE_DONE:
		replica_received(r, reconcile_client_take_edit(r->repair), &r->counters.repairs);
		break;
	case RECONCILE_CURRENT:
		refresh_on_current(&r->refresh, r->ticket, reconcile_client_target(r->repair)->serial, now_of(r));
		break;
	case RECONCILE_FAILED:
		r->counters.failed++;
		refresh_on_failed(&r->refresh, r->ticket, REFRESH_FAILED_ANSWER, now_of(r));
		break;
	}
	replica_transfer_drop(r);
}

/* ---- answering -------------------------------------------------------------------------------------------------------------------------- */

/* Only the current version is kept. As version_find in authd/serve/repair.c. */
static enum reconcile_status version_find(const struct replica *r, const struct message *query)
{
	struct zone_summary summary = zone_summary(zone_current(r->zone));
	struct reconcile_query asked;
	int status = reconcile_query_read(&query->edns, &asked);

	assert(status == ZT_OK);
	bool is_meant = asked.serial == replica_serial(r) && asked.summary.count == summary.count &&
			fingerprint_equal(asked.summary.fingerprint, summary.fingerprint);
	return is_meant || (asked.flags & RECONCILE_FIRST) ? RECONCILE_GOES_ON : RECONCILE_STALE;
}

static void digest_give(struct replica *r, struct reconcile_server *server)
{
	struct zone_digester *digester;
	struct zone_digest digest;
	int status = zone_digester_new(zone_current(r->zone), &digester);

	assert(status == ZT_OK);
	while ((status = zone_digester_step(digester, 1000, &digest)) == ZT_EAGAIN)
		continue;
	assert(status == ZT_OK);
	zone_digester_free(digester);
	reconcile_server_digest(server, &digest);
}

void replica_answer_repair(struct replica *r, uint64_t stream, const struct message *query)
{
	struct reconcile_server_config config = { zone_current(r->zone), &zone_text_key, query };
	bool serves = zone_version_apex(config.version) && !r->is_expired && !r->config.is_foreign;
	uint8_t wire[MESSAGE_MAX_LEN];
	struct reconcile_server *server;
	size_t len;

	if (!serves || happens(r, r->config.stalls))      /* as good as an error: the other side gives up */
		return;
	enum reconcile_status answer = version_find(r, query);
	if (answer != RECONCILE_GOES_ON) {
		int status = reconcile_status_write(query, answer, wire, sizeof(wire), &len);
		assert(status == ZT_OK);
		simnet_stream_send(r->net, stream, r->config.node, wire, len);
		return;
	}
	int status = reconcile_server_new(&config, &server);
	assert(status == ZT_OK);
	while ((status = reconcile_server_next(server, wire, &len)) != ZT_EDONE) {
		assert(status == ZT_OK || status == ZT_EAGAIN || status == ZT_EBUSY);
		if (status == ZT_EBUSY)
			digest_give(r, server);
		if (status == ZT_OK && happens(r, r->config.sends_garbage))
			len -= 1 + rng_below(&r->rng, len - 12);
		if (status == ZT_OK)
			simnet_stream_send(r->net, stream, r->config.node, wire, len);
	}
	reconcile_server_free(server);
}
