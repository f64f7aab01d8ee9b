/* Connections to primaries, and the transfers on them. */
#include <stdlib.h>
#include <urcu/compiler.h>

#include "authd/manage/outbound_inner.h"
#include "lib/net/stream.h"

#define LINK_BUSY_TIMEOUT (60 * USEC_PER_SEC)      /* the transfer's owner loses patience before */
#define LINK_IDLE_TIMEOUT (8 * USEC_PER_SEC)       /* shorter than the usual server's, so that it is we who close */
#define CONNECT_TIMEOUT (5 * USEC_PER_SEC)
#define ANSWER_PATIENCE (10 * USEC_PER_SEC)        /* who gave a transfer up that had no answer for so long, found the server silent */

/* A connection to a server. */
struct outbound_link {
	struct cds_list_head link;
	struct outbound_server *server;
	struct stream *stream;
	struct outbound_transfer *transfer;      /* NULL: idle */
	unsigned used;                           /* transfers so far */
	bool is_connected;
};

/* Takes the transfer off its link, which is idle then, or out of the queue. */
static void transfer_detach(struct outbound_transfer *transfer)
{
	struct outbound_server *server = transfer->server;

	if (transfer->link)
		transfer->link->transfer = NULL;
	errand_queue_remove(&server->transfers, &transfer->errand);
	transfer->link = NULL;
	transfer->server = NULL;
	transfer->open = false;
	outbound_server_release(server);
}

static void link_on_connect(struct stream *stream, void *ctx)
{
	struct outbound_link *link = ctx;

	(void)stream;
	link->is_connected = true;
	outbound_server_on_life(link->server);
}

static void link_on_message(struct stream *stream, const uint8_t *wire, size_t len, void *ctx)
{
	struct outbound_link *link = ctx;
	struct outbound_transfer *transfer = link->transfer;

	if (!transfer) {
		stream_close(stream);
		return;
	}
	transfer->answered = true;
	enum outbound_verdict verdict = transfer->on_message(transfer, wire, len);
	if (verdict == OUTBOUND_MORE)
		return;
	/* Others get their turn before this owner may come back with the next question. */
	outbound_server_turns_soon(link->server);
	transfer_detach(transfer);
	if (verdict == OUTBOUND_DONE)
		stream_set_idle_timeout(stream, LINK_IDLE_TIMEOUT);
	else
		stream_close(stream);      /* the link is gone */
	transfer->on_end(transfer, ZT_OK);
}

static void link_free(struct outbound_link *link)
{
	outbound_server_release(link->server);
	free(link);
}

static void link_on_close(struct stream *stream, int status, void *ctx)
{
	struct outbound_link *link = ctx;
	struct outbound_server *server = link->server;
	struct outbound *outbound = server->outbound;
	struct outbound_transfer *transfer = link->transfer;
	bool was_idle_before = link->used > 1;

	(void)stream;
	cds_list_del(&link->link);
	if (!link->is_connected && status != ZT_OK)
		outbound_server_on_failure(server);
	outbound_server_turns_soon(server);
	if (transfer)
		transfer_detach(transfer);
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
		.handler = &link_handler, .ctx = link, .connect_timeout = CONNECT_TIMEOUT, .idle_timeout = LINK_BUSY_TIMEOUT,
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
	server->users++;
	cds_list_add_tail(&link->link, &server->links);
	*out = link;
	return ZT_OK;
}

/* An idle connection to the server, or a new one; ZT_EBUSY when there are enough, ZT_ETIMEOUT when the server is down. */
static int link_get(struct outbound_server *server, const struct outbound_transfer *transfer, struct outbound_link **out)
{
	unsigned most = OUTBOUND_PER_PEER + (transfer->urgency == ERRAND_NOTIFIED ? OUTBOUND_NOTIFIED_MORE : 0);
	struct outbound_link *link;
	unsigned count = 0;

	cds_list_for_each_entry(link, &server->links, link) {
		if (!link->transfer) {
			*out = link;
			return ZT_OK;
		}
		count++;
	}
	if (count >= most)
		return ZT_EBUSY;
	/* Where there is a connection the server lives; one to a server that is down is for one transfer at a time to try. */
	if (errand_gate_try(&server->gate, clock_now(server->outbound->manage->clock)) == ERRAND_HOPELESS)
		return ZT_ETIMEOUT;
	return link_new(server, transfer->remote, out);
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
		status = stream_send(link->stream, transfer->question, transfer->question_len);
		if (status == ZT_OK) {
			stream_set_idle_timeout(link->stream, LINK_BUSY_TIMEOUT);
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
