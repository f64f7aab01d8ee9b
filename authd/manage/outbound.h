/* What the manage thread sends by itself: questions (NOTIFY, SOA) with their replies, and transfers.
 *
 * One UDP socket per address family and source serves all zones; replies find their question by id and peer. TCP connections are kept open
 * and used again, one transfer at a time on each, at most OUTBOUND_PER_PEER (and one for the urgent) to one server; more transfers wait their turn.
 * To a server with `tls` everything goes over such connections, by TLS: questions too, many at once, beside a transfer or not. Where TLS can't be had
 * nothing is sent. What is wrong then is logged once until it changes.
 *
 * The source address is the first configured listen address that can reach the destination, so that the other side sees the address it
 * knows us by.
 *
 * What secondaries ask is paced (lib/xfr/errands.h): so many questions a second and under way for each server, the urgent first, and a server that
 * is down is tried now and then instead of by everybody. Each server has queues of its own, so none waits for another.
 *
 * One per manage thread, made before the first zone entry and freed after the last.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <urcu/list.h>

#include "authd/options_remote.h"
#include "lib/base/clock.h"
#include "lib/base/status.h"
#include "lib/xfr/errands.h"

struct manage;
struct outbound;
struct outbound_server;
struct outbound_signature;

enum {
	OUTBOUND_PER_PEER = 4,
	OUTBOUND_NOTIFIED_MORE = 1,      /* for what a NOTIFY asks for, so that it need not wait for the end of somebody's long transfer */
};

int outbound_new(struct manage *manage, struct outbound **out) ZT_MUST_CHECK;
void outbound_free(struct outbound *outbound);

struct outbound_stats {
	uint64_t tls_connections, tls_resumed, tls_failed;      /* handshakes that went well, those that went on where one was before, and others */
	uint64_t soa_queries;                                   /* sent, repetitions among them */
	uint32_t servers_down;                                  /* now */
};

void outbound_stats(const struct outbound *outbound, struct outbound_stats *stats);

/* An operator, or the server itself, says that it is worth asking: it does not count as down any more. */
void outbound_server_expect(struct outbound *outbound, const struct remote_options *remote);

/* ---- questions ---------------------------------------------------------------------------------------------------------------------- */

/* A question under way; lies in its owner's memory, zeroed at first. */
struct outbound_query {
	const struct remote_options *remote;      /* whom to ask and how; set by the owner before opening, and stays until the query is closed */
	void (*on_reply)(struct outbound_query *query, const uint8_t *wire, size_t len);
	/* Not NULL: the question is paced. Called when one that waited has left. */
	void (*on_sent)(struct outbound_query *query);
	/* The server can't be asked: it is down, or there is no connection to it. The query is closed. May be NULL where the question is not paced. */
	void (*on_fail)(struct outbound_query *query, int status);
	enum errand_urgency urgency;     /* of a paced one */

	uint16_t id;
	bool open;
	bool was_sent;
	bool was_answered;               /* by TLS: something with its id has come */
	uint8_t fault;                   /* enum tsig_fault of the last answer; stays when the query is closed, as does the next */
	uint16_t fault_error;            /* what the other side has against our signature, where it is TSIG_REFUSED */
	struct errand errand;            /* while it waits */
	uint8_t *waiting;                /* the message, while it waits */
	size_t waiting_len;
	struct outbound_server *server;  /* of one that is paced, or goes by TLS */
	struct outbound_socket *socket;  /* of others: NULL where it goes by TLS … */
	struct outbound_link *link;      /* … which is on this connection; NULL: not yet sent, or the connection has ended */
	struct cds_list_head on_link;
	struct outbound_signature *signature;      /* of the message last sent; NULL where there is none */
	struct outbound_query *next;     /* with the same hash of the id */
};

/* Chooses an id that no open query to the same server has. An open query is closed first. on_reply is called for each message of this id from the
 * peer until the query is closed, so that a message that is no reply does not end it; it may open and close queries. */
int outbound_query_open(struct outbound *outbound, struct outbound_query *query) ZT_MUST_CHECK;
/* Sends, or lets it wait for its turn (outbound_query_waits); the message must carry query->id. May be called again to repeat it, which says that
 * there was no answer in time. Calls nothing back. Of a paced question ZT_ETIMEOUT: the server is down, it was not sent; one that is not paced, and can't
 * be sent by TLS, is lost like a packet of UDP. */
int outbound_query_send(struct outbound *outbound, struct outbound_query *query, const uint8_t *wire, size_t len) ZT_MUST_CHECK;
static inline bool outbound_query_waits(const struct outbound_query *query) { return query->errand.is_queued; }
/* It has become more urgent. */
void outbound_query_urge(struct outbound_query *query, enum errand_urgency urgency);
void outbound_query_close(struct outbound *outbound, struct outbound_query *query);

/* ---- TCP -------------------------------------------------------------------------------------------------------------------------- */

enum outbound_verdict {
	OUTBOUND_MORE,                   /* further messages belong to the answer */
	OUTBOUND_DONE,                   /* that was the last one; the connection can be used again */
	OUTBOUND_DROP,                   /* nothing more is wanted, but more may come: the connection is closed */
};

/* One question over TCP with any number of reply messages; lies in its owner's memory, zeroed at first. */
struct outbound_transfer {
	/* Set by the owner before opening. */
	const struct remote_options *remote;       /* must stay until on_end */
	const uint8_t *question;         /* the message; must stay until on_end */
	size_t question_len;
	enum errand_urgency urgency;
	void (*on_start)(struct outbound_transfer *transfer);      /* its turn has come: the question is on its way */
	enum outbound_verdict (*on_message)(struct outbound_transfer *transfer, const uint8_t *wire, size_t len);
	/* ZT_OK after OUTBOUND_DONE or _DROP; otherwise what befell the connection, ZT_ETIMEOUT where the server is down and was not tried,
	 * ZT_EDENIED where the answer is not signed as it must be: then nothing of it counts, and `why` says what is wrong with it. The
	 * transfer is closed, and may be opened again here. Not called after outbound_transfer_close. */
	void (*on_end)(struct outbound_transfer *transfer, int status);

	bool open;
	const char *why;                 /* during on_end; else NULL */
	bool answered;                   /* a message has arrived */
	usec_t started;                  /* when its question left */
	uint16_t further;                /* questions sent after the first, with the ids that follow its own */
	struct outbound_further *checks; /* of theirs, where they are signed */
	struct outbound_link *link;      /* NULL while it waits for its turn */
	struct outbound_server *server;
	struct errand errand;            /* while it waits */
};

/* Starts it now or when its turn comes; calls nothing back before it returns. ZT_ETIMEOUT: the server is down. */
int outbound_transfer_open(struct outbound *outbound, struct outbound_transfer *transfer) ZT_MUST_CHECK;
/* A further question on the connection of a transfer that has been answered at least once; its id follows the one before. In its `size` bytes it may
 * be signed. */
int outbound_transfer_send(struct outbound_transfer *transfer, uint8_t *wire, size_t len, size_t size) ZT_MUST_CHECK;
/* What on_message returns when it is time, where that is found out between two messages: on_end is called before this returns. */
void outbound_transfer_finish(struct outbound_transfer *transfer, enum outbound_verdict verdict);
/* It has become more urgent. */
void outbound_transfer_urge(struct outbound_transfer *transfer, enum errand_urgency urgency);
/* Drops it, and its connection when the question was sent. Harmless when not open. */
void outbound_transfer_close(struct outbound *outbound, struct outbound_transfer *transfer);
