/* Messages between worker threads and the manage thread: what a worker does not decide itself, and the answers to it.
 *
 * A worker allocates a request and posts it to the manage thread's mailbox; the manage thread fills `reply` and posts the same object back to
 * the worker's mailbox; the worker sends the reply and frees the object. Evidence needs no reply: the manage thread frees it.
 */
#pragma once

#include <stdbool.h>
#include <stdatomic.h>
#include <stdint.h>

#include "authd/serve/evidence.h"
#include "authd/serve/signing.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/netaddr.h"
#include "lib/net/acl.h"
#include "lib/net/mailbox.h"

struct worker;

enum { REQUEST_OPTIONS_MAX = 640 };

enum request_kind {
	REQUEST_UPDATE,        /* RFC 2136 */
	REQUEST_NOTIFY,        /* RFC 1996 */
	REQUEST_REFUSED,       /* a transfer was, to a client that had shown a certificate: `evidence.type` of `apex`; no reply */
	REQUEST_EVIDENCE,      /* what another server asked for, or was sent; no reply */
};

struct request {
	struct mailbox_node node;       /* first */
	enum request_kind kind;
	struct worker *worker;          /* who gets the reply */
	struct netaddr peer;            /* source of the message; behind a proxy, the client's */
	struct netaddr via;             /* UDP: where the reply goes */
	struct netaddr local;           /* address it came to; UDP replies leave from it */
	uint64_t stream;                /* the worker's number of the TCP stream, 0 for UDP */
	usec_t received;                /* monotonic */
	uint8_t *wire;                  /* the whole message; owned */
	size_t wire_len;
	uint16_t options_len;
	uint8_t options[REQUEST_OPTIONS_MAX];      /* EDNS options for the reply's OPT, which the worker adds */
	bool is_encrypted;              /* came by TLS */
	struct tls_peer *tls_peer;      /* the certificate that the client has shown; counted. NULL = none */
	struct signing signing;         /* how the worker signs the reply; has a reference to its key */
	uint16_t udp_limit;             /* largest UDP reply (EDNS) without its signature, 65535 for TCP */
	bool is_tapped;                 /* its reply is told by dnstap as the message was */
	bool is_kept;                   /* the manage thread posts it back later */
	struct buf reply;               /* filled by the manage thread; empty = no answer */

	/* REQUEST_EVIDENCE only */
	_Atomic uint32_t *pending;      /* the worker's count of evidence under way; request_free takes one off. May be NULL */
	uint8_t apex[255];
	bool has_key;
	uint8_t key[255];               /* of the TSIG record that the message was verified with, where has_key */
	struct evidence evidence;
};

/* Who sent the message. */
static inline struct acl_subject request_subject(const struct request *request)
{
	const struct tsig_key *key = request->signing.key;
	return (struct acl_subject){ .remote = &request->peer, .key = key ? tsig_key_name(key) : NULL, .tls = request->tls_peer };
}

struct request *request_new(enum request_kind kind);
void request_free(struct request *request);
