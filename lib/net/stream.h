/* DNS over a byte stream (RFC 1035 section 4.2.2, RFC 7766; over TLS RFC 7858): whole messages in and out, client and server side.
 *
 * One state machine for all users of TCP and TLS: queries, transfers, updates. It reads and writes the socket itself; a turn is one read, the
 * messages in it, and one write of all that was answered. The buffers of a turn belong to the loop, so an idle stream has none.
 *
 * Life: a stream that was opened successfully calls on_close exactly once, whatever ends it, also stream_close; nothing is called after that,
 * and the stream is gone when on_close returns. All functions, stream_close too, may be called inside any callback. Opening and sending never
 * call back: what goes wrong at the peer's side is reported by the loop.
 *
 * Flow: what is sent is queued. With write_high bytes queued, or sent in one turn, the stream is full: a producer of many messages stops and goes
 * on in on_drained, and no further message is read from the peer until then, so a peer that asks without reading can't make us hoard answers,
 * and one that reads fast does not keep others waiting.
 *
 * Debts: a server's stream owes one answer for each message of the peer. With max_owed of them no more is read. After the end of the peer's data
 * the stream stays until all is answered, within 330 s or the idle timeout, whichever is longer.
 *
 * Deadlines are looked at by one timer that is moved only when it fires or must fire earlier, so messages cost no timer. A peer whose answers
 * wait must take (acknowledge) all of them, or 16 KiB, in each write_timeout.
 *
 * The process must ignore SIGPIPE: a peer that goes away shows as the stream's end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/net/loop.h"

struct stream;
struct tls_context;
struct tls_peer;

/* A message without its length; never shorter than 12 bytes. */
struct stream_message {
	const uint8_t *data;
	size_t len;
};

enum { STREAM_BATCH = 64 };      /* most messages in one on_batch */

struct stream_handler {
	/* Client only: the connection stands. May be NULL. */
	void (*on_connect)(struct stream *stream, void *ctx);
	/* A whole message; borrowed until the callback returns. Not used where on_batch is set. */
	void (*on_message)(struct stream *stream, const uint8_t *message, size_t len, void *ctx);
	/* All whole messages that are there, up to STREAM_BATCH; borrowed until the callback returns. Returns how many were taken: an owner stops
	 * where the stream takes no more (stream_takes), and what is left comes again when there is room. */
	unsigned (*on_batch)(struct stream *stream, const struct stream_message *messages, unsigned count, void *ctx);
	/* The stream was full and now holds at most write_low bytes. May be NULL. */
	void (*on_drained)(struct stream *stream, void *ctx);
	/* ZT_OK: by stream_close or stream_finish; ZT_ECLOSED: the peer closed between messages; ZT_ETRUNC: in the middle of one; ZT_ETIMEOUT:
	 * one of the deadlines; ZT_EMALFORMED: a message shorter than a DNS header, or no TLS; ZT_EDENIED: a certificate that is not good, or a
	 * PROXY header from who may not send one; ZT_ELIMIT: more messages or bytes than allowed;
	 * ZT_EREFUSED and others from the system. */
	void (*on_close)(struct stream *stream, int status, void *ctx);
};

struct stream_config {
	const struct stream_handler *handler;      /* borrowed for the stream's life */
	void *ctx;
	struct tls_context *tls;     /* speak TLS, as server or client by the context; NULL: plain. Need not outlive the call that opens */
	bool takes_proxy;            /* server: the peer is trusted to say by a PROXY header whose messages it brings (proxy.h), before TLS or inside */
	usec_t connect_timeout;      /* with the beginning of TLS; 0 = 5 s */
	usec_t idle_timeout;         /* without a whole message in or a byte out; 0 = 10 s */
	usec_t read_timeout;         /* from a message's first byte to its last; a server's first message counts from the start, and the beginning of TLS has as long; 0 = idle_timeout */
	usec_t write_timeout;        /* see above; 0 = idle_timeout */
	uint64_t max_messages;       /* messages accepted from the peer; 0 = no limit */
	uint64_t max_bytes;          /* bytes of them, lengths included; 0 = no limit */
	unsigned max_owed;           /* answers a server may owe before it reads on; 0 = no limit */
	size_t write_high;           /* 0 = 256 KiB */
	size_t write_low;            /* 0 = a quarter of write_high */
};

/* Takes over a connected, non-blocking descriptor, which is closed also on failure. */
ZT_MUST_CHECK int stream_accept(struct stream **stream, struct loop *loop, int fd, const struct stream_config *config);
/* Connects; `source` (NULL: any) is the local address, its port 0 for any. Messages may be sent at once, they leave when connected. */
ZT_MUST_CHECK int stream_connect(struct stream **stream, struct loop *loop, const struct netaddr *remote, const struct netaddr *source,
				 const struct stream_config *config);

/* Queues a copy of a message of at most 65,535 bytes. ZT_ECLOSED after stream_finish or when closed; full streams still accept. */
ZT_MUST_CHECK int stream_send(struct stream *stream, const uint8_t *message, size_t len);
/* The same for a message of an answer that has several; stream_settle follows when it is whole. */
ZT_MUST_CHECK int stream_send_part(struct stream *stream, const uint8_t *message, size_t len);
/* One message of the peer gets no answer, or no further one. */
void stream_settle(struct stream *stream);
bool stream_is_full(const struct stream *stream);
/* Whether what is sent now may still reach the peer (it is neither closed, closing nor broken; its ctx may be gone where it is closed), and is not
 * more than twice write_high with all that is queued already: a full stream takes the answers to what came with what filled it. */
bool stream_takes(const struct stream *stream);
/* Bytes queued and not yet with the kernel. */
size_t stream_queued(const struct stream *stream);

/* No on_message until stream_resume. A paused stream with nothing queued has no idle timeout: its owner is at work. */
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);
/* Replaces the idle timeout; counts anew from now. */
void stream_set_idle_timeout(struct stream *stream, usec_t idle_timeout);
/* Nothing is owed, queued or half read: closing it now loses nothing. */
bool stream_is_idle(const struct stream *stream);
/* When the last message came or byte left, by the loop's clock. */
usec_t stream_last_activity(const struct stream *stream);

/* Sends what is queued, then closes (ZT_OK). No message is read any more. */
void stream_finish(struct stream *stream);
/* Closes now; what is queued is lost. NULL and closed streams (inside their on_close) are fine. */
void stream_close(struct stream *stream);

void *stream_ctx(const struct stream *stream);
/* The peer; where a proxy told it, the client behind. */
const struct netaddr *stream_remote(const struct stream *stream);
bool stream_is_encrypted(const struct stream *stream);
/* Over TLS: the session goes on where an earlier one was. */
bool stream_is_resumed(const struct stream *stream);
/* What the peer has shown over TLS; NULL: nothing. Borrowed. */
struct tls_peer *stream_tls_peer(const struct stream *stream);
/* What was wrong with TLS, in words for the operator, until on_close returns; NULL: the status says all there is to say. */
const char *stream_problem(const struct stream *stream);
const struct netaddr *stream_local(const struct stream *stream);
uint64_t stream_messages_in(const struct stream *stream);
uint64_t stream_bytes_in(const struct stream *stream);
