/* What the manage thread sends by itself. */
#include "authd/manage/outbound.h"

#include <stdlib.h>

#include "authd/manage/manage.h"
#include "lib/dns/message.h"
#include "lib/net/stream.h"
#include "lib/net/udp.h"

#define LINK_BUSY_TIMEOUT (60 * USEC_PER_SEC)      /* the transfer's owner loses patience before */
#define LINK_IDLE_TIMEOUT (8 * USEC_PER_SEC)       /* shorter than the usual server's, so that it is we who close */
#define CONNECT_TIMEOUT (5 * USEC_PER_SEC)
enum { QUERY_SLOTS = 1024, REPLY_MAX = 4096 };

struct outbound_socket {
	struct outbound_socket *next;
	struct outbound *outbound;
	struct netaddr source;           /* port 0 */
	struct udp_socket udp;
	struct loop_io io;
};

/* A connection to a primary. */
struct outbound_link {
	struct cds_list_head link;
	struct outbound *outbound;
	struct remote_options remote;            /* own copy */
	struct stream *stream;
	struct outbound_transfer *transfer;      /* NULL: idle */
	unsigned used;                           /* transfers so far */
};

struct outbound {
	struct manage *manage;
	struct outbound_socket *sockets;
	struct outbound_query *queries[QUERY_SLOTS];
	struct cds_list_head links;
	struct cds_list_head queue;              /* transfers that wait for a connection, first come first served */
	struct loop_timer run;
};

static void queue_run(void *ctx);

int outbound_new(struct manage *manage, struct outbound **out)
{
	struct outbound *outbound = calloc(1, sizeof(*outbound));

	if (!outbound)
		return ZT_ENOMEM;
	outbound->manage = manage;
	CDS_INIT_LIST_HEAD(&outbound->links);
	CDS_INIT_LIST_HEAD(&outbound->queue);
	loop_timer_init(&outbound->run, manage->loop, queue_run, outbound);
	*out = outbound;
	return ZT_OK;
}

void outbound_free(struct outbound *outbound)
{
	struct outbound_link *link, *next_link;

	if (!outbound)
		return;
	cds_list_for_each_entry_safe(link, next_link, &outbound->links, link)
		stream_close(link->stream);
	while (outbound->sockets) {
		struct outbound_socket *sock = outbound->sockets;
		outbound->sockets = sock->next;
		loop_io_stop(&sock->io);
		udp_close(&sock->udp);
		free(sock);
	}
	loop_timer_stop(&outbound->run);
	free(outbound);
}

/* The address we ask `peer` from: the first listen address that can reach it, else any. */
static void source_choose(const struct outbound *outbound, const struct netaddr *peer, struct netaddr *source)
{
	const struct authd_options *options = outbound->manage->options;

	for (uint32_t i = 0; i < options->listen_count; i++) {
		const struct netaddr *listen = &options->listen[i];
		if (listen->family != peer->family || netaddr_is_wildcard(listen) || netaddr_is_loopback(listen) != netaddr_is_loopback(peer))
			continue;
		*source = *listen;
		netaddr_set_port(source, 0);
		return;
	}
	*source = (struct netaddr){ .family = peer->family };
}

/* ---- UDP -------------------------------------------------------------------------------------------------------------------------- */

static struct outbound_query **query_slot(struct outbound *outbound, uint16_t id)
{
	return &outbound->queries[id % QUERY_SLOTS];
}

static void on_readable(void *ctx)
{
	struct outbound_socket *sock = ctx;
	uint8_t wire[REPLY_MAX];
	struct netaddr from;

	for (;;) {
		size_t len = sizeof(wire);
		int status = udp_receive(&sock->udp, wire, &len, &from);
		if (status == ZT_EAGAIN)
			return;
		if (status == ZT_ESPACE || (status == ZT_OK && len < MESSAGE_HEADER_LEN))
			continue;
		if (status != ZT_OK)
			return;
		struct outbound_query *query = *query_slot(sock->outbound, wire_get_u16(wire));
		while (query && (query->id != wire_get_u16(wire) || query->socket != sock || !netaddr_equal(&query->remote->address, &from)))
			query = query->next;
		if (query)
			query->on_reply(query, wire, len);
	}
}

static int socket_get(struct outbound *outbound, const struct netaddr *peer, struct outbound_socket **out)
{
	struct outbound_socket *sock;
	struct netaddr source;

	source_choose(outbound, peer, &source);
	for (sock = outbound->sockets; sock; sock = sock->next) {
		if (netaddr_equal(&sock->source, &source)) {
			*out = sock;
			return ZT_OK;
		}
	}
	sock = calloc(1, sizeof(*sock));
	if (!sock)
		return ZT_ENOMEM;
	sock->outbound = outbound;
	sock->source = source;
	loop_io_init(&sock->io, on_readable, sock);
	int status = udp_open(&sock->udp, &source, 0);
	if (status == ZT_OK) {
		status = loop_io_start(&sock->io, outbound->manage->loop, sock->udp.fd, LOOP_READ);
		if (status != ZT_OK)
			udp_close(&sock->udp);
	}
	if (status != ZT_OK) {
		free(sock);
		return status;
	}
	sock->next = outbound->sockets;
	outbound->sockets = sock;
	*out = sock;
	return ZT_OK;
}

static bool id_is_taken(struct outbound *outbound, uint16_t id)
{
	for (const struct outbound_query *query = *query_slot(outbound, id); query; query = query->next) {
		if (query->id == id)
			return true;
	}
	return false;
}

int outbound_query_open(struct outbound *outbound, struct outbound_query *query)
{
	outbound_query_close(outbound, query);
	int status = socket_get(outbound, &query->remote->address, &query->socket);
	if (status != ZT_OK)
		return status;
	for (unsigned tries = 0; tries < 1000; tries++) {
		query->id = secure_rng_u16(&outbound->manage->secure_rng);
		if (id_is_taken(outbound, query->id))
			continue;
		struct outbound_query **slot = query_slot(outbound, query->id);
		query->next = *slot;
		*slot = query;
		query->open = true;
		return ZT_OK;
	}
	return ZT_EBUSY;
}

int outbound_query_send(struct outbound *outbound, const struct outbound_query *query, const uint8_t *wire, size_t len)
{
	(void)outbound;
	return udp_send(&query->socket->udp, &query->remote->address, wire, len);
}

void outbound_query_close(struct outbound *outbound, struct outbound_query *query)
{
	if (!query->open)
		return;
	struct outbound_query **at = query_slot(outbound, query->id);
	while (*at != query)
		at = &(*at)->next;
	*at = query->next;
	query->open = false;
}

/* ---- TCP -------------------------------------------------------------------------------------------------------------------------- */

/* Takes the transfer off its link; the link is idle then. */
static void transfer_detach(struct outbound_transfer *transfer)
{
	transfer->link->transfer = NULL;
	transfer->link = NULL;
	transfer->open = false;
}

static void link_free(struct outbound_link *link)
{
	remote_options_release(&link->remote);
	free(link);
}

static void link_on_message(struct stream *stream, const uint8_t *wire, size_t len, void *ctx)
{
	struct outbound_link *link = ctx;
	struct outbound *outbound = link->outbound;
	struct outbound_transfer *transfer = link->transfer;

	if (!transfer) {
		stream_close(stream);
		return;
	}
	transfer->answered = true;
	enum outbound_verdict verdict = transfer->on_message(transfer, wire, len);
	if (verdict == OUTBOUND_MORE)
		return;
	transfer_detach(transfer);
	if (verdict == OUTBOUND_DONE)
		stream_set_idle_timeout(stream, LINK_IDLE_TIMEOUT);
	else
		stream_close(stream);      /* the link is gone */
	/* Others get their turn before this owner may come back with the next question. */
	if (!cds_list_empty(&outbound->queue))
		loop_timer_in(&outbound->run, 0);
	transfer->on_end(transfer, ZT_OK);
}

static void link_on_close(struct stream *stream, int status, void *ctx)
{
	struct outbound_link *link = ctx;
	struct outbound *outbound = link->outbound;
	struct outbound_transfer *transfer = link->transfer;
	bool was_idle_before = link->used > 1;

	(void)stream;
	cds_list_del(&link->link);
	if (transfer)
		transfer_detach(transfer);
	link_free(link);
	if (!cds_list_empty(&outbound->queue))
		loop_timer_in(&outbound->run, 0);
	if (!transfer)
		return;
	/* The peer may have closed an idle connection just when we used it: that says nothing about the question. */
	if (!transfer->answered && was_idle_before && outbound_transfer_open(outbound, transfer) == ZT_OK)
		return;
	transfer->on_end(transfer, status == ZT_OK ? ZT_ECLOSED : status);
}

static const struct stream_handler link_handler = { .on_message = link_on_message, .on_close = link_on_close };

static int link_new(struct outbound *outbound, const struct remote_options *remote, struct outbound_link **out)
{
	struct outbound_link *link = calloc(1, sizeof(*link));
	struct stream_config config = {
		.handler = &link_handler, .ctx = link, .connect_timeout = CONNECT_TIMEOUT, .idle_timeout = LINK_BUSY_TIMEOUT,
	};
	struct netaddr source;

	if (!link)
		return ZT_ENOMEM;
	link->outbound = outbound;
	source_choose(outbound, &remote->address, &source);
	int status = remote_options_copy(&link->remote, remote);
	if (status == ZT_OK)
		status = stream_connect(&link->stream, outbound->manage->loop, &remote->address, netaddr_is_wildcard(&source) ? NULL : &source, &config);
	if (status != ZT_OK) {
		link_free(link);
		return status;
	}
	cds_list_add_tail(&link->link, &outbound->links);
	*out = link;
	return ZT_OK;
}

/* An idle connection to the peer, or a new one; ZT_EBUSY when there are enough. */
static int link_get(struct outbound *outbound, const struct remote_options *remote, struct outbound_link **out)
{
	struct outbound_link *link;
	unsigned count = 0;

	cds_list_for_each_entry(link, &outbound->links, link) {
		if (!remote_options_equal(&link->remote, remote))
			continue;
		if (!link->transfer) {
			*out = link;
			return ZT_OK;
		}
		count++;
	}
	return count < OUTBOUND_PER_PEER ? link_new(outbound, remote, out) : ZT_EBUSY;
}

static int transfer_start(struct outbound *outbound, struct outbound_transfer *transfer)
{
	for (;;) {
		struct outbound_link *link;
		int status = link_get(outbound, transfer->remote, &link);
		if (status != ZT_OK)
			return status;
		bool is_fresh = link->used == 0;
		status = stream_send(link->stream, transfer->question, transfer->question_len);
		if (status == ZT_OK) {
			stream_set_idle_timeout(link->stream, LINK_BUSY_TIMEOUT);
			link->transfer = transfer;
			link->used++;
			transfer->link = link;
			return ZT_OK;
		}
		/* An idle connection may be about to end. */
		stream_close(link->stream);
		if (is_fresh)
			return status;
	}
}

/* Whether somebody waits for a connection to the peer already. */
static bool peer_is_queued(const struct outbound *outbound, const struct remote_options *remote)
{
	const struct outbound_transfer *other;

	cds_list_for_each_entry(other, &outbound->queue, queued) {
		if (remote_options_equal(other->remote, remote))
			return true;
	}
	return false;
}

int outbound_transfer_open(struct outbound *outbound, struct outbound_transfer *transfer)
{
	outbound_transfer_close(outbound, transfer);
	transfer->answered = false;
	int status = peer_is_queued(outbound, transfer->remote) ? ZT_EBUSY : transfer_start(outbound, transfer);
	if (status == ZT_OK) {
		transfer->open = true;
	} else if (status == ZT_EBUSY) {
		cds_list_add_tail(&transfer->queued, &outbound->queue);
		transfer->open = true;
		status = ZT_OK;
	}
	return status;
}

void outbound_transfer_close(struct outbound *outbound, struct outbound_transfer *transfer)
{
	if (!transfer->open)
		return;
	if (!transfer->link) {
		cds_list_del(&transfer->queued);
		transfer->open = false;
		return;
	}
	struct stream *stream = transfer->link->stream;
	transfer_detach(transfer);
	stream_close(stream);
	(void)outbound;
}

/* Starts what waited and can start now. */
static void queue_run(void *ctx)
{
	struct outbound *outbound = ctx;
	struct outbound_transfer *transfer, *next;

	cds_list_for_each_entry_safe(transfer, next, &outbound->queue, queued) {
		int status = transfer_start(outbound, transfer);
		if (status == ZT_EBUSY)
			continue;
		cds_list_del(&transfer->queued);
		if (status == ZT_OK) {
			transfer->on_start(transfer);
			continue;
		}
		transfer->open = false;
		transfer->on_end(transfer, status);
		/* The callback may have changed the queue. */
		if (!cds_list_empty(&outbound->queue))
			loop_timer_in(&outbound->run, 0);
		return;
	}
}
