/* An AXFR client: one stream on a loop of its own. */
#include "zonesync/fetch.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/dns/rcode.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"
#include "lib/xfr/xfr_in.h"
#include "lib/zone/edit.h"

enum { QUESTION_MAX = 512 };

struct transfer {
	const struct fetch *fetch;
	struct stream *stream;            /* NULL: has ended */
	struct xfr_in *in;
	enum xfr_in_result result;
	bool is_connected;
	struct netaddr local;             /* is_connected */
	int end;                          /* why the stream ended */
};

static void on_connect(struct stream *stream, void *ctx)
{
	struct transfer *transfer = ctx;
	transfer->is_connected = true;
	transfer->local = *stream_local(stream);
}

static void on_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	struct transfer *transfer = ctx;
	transfer->result = xfr_in_message(transfer->in, message, len);
	if (transfer->result != XFR_IN_MORE)
		stream_close(stream);
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct transfer *transfer = ctx;
	(void)stream;
	transfer->stream = NULL;
	transfer->end = status;
}

static const struct stream_handler handler = { .on_connect = on_connect, .on_message = on_message, .on_close = on_close };

/* ---- what to tell ------------------------------------------------------------------------------------------------------------------- */

static double seconds(usec_t time)
{
	return (double)time / (double)USEC_PER_SEC;
}

static void connect_explain(const struct transfer *transfer, char error[FETCH_ERROR_SIZE])
{
	switch (transfer->end) {
	case ZT_EREFUSED:
		snprintf(error, FETCH_ERROR_SIZE, "connection refused; is a server listening on TCP at this address and port?");
		break;
	case ZT_ETIMEOUT:
		snprintf(error, FETCH_ERROR_SIZE, "no connection within %g s; is the address right, and TCP let through to it? (--timeout waits longer)",
			 seconds(transfer->fetch->timeout));
		break;
	case ZT_ESYSTEM:
		snprintf(error, FETCH_ERROR_SIZE, "this machine cannot reach the address; is there a route to it?");
		break;
	default:
		snprintf(error, FETCH_ERROR_SIZE, "cannot connect: %s", status_text(transfer->end));
		break;
	}
}

static void end_explain(const struct transfer *transfer, char error[FETCH_ERROR_SIZE])
{
	uint64_t records = xfr_in_records(transfer->in);

	if (transfer->end == ZT_ETIMEOUT && records == 0)
		snprintf(error, FETCH_ERROR_SIZE, "no answer within %g s; does it answer AXFR? (--timeout waits longer)", seconds(transfer->fetch->timeout));
	else if (transfer->end == ZT_ETIMEOUT)
		snprintf(error, FETCH_ERROR_SIZE, "truncated transfer: nothing came for %g s after %" PRIu64 " records; try again, or wait longer with "
			 "--timeout", seconds(transfer->fetch->timeout), records);
	else if (transfer->end == ZT_EMALFORMED)
		snprintf(error, FETCH_ERROR_SIZE, "what came is no DNS message; is it a DNS server?");
	else if (records == 0)
		snprintf(error, FETCH_ERROR_SIZE, "%s before an answer; does it answer AXFR? Its log may say why not", status_text(transfer->end));
	else
		snprintf(error, FETCH_ERROR_SIZE, "truncated transfer: %s after %" PRIu64 " records; try again, and look at the server's log",
			 status_text(transfer->end), records);
}

static void rcode_explain(const struct transfer *transfer, unsigned rcode, char error[FETCH_ERROR_SIZE])
{
	char us[NETADDR_TEXT_SIZE];

	netaddr_ip_to_text(&transfer->local, us);
	switch (rcode) {
	case RCODE_REFUSED:
		snprintf(error, FETCH_ERROR_SIZE, "transfer refused (REFUSED); it must serve the zone and let %s transfer it: allow-transfer in authd and BIND, "
			 "provide-xfr in NSD, an acl with action transfer in Knot", us);
		break;
	case RCODE_NOTAUTH:
		snprintf(error, FETCH_ERROR_SIZE, "not authoritative for the zone, or the transfer is not allowed (NOTAUTH); check the zone's name, and whether "
			 "allow-transfer (NSD: provide-xfr, Knot: acl) names %s", us);
		break;
	case RCODE_SERVFAIL:
		snprintf(error, FETCH_ERROR_SIZE, "the zone cannot be served there now (SERVFAIL): not loaded, or expired; look at the server's log");
		break;
	case RCODE_FORMERR:
	case RCODE_NOTIMP:
		snprintf(error, FETCH_ERROR_SIZE, "it does not do zone transfers (%s); expected an authoritative server", rcode_to_text(rcode));
		break;
	default:
		snprintf(error, FETCH_ERROR_SIZE, "the answer is %s; expected the zone. Is it an authoritative server for it?", rcode_to_text(rcode));
		break;
	}
}

static int failure_explain(const struct transfer *transfer, char error[FETCH_ERROR_SIZE])
{
	const struct xfr_in_failure *failure = xfr_in_failure(transfer->in);

	if (transfer->result == XFR_IN_FAILED && failure->status == ZT_EREFUSED) {
		rcode_explain(transfer, failure->rcode, error);
		return ZT_EREFUSED;
	}
	if (transfer->result == XFR_IN_FAILED) {
		snprintf(error, FETCH_ERROR_SIZE, "broken transfer: %s", failure->text);
		return failure->status;
	}
	if (transfer->is_connected)
		end_explain(transfer, error);
	else
		connect_explain(transfer, error);
	return transfer->end != ZT_OK ? transfer->end : ZT_ESYSTEM;
}

/* ---- doing it ----------------------------------------------------------------------------------------------------------------------- */

static int question_send(struct transfer *transfer)
{
	uint8_t question[QUESTION_MAX];
	size_t len;

	int status = xfr_in_query(transfer->in, question, sizeof(question), &len);
	return status == ZT_OK ? stream_send(transfer->stream, question, len) : status;
}

/* ZT_OK: the conversation took place, however it ended. */
static int converse(struct transfer *transfer)
{
	struct stream_config config = {
		.handler = &handler, .ctx = transfer, .connect_timeout = transfer->fetch->timeout, .idle_timeout = transfer->fetch->timeout,
	};
	struct loop loop;

	int status = loop_init(&loop, transfer->fetch->clock, LOOP_DEFAULT);
	if (status != ZT_OK)
		return status;
	status = stream_connect(&transfer->stream, &loop, &transfer->fetch->server, NULL, &config);
	if (status == ZT_OK)
		status = question_send(transfer);
	if (status == ZT_OK)
		status = loop_run(&loop);
	stream_close(transfer->stream);
	loop_fini(&loop);
	return status;
}

int fetch_zone(const struct fetch *fetch, struct zone **out, char error[FETCH_ERROR_SIZE])
{
	struct transfer transfer = { .fetch = fetch, .result = XFR_IN_MORE };
	struct xfr_in_config config = { .type = TYPE_AXFR, .id = fetch->id, .any_serial = true };

	int status = zone_new(fetch->apex, fetch->key, &config.zone);
	if (status == ZT_OK)
		status = xfr_in_new(&config, &transfer.in);
	if (status == ZT_OK)
		status = converse(&transfer);
	if (status != ZT_OK)
		snprintf(error, FETCH_ERROR_SIZE, "cannot transfer: %s", status_text(status));
	else if (transfer.result != XFR_IN_DONE)
		status = failure_explain(&transfer, error);
	else
		zone_edit_publish(xfr_in_take_edit(transfer.in));
	xfr_in_free(transfer.in);
	if (status == ZT_OK)
		*out = config.zone;
	else if (config.zone)
		zone_free(config.zone);
	return status;
}
