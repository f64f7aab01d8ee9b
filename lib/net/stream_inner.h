/* What the files of a stream share: stream.c (life, turns, the owner's calls), stream_io.c (bytes in and out, deadlines). */
#pragma once

#include "lib/base/buf.h"
#include "lib/net/stream.h"
#include "lib/net/transport.h"

enum {
	LENGTH_LEN = 2,
	MESSAGE_MIN = 12,                     /* a DNS header */
	MESSAGE_MAX = UINT16_MAX,
	WRITE_HIGH_DEFAULT = 256 * 1024,
	TAKES_HIGHS = 2,                      /* answers to a batch may make that much of a full stream's queue */
	SERVER_READ = 16 * 1024,              /* bytes per turn: a client that pipelines gets no longer turns than others */
	CLIENT_READ = 64 * 1024,
	REST_COPIED = 16 * 1024,              /* a longer rest is completed in its own place */
	IN_SIZE = REST_COPIED + CLIENT_READ,
	OUT_SIZE = 2 * (LENGTH_LEN + MESSAGE_MAX),
	PROGRESS = 16 * 1024,                 /* bytes a peer must take in each write_timeout */
	CONNECT_TIMEOUT_DEFAULT = 5,          /* seconds */
	IDLE_TIMEOUT_DEFAULT = 10,
	OWED_TIMEOUT = 330,                   /* at least, for answers that take long: an UPDATE may wait for others for five minutes */
};

enum stream_phase {
	STREAM_CONNECTING,      /* client: until TCP stands */
	STREAM_ANNOUNCING,      /* server: a PROXY header before TLS is on its way */
	STREAM_HANDSHAKE,       /* TLS */
	STREAM_OPEN,
};

/* What the streams of one loop share: the buffers of the turn that is running. */
struct stream_shared {
	struct stream *current;               /* whose turn it is */
	size_t out_len;
	uint8_t in[IN_SIZE];
	uint8_t out[OUT_SIZE];
};

struct stream {
	struct loop *loop;
	struct stream_config config;
	struct transport transport;
	struct netaddr remote;
	struct netaddr local;
	struct loop_io readable;
	struct loop_io writable;
	struct event deferred;                /* work that must not run inside the owner's call */
	struct loop_timer timer;
	struct buf rest;
	struct buf queue;
	size_t queue_start;                   /* bytes of the queue that have left */
	usec_t started;
	usec_t last_activity;
	usec_t part_since;                    /* first byte of the message that is not whole; 0 = none */
	usec_t mark_since;                    /* the peer has until mark_since + write_timeout … */
	uint64_t mark;                        /* … to acknowledge this many bytes; 0 = nothing is waiting */
	uint64_t messages_in;
	uint64_t bytes_in;
	uint64_t owed;
	size_t turn_sent;                     /* bytes queued in this turn */
	int final_status;                     /* for finishing, and for a failure found inside the owner's call */
	unsigned depth;
	enum stream_phase phase;
	bool is_server;
	bool takes_proxy;                     /* what comes first may be a PROXY header */
	bool failed;                          /* final_status is to be reported by `deferred` */
	bool paused;
	bool full;
	bool peer_done;
	bool finishing;
	bool ended;
	bool aborts;                          /* what the peer has not taken is forgotten */
};

static inline struct stream_shared *stream_shared(const struct stream *stream) { return stream->loop->streams; }
/* It is the stream's turn. */
static inline bool stream_is_current(const struct stream *stream) { return stream_shared(stream)->current == stream; }
static inline bool stream_is_open(const struct stream *stream) { return stream->phase == STREAM_OPEN; }
static inline size_t stream_queue_len(const struct stream *stream) { return stream->queue.len - stream->queue_start; }
/* The owner wants messages, and nothing keeps them from it. */
bool stream_is_reading(const struct stream *stream);

/* stream.c */
/* Calls on_close; the outermost callback frees. */
void stream_end(struct stream *stream, int status);
/* The same for what goes wrong inside the owner's call: reported by the loop. */
void stream_fail(struct stream *stream, int status);
/* Sends what is queued, then ends. */
void stream_wind_up(struct stream *stream, int status);
/* Lets the loop call back in this round. */
void stream_defer_soon(struct stream *stream);

/* stream_io.c */
/* The timer may be early, never late. */
void stream_timer_update(struct stream *stream);
void stream_on_timer(void *ctx);
/* Sets a mark for the peer to pass while something waits for it, and takes it away when nothing does. */
void stream_mark_update(struct stream *stream, usec_t now);
/* Writes what gathered in the loop's buffer. */
void stream_flush_gathered(struct stream *stream);
void stream_flush_queue(struct stream *stream);
int stream_output_add(struct stream *stream, const uint8_t *message, size_t len) ZT_MUST_CHECK;
/* One read at most, and the messages that are there then. */
void stream_input_turn(struct stream *stream, usec_t now, bool is_readable);
/* Reads on in a PROXY header that comes before TLS. ZT_OK: it is whole, or there is none; ZT_EAGAIN; others: the stream must end. */
int stream_announcement_read(struct stream *stream) ZT_MUST_CHECK;
