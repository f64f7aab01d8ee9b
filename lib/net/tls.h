/* TLS over a connected socket, for DNS and zone transfers over TLS (RFC 7858, RFC 8310, RFC 9103) on OpenSSL: contexts that are shared, and one
 * session a connection.
 *
 * A context is made from files and then only read; any number of threads may open sessions with it, and it lives until the last of them has ended.
 * A new certificate is a new context. Servers speak TLS 1.2 and 1.3, take ALPN "dot" and clients that offer no ALPN, and refuse others (RFC 7858
 * errata, RFC 9325 section 3.7); sessions are resumed by tickets, whose keys live in a struct tls_tickets that outlives contexts. A client's
 * context keeps the newest ticket, so it is for one server and one thread.
 *
 * Who the other side is: a client says in its configuration whom it accepts, and the handshake fails with anybody else (tls_problem says why in
 * words for the operator). A server that asks clients for certificates serves all; what a client has shown is a struct tls_peer, by which access
 * lists judge.
 *
 * Memory: a session keeps no buffers while nothing is under way.
 *
 * Not here: waiting. All calls return at once; ZT_EAGAIN asks to come back when the socket is readable (or writable, tls_wants_write).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/status.h"

struct tls_context;
struct tls;
struct tls_peer;

enum { TLS_PIN_LEN = 32 };      /* SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 7858 section 4.2) */

/* Keys for tickets, made anew by tls_tickets_roll; tickets of the roll before are still taken. Any thread. */
struct tls_tickets;
struct tls_tickets *tls_tickets_new(void);
void tls_tickets_free(struct tls_tickets *tickets);
ZT_MUST_CHECK int tls_tickets_roll(struct tls_tickets *tickets);

struct tls_server_config {
	int certificate;              /* descriptor of a PEM file: the certificate and then its chain; -1: a self-signed one is made */
	int key;                      /* of a PEM file; -1 exactly when certificate is */
	bool asks_client;             /* for a certificate, which it need not have */
	int client_ca;                /* with asks_client: descriptor of a PEM file with the certificates of authorities to trust; -1: none */
};

/* Without hostname and pins anybody is accepted (opportunistic, RFC 8310 section 5); with both, both must be right. */
struct tls_client_config {
	const char *hostname;         /* the name or the IP address that the certificate must have; NULL: any */
	int ca;                       /* descriptor of a PEM file with the certificates to trust; -1: the system's. Of use with hostname */
	const uint8_t *pins;          /* pin_count times TLS_PIN_LEN bytes: the server's key must be one of these */
	size_t pin_count;
	int certificate, key;         /* descriptors of PEM files: ours, for servers that ask; both -1: none */
	bool takes_no_alpn;           /* for_transfers: a server that chooses no protocol will do (such as NSD 4.6) */
	bool for_transfers;           /* TLS 1.3 alone, and the server must choose ALPN dot (RFC 9103 sections 7.1 and 8.1) */
};

/* Where the system keeps the certificates it trusts, as one file; NULL: nowhere that is known. */
const char *tls_system_ca(void);

/* On failure `problem` gets a clause: what is wrong with which file. */
ZT_MUST_CHECK int tls_server_new(struct tls_context **context, const struct tls_server_config *config, struct buf *problem);
ZT_MUST_CHECK int tls_client_new(struct tls_context **context, const struct tls_client_config *config, struct buf *problem);
/* A server's, before the first session: resume sessions by these, which must outlive them. */
void tls_context_set_tickets(struct tls_context *context, struct tls_tickets *tickets);
struct tls_context *tls_context_acquire(struct tls_context *context);
/* NULL is fine. */
void tls_context_release(struct tls_context *context);
/* Lower-case hex of the SHA-256 of a server's certificate, for logs; 64 digits and NUL. */
void tls_context_fingerprint(const struct tls_context *context, char out[65]);

/* A session over `fd`, which stays the caller's. */
ZT_MUST_CHECK int tls_open(struct tls **tls, struct tls_context *context, int fd);
/* NULL is fine. Says goodbye where that is possible at once. */
void tls_close(struct tls *tls);

/* Until ZT_OK. ZT_EDENIED: the peer's certificate is not good, or it refuses ours; ZT_ECLOSED, ZT_EMALFORMED and others: no TLS with this peer.
 * A refusal of ours may also come with the first read (TLS 1.3). */
ZT_MUST_CHECK int tls_handshake(struct tls *tls);
/* ZT_OK with *len > 0; ZT_ECLOSED at the peer's end. */
ZT_MUST_CHECK int tls_read(struct tls *tls, void *data, size_t size, size_t *len);
/* ZT_OK with some written; after ZT_EAGAIN the same bytes, or more, must come again. */
ZT_MUST_CHECK int tls_write(struct tls *tls, const void *data, size_t len, size_t *written);
/* The last ZT_EAGAIN waits for the socket to be writable. */
bool tls_wants_write(const struct tls *tls);

bool tls_is_resumed(const struct tls *tls);
/* What was wrong, as a clause with what can be done about it; NULL: nothing, or there is no more to say than the status does. */
const char *tls_problem(const struct tls *tls);

/* ---- who the other side is (tls_peer.c) ----------------------------------------------------------------------------------------------- */

/* The certificate that the other side has shown; NULL: none. Borrowed from the session, after the handshake. */
struct tls_peer *tls_peer_of(struct tls *tls);
/* Any thread. NULL is fine. */
struct tls_peer *tls_peer_acquire(struct tls_peer *peer);
void tls_peer_release(struct tls_peer *peer);
/* It leads to an authority that the context trusts, and is for this name or IP address. */
bool tls_peer_is_named(const struct tls_peer *peer, const char *name);
bool tls_peer_has_pin(const struct tls_peer *peer, const uint8_t pin[TLS_PIN_LEN]);
/* Its names and its pin, for logs. */
void tls_peer_describe(const struct tls_peer *peer, struct buf *out);
