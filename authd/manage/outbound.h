/* What the manage thread sends by itself: UDP questions (NOTIFY, SOA) with their replies, and TCP connections to primaries.
 *
 * One UDP socket per address family and source serves all zones; replies find their question by id and peer. TCP connections are kept open
 * and used again, one transfer at a time on each, at most OUTBOUND_PER_PEER to one address; more requests wait their turn.
 * The source address is the first configured listen address that can reach the destination, so that the other side sees the address it
 * knows us by.
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

struct manage;
struct outbound;

enum { OUTBOUND_PER_PEER = 4 };

int outbound_new(struct manage *manage, struct outbound **out) ZT_MUST_CHECK;
void outbound_free(struct outbound *outbound);

/* ---- UDP -------------------------------------------------------------------------------------------------------------------------- */

/* A question under way; lies in its owner's memory, zeroed at first. */
struct outbound_query {
	const struct remote_options *remote;      /* whom to ask and how; set by the owner before opening, and stays until the query is closed */
	void (*on_reply)(struct outbound_query *query, const uint8_t *wire, size_t len);

	uint16_t id;
	bool open;
	struct outbound_socket *socket;
	struct outbound_query *next;     /* with the same hash of the id */
};

/* Chooses an id that no open query has. An open query is closed first. on_reply is called for each message of this id from the peer until the
 * query is closed, so that a message that is no reply does not end it; it may open and close queries. */
int outbound_query_open(struct outbound *outbound, struct outbound_query *query) ZT_MUST_CHECK;
/* Sends; the message must carry query->id. May be called again to repeat it. */
int outbound_query_send(struct outbound *outbound, const struct outbound_query *query, const uint8_t *wire, size_t len) ZT_MUST_CHECK;
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
	void (*on_start)(struct outbound_transfer *transfer);      /* its turn has come: the question is on its way */
	enum outbound_verdict (*on_message)(struct outbound_transfer *transfer, const uint8_t *wire, size_t len);
	/* ZT_OK after OUTBOUND_DONE or _DROP; otherwise what befell the connection. The transfer is closed, and may be opened again here. Not called
	 * after outbound_transfer_close. */
	void (*on_end)(struct outbound_transfer *transfer, int status);

	bool open;
	bool answered;                   /* a message has arrived */
	struct outbound_link *link;      /* NULL while it waits for its turn */
	struct cds_list_head queued;     /* while it waits */
};

/* Starts it now or when its turn comes; calls nothing back before it returns. */
int outbound_transfer_open(struct outbound *outbound, struct outbound_transfer *transfer) ZT_MUST_CHECK;
/* Drops it, and its connection when the question was sent. Harmless when not open. */
void outbound_transfer_close(struct outbound *outbound, struct outbound_transfer *transfer);
