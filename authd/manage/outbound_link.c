/* Connections to servers: transfers, and questions by TLS. */
#include <stdlib.h>
#include <string.h>
#include <urcu/compiler.h>

#include "authd/manage/outbound_inner.h"
#include "lib/base/wire.h"
#include "lib/dns/message.h"
#include "lib/dns/padding.h"
#include "lib/net/stream.h"

#define LINK_BUSY_TIMEOUT (60 * USEC_PER_SEC)      /* the transfer's owner loses patience before */
#define LINK_IDLE_TIMEOUT (8 * USEC_PER_SEC)       /* shorter than the usual server's, so that it is we who close */
#define CONNECT_TIMEOUT (5 * USEC_PER_SEC)
#define ANSWER_PATIENCE (10 * USEC_PER_SEC)        /* a server of which there has been no sign of life for so long, and is none now, is silent */

/* A further question of a transfer, where they are signed. */
struct outbound_further {
	struct outbound_further *next;
	uint16_t id;
	struct tsig_check check;
};

/* A connection to a server. */
struct outbound_link {
	struct cds_list_head link;
	struct outbound_server *server;
	struct stream *stream;
	struct outbound_transfer *transfer;      /* NULL: none */
	struct tsig_check check;                 /* of the transfer, where its server has a key */
	struct cds_list_head queries;            /* sent and not yet closed */
	unsigned used;                           /* transfers and questions so far */
	unsigned abandoned;                      /* questions closed before their reply, which may still come */
	bool is_connected;
	bool is_answered;                        /* a message has come */
};

/* Takes the transfer off its link, which is idle then, or out of the queue. */
static void transfer_detach(struct outbound_transfer *transfer)
{
	struct outbound_server *server = transfer->server;

	if (transfer->link)
		transfer->link->transfer = NULL;
	errand_queue_remove(&server->transfers, &transfer->errand);
	while (transfer->checks) {
		struct outbound_further *further = transfer->checks;
		transfer->checks = further->next;
		free(further);
	}
	transfer->link = NULL;
	transfer->server = NULL;
	transfer->open = false;
	outbound_server_release(server);
}

static bool link_is_idle(const struct outbound_link *link)
{
	return !link->transfer && link->queries.next == &link->queries;
}

static void link_idle_check(struct outbound_link *link)
{
	if (link_is_idle(link))
		stream_set_idle_timeout(link->stream, LINK_IDLE_TIMEOUT);
}

static void link_on_connect(struct stream *stream, void *ctx)
{
	struct outbound_link *link = ctx;
	struct outbound_stats *stats = &link->server->outbound->stats;

	link->is_connected = true;
	stats->tls_connections += stream_is_encrypted(stream);
	stats->tls_resumed += stream_is_resumed(stream);
	/* No sign of life yet: who hangs is connected to by its kernel, and who refuses our certificate says so only now (TLS 1.3). */
}

static struct outbound_query *query_of_id(const struct outbound_link *link, uint16_t id)
{
	struct outbound_query *query;

	cds_list_for_each_entry(query, &link->queries, on_link) {
		if (query->id == id)
			return query;
	}
	return NULL;
}

static uint16_t transfer_id(const struct outbound_transfer *transfer)
{
	return wire_get_u16(transfer->question);
}

static bool is_of_transfer(const struct outbound_transfer *transfer, uint16_t id)
{
	return (uint16_t)(id - transfer_id(transfer)) <= transfer->further;
}

bool outbound_link_has_id(const struct outbound_server *server, uint16_t id)
{
	const struct outbound_link *link;

	cds_list_for_each_entry(link, &server->links, link) {
		if (link->transfer && is_of_transfer(link->transfer, id))
			return true;
	}
	return false;
}

/* What the answer to the transfer's question of this id is tied to. */
static struct tsig_check *check_of(struct outbound_link *link, uint16_t id)
{
	for (struct outbound_further *further = link->transfer->checks; further; further = further->next) {
		if (further->id == id)
			return &further->check;
	}
	return &link->check;
}

/* Of all that were asked, one whose answer does not end with a signature; NULL: none. */
static struct tsig_check *check_open(struct outbound_link *link)
{
	for (struct outbound_further *further = link->transfer->checks; further; further = further->next) {
		if (!tsig_verify_end(&further->check))
			return &further->check;
	}
	return tsig_verify_end(&link->check) ? NULL : &link->check;
}

/* The answer is not signed as it must be: nothing of it counts. */
static void transfer_refuse(struct outbound_link *link, const struct tsig_check *check)
{
	struct outbound_transfer *transfer = link->transfer;
	struct outbound *outbound = link->server->outbound;

	transfer->why = tsig_fault_text(check, outbound->why);
	outbound_server_turns_soon(link->server);
	transfer_detach(transfer);
	stream_close(link->stream);      /* the link is gone */
	transfer->on_end(transfer, ZT_EDENIED);
}

static void link_on_message(struct stream *stream, const uint8_t *wire, size_t len, void *ctx)
{
	struct outbound_link *link = ctx;
	struct outbound_transfer *transfer = link->transfer;
	uint16_t id = wire_get_u16(wire);
	struct outbound_query *query = query_of_id(link, id);

	if (!link->is_answered)
		stream_set_idle_timeout(stream, LINK_BUSY_TIMEOUT);
	link->is_answered = true;
	outbound_server_on_life(link->server);
	if (query) {
		query->was_answered = true;
		if (outbound_believes_reply(link->server->outbound, query, wire, len))
			query->on_reply(query, wire, len);
		return;
	}
	if (link->abandoned > 0 && (!transfer || !is_of_transfer(transfer, id))) {
		link->abandoned--;
		return;
	}
	if (!transfer) {
		stream_close(stream);
		return;
	}
	transfer->answered = true;
	struct tsig_check *check = transfer->remote->key ? check_of(link, id) : NULL;
	if (check && !outbound_believes_message(link->server->outbound, check, wire, len)) {
		transfer_refuse(link, check);
		return;
	}
	enum outbound_verdict verdict = transfer->on_message(transfer, wire, len);
	if (verdict != OUTBOUND_MORE)
		outbound_transfer_finish(transfer, verdict);
}

void outbound_transfer_finish(struct outbound_transfer *transfer, enum outbound_verdict verdict)
{
	struct outbound_link *link = transfer->link;
	struct tsig_check *check = transfer->remote->key ? check_open(link) : NULL;

	if (check) {
		transfer_refuse(link, check);
		return;
	}
	/* Others get their turn before this owner may come back with the next question. */
	outbound_server_turns_soon(link->server);
	transfer_detach(transfer);
	if (verdict == OUTBOUND_DONE)
		link_idle_check(link);
	else
		stream_close(link->stream);      /* the link is gone */
	transfer->on_end(transfer, ZT_OK);
}

int outbound_transfer_send(struct outbound_transfer *transfer, uint8_t *wire, size_t len, size_t size)
{
	struct outbound_link *link = transfer->link;
	struct tsig_message message = { wire, len, size };
	struct outbound_further *further;

	if (transfer->remote->key) {
		if (!(further = malloc(sizeof(*further))))
			return ZT_ENOMEM;
		further->id = wire_get_u16(wire);
		further->next = transfer->checks;
		transfer->checks = further;
		tsig_check_init(&further->check, transfer->remote->key);
		int status = outbound_sign(link->server->outbound, &further->check, &message);
		if (status != ZT_OK)
			return status;
	}
	int status = stream_send(link->stream, message.wire, message.len);
	if (status == ZT_OK)
		transfer->further++;
	return status;
}

static void link_free(struct outbound_link *link)
{
	outbound_server_release(link->server);
	free(link);
}

/* Tells what is wrong with TLS, until it changes or the server answers. */
static void problem_tell(struct outbound_server *server, const char *problem)
{
	uint64_t hash = 14695981039346656037U;
	char text[NETADDR_TEXT_SIZE];

	for (const char *p = problem; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211U;
	if (server->told == hash)
		return;
	server->told = hash;
	log_warn(server->outbound->manage->log, "TLS with %s failed: %s", netaddr_to_text(&server->address, text), problem);
}

/* The connection never was of any use. */
static void failure_note(const struct outbound_link *link, int status)
{
	const char *problem = stream_problem(link->stream);

	if (stream_is_encrypted(link->stream)) {
		link->server->outbound->stats.tls_failed++;
		if (!problem && link->is_connected && status == ZT_ECLOSED)
			problem = "closed without an answer; if the other side wants a certificate of ours, expected certificate and key in tls";
		if (problem || link->is_connected || status != ZT_ETIMEOUT)
			problem_tell(link->server, problem ? problem : status_text(status));
	}
	outbound_server_on_failure(link->server);
}

/* The questions of a connection that has ended. Where there never was one they fail; else their owners will send them again. */
static void queries_detach(struct outbound_link *link, bool has_failed, int status)
{
	while (!link_is_idle(link)) {
		struct outbound_query *query = cds_list_first_entry(&link->queries, struct outbound_query, on_link);
		cds_list_del(&query->on_link);
		query->link = NULL;
		if (!has_failed || !query->on_fail)
			continue;
		outbound_query_close(link->server->outbound, query);
		query->on_fail(query, status);
	}
}

static void link_on_close(struct stream *stream, int status, void *ctx)
{
	struct outbound_link *link = ctx;
	struct outbound_server *server = link->server;
	struct outbound *outbound = server->outbound;
	struct outbound_transfer *transfer = link->transfer;
	bool was_idle_before = link->used > 1;
	bool is_mute = !link->is_answered && (stream_is_encrypted(stream) || status == ZT_ETIMEOUT);
	bool has_failed = status != ZT_OK && (!link->is_connected || is_mute);

	cds_list_del(&link->link);
	if (has_failed)
		failure_note(link, status);
	outbound_server_turns_soon(server);
	if (transfer)
		transfer_detach(transfer);
	queries_detach(link, has_failed, status);
	link_free(link);
	if (!transfer)
		return;
	/* The peer may have closed an idle connection just when we used it: that says nothing about the question. */
	if (!transfer->answered && was_idle_before && outbound_transfer_open(outbound, transfer) == ZT_OK)
		return;
	transfer->on_end(transfer, status == ZT_OK ? ZT_ECLOSED : status);
}

static const struct stream_handler link_handler = { .on_connect = link_on_connect, .on_message = link_on_message, .on_close = link_on_close };

static int link_new(struct outbound_server *server, const struct remote_options *remote, struct outbound_link **out)
{
	struct outbound *outbound = server->outbound;
	struct outbound_link *link = calloc(1, sizeof(*link));
	struct stream_config config = {
		.handler = &link_handler, .ctx = link, .connect_timeout = CONNECT_TIMEOUT, .idle_timeout = LINK_BUSY_TIMEOUT, .tls = remote->tls,
	};
	struct netaddr source;

	if (!link)
		return ZT_ENOMEM;
	outbound_source_choose(outbound, &remote->address, &source);
	int status = stream_connect(&link->stream, outbound->manage->loop, &remote->address, netaddr_is_wildcard(&source) ? NULL : &source, &config);
	if (status != ZT_OK) {
		free(link);
		return status;
	}
	link->server = server;
	CDS_INIT_LIST_HEAD(&link->queries);
	server->users++;
	cds_list_add_tail(&link->link, &server->links);
	*out = link;
	return ZT_OK;
}

/* A new connection, where there are fewer than `most`. To a server that is down nobody waits for one. */
static int link_more(struct outbound_server *server, const struct remote_options *remote, unsigned most, struct outbound_link **out)
{
	const struct outbound_link *link;
	unsigned count = 0;

	cds_list_for_each_entry(link, &server->links, link)
		count++;
	if (count >= most)
		return server->gate.down ? ZT_ETIMEOUT : ZT_EBUSY;
	return link_new(server, remote, out);
}

static bool is_hopeless(struct outbound_server *server)
{
	return errand_gate_try(&server->gate, clock_now(server->outbound->manage->clock)) == ERRAND_HOPELESS;
}

/* A connection without a transfer, or a new one; ZT_EBUSY when there are enough, ZT_ETIMEOUT when the server is down. */
static int link_get(struct outbound_server *server, const struct outbound_transfer *transfer, struct outbound_link **out)
{
	unsigned most = OUTBOUND_PER_PEER + (transfer->urgency == ERRAND_NOTIFIED ? OUTBOUND_NOTIFIED_MORE : 0);
	struct outbound_link *link;

	cds_list_for_each_entry(link, &server->links, link) {
		if (!link->transfer && !query_of_id(link, transfer_id(transfer))) {
			*out = link;
			return ZT_OK;
		}
	}
	return is_hopeless(server) ? ZT_ETIMEOUT : link_more(server, transfer->remote, most, out);
}

/* For a question: rather beside others than behind a transfer. */
static int link_get_for_query(struct outbound_query *query, struct outbound_link **out)
{
	struct outbound_server *server = query->server;
	struct outbound_link *link;

	cds_list_for_each_entry(link, &server->links, link) {
		if (!link->transfer) {
			*out = link;
			return ZT_OK;
		}
	}
	/* One that is paced has passed the gate already. */
	int status = !query->on_sent && is_hopeless(server) ? ZT_ETIMEOUT : link_more(server, query->remote, OUTBOUND_PER_PEER, out);
	if (status != ZT_EBUSY)
		return status;
	*out = cds_list_first_entry(&server->links, struct outbound_link, link);
	return ZT_OK;
}

static void link_busy_set(const struct outbound_link *link)
{
	const struct outbound_server *server = link->server;
	bool is_known = link->is_answered || clock_now(server->outbound->manage->clock) - server->gate.alive_at < ANSWER_PATIENCE;

	stream_set_idle_timeout(link->stream, is_known ? LINK_BUSY_TIMEOUT : ANSWER_PATIENCE);
}

int outbound_link_ask(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct outbound_link *link;

	if (query->link)
		return ZT_OK;
	int status = link_get_for_query(query, &link);
	if (status == ZT_OK)
		status = stream_send(link->stream, wire, len);
	if (status != ZT_OK)
		return status;
	link_busy_set(link);
	link->used++;
	query->link = link;
	cds_list_add_tail(&query->on_link, &link->queries);
	return ZT_OK;
}

void outbound_link_forget(struct outbound_query *query)
{
	struct outbound_link *link = query->link;

	cds_list_del(&query->on_link);
	query->link = NULL;
	link->abandoned += !query->was_answered;
	link_idle_check(link);
}

bool outbound_question_pad(uint8_t padded[OUTBOUND_PADDED_MAX], const uint8_t *wire, size_t *len)
{
	if (*len > OUTBOUND_PADDED_MAX)
		return false;
	memcpy(padded, wire, *len);
	return message_pad(padded, len, OUTBOUND_PADDED_MAX, PADDING_QUERY_BLOCK) == ZT_OK;
}

static int question_send(struct outbound_link *link, const struct outbound_transfer *transfer)
{
	uint8_t padded[OUTBOUND_PADDED_MAX];
	struct outbound_question question = { transfer->question, transfer->question_len };

	if (transfer->remote->tls && outbound_question_pad(padded, question.wire, &question.len))
		question.wire = padded;
	if (!transfer->remote->key)
		return stream_send(link->stream, question.wire, question.len);
	/* The first question of a reconciliation is as long as the names in it. */
	size_t size = question.len + tsig_room(transfer->remote->key);
	struct tsig_message message = { malloc(size), 0, size };
	tsig_check_init(&link->check, transfer->remote->key);
	int status = message.wire ? outbound_sign_transfer(link->server->outbound, &link->check, &message, &question) : ZT_ENOMEM;
	if (status == ZT_OK)
		status = stream_send(link->stream, message.wire, message.len);
	free(message.wire);
	return status;
}

static int transfer_start(struct outbound_transfer *transfer)
{
	struct outbound_server *server = transfer->server;

	for (;;) {
		struct outbound_link *link;
		int status = link_get(server, transfer, &link);
		if (status != ZT_OK)
			return status;
		bool is_fresh = link->used == 0;
		status = question_send(link, transfer);
		if (status == ZT_OK) {
			link_busy_set(link);
			link->transfer = transfer;
			link->used++;
			transfer->link = link;
			transfer->started = clock_now(server->outbound->manage->clock);
			return ZT_OK;
		}
		/* An idle connection may be about to end. */
		stream_close(link->stream);
		if (is_fresh)
			return status;
	}
}

int outbound_transfer_open(struct outbound *outbound, struct outbound_transfer *transfer)
{
	outbound_transfer_close(outbound, transfer);
	transfer->answered = false;
	transfer->why = NULL;
	transfer->further = 0;
	transfer->server = outbound_server_acquire(outbound, transfer->remote);
	if (!transfer->server)
		return ZT_ENOMEM;
	transfer->open = true;
	/* Who comes may not pass those who wait; where nothing helps, there is no point in waiting. */
	bool must_wait = transfer->server->transfers.count > 0 && !transfer->server->gate.down;
	int status = must_wait ? ZT_EBUSY : transfer_start(transfer);
	if (status == ZT_EBUSY) {
		errand_queue_add(&transfer->server->transfers, &transfer->errand, transfer->urgency);
		status = ZT_OK;
	}
	if (status != ZT_OK)
		transfer_detach(transfer);
	return status;
}

void outbound_transfer_urge(struct outbound_transfer *transfer, enum errand_urgency urgency)
{
	if (transfer->errand.is_queued)
		errand_queue_urge(&transfer->server->transfers, &transfer->errand, urgency);
}

void outbound_transfer_close(struct outbound *outbound, struct outbound_transfer *transfer)
{
	if (!transfer->open)
		return;
	struct outbound_server *server = transfer->server;
	struct outbound_link *link = transfer->link;
	bool was_silent = link && link->is_connected && !transfer->answered &&
			  clock_now(outbound->manage->clock) - transfer->started >= ANSWER_PATIENCE;
	server->users++;
	transfer_detach(transfer);
	if (was_silent)
		outbound_server_on_failure(server);
	if (link)
		stream_close(link->stream);
	outbound_server_release(server);
}

bool outbound_transfer_turn(struct outbound_server *server)
{
	struct errand *errand = errand_queue_first(&server->transfers);

	if (!errand)
		return false;
	struct outbound_transfer *transfer = caa_container_of(errand, struct outbound_transfer, errand);
	int status = transfer_start(transfer);
	/* There may be a connection for the urgent where there is none for whose turn it is. */
	if (status == ZT_EBUSY && (errand = errand_queue_first_of(&server->transfers, ERRAND_NOTIFIED))) {
		transfer = caa_container_of(errand, struct outbound_transfer, errand);
		status = transfer_start(transfer);
	}
	if (status == ZT_EBUSY)
		return false;
	if (errand == errand_queue_first(&server->transfers))
		(void)errand_queue_take(&server->transfers);
	else
		errand_queue_remove(&server->transfers, errand);
	if (status == ZT_OK) {
		transfer->on_start(transfer);
		return true;
	}
	transfer_detach(transfer);
	transfer->on_end(transfer, status);
	return true;
}

void outbound_links_close(struct outbound_server *server)
{
	struct outbound_link *link, *next;

	cds_list_for_each_entry_safe(link, next, &server->links, link)
		stream_close(link->stream);
}
