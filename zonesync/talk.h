/* One conversation with a DNS server over a TCP connection of its own: messages out and in until somebody has enough. Blocks.
 *
 * What is said is the owner's; what went wrong with the connection, and what response codes mean, is put into words here for all of them.
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/dns/tsig.h"
#include "lib/net/stream.h"

enum { TALK_ERROR_SIZE = TSIG_FAULT_TEXT_SIZE + 64 };

/* With whom, and how. */
struct talk_peer {
	struct netaddr server;
	const struct clock *clock;
	usec_t timeout;              /* for the connection, and for each message after it */
	const struct tsig_key *key;  /* signs what we send, and must sign what comes back (RFC 8945); NULL = none */
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
	struct tsig_check *checks;   /* of the questions, in the order they were sent, where there is a key */
	uint16_t *ids;
	size_t check_count;
	char fault[TSIG_FAULT_TEXT_SIZE];      /* what is wrong with a signature; empty where nothing is */
};

/* ZT_OK: the conversation took place, however it ended. ZT_EDENIED: something that came is not signed as it must be, talk->fault says what, and nothing of
 * the conversation counts. */
int talk_run(struct talk *talk) ZT_MUST_CHECK;
int talk_send(struct talk *talk, const uint8_t *message, size_t len) ZT_MUST_CHECK;

/* What talk_run's failure means. */
const char *talk_failure(const struct talk *talk, int status);
/* Why a connection did not come about, or ended with nothing said. */
void talk_end_explain(const struct talk *talk, char error[TALK_ERROR_SIZE]);
/* What a response code to a transfer's question means and what to do. */
void talk_rcode_explain(const struct talk *talk, unsigned rcode, char error[TALK_ERROR_SIZE]);
