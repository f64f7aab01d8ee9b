/* Lanes, and the thread that empties them. */
#include "lib/net/tap.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/net/tap_link.h"

enum {
	PAUSE_MS = 10,                  /* between two looks into the lanes */
	RETRY_ROUNDS = 100,             /* pauses between two attempts to connect: a second */
	FRAMES_PER_WRITE = 64,
	ALIGNMENT = 8,
	ARENA_CHUNK = 1024,
};

/* What stands in a lane before the bytes of query and response. */
struct record {
	uint32_t size;                  /* of all of it; a multiple of ALIGNMENT */
	uint8_t is_padding;             /* the rest of the ring: the next record starts at its beginning */
	uint8_t transport;
	uint8_t is_update;
	uint32_t query_len, response_len;
	usec_t wall;
	struct netaddr client, server;
};

struct tap {
	struct tap_config config;               /* texts in the arena */
	struct arena arena;
	struct tap_lane *lanes;
	struct tap_link link;
	struct fstrm_writer *writer;            /* NULL: not connected */
	pthread_t thread;
	bool has_thread;
	int stop_fd;
	bool said_lost;                         /* the log knows that nobody reads */
	struct buf payloads;                    /* of the frames under way */
	size_t offsets[FRAMES_PER_WRITE + 1];
	unsigned frame_count;
	_Atomic uint64_t frames, failed, connects;
	_Atomic bool is_connected;
};

static void add(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* ---- the worker's end --------------------------------------------------------------------------------------------------------------- */

static void record_fill(uint8_t *at, const struct tap_exchange *exchange, uint32_t size)
{
	struct record record = {
		.size = size, .transport = (uint8_t)exchange->transport, .is_update = exchange->is_update, .query_len = exchange->query_len,
		.response_len = exchange->response_len, .wall = exchange->wall, .client = *exchange->client, .server = *exchange->server,
	};

	memcpy(at, &record, sizeof(record));
	if (record.query_len > 0)
		memcpy(at + sizeof(record), exchange->query, record.query_len);
	if (record.response_len > 0)
		memcpy(at + sizeof(record) + record.query_len, exchange->response, record.response_len);
}

void tap_put(struct tap_lane *lane, const struct tap_exchange *exchange)
{
	uint64_t head = atomic_load_explicit(&lane->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&lane->tail, memory_order_acquire);
	size_t size = (sizeof(struct record) + exchange->query_len + exchange->response_len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	size_t place = head % TAP_RING_SIZE, to_end = TAP_RING_SIZE - place;
	size_t padding = size > to_end ? to_end : 0;

	if (head + padding + size - tail > TAP_RING_SIZE) {
		atomic_store_explicit(&lane->dropped, atomic_load_explicit(&lane->dropped, memory_order_relaxed) + 1, memory_order_relaxed);
		return;
	}
	if (padding > 0) {
		struct record skip = { .size = (uint32_t)padding, .is_padding = 1 };
		memcpy(lane->ring + place, &skip, offsetof(struct record, transport));
		place = 0;
	}
	record_fill(lane->ring + place, exchange, (uint32_t)size);
	atomic_store_explicit(&lane->head, head + padding + size, memory_order_release);
}

/* ---- the thread's end ---------------------------------------------------------------------------------------------------------------- */

static void connection_lose(struct tap *tap, const char *what)
{
	char text[NETADDR_TEXT_SIZE];
	const struct tap_config *config = &tap->config;
	const char *target = config->socket ? config->socket : config->file ? config->file : netaddr_to_text(&config->address, text);

	(void)fstrm_writer_destroy(&tap->writer);
	atomic_store(&tap->is_connected, false);
	if (!tap->said_lost)
		log_warn(config->log, "dnstap: %s %s: %s; trying again each second, meanwhile events are lost; %s", what, target, strerror(tap->link.err),
			config->file ? "free the disk, or give the folder to the user that the daemon runs as"
				     : "start its reader, and let the user that the daemon runs as connect");
	tap->said_lost = true;
}

static void connection_try(struct tap *tap)
{
	char text[NETADDR_TEXT_SIZE];
	const struct tap_config *config = &tap->config;

	tap->writer = tap_link_writer(&tap->link);
	tap->link.err = ENOMEM;
	if (!tap->writer || fstrm_writer_open(tap->writer) != fstrm_res_success) {
		if (tap->link.err == 0)      /* the peer answered, but no reader of dnstap does so */
			tap->link.err = EPROTO;
		connection_lose(tap, "cannot write to");
		return;
	}
	add(&tap->connects, 1);
	atomic_store(&tap->is_connected, true);
	tap->said_lost = false;
	log_notice(config->log, "dnstap: writing to %s", config->socket ? config->socket : config->file ? config->file : netaddr_to_text(&config->address, text));
}

static void frames_send(struct tap *tap)
{
	struct iovec iov[FRAMES_PER_WRITE];
	unsigned count = tap->frame_count;

	if (count == 0)
		return;
	for (unsigned i = 0; i < count; i++)
		iov[i] = (struct iovec){ .iov_base = tap->payloads.data + tap->offsets[i], .iov_len = tap->offsets[i + 1] - tap->offsets[i] };
	bool is_good = tap->payloads.status == ZT_OK && fstrm_writer_writev(tap->writer, iov, (int)count) == fstrm_res_success;
	add(is_good ? &tap->frames : &tap->failed, count);
	if (tap->payloads.status == ZT_OK && !is_good)
		connection_lose(tap, "cannot go on writing to");
	buf_clear(&tap->payloads);
	tap->frame_count = 0;
}

static void frame_add(struct tap *tap, const struct record *record, enum dnstap_kind kind, const uint8_t *message, size_t len)
{
	struct dnstap_event event = {
		.kind = kind, .transport = (enum dnstap_transport)record->transport, .client = &record->client, .server = &record->server,
		.query_wall = record->wall, .response_wall = record->wall, .message = message, .len = len,
	};

	tap->offsets[tap->frame_count++] = tap->payloads.len;
	dnstap_write(&event, &tap->config.origin, &tap->payloads);
	tap->offsets[tap->frame_count] = tap->payloads.len;
}

static void record_tell(struct tap *tap, const uint8_t *at)
{
	struct record record;

	memcpy(&record, at, sizeof(record));
	const uint8_t *query = at + sizeof(record), *response = query + record.query_len;
	if (tap->config.queries && record.query_len > 0)
		frame_add(tap, &record, record.is_update ? DNSTAP_UPDATE_QUERY : DNSTAP_AUTH_QUERY, query, record.query_len);
	if (tap->config.responses && record.response_len > 0)
		frame_add(tap, &record, record.is_update ? DNSTAP_UPDATE_RESPONSE : DNSTAP_AUTH_RESPONSE, response, record.response_len);
}

/* Writes all that the lane held when it was looked at, or up to where the connection breaks. */
static void lane_drain(struct tap *tap, struct tap_lane *lane)
{
	uint64_t head = atomic_load_explicit(&lane->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(&lane->tail, memory_order_relaxed);
	struct record record;

	while (tail != head && tap->writer) {
		while (tail != head && tap->frame_count + 2 <= FRAMES_PER_WRITE) {
			const uint8_t *at = lane->ring + tail % TAP_RING_SIZE;
			memcpy(&record, at, offsetof(struct record, transport));
			if (!record.is_padding)
				record_tell(tap, at);
			tail += record.size;
		}
		/* Encoded: the worker may have the room back. */
		atomic_store_explicit(&lane->tail, tail, memory_order_release);
		frames_send(tap);
	}
}

static void lanes_drain(struct tap *tap)
{
	for (uint32_t i = 0; i < tap->config.lanes && tap->writer; i++)
		lane_drain(tap, &tap->lanes[i]);
}

/* A file that has grown too large makes room for a new one; the one before stays, so two at most take disk. */
static void file_turn(struct tap *tap)
{
	char old[4096];

	if (!tap->writer || !tap->config.file || tap->link.file_size < tap->config.file_limit)
		return;
	(void)fstrm_writer_destroy(&tap->writer);
	if (snprintf(old, sizeof(old), "%s.1", tap->config.file) < (int)sizeof(old))
		(void)rename(tap->config.file, old);
	connection_try(tap);
}

static void *tap_main(void *arg)
{
	struct tap *tap = arg;
	struct pollfd stop = { .fd = tap->stop_fd, .events = POLLIN };
	unsigned rounds = 0;

	do {
		if (!tap->writer && rounds++ % RETRY_ROUNDS == 0)
			connection_try(tap);
		if (tap->writer)
			rounds = 0;
		if (tap->writer && tap_link_is_broken(&tap->link))
			connection_lose(tap, "nobody reads any more at");
		lanes_drain(tap);
		file_turn(tap);
	} while (poll(&stop, 1, PAUSE_MS) <= 0);
	lanes_drain(tap);
	/* Ends the stream, and waits a moment for the reader to say that it has all. */
	(void)fstrm_writer_destroy(&tap->writer);
	return NULL;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------------ */

static int texts_copy(struct tap *tap)
{
	const char **texts[] = { &tap->config.socket, &tap->config.file, &tap->config.origin.identity, &tap->config.origin.version };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (*texts[i] && !(*texts[i] = arena_strdup(&tap->arena, *texts[i])))
			return ZT_ENOMEM;
	}
	return ZT_OK;
}

int tap_new(struct tap **out, const struct tap_config *config)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	if (!tap)
		return ZT_ENOMEM;
	tap->config = *config;
	arena_init(&tap->arena, ARENA_CHUNK);
	tap->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	tap->lanes = aligned_alloc(_Alignof(struct tap_lane), config->lanes * sizeof(*tap->lanes));
	buf_init(&tap->payloads);
	tap_link_init(&tap->link, &tap->config, tap->stop_fd);
	int status = texts_copy(tap);
	if (tap->lanes)
		memset(tap->lanes, 0, config->lanes * sizeof(*tap->lanes));
	else
		status = ZT_ENOMEM;
	for (uint32_t i = 0; i < config->lanes && status == ZT_OK; i++) {
		tap->lanes[i].ring = malloc(TAP_RING_SIZE);
		status = tap->lanes[i].ring ? ZT_OK : ZT_ENOMEM;
	}
	if (status == ZT_OK && tap->stop_fd < 0)
		status = status_from_errno(errno);
	if (status != ZT_OK) {
		tap_free(tap);
		return status;
	}
	*out = tap;
	return ZT_OK;
}

struct tap_lane *tap_lane(struct tap *tap, uint32_t index)
{
	return &tap->lanes[index];
}

int tap_start(struct tap *tap)
{
	sigset_t all, before;

	/* Signals are for the thread that runs the daemon. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	tap->has_thread = pthread_create(&tap->thread, NULL, tap_main, tap) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return tap->has_thread ? ZT_OK : ZT_ESYSTEM;
}

void tap_free(struct tap *tap)
{
	if (!tap)
		return;
	if (tap->has_thread) {
		(void)eventfd_write(tap->stop_fd, 1);
		pthread_join(tap->thread, NULL);
	}
	if (tap->stop_fd >= 0)
		close(tap->stop_fd);
	for (uint32_t i = 0; tap->lanes && i < tap->config.lanes; i++)
		free(tap->lanes[i].ring);
	free(tap->lanes);
	buf_fini(&tap->payloads);
	arena_fini(&tap->arena);
	free(tap);
}

void tap_counters(struct tap *tap, struct tap_counters *out)
{
	*out = (struct tap_counters){
		.frames = atomic_load(&tap->frames), .failed = atomic_load(&tap->failed), .connects = atomic_load(&tap->connects),
		.is_connected = atomic_load(&tap->is_connected),
	};
	for (uint32_t i = 0; i < tap->config.lanes; i++)
		out->dropped += atomic_load_explicit(&tap->lanes[i].dropped, memory_order_relaxed);
}
