/* One conversation with a DNS server over a TCP connection of its own: messages out and in until somebody has enough. Blocks.
 *
 * What is said is the owner's; what went wrong with the connection, and what response codes mean, is put into words here for all of them.
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/net/stream.h"

enum { TALK_ERROR_SIZE = 512 };

/* With whom, and how. */
struct talk_peer {
	struct netaddr server;
	const struct clock *clock;
	usec_t timeout;              /* for the connection, and for each message after it */
};

struct talk {
	/* Set by the owner. */
	const struct talk_peer *peer;
	int (*begin)(struct talk *talk);                                                  /* sends the first messages */
	bool (*on_message)(struct talk *talk, const uint8_t *message, size_t len);        /* false: that is all */

	struct stream *stream;       /* NULL: has ended */
	bool is_connected;
	struct netaddr local;        /* is_connected */
	uint64_t messages;           /* that came */
	int end;                     /* why the stream ended */
};

/* ZT_OK: the conversation took place, however it ended. */
int talk_run(struct talk *talk) ZT_MUST_CHECK;
int talk_send(struct talk *talk, const uint8_t *message, size_t len) ZT_MUST_CHECK;

/* Why a connection did not come about, or ended with nothing said. */
void talk_end_explain(const struct talk *talk, char error[TALK_ERROR_SIZE]);
/* What a response code to a transfer's question means and what to do. */
void talk_rcode_explain(const struct talk *talk, unsigned rcode, char error[TALK_ERROR_SIZE]);
