/* Reconciling a zone with a primary: drives lib/xfr/reconcile_client.h over one connection.
 *
 * The machine's work goes on in slices between the manage thread's other events. The answer's first messages are small, so progress is noted with
 * each slice too.
 */
#include <stdlib.h>
#include <string.h>
#include <urcu/compiler.h>

#include "authd/manage/secondary_state.h"

#define MAX_BYTES (UINT64_C(256) << 20)      /* where max-transfer-size allows for more: what differs so much is transferred as a whole */

struct secondary_repair {
	struct secondary *secondary;
	struct reconcile_client *client;
	struct loop_timer work;
	enum reconcile_result result;
	int send_status;                      /* of a question that could not be sent */
	uint8_t *first;                       /* the question that outbound may have to repeat */
	uint8_t question[MESSAGE_MAX_LEN];    /* the present one */
};

void secondary_reconcile_drop(struct secondary *s)
{
	struct secondary_repair *repair = s->repair;

	if (!repair)
		return;
	loop_timer_stop(&repair->work);
	reconcile_client_free(repair->client);
	free(repair->first);
	free(repair);
	s->repair = NULL;
}

/* Sends what there is to ask. */
static int questions_send(struct secondary_repair *repair)
{
	size_t len;
	int status;

	while ((status = reconcile_client_query(repair->client, repair->question, sizeof(repair->question), &len)) == ZT_OK) {
		status = outbound_transfer_send(&repair->secondary->transfer, repair->question, len, sizeof(repair->question));
		if (status != ZT_OK)
			break;
	}
	return status == ZT_EDONE ? ZT_OK : status;
}

/* What a result of the machine means for the connection. */
static enum outbound_verdict verdict_of(struct secondary_repair *repair, enum reconcile_result result)
{
	repair->result = result;
	switch (result) {
	case RECONCILE_SEND:
		repair->send_status = questions_send(repair);
		return repair->send_status == ZT_OK ? OUTBOUND_MORE : OUTBOUND_DROP;
	case RECONCILE_WORK:
		loop_timer_in(&repair->work, 0);
		return OUTBOUND_MORE;
	case RECONCILE_MORE:
		return OUTBOUND_MORE;
	case RECONCILE_DONE:
	case RECONCILE_CURRENT:
	case RECONCILE_FAILED:
		break;
	}
	return reconcile_client_is_complete(repair->client) ? OUTBOUND_DONE : OUTBOUND_DROP;
}

static void on_work(void *ctx)
{
	struct secondary_repair *repair = ctx;
	struct secondary *s = repair->secondary;

	refresh_on_progress(&s->refresh, s->ticket, secondary_now(s));
	enum outbound_verdict verdict = verdict_of(repair, reconcile_client_work(repair->client));
	if (verdict != OUTBOUND_MORE)
		outbound_transfer_finish(&s->transfer, verdict);
}

static enum outbound_verdict on_message(struct outbound_transfer *transfer, const uint8_t *wire, size_t len)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	s->received += len;
	refresh_on_progress(&s->refresh, s->ticket, secondary_now(s));
	return verdict_of(s->repair, reconcile_client_message(s->repair->client, wire, len));
}

static void repaired(struct secondary *s)
{
	struct reconcile_client *client = s->repair->client;
	struct secondary_receipt receipt = {
		.edit = reconcile_client_take_edit(client), .source = JOURNAL_REPAIR, .what = "reconciliation", .differences = 1,
		.records = reconcile_client_records(client),
	};

	secondary_commit(s, &receipt);
}

static void not_repaired(struct secondary *s)
{
	const struct reconcile_failure *failure = reconcile_client_failure(s->repair->client);
	bool is_ours = failure->reason == RECONCILE_LOCAL;

	secondary_failure_note(s, failure->text);
	if (failure->reason == RECONCILE_MISMATCH) {
		s->manage->ladder_counters.mismatches++;
		log_error(s->manage->log, "zone %s: reconciliation did not lead to the primary's version: %s. The whole zone is transferred. If this comes again, "
					  "look for faults in memory or programs, or for somebody who makes records collide (sync-secret)", s->entry->name, failure->text);
	}
	secondary_ladder_down(s, is_ours ? REFRESH_FAILED_LOCAL : REFRESH_FAILED_ANSWER);
}

static void on_end(struct outbound_transfer *transfer, int status)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);
	const struct zsync *target = reconcile_client_target(s->repair->client);

	loop_timer_stop(&s->repair->work);
	if (status == ZT_OK)
		status = s->repair->send_status;
	if (status != ZT_OK) {
		secondary_connection_failed(s, status);
	} else if (s->repair->result == RECONCILE_DONE) {
		repaired(s);
	} else if (s->repair->result == RECONCILE_CURRENT && target) {
		s->said.has_zsync = true;
		s->said.zsync = *target;
		secondary_current(s, target->serial);
	} else {
		not_repaired(s);
	}
	secondary_reconcile_drop(s);
	secondary_run(s);
}

void secondary_reconcile_begin(struct secondary *s, const struct refresh_action *action)
{
	struct reconcile_client_config config = {
		.zone = s->entry->zone, .key = &s->manage->fingerprint_key, .id = secure_rng_u16(&s->manage->secure_rng), .any_serial = action->any_serial,
		.max_bytes = s->entry->options->max_transfer_size < MAX_BYTES ? s->entry->options->max_transfer_size : MAX_BYTES,
	};
	size_t len = 0;

	/* What the primary has said of its EXPIRE with the answer that led here still holds. */
	secondary_transfer_prepare(s, action);
	struct secondary_repair *repair = s->repair = calloc(1, sizeof(*repair));
	int status = repair ? reconcile_client_new(&config, &repair->client) : ZT_ENOMEM;
	if (status == ZT_OK) {
		repair->secondary = s;
		loop_timer_init(&repair->work, s->manage->loop, on_work, repair);
		status = reconcile_client_query(repair->client, repair->question, sizeof(repair->question), &len);
		s->transfer.on_message = on_message;
		s->transfer.on_end = on_end;
	}
	if (status == ZT_OK) {
		repair->first = malloc(len);
		status = repair->first ? ZT_OK : ZT_ENOMEM;
	}
	if (status == ZT_OK) {
		memcpy(repair->first, repair->question, len);
		s->transfer.question = repair->first;
		s->transfer.question_len = len;
	}
	secondary_transfer_open(s, status);
}
