/* Conversations with servers: one stream on a loop of its own. */
#include "zonesync/talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/dns/rcode.h"
#include "lib/net/loop.h"

static void on_connect(struct stream *stream, void *ctx)
{
	struct talk *talk = ctx;
	talk->is_connected = true;
	talk->local = *stream_local(stream);
}

/* ---- signatures ---------------------------------------------------------------------------------------------------------------------- */

enum { SIGNED_MAX_ROOM = 512 };      /* bytes of a signature; keys' names are short enough */

static uint64_t wall_seconds(const struct talk *talk)
{
	return (uint64_t)(clock_wall(talk->peer->clock) / USEC_PER_SEC);
}

/* The latest question of that id. */
static struct tsig_check *check_of(const struct talk *talk, uint16_t id)
{
	for (size_t i = talk->check_count; i-- > 0;) {
		if (talk->ids[i] == id)
			return &talk->checks[i];
	}
	return NULL;
}

static bool is_believed(struct talk *talk, const uint8_t *wire, size_t len)
{
	struct message message;

	if (!talk->peer->key)
		return true;
	struct tsig_check *check = message_read(&message, wire, len) == ZT_OK ? check_of(talk, message.id) : NULL;
	if (check && tsig_verify_reply(check, &message, wall_seconds(talk)))
		return true;
	if (check)
		tsig_fault_text(check, talk->fault);
	else
		snprintf(talk->fault, sizeof(talk->fault), "what came is no DNS message, or answers none of our questions");
	return false;
}

/* All answers ended with signed messages. */
static bool is_proven(struct talk *talk)
{
	for (size_t i = 0; i < talk->check_count; i++) {
		if (talk->checks[i].fault == TSIG_SOUND && !tsig_verify_end(&talk->checks[i])) {
			tsig_fault_text(&talk->checks[i], talk->fault);
			return false;
		}
	}
	return true;
}

static struct tsig_check *check_add(struct talk *talk, uint16_t id)
{
	struct tsig_check *checks = reallocarray(talk->checks, talk->check_count + 1, sizeof(*checks));
	if (checks)
		talk->checks = checks;
	uint16_t *ids = reallocarray(talk->ids, talk->check_count + 1, sizeof(*ids));
	if (ids)
		talk->ids = ids;
	if (!checks || !ids)
		return NULL;
	ids[talk->check_count] = id;
	tsig_check_init(&checks[talk->check_count], talk->peer->key);
	return &checks[talk->check_count++];
}

static int send_signed(struct talk *talk, const uint8_t *message, size_t len)
{
	struct tsig_message out = { malloc(len + SIGNED_MAX_ROOM), len, len + SIGNED_MAX_ROOM };
	struct tsig_check *check = out.wire ? check_add(talk, wire_get_u16(message)) : NULL;
	int status = ZT_ENOMEM;

	if (check) {
		memcpy(out.wire, message, len);
		status = tsig_sign(&check->chain, &out, &(struct tsig_stamp){ .time = wall_seconds(talk), .fudge = TSIG_FUDGE_S });
	}
	if (status == ZT_OK)
		status = stream_send(talk->stream, out.wire, out.len);
	free(out.wire);
	return status;
}

/* ---- the conversation ----------------------------------------------------------------------------------------------------------------- */

static void on_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	struct talk *talk = ctx;
	talk->messages++;
	if (!is_believed(talk, message, len) || !talk->on_message(talk, message, len))
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
	if (status == ZT_OK && (talk->fault[0] || !is_proven(talk)))
		status = ZT_EDENIED;
	free(talk->checks);
	free(talk->ids);
	talk->checks = NULL;
	talk->ids = NULL;
	talk->check_count = 0;
	return status;
}

int talk_send(struct talk *talk, const uint8_t *message, size_t len)
{
	return talk->peer->key ? send_signed(talk, message, len) : stream_send(talk->stream, message, len);
}

/* ---- what to tell ------------------------------------------------------------------------------------------------------------------- */

const char *talk_failure(const struct talk *talk, int status)
{
	return talk->fault[0] ? talk->fault : status_text(status);
}

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

