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

#include "lib/base/clock.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"

struct manage;
struct outbound;

enum { OUTBOUND_PER_PEER = 4 };

int outbound_new(struct manage *manage, struct outbound **out) ZT_MUST_CHECK;
void outbound_free(struct outbound *outbound);

/* ---- UDP -------------------------------------------------------------------------------------------------------------------------- */

/* A question under way; lies in its owner's memory. */
struct outbound_query {
	struct netaddr peer;
	uint16_t id;
	bool open;
	/* status ZT_OK: a message with this id came from the peer (check the rest); ZT_EREFUSED: nobody listens there. The query stays open
	 * until outbound_query_close, so that a wrong message does not end it. */
	void (*on_reply)(struct outbound_query *query, int status, const uint8_t *wire, size_t len);
	struct outbound_query *next;
};

/* Chooses a free id for query->peer. An open query is closed first. */
int outbound_query_open(struct outbound *outbound, struct outbound_query *query) ZT_MUST_CHECK;
/* Sends; the message must carry query->id. May be called again to repeat it. */
int outbound_query_send(struct outbound *outbound, const struct outbound_query *query, const uint8_t *wire, size_t len) ZT_MUST_CHECK;
void outbound_query_close(struct outbound *outbound, struct outbound_query *query);

/* ---- TCP -------------------------------------------------------------------------------------------------------------------------- */

/* One question over TCP with any number of reply messages; lies in its owner's memory. */
struct outbound_transfer {
	struct netaddr peer;
	const uint8_t *question;         /* the message; borrowed until the first reply or the end */
	size_t question_len;
	bool (*on_message)(struct outbound_transfer *transfer, const uint8_t *wire, size_t len);      /* false: that was the last; it is closed */
	void (*on_failed)(struct outbound_transfer *transfer, int status);                            /* it is closed */
	bool open;
	bool answered;                   /* a message has arrived */
	struct outbound_link *link;      /* NULL while it waits for its turn */
	struct outbound_transfer *next;
};

/* Starts or queues it. */
int outbound_transfer_open(struct outbound *outbound, struct outbound_transfer *transfer) ZT_MUST_CHECK;
/* Drops it, and its connection when a reply was under way. Harmless when not open. */
void outbound_transfer_close(struct outbound *outbound, struct outbound_transfer *transfer);
