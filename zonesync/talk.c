/* Conversations with servers: one stream on a loop of its own. */
#include "zonesync/talk.h"

#include <stdio.h>

#include "lib/dns/rcode.h"
#include "lib/net/loop.h"

static void on_connect(struct stream *stream, void *ctx)
{
	struct talk *talk = ctx;
	talk->is_connected = true;
	talk->local = *stream_local(stream);
}

static void on_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	struct talk *talk = ctx;
	talk->messages++;
	if (!talk->on_message(talk, message, len))
		stream_close(stream);
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct talk *talk = ctx;
	(void)stream;
	talk->stream = NULL;
	talk->end = status;
}

static const struct stream_handler handler = { .on_connect = on_connect, .on_message = on_message, .on_close = on_close };

int talk_run(struct talk *talk)
{
	struct stream_config config = {
		.handler = &handler, .ctx = talk, .connect_timeout = talk->peer->timeout, .idle_timeout = talk->peer->timeout,
	};
	struct loop loop;

	int status = loop_init(&loop, talk->peer->clock, LOOP_DEFAULT);
	if (status != ZT_OK)
		return status;
	status = stream_connect(&talk->stream, &loop, &talk->peer->server, NULL, &config);
	if (status == ZT_OK)
		status = talk->begin(talk);
	if (status == ZT_OK)
		status = loop_run(&loop);
	stream_close(talk->stream);
	loop_fini(&loop);
	return status;
}

int talk_send(struct talk *talk, const uint8_t *message, size_t len)
{
	return stream_send(talk->stream, message, len);
}

/* ---- what to tell ------------------------------------------------------------------------------------------------------------------- */

static double seconds(usec_t time)
{
	return (double)time / (double)USEC_PER_SEC;
}

static void connect_explain(const struct talk *talk, char error[TALK_ERROR_SIZE])
{
	switch (talk->end) {
	case ZT_EREFUSED:
		snprintf(error, TALK_ERROR_SIZE, "connection refused; is a server listening on TCP at this address and port?");
		break;
	case ZT_ETIMEOUT:
		snprintf(error, TALK_ERROR_SIZE, "no connection within %g s; is the address right, and TCP let through to it? (--timeout waits longer)",
			 seconds(talk->peer->timeout));
		break;
	case ZT_ESYSTEM:
		snprintf(error, TALK_ERROR_SIZE, "this machine cannot reach the address; is there a route to it?");
		break;
	default:
		snprintf(error, TALK_ERROR_SIZE, "cannot connect: %s", status_text(talk->end));
		break;
	}
}

void talk_end_explain(const struct talk *talk, char error[TALK_ERROR_SIZE])
{
	if (!talk->is_connected)
		connect_explain(talk, error);
	else if (talk->end == ZT_EMALFORMED)
		snprintf(error, TALK_ERROR_SIZE, "what came is no DNS message; is it a DNS server?");
	else if (talk->end == ZT_ETIMEOUT)
		snprintf(error, TALK_ERROR_SIZE, "no answer within %g s; does it answer AXFR? (--timeout waits longer)", seconds(talk->peer->timeout));
	else
		snprintf(error, TALK_ERROR_SIZE, "%s before an answer; does it answer AXFR? Its log may say why not", status_text(talk->end));
}

void talk_rcode_explain(const struct talk *talk, unsigned rcode, char error[TALK_ERROR_SIZE])
{
	char us[NETADDR_TEXT_SIZE];

	netaddr_ip_to_text(&talk->local, us);
	switch (rcode) {
	case RCODE_REFUSED:
		snprintf(error, TALK_ERROR_SIZE, "transfer refused (REFUSED); it must serve the zone and let %s transfer it: allow-transfer in authd and BIND, "
			 "provide-xfr in NSD, an acl with action transfer in Knot", us);
		break;
	case RCODE_NOTAUTH:
		snprintf(error, TALK_ERROR_SIZE, "not authoritative for the zone, or the transfer is not allowed (NOTAUTH); check the zone's name, and whether "
			 "allow-transfer (NSD: provide-xfr, Knot: acl) names %s", us);
		break;
	case RCODE_SERVFAIL:
		snprintf(error, TALK_ERROR_SIZE, "the zone cannot be served there now (SERVFAIL): not loaded, or expired; look at the server's log");
		break;
	case RCODE_FORMERR:
	case RCODE_NOTIMP:
		snprintf(error, TALK_ERROR_SIZE, "it does not do zone transfers (%s); expected an authoritative server", rcode_to_text(rcode));
		break;
	default:
		snprintf(error, TALK_ERROR_SIZE, "the answer is %s; expected the zone. Is it an authoritative server for it?", rcode_to_text(rcode));
		break;
	}
}

