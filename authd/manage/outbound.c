/* What the manage thread sends by itself: servers with their queues, and questions over UDP. */
#include "authd/manage/outbound.h"

#include <stdlib.h>
#include <string.h>
#include <urcu/compiler.h>

#include "authd/manage/outbound_inner.h"
#include "authd/manage/secondary.h"
#include "lib/dns/message.h"
#include "lib/net/tls.h"
#include "lib/net/udp.h"

enum {
	REPLY_MAX = 4096,
	TURNS = 64,                  /* given at once; then the loop has a turn for everything else */
	QUESTIONS_IN_FLIGHT = 64,    /* to one server */
	QUESTIONS_BURST = 64,
};

struct outbound_socket {
	struct outbound_socket *next;
	struct outbound *outbound;
	struct netaddr source;           /* port 0 */
	struct udp_socket udp;
	struct loop_io io;
};

int outbound_new(struct manage *manage, struct outbound **out)
{
	struct outbound *outbound = calloc(1, sizeof(*outbound));

	if (!outbound)
		return ZT_ENOMEM;
	outbound->manage = manage;
	outbound->seed = rng_u64(&manage->rng);
	*out = outbound;
	return ZT_OK;
}

static void server_free(struct outbound_server *server)
{
	loop_timer_stop(&server->run);
	tls_context_release(server->tls);
	free(server);
}

void outbound_free(struct outbound *outbound)
{
	if (!outbound)
		return;
	for (unsigned i = 0; i < OUTBOUND_SERVER_SLOTS; i++) {
		while (outbound->servers[i]) {
			struct outbound_server *server = outbound->servers[i];
			server->users++;
			outbound_links_close(server);
			outbound->servers[i] = server->next;
			server_free(server);
		}
	}
	while (outbound->sockets) {
		struct outbound_socket *sock = outbound->sockets;
		outbound->sockets = sock->next;
		loop_io_stop(&sock->io);
		udp_close(&sock->udp);
		free(sock);
	}
	free(outbound);
}

void outbound_source_choose(const struct outbound *outbound, const struct netaddr *peer, struct netaddr *source)
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

/* ---- servers ------------------------------------------------------------------------------------------------------------------------ */

static void server_turns(void *ctx);

static struct outbound_server **server_slot(struct outbound *outbound, const struct remote_options *remote)
{
	struct outbound_server **at = &outbound->servers[netaddr_hash(&remote->address, outbound->seed) % OUTBOUND_SERVER_SLOTS];

	while (*at && (!netaddr_equal(&(*at)->address, &remote->address) || (*at)->tls != remote->tls))
		at = &(*at)->next;
	return at;
}

struct outbound_server *outbound_server_acquire(struct outbound *outbound, const struct remote_options *remote)
{
	struct outbound_server **at = server_slot(outbound, remote), *server = *at;
	struct errand_limits limits = {
		.per_second = outbound->manage->options->soa_query_rate, .burst = QUESTIONS_BURST, .in_flight = QUESTIONS_IN_FLIGHT,
	};

	if (!server) {
		server = *at = calloc(1, sizeof(*server));
		if (!server)
			return NULL;
		server->outbound = outbound;
		server->address = remote->address;
		server->tls = remote->tls ? tls_context_acquire(remote->tls) : NULL;
		CDS_INIT_LIST_HEAD(&server->links);
		errand_queue_init(&server->questions);
		errand_queue_init(&server->transfers);
		errand_gate_init(&server->gate, &limits, clock_now(outbound->manage->clock));
		loop_timer_init(&server->run, outbound->manage->loop, server_turns, server);
	}
	server->gate.limits = limits;
	server->users++;
	return server;
}

/* One whose gate remembers nothing of worth is forgotten. */
void outbound_server_release(struct outbound_server *server)
{
	struct outbound *outbound = server->outbound;

	if (--server->users > 0 || server->gate.silent > 0 || server->told || server->is_back || server->gate.due > clock_now(outbound->manage->clock))
		return;
	struct outbound_server **at = &outbound->servers[netaddr_hash(&server->address, outbound->seed) % OUTBOUND_SERVER_SLOTS];
	while (*at != server)
		at = &(*at)->next;
	*at = server->next;
	server_free(server);
}

void outbound_server_turns_soon(struct outbound_server *server)
{
	if (server->questions.count > 0 || server->transfers.count > 0)
		loop_timer_in(&server->run, 0);
}

void outbound_server_on_life(struct outbound_server *server)
{
	struct manage *manage = server->outbound->manage;
	char text[NETADDR_TEXT_SIZE];

	server->told = 0;
	if (!errand_gate_on_life(&server->gate, clock_now(manage->clock)))
		return;
	log_notice(manage->log, "%s answers again", netaddr_to_text(&server->address, text));
	server->is_back = true;      /* not here: whoever saw it is in the middle of something */
	loop_timer_in(&server->run, 0);
}

static void down_tell(const struct outbound_server *server)
{
	char text[NETADDR_TEXT_SIZE];

	log_warn(server->outbound->manage->log, "%s does not answer; until it does, it is tried twice a second by one zone, and the others ask their next primary",
		 netaddr_to_text(&server->address, text));
}

void outbound_server_on_silence(struct outbound_server *server)
{
	if (!errand_gate_on_silence(&server->gate, clock_now(server->outbound->manage->clock)))
		return;
	down_tell(server);
	outbound_server_turns_soon(server);
}

void outbound_server_on_failure(struct outbound_server *server)
{
	if (!errand_gate_on_failure(&server->gate, clock_now(server->outbound->manage->clock)))
		return;
	down_tell(server);
	outbound_server_turns_soon(server);
}

void outbound_server_expect(struct outbound *outbound, const struct remote_options *remote)
{
	struct outbound_server *server = *server_slot(outbound, remote);

	if (server)
		errand_gate_reset(&server->gate);
}

void outbound_stats(const struct outbound *outbound, struct outbound_stats *stats)
{
	*stats = outbound->stats;
	for (unsigned i = 0; i < OUTBOUND_SERVER_SLOTS; i++) {
		for (const struct outbound_server *server = outbound->servers[i]; server; server = server->next)
			stats->servers_down += server->gate.down;
	}
}

/* ---- sockets ------------------------------------------------------------------------------------------------------------------------ */

static struct outbound_query **query_slot(struct outbound *outbound, uint16_t id)
{
	return &outbound->queries[id % OUTBOUND_QUERY_SLOTS];
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
		if (!query)
			continue;
		if (query->server)
			outbound_server_on_life(query->server);
		if (outbound_believes_reply(sock->outbound, query, wire, len))
			query->on_reply(query, wire, len);
	}
}

static int socket_get(struct outbound *outbound, const struct netaddr *peer, struct outbound_socket **out)
{
	struct outbound_socket *sock;
	struct netaddr source;

	outbound_source_choose(outbound, peer, &source);
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

/* ---- questions ---------------------------------------------------------------------------------------------------------------------- */

/* Replies are told apart by id and peer, those of a connection by id. */
static bool id_is_taken(struct outbound *outbound, uint16_t id, const struct netaddr *peer)
{
	for (const struct outbound_query *query = *query_slot(outbound, id); query; query = query->next) {
		if (query->id == id && netaddr_equal(&query->remote->address, peer))
			return true;
	}
	return false;
}

static int id_choose(struct outbound *outbound, struct outbound_query *query)
{
	for (unsigned tries = 0; tries < 1000; tries++) {
		query->id = secure_rng_u16(&outbound->manage->secure_rng);
		if (!id_is_taken(outbound, query->id, &query->remote->address) && !(query->server && outbound_link_has_id(query->server, query->id)))
			return ZT_OK;
	}
	return ZT_EBUSY;
}

int outbound_query_open(struct outbound *outbound, struct outbound_query *query)
{
	outbound_query_close(outbound, query);
	query->socket = NULL;
	int status = query->remote->tls ? ZT_OK : socket_get(outbound, &query->remote->address, &query->socket);
	if (status == ZT_OK && (query->on_sent || query->remote->tls) && !(query->server = outbound_server_acquire(outbound, query->remote)))
		status = ZT_ENOMEM;
	if (status == ZT_OK)
		status = id_choose(outbound, query);
	if (status != ZT_OK) {
		if (query->server)
			outbound_server_release(query->server);
		query->server = NULL;
		return status;
	}
	struct outbound_query **slot = query_slot(outbound, query->id);
	query->next = *slot;
	*slot = query;
	query->open = true;
	query->was_sent = query->was_answered = false;
	return ZT_OK;
}

static int question_send(const struct outbound *outbound, struct outbound_query *query, const uint8_t *wire, size_t len)
{
	uint8_t signed_wire[OUTBOUND_SIGNED_MAX], padded[OUTBOUND_PADDED_MAX];
	struct tsig_message message = { signed_wire, 0, sizeof(signed_wire) };

	if (query->link)      /* by TLS nothing is sent again */
		return ZT_OK;
	if (query->on_sent)
		query->server->outbound->stats.soa_queries++;
	if (query->remote->tls && outbound_question_pad(padded, wire, &len))
		wire = padded;
	if (query->remote->key) {
		int status = outbound_sign_query(outbound, query, &message, &(struct outbound_question){ wire, len });
		if (status != ZT_OK)
			return status;
		wire = message.wire;
		len = message.len;
	}
	if (query->remote->tls)
		return outbound_link_ask(query, wire, len);
	return udp_send(&query->socket->udp, &query->remote->address, wire, len);
}

static int question_wait(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	query->waiting = malloc(len);
	if (!query->waiting)
		return ZT_ENOMEM;
	memcpy(query->waiting, wire, len);
	query->waiting_len = len;
	errand_queue_add(&query->server->questions, &query->errand, query->urgency);
	/* Not before: the timer must know who waits. */
	usec_t opens_at = errand_gate_opens_at(&query->server->gate);
	if (opens_at != ERRANDS_NEVER && !query->server->run.armed)
		loop_timer_at(&query->server->run, opens_at);
	return ZT_OK;
}

int outbound_query_send(struct outbound *outbound, struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct outbound_server *server = query->server;

	if (!query->on_sent) {
		int status = question_send(outbound, query, wire, len);
		return query->remote->tls ? ZT_OK : status;
	}
	if (query->was_sent) {
		outbound_server_on_silence(server);
		return question_send(outbound, query, wire, len);
	}
	if (query->errand.is_queued)
		return ZT_OK;
	/* Who comes may not pass those who wait, unless nothing helps: then there is no point in waiting. */
	enum errand_verdict verdict = server->questions.count > 0 && !server->gate.down ? ERRAND_WAIT : errand_gate_ask(&server->gate, clock_now(outbound->manage->clock));
	if (verdict == ERRAND_WAIT)
		return question_wait(query, wire, len);
	if (verdict == ERRAND_HOPELESS)
		return ZT_ETIMEOUT;
	query->was_sent = true;
	return question_send(outbound, query, wire, len);
}

void outbound_query_urge(struct outbound_query *query, enum errand_urgency urgency)
{
	if (query->errand.is_queued)
		errand_queue_urge(&query->server->questions, &query->errand, urgency);
}

static void waiting_forget(struct outbound_query *query)
{
	free(query->waiting);
	query->waiting = NULL;
}

void outbound_query_close(struct outbound *outbound, struct outbound_query *query)
{
	struct outbound_server *server = query->server;

	if (!query->open)
		return;
	struct outbound_query **at = query_slot(outbound, query->id);
	while (*at != query)
		at = &(*at)->next;
	*at = query->next;
	query->open = false;
	outbound_sign_forget(query);
	if (!server)
		return;
	if (query->link)
		outbound_link_forget(query);
	query->server = NULL;
	errand_queue_remove(&server->questions, &query->errand);
	waiting_forget(query);
	if (query->was_sent) {
		errand_gate_done(&server->gate);
		outbound_server_turns_soon(server);
	}
	outbound_server_release(server);
}

/* ---- turns -------------------------------------------------------------------------------------------------------------------------- */

/* Gives the next question its turn. False: none waits, or none may leave now. */
static bool question_turn(struct outbound_server *server)
{
	struct outbound *outbound = server->outbound;
	enum errand_verdict verdict = server->questions.count > 0 ? errand_gate_ask(&server->gate, clock_now(outbound->manage->clock)) : ERRAND_WAIT;

	if (verdict == ERRAND_WAIT)
		return false;
	struct errand *errand = errand_queue_take(&server->questions);
	struct outbound_query *query = caa_container_of(errand, struct outbound_query, errand);
	int status = ZT_ETIMEOUT;
	if (verdict == ERRAND_GO) {
		query->was_sent = true;
		status = question_send(outbound, query, query->waiting, query->waiting_len);
		waiting_forget(query);
	}
	if (status == ZT_OK) {
		query->on_sent(query);
	} else {
		outbound_query_close(outbound, query);
		query->on_fail(query, status);
	}
	return true;
}

static void server_turns(void *ctx)
{
	struct outbound_server *server = ctx;
	unsigned given = 0;

	server->users++;      /* callbacks may take the last one away */
	if (server->is_back)
		secondary_on_server_back(server->outbound->manage, &server->address);
	server->is_back = false;
	while (given < TURNS && outbound_transfer_turn(server))
		given++;
	while (given < TURNS && question_turn(server))
		given++;
	if (given == TURNS)
		outbound_server_turns_soon(server);
	else if (server->questions.count > 0 && errand_gate_opens_at(&server->gate) != ERRANDS_NEVER)
		loop_timer_at(&server->run, errand_gate_opens_at(&server->gate));
	outbound_server_release(server);
}
