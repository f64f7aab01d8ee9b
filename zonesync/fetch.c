/* Fetching zones from servers. */
#include "zonesync/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/writer.h"
#include "lib/xfr/reconcile_client.h"
#include "lib/xfr/xfr_in.h"
#include "lib/zone/edit.h"

enum { QUESTION_MAX = 512 };

/* ---- AXFR --------------------------------------------------------------------------------------------------------------------------- */

struct transfer {
	struct talk talk;                 /* first, so that it can be found from there */
	struct xfr_in *in;
	enum xfr_in_result result;
	size_t asked;                     /* bytes of the question */
};

static int transfer_begin(struct talk *talk)
{
	struct transfer *transfer = (struct transfer *)talk;
	uint8_t question[QUESTION_MAX];

	int status = xfr_in_query(transfer->in, question, sizeof(question), &transfer->asked);
	return status == ZT_OK ? talk_send(talk, question, transfer->asked) : status;
}

static bool transfer_on_message(struct talk *talk, const uint8_t *message, size_t len)
{
	struct transfer *transfer = (struct transfer *)talk;

	transfer->result = xfr_in_message(transfer->in, message, len);
	return transfer->result == XFR_IN_MORE;
}

static void transfer_end_explain(const struct transfer *transfer, char error[FETCH_ERROR_SIZE])
{
	uint64_t records = xfr_in_records(transfer->in);

	if (!transfer->talk.is_connected || records == 0 || transfer->talk.end == ZT_EMALFORMED)
		talk_end_explain(&transfer->talk, error);
	else if (transfer->talk.end == ZT_ETIMEOUT)
		snprintf(error, FETCH_ERROR_SIZE, "truncated transfer: nothing came for %g s after %" PRIu64 " records; try again, or wait longer with "
			 "--timeout", (double)transfer->talk.peer->timeout / (double)USEC_PER_SEC, records);
	else
		snprintf(error, FETCH_ERROR_SIZE, "truncated transfer: %s after %" PRIu64 " records; try again, and look at the server's log",
			 status_text(transfer->talk.end), records);
}

static int transfer_explain(const struct transfer *transfer, char error[FETCH_ERROR_SIZE])
{
	const struct xfr_in_failure *failure = xfr_in_failure(transfer->in);

	if (transfer->result == XFR_IN_FAILED && failure->status == ZT_EREFUSED) {
		talk_rcode_explain(&transfer->talk, failure->rcode, error);
		return ZT_EREFUSED;
	}
	if (transfer->result == XFR_IN_FAILED) {
		snprintf(error, FETCH_ERROR_SIZE, "broken transfer: %s", failure->text);
		return failure->status;
	}
	transfer_end_explain(transfer, error);
	return transfer->talk.end != ZT_OK ? transfer->talk.end : ZT_ESYSTEM;
}

/* Brings the whole zone; what differs is published. */
static int transfer_run(const struct fetch *fetch, struct zone *zone, struct fetch_cost *cost, char error[FETCH_ERROR_SIZE])
{
	struct transfer transfer = { .talk = { .peer = &fetch->peer, .begin = transfer_begin, .on_message = transfer_on_message }, .result = XFR_IN_MORE };
	struct xfr_in_config config = { .zone = zone, .type = TYPE_AXFR, .id = fetch->id, .any_serial = true };

	int status = xfr_in_new(&config, &transfer.in);
	if (status == ZT_OK)
		status = talk_run(&transfer.talk);
	if (status != ZT_OK)
		snprintf(error, FETCH_ERROR_SIZE, "cannot transfer: %s", talk_failure(&transfer.talk, status));
	else if (transfer.result != XFR_IN_DONE)
		status = transfer_explain(&transfer, error);
	else
		zone_edit_publish(xfr_in_take_edit(transfer.in));
	if (transfer.in) {
		cost->bytes += xfr_in_bytes(transfer.in) + transfer.asked + 2 * (transfer.talk.messages + 1);
		cost->round_trips++;
	}
	xfr_in_free(transfer.in);
	return status;
}

int fetch_zone(const struct fetch *fetch, struct zone **out, char error[FETCH_ERROR_SIZE])
{
	struct fetch_cost cost = { 0 };
	struct zone *zone;

	int status = zone_new(fetch->apex, fetch->key, &zone);
	if (status != ZT_OK) {
		snprintf(error, FETCH_ERROR_SIZE, "cannot transfer: %s", status_text(status));
		return status;
	}
	status = transfer_run(fetch, zone, &cost, error);
	if (status == ZT_OK)
		*out = zone;
	else
		zone_free(zone);
	return status;
}

/* ---- reconciliation ------------------------------------------------------------------------------------------------------------------ */

struct repair {
	struct talk talk;                 /* first */
	struct reconcile_client *client;
	enum reconcile_result result;
	uint64_t queries;
	uint8_t query[MESSAGE_MAX_LEN];
};

static int repair_send(struct repair *repair)
{
	size_t len;
	int status;

	while ((status = reconcile_client_query(repair->client, repair->query, sizeof(repair->query), &len)) == ZT_OK) {
		repair->queries++;
		status = talk_send(&repair->talk, repair->query, len);
		if (status != ZT_OK)
			return status;
	}
	return status == ZT_EDONE ? ZT_OK : status;
}

static int repair_begin(struct talk *talk)
{
	return repair_send((struct repair *)talk);
}

static bool repair_on_message(struct talk *talk, const uint8_t *message, size_t len)
{
	struct repair *repair = (struct repair *)talk;

	repair->result = reconcile_client_message(repair->client, message, len);
	while (repair->result == RECONCILE_WORK)
		repair->result = reconcile_client_work(repair->client);
	if (repair->result == RECONCILE_SEND && repair_send(repair) == ZT_OK)
		repair->result = RECONCILE_MORE;
	return repair->result == RECONCILE_MORE;
}

/* True: the zone is what the server has. Otherwise cost->why_not says why it is not, in few words; and `error`, where there was no connection at all. */
static bool repair_run(const struct fetch *fetch, struct zone *zone, struct fetch_cost *cost, char error[FETCH_ERROR_SIZE])
{
	struct repair *repair = calloc(1, sizeof(*repair));
	struct reconcile_client_config config = { .zone = zone, .key = fetch->key, .id = fetch->id, .any_serial = true };
	const char *why_not = status_text(ZT_ENOMEM);
	bool is_done = false;

	int status = repair ? reconcile_client_new(&config, &repair->client) : ZT_ENOMEM;
	if (status == ZT_OK) {
		repair->talk = (struct talk){ .peer = &fetch->peer, .begin = repair_begin, .on_message = repair_on_message };
		repair->result = RECONCILE_MORE;
		status = talk_run(&repair->talk);
		is_done = status == ZT_OK && repair->result == RECONCILE_DONE;
		why_not = status != ZT_OK ? talk_failure(&repair->talk, status) : repair->result == RECONCILE_FAILED ? reconcile_client_failure(repair->client)->text
			: status_text(repair->talk.end);
		if (status == ZT_OK && !repair->talk.is_connected)
			talk_end_explain(&repair->talk, error);
		cost->is_alarm = repair->result == RECONCILE_FAILED && reconcile_client_failure(repair->client)->reason == RECONCILE_MISMATCH;
		cost->bytes += reconcile_client_bytes_in(repair->client) + reconcile_client_bytes_out(repair->client) + 2 * (repair->queries + repair->talk.messages);
		cost->round_trips += reconcile_client_round_trips(repair->client);
	}
	if (is_done)
		zone_edit_publish(reconcile_client_take_edit(repair->client));
	else
		snprintf(cost->why_not, sizeof(cost->why_not), "%s", why_not);
	if (repair)
		reconcile_client_free(repair->client);
	free(repair);
	return is_done;
}

int fetch_into(const struct fetch *fetch, struct zone *zone, struct fetch_cost *cost, char error[FETCH_ERROR_SIZE])
{
	*cost = (struct fetch_cost){ 0 };
	error[0] = '\0';
	cost->reconciled = repair_run(fetch, zone, cost, error);
	if (error[0] != '\0')
		return ZT_ESYSTEM;
	return cost->reconciled ? ZT_OK : transfer_run(fetch, zone, cost, error);
}

/* ---- state --------------------------------------------------------------------------------------------------------------------------- */

struct state {
	struct talk talk;                 /* first */
	const struct fetch *fetch;
	struct fetch_state *out;
	int status;
	unsigned rcode;
};

static int state_begin(struct talk *talk)
{
	const struct fetch *fetch = ((struct state *)talk)->fetch;
	uint8_t question[QUESTION_MAX], option[ZSYNC_OPTION_LEN];
	struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .options = option, .options_len = sizeof(option) };
	struct message_writer writer;

	/* We have nothing, and say so. */
	zsync_write(&(struct zsync){ .key_id = zsync_key_id(fetch->key) }, option);
	message_writer_init(&writer, question, sizeof(question), fetch->id, 0);
	int status = message_write_question(&writer, fetch->apex, TYPE_SOA, CLASS_IN);
	if (status == ZT_OK)
		status = message_write_edns(&writer, &edns);
	return status == ZT_OK ? talk_send(talk, question, message_writer_finish(&writer)) : status;
}

static bool state_on_message(struct talk *talk, const uint8_t *wire, size_t len)
{
	struct state *state = (struct state *)talk;
	struct message message;

	state->status = message_read(&message, wire, len);
	if (state->status == ZT_OK)
		state->status = soa_reply_read(&message, state->fetch->id, state->fetch->apex, &state->out->serial, &state->rcode);
	if (state->status == ZT_OK)
		state->out->has_zsync = zsync_read(&message.edns, &state->out->zsync) && state->out->zsync.serial == state->out->serial;
	return false;
}

int fetch_state(const struct fetch *fetch, struct fetch_state *out, char error[FETCH_ERROR_SIZE])
{
	struct state state = { .talk = { .peer = &fetch->peer, .begin = state_begin, .on_message = state_on_message }, .fetch = fetch, .out = out };

	*out = (struct fetch_state){ 0 };
	int status = talk_run(&state.talk);
	if (status != ZT_OK) {
		snprintf(error, FETCH_ERROR_SIZE, "cannot ask: %s", talk_failure(&state.talk, status));
	} else if (state.talk.messages == 0) {
		talk_end_explain(&state.talk, error);
		status = state.talk.end != ZT_OK ? state.talk.end : ZT_ESYSTEM;
	} else if ((status = state.status) == ZT_EREFUSED) {
		talk_rcode_explain(&state.talk, state.rcode, error);
	} else if (status != ZT_OK) {
		snprintf(error, FETCH_ERROR_SIZE, "what came is no answer to a SOA query; is it a DNS server?");
	}
	return status;
}
