/* One thread that moves all packets of a lab. */
#include "tools/zonelab/weather/fabric.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* Packets of one node in one go, so that a busy one does not hold up the others; devices asked about at a time. */
enum { BATCH = 32, EVENTS = 64, NO_NODE = -1, CLOSERS = 32 };

struct fabric {
	const struct clock *clock;
	pthread_mutex_t lock;             /* over the switch; recursive, for fabric_hold */
	struct packet_switch *sw;
	int epoll;
	int wake;                         /* an eventfd: the thread shall end */
	int *tuns;                        /* by node, -1 = none */
	unsigned nodes;
	unsigned mtu;
	pthread_t thread;
	bool is_running;
	struct sniff *sniff;
	struct capture *captures[FABRIC_CAPTURES];
	bool is_told[FABRIC_CAPTURES];    /* that it has come to its end */
	usec_t flush_at;                  /* of the captures; INT64_MAX with nothing to write */
	int news;
	size_t message_first, message_count;
	uint64_t missed;
	struct sniff_message messages[FABRIC_MESSAGES];
};

/* So that somebody can look on while it is written. */
static const usec_t FLUSH_EACH = 100 * USEC_PER_MSEC;

static int watch(struct fabric *fabric, int fd, int node)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)(int64_t)node };
	return epoll_ctl(fabric->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? status_from_errno(errno) : ZT_OK;
}

/* ---- what hangs on the switch: called by it, under the lock */

static void tell(struct fabric *fabric)
{
	/* Full means that somebody is to be woken already. */
	(void)eventfd_write(fabric->news, 1);
}

static void on_message(void *ctx, const struct sniff_message *message)
{
	struct fabric *fabric = ctx;

	if (fabric->message_count == FABRIC_MESSAGES) {
		fabric->missed++;
		return;
	}
	fabric->messages[(fabric->message_first + fabric->message_count++) % FABRIC_MESSAGES] = *message;
	if (fabric->message_count == 1)
		tell(fabric);
}

static void on_sighting(void *ctx, const struct sighting *sighting)
{
	struct fabric *fabric = ctx;

	sniff_packet(fabric->sniff, sighting);
	for (size_t i = 0; i < FABRIC_CAPTURES; i++) {
		if (!fabric->captures[i])
			continue;
		capture_packet(fabric->captures[i], sighting);
		if (fabric->flush_at == INT64_MAX && capture_has_more(fabric->captures[i]))
			fabric->flush_at = sighting->sent + FLUSH_EACH;
	}
}

static void flush(struct fabric *fabric, usec_t now)
{
	fabric->flush_at = INT64_MAX;
	for (size_t i = 0; i < FABRIC_CAPTURES; i++) {
		struct capture *capture = fabric->captures[i];
		if (!capture)
			continue;
		capture_flush(capture);
		if (capture_has_more(capture))
			fabric->flush_at = now + FLUSH_EACH;
		if (capture_result(capture).status != ZT_OK && !fabric->is_told[i]) {
			fabric->is_told[i] = true;
			tell(fabric);
		}
	}
}

static void lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t kind;

	pthread_mutexattr_init(&kind);
	pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(lock, &kind);
	pthread_mutexattr_destroy(&kind);
}

int fabric_new(struct fabric **out, const struct fabric_config *config)
{
	struct fabric *fabric = calloc(1, sizeof(*fabric));

	if (!fabric)
		return ZT_ENOMEM;
	fabric->clock = config->clock;
	fabric->nodes = config->nodes;
	fabric->mtu = config->mtu;
	fabric->epoll = fabric->wake = fabric->news = -1;
	fabric->flush_at = INT64_MAX;
	lock_init(&fabric->lock);
	struct switch_config switch_config = { .nodes = config->nodes, .packet_size = config->mtu, .seed = config->seed };
	int status = switch_new(&fabric->sw, &switch_config);
	if (status == ZT_OK)
		status = sniff_new(&fabric->sniff, on_message, fabric);
	if (status == ZT_OK) {
		switch_set_tap(fabric->sw, on_sighting, fabric);
		fabric->tuns = malloc(sizeof(*fabric->tuns) * config->nodes);
		for (unsigned i = 0; fabric->tuns && i < config->nodes; i++)
			fabric->tuns[i] = -1;
		fabric->epoll = epoll_create1(EPOLL_CLOEXEC);
		fabric->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		fabric->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (!fabric->tuns)
			status = ZT_ENOMEM;
		else if (fabric->epoll < 0 || fabric->wake < 0 || fabric->news < 0)
			status = ZT_ESYSTEM;
		else
			status = watch(fabric, fabric->wake, NO_NODE);
	}
	if (status != ZT_OK)
		fabric_free(fabric);
	else
		*out = fabric;
	return status;
}

int fabric_attach(struct fabric *fabric, unsigned node, int tun, const struct netaddr *addresses, size_t count)
{
	int status = node < fabric->nodes && fabric->tuns[node] < 0 ? ZT_OK : ZT_EINVAL;

	for (size_t i = 0; status == ZT_OK && i < count; i++)
		status = switch_route(fabric->sw, &addresses[i], node);
	if (status == ZT_OK)
		status = watch(fabric, tun, (int)node);
	if (status == ZT_OK)
		fabric->tuns[node] = tun;
	else
		close(tun);
	return status;
}

/* ---- the thread */

static void deliver(struct fabric *fabric, usec_t now)
{
	struct packet *packet;

	while ((packet = switch_next(fabric->sw, now))) {
		int tun = fabric->tuns[packet->to];
		bool was_taken = tun >= 0 && write(tun, packet->bytes, packet->len) == (ssize_t)packet->len;
		switch_delivered(fabric->sw, packet, was_taken);
	}
}

/* Root may delete the device inside a node. It would be ready for reading for ever, and never give anything. */
static void forget_if_gone(struct fabric *fabric, unsigned node, int err)
{
	if (err == EBADFD)
		(void)epoll_ctl(fabric->epoll, EPOLL_CTL_DEL, fabric->tuns[node], NULL);
}

static void receive(struct fabric *fabric, unsigned node)
{
	uint8_t lost[1];

	for (unsigned i = 0; i < BATCH; i++) {
		struct packet *packet = switch_packet(fabric->sw);
		ssize_t len = packet ? read(fabric->tuns[node], packet->bytes, fabric->mtu) : read(fabric->tuns[node], lost, sizeof(lost));
		if (len > 0 && packet) {
			packet->len = (uint32_t)len;
			switch_submit(fabric->sw, node, packet, clock_now(fabric->clock));
		} else if (packet) {
			switch_return(fabric->sw, packet);
		} else if (len > 0) {
			switch_overflow(fabric->sw);
		}
		if (len <= 0) {
			forget_if_gone(fabric, node, len < 0 ? errno : 0);
			return;
		}
	}
}

static int wait_for(struct fabric *fabric, struct epoll_event events[EVENTS], usec_t deadline)
{
	if (deadline == INT64_MAX)
		return epoll_wait(fabric->epoll, events, EVENTS, -1);
	usec_t left = deadline - clock_now(fabric->clock);
	if (left < 0)
		left = 0;
	struct timespec timeout = { .tv_sec = left / USEC_PER_SEC, .tv_nsec = left % USEC_PER_SEC * 1000 };
	return epoll_pwait2(fabric->epoll, events, EVENTS, &timeout, NULL);
}

/* What has its time besides packets; returns when to wake up next. */
static usec_t housekeeping(struct fabric *fabric)
{
	usec_t deadline = switch_deadline(fabric->sw), tick = sniff_deadline(fabric->sniff);

	if (tick == INT64_MAX && fabric->flush_at == INT64_MAX)
		return deadline;
	usec_t now = clock_now(fabric->clock);
	if (now >= tick) {
		sniff_tick(fabric->sniff, now);
		tick = sniff_deadline(fabric->sniff);
	}
	if (now >= fabric->flush_at)
		flush(fabric, now);
	deadline = tick < deadline ? tick : deadline;
	return fabric->flush_at < deadline ? fabric->flush_at : deadline;
}

static void *run(void *ctx)
{
	struct fabric *fabric = ctx;
	struct epoll_event events[EVENTS];
	usec_t deadline = INT64_MAX;

	prctl(PR_SET_NAME, "lab-switch");
	/* The kernel may otherwise be 50 microseconds late by choice. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	for (;;) {
		int count = wait_for(fabric, events, deadline);
		pthread_mutex_lock(&fabric->lock);
		/* What is due goes first: reading takes a while when much has come. */
		deliver(fabric, clock_now(fabric->clock));
		bool is_ended = false;
		for (int i = 0; i < count; i++) {
			int64_t node = (int64_t)events[i].data.u64;
			is_ended |= node == NO_NODE;
			if (node >= 0) {
				receive(fabric, (unsigned)node);
				deliver(fabric, clock_now(fabric->clock));
			}
		}
		deadline = housekeeping(fabric);
		pthread_mutex_unlock(&fabric->lock);
		if (is_ended)
			return NULL;
	}
}

int fabric_start(struct fabric *fabric)
{
	sigset_t all, before;
	struct epoll_event none;

	/* Where the kernel or a container's filter has no such call, the thread would spin. */
	if (epoll_pwait2(fabric->epoll, &none, 1, &(struct timespec){ 0 }, NULL) < 0)
		return status_from_errno(errno);
	/* Signals are for the threads that were there before. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = pthread_create(&fabric->thread, NULL, run, fabric);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	fabric->is_running = err == 0;
	return err ? status_from_errno(err) : ZT_OK;
}

struct closer {
	struct fabric *fabric;
	unsigned first;
	pthread_t thread;
	bool is_running;
};

/* Every CLOSERS-th device. */
static void *tuns_close(void *ctx)
{
	const struct closer *closer = ctx;

	for (unsigned i = closer->first; i < closer->fabric->nodes; i += CLOSERS) {
		if (closer->fabric->tuns[i] >= 0)
			close(closer->fabric->tuns[i]);
	}
	return NULL;
}

/* The kernel takes some 20 ms to take a device away, most of which it waits for itself: many at a time wait together. */
static void devices_close(struct fabric *fabric)
{
	struct closer closers[CLOSERS];
	const unsigned count = fabric->nodes < CLOSERS ? fabric->nodes : CLOSERS;

	for (unsigned i = 0; i < count; i++) {
		closers[i] = (struct closer){ .fabric = fabric, .first = i };
		closers[i].is_running = i + 1 < count && pthread_create(&closers[i].thread, NULL, tuns_close, &closers[i]) == 0;
		if (!closers[i].is_running)
			tuns_close(&closers[i]);
	}
	for (unsigned i = 0; i < count; i++) {
		if (closers[i].is_running)
			pthread_join(closers[i].thread, NULL);
	}
}

void fabric_free(struct fabric *fabric)
{
	if (!fabric)
		return;
	if (fabric->is_running) {
		/* An eventfd that nobody reads takes this one in any case. */
		eventfd_write(fabric->wake, 1);
		pthread_join(fabric->thread, NULL);
	}
	if (fabric->tuns)
		devices_close(fabric);
	free(fabric->tuns);
	if (fabric->epoll >= 0)
		close(fabric->epoll);
	if (fabric->wake >= 0)
		close(fabric->wake);
	if (fabric->news >= 0)
		close(fabric->news);
	for (size_t i = 0; i < FABRIC_CAPTURES; i++)
		capture_free(fabric->captures[i], NULL);
	sniff_free(fabric->sniff);
	switch_free(fabric->sw);
	pthread_mutex_destroy(&fabric->lock);
	free(fabric);
}

void fabric_hold(struct fabric *fabric)
{
	pthread_mutex_lock(&fabric->lock);
}

void fabric_release(struct fabric *fabric)
{
	pthread_mutex_unlock(&fabric->lock);
}

int fabric_set_weather(struct fabric *fabric, unsigned from, unsigned to, const struct weather *weather)
{
	pthread_mutex_lock(&fabric->lock);
	int status = switch_set_weather(fabric->sw, from, to, weather);
	pthread_mutex_unlock(&fabric->lock);
	return status;
}

void fabric_counts(struct fabric *fabric, struct switch_counts *counts, size_t *under_way)
{
	pthread_mutex_lock(&fabric->lock);
	switch_counts(fabric->sw, counts);
	*under_way = switch_under_way(fabric->sw);
	pthread_mutex_unlock(&fabric->lock);
}

void fabric_link_counts(struct fabric *fabric, unsigned from, unsigned to, struct switch_counts *counts)
{
	pthread_mutex_lock(&fabric->lock);
	switch_link_counts(fabric->sw, from, to, counts);
	pthread_mutex_unlock(&fabric->lock);
}

/* ---- captures and messages */

static int capture_add(struct fabric *fabric, struct capture *capture, unsigned *id)
{
	for (unsigned i = 0; i < FABRIC_CAPTURES; i++) {
		if (!fabric->captures[i]) {
			fabric->captures[i] = capture;
			fabric->is_told[i] = false;
			*id = i;
			return ZT_OK;
		}
	}
	return ZT_ELIMIT;
}

int fabric_capture(struct fabric *fabric, const struct capture_config *config, int fd, unsigned *id)
{
	struct capture *capture;
	struct capture_config mine = *config;

	mine.wall_offset = clock_wall(fabric->clock) - clock_now(fabric->clock);
	int status = capture_new(&capture, &mine, fd);
	if (status != ZT_OK)
		return status;
	/* The file's beginning, so that it is one also when no packet comes. */
	capture_flush(capture);
	status = capture_result(capture).status;
	if (status == ZT_OK) {
		pthread_mutex_lock(&fabric->lock);
		status = capture_add(fabric, capture, id);
		pthread_mutex_unlock(&fabric->lock);
	}
	if (status != ZT_OK)
		capture_free(capture, NULL);
	return status;
}

int fabric_capture_look(struct fabric *fabric, unsigned id, struct capture_result *result)
{
	int status = ZT_ENOENT;

	pthread_mutex_lock(&fabric->lock);
	if (id < FABRIC_CAPTURES && fabric->captures[id]) {
		capture_flush(fabric->captures[id]);
		*result = capture_result(fabric->captures[id]);
		status = ZT_OK;
	}
	pthread_mutex_unlock(&fabric->lock);
	return status;
}

int fabric_capture_end(struct fabric *fabric, unsigned id, struct capture_result *result)
{
	struct capture *capture = NULL;

	pthread_mutex_lock(&fabric->lock);
	if (id < FABRIC_CAPTURES) {
		capture = fabric->captures[id];
		fabric->captures[id] = NULL;
	}
	pthread_mutex_unlock(&fabric->lock);
	if (!capture)
		return ZT_ENOENT;
	capture_free(capture, result);
	return ZT_OK;
}

size_t fabric_messages(struct fabric *fabric, struct sniff_message *out, size_t max, uint64_t *missed)
{
	eventfd_t ignored;
	size_t count = 0;

	pthread_mutex_lock(&fabric->lock);
	(void)eventfd_read(fabric->news, &ignored);
	for (; count < max && fabric->message_count > 0; fabric->message_count--) {
		out[count++] = fabric->messages[fabric->message_first];
		fabric->message_first = (fabric->message_first + 1) % FABRIC_MESSAGES;
	}
	if (fabric->message_count > 0)
		tell(fabric);
	if (missed)
		*missed = fabric->missed;
	pthread_mutex_unlock(&fabric->lock);
	return count;
}

int fabric_news(const struct fabric *fabric)
{
	return fabric->news;
}
