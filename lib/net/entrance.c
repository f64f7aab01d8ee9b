/* The TCP clients of one server thread.
 *
 * Each listening address is a door with a list of its clients, the one that has been silent longest first: a client moves to the end when it says
 * something. So the one to shed is found near the head, and no client needs a timer for it.
 */
#include "lib/net/entrance.h"

#include <stdlib.h>
#include <unistd.h>
#include <urcu/list.h>

#include "lib/net/tls.h"

enum {
	BUCKETS = 256,                   /* of clients by number, and of sources */
	SHED_LOOKED_AT = 64,             /* clients from the head of the list */
	SHED_IDLE_MS = 250,              /* who is idle for less has hardly had time to ask */
	TIGHT_PARTS = 4,                 /* with three quarters of the room taken, a quarter of the idle timeout is left */
	TIGHT_CHECK_MS = 250,
	IDLE_TIMEOUT_DEFAULT = 10,       /* seconds */
	IPV6_CLIENT_BYTES = 8,           /* of an IPv6 address that stand for one client */
};

struct door {
	struct entrance *entrance;
	struct listener *listener;
	bool is_tls;
	struct cds_list_head clients;    /* the longest silent first */
};

/* All connections of one client address. */
struct source {
	struct source *next;             /* in its bucket */
	struct netaddr key;
	unsigned count;
};

struct client {
	struct cds_list_head link;       /* in its door's list */
	struct client *next;             /* in its bucket */
	struct door *door;
	struct source *source;
	struct stream *stream;
	uint64_t number;
};

struct entrance {
	struct loop *loop;
	struct entrance_config config;
	struct stream_handler handler;   /* what the streams call */
	struct door *doors;
	struct client *clients[BUCKETS];
	struct source *sources[BUCKETS];
	uint64_t last_number;
	struct loop_timer tight;         /* runs while a door is nearly full */
};

static void counter_add(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

static uint32_t door_count(const struct entrance *entrance)
{
	return entrance->config.listen_count + entrance->config.listen_tls_count;
}

/* ---- sources ----------------------------------------------------------------------------------------------------------------------- */

static struct netaddr source_key(const struct netaddr *remote)
{
	struct netaddr key = *remote;

	netaddr_set_port(&key, 0);
	if (key.family == AF_INET6) {
		for (size_t i = IPV6_CLIENT_BYTES; i < sizeof(key.v6.sin6_addr); i++)
			key.v6.sin6_addr.s6_addr[i] = 0;
	}
	return key;
}

static struct source **source_slot(struct entrance *entrance, const struct netaddr *key)
{
	struct source **at = &entrance->sources[netaddr_hash(key, 0) % BUCKETS];

	while (*at && !netaddr_equal(&(*at)->key, key))
		at = &(*at)->next;
	return at;
}

/* NULL: it has `most` already (0: no limit), or there is no memory. */
static struct source *source_enter(struct entrance *entrance, const struct netaddr *remote, unsigned most)
{
	struct netaddr key = source_key(remote);
	struct source **at = source_slot(entrance, &key), *source = *at;

	if (!source) {
		source = *at = calloc(1, sizeof(*source));
		if (!source)
			return NULL;
		source->key = key;
	}
	if (most > 0 && source->count >= most)
		return NULL;
	source->count++;
	return source;
}

static void source_leave(struct entrance *entrance, struct source *source)
{
	if (--source->count > 0)
		return;
	*source_slot(entrance, &source->key) = source->next;
	free(source);
}

/* ---- making room ------------------------------------------------------------------------------------------------------------------- */

static bool is_tight(const struct door *door)
{
	unsigned most = door->entrance->config.limits.max_connections;
	unsigned open = listener_counters(door->listener).open;

	return most > 0 && open > most - most / TIGHT_PARTS;
}

/* Closes the longest idle client, if it has been idle for `idle` at least. */
static bool shed_one(struct door *door, usec_t idle)
{
	struct client *client;
	usec_t before = loop_now(door->entrance->loop) - idle;
	unsigned looked_at = 0;

	cds_list_for_each_entry(client, &door->clients, link) {
		if (stream_last_activity(client->stream) > before || ++looked_at > SHED_LOOKED_AT)
			return false;
		if (!stream_is_idle(client->stream))
			continue;
		counter_add(&door->entrance->config.counters->shed, 1);
		stream_close(client->stream);
		return true;
	}
	return false;
}

static bool on_full(void *ctx)
{
	return shed_one(ctx, SHED_IDLE_MS * USEC_PER_MSEC);
}

static void on_tight(void *ctx)
{
	struct entrance *entrance = ctx;
	bool any = false;

	for (uint32_t i = 0; i < door_count(entrance); i++) {
		struct door *door = &entrance->doors[i];
		while (is_tight(door) && shed_one(door, entrance->config.limits.idle_timeout / TIGHT_PARTS))
			continue;
		any |= is_tight(door);
	}
	if (any)
		loop_timer_in(&entrance->tight, TIGHT_CHECK_MS * USEC_PER_MSEC);
}

/* ---- streams ----------------------------------------------------------------------------------------------------------------------- */

static struct client **client_slot(struct entrance *entrance, uint64_t number)
{
	struct client **at = &entrance->clients[number % BUCKETS];

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

static void client_touch(struct client *client)
{
	if (client->link.next != &client->door->clients) {
		cds_list_del(&client->link);
		cds_list_add_tail(&client->link, &client->door->clients);
	}
}

static void on_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	const struct entrance_config *config = &((struct client *)ctx)->door->entrance->config;
	client_touch(ctx);
	config->handler->on_message(stream, message, len, config->ctx);
}

static unsigned on_batch(struct stream *stream, const struct stream_message *messages, unsigned count, void *ctx)
{
	const struct entrance_config *config = &((struct client *)ctx)->door->entrance->config;
	client_touch(ctx);
	return config->handler->on_batch(stream, messages, count, config->ctx);
}

static void on_drained(struct stream *stream, void *ctx)
{
	const struct entrance_config *config = &((struct client *)ctx)->door->entrance->config;
	client_touch(ctx);
	config->handler->on_drained(stream, config->ctx);
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct client *client = ctx;
	struct door *door = client->door;
	struct entrance *entrance = door->entrance;

	if (entrance->config.handler->on_close)
		entrance->config.handler->on_close(stream, status, entrance->config.ctx);
	*client_slot(entrance, client->number) = client->next;
	cds_list_del(&client->link);
	source_leave(entrance, client->source);
	free(client);
	counter_add(&entrance->config.counters->open, (uint64_t)-1);
	listener_release(door->listener);
}

/* Takes over fd, also on failure. */
static int client_open(struct client *client, int fd, bool takes_proxy)
{
	struct entrance *entrance = client->door->entrance;
	const struct entrance_limits *limits = &entrance->config.limits;
	struct stream_config config = {
		.handler = &entrance->handler, .ctx = client, .takes_proxy = takes_proxy, .idle_timeout = limits->idle_timeout,
		.read_timeout = limits->read_timeout, .write_timeout = limits->write_timeout, .max_owed = limits->max_owed,
	};

	if (client->door->is_tls && !(config.tls = entrance->config.tls_acquire(entrance->config.ctx))) {
		close(fd);
		return ZT_ECLOSED;
	}
	int status = stream_accept(&client->stream, entrance->loop, fd, &config);
	tls_context_release(config.tls);
	return status;
}

/* Takes over fd, also on failure. */
static struct client *client_new(struct door *door, int fd, const struct netaddr *remote)
{
	struct entrance *entrance = door->entrance;
	const struct entrance_config *config = &entrance->config;
	bool takes_proxy = config->takes_proxy && config->takes_proxy(remote, config->ctx);
	struct client *client = calloc(1, sizeof(*client));

	if (client)
		client->source = source_enter(entrance, remote, takes_proxy ? 0 : config->limits.max_per_client);
	if (!client || !client->source) {
		close(fd);
		free(client);
		return NULL;
	}
	client->door = door;
	if (client_open(client, fd, takes_proxy) != ZT_OK) {
		source_leave(entrance, client->source);
		free(client);
		return NULL;
	}
	return client;
}

static void on_accept(int fd, const struct netaddr *remote, void *ctx)
{
	struct door *door = ctx;
	struct entrance *entrance = door->entrance;
	struct client *client = client_new(door, fd, remote);

	if (!client) {
		counter_add(&entrance->config.counters->refused, 1);
		listener_release(door->listener);
		return;
	}
	client->number = ++entrance->last_number;
	struct client **bucket = &entrance->clients[client->number % BUCKETS];
	client->next = *bucket;
	*bucket = client;
	cds_list_add_tail(&client->link, &door->clients);
	counter_add(&entrance->config.counters->accepted, 1);
	counter_add(&entrance->config.counters->open, 1);
	if (!entrance->tight.armed && is_tight(door))
		loop_timer_in(&entrance->tight, TIGHT_CHECK_MS * USEC_PER_MSEC);
}

uint64_t entrance_number(const struct stream *stream)
{
	const struct client *client = stream_ctx(stream);
	return client->number;
}

struct stream *entrance_find(struct entrance *entrance, uint64_t number)
{
	const struct client *client = *client_slot(entrance, number);
	return client ? client->stream : NULL;
}

usec_t entrance_idle_timeout(const struct stream *stream)
{
	const struct client *client = stream_ctx(stream);
	usec_t idle = client->door->entrance->config.limits.idle_timeout;
	return is_tight(client->door) ? idle / TIGHT_PARTS : idle;
}

/* ---- life -------------------------------------------------------------------------------------------------------------------------- */

static void handler_prepare(struct entrance *entrance)
{
	const struct stream_handler *owner = entrance->config.handler;

	entrance->handler = (struct stream_handler){ .on_close = on_close };
	if (owner->on_batch)
		entrance->handler.on_batch = on_batch;
	else
		entrance->handler.on_message = on_message;
	if (owner->on_drained)
		entrance->handler.on_drained = on_drained;
}

static int door_open(struct entrance *entrance, uint32_t i)
{
	const struct entrance_config *config = &entrance->config;
	struct door *door = &entrance->doors[i];
	struct listener_config listener = {
		.local = i < config->listen_count ? config->listen[i] : config->listen_tls[i - config->listen_count], .reuse_port = true, .max_connections = config->limits.max_connections,
		.on_accept = on_accept, .make_room = on_full, .ctx = door,
	};

	door->entrance = entrance;
	door->is_tls = i >= config->listen_count;
	CDS_INIT_LIST_HEAD(&door->clients);
	return listener_open(&door->listener, entrance->loop, &listener);
}

int entrance_open(struct entrance **out, struct loop *loop, const struct entrance_config *config)
{
	struct entrance *entrance = calloc(1, sizeof(*entrance));
	int status = ZT_OK;

	if (!entrance)
		return ZT_ENOMEM;
	entrance->loop = loop;
	entrance->config = *config;
	if (entrance->config.limits.idle_timeout == 0)
		entrance->config.limits.idle_timeout = IDLE_TIMEOUT_DEFAULT * USEC_PER_SEC;
	handler_prepare(entrance);
	loop_timer_init(&entrance->tight, loop, on_tight, entrance);
	entrance->doors = calloc(door_count(entrance), sizeof(*entrance->doors));
	if (!entrance->doors) {
		free(entrance);
		return ZT_ENOMEM;
	}
	for (uint32_t i = 0; i < door_count(entrance) && status == ZT_OK; i++)
		status = door_open(entrance, i);
	if (status != ZT_OK) {
		entrance_close(entrance);
		return status;
	}
	*out = entrance;
	return ZT_OK;
}

void entrance_close(struct entrance *entrance)
{
	if (!entrance)
		return;
	for (unsigned i = 0; i < BUCKETS; i++) {
		while (entrance->clients[i])
			stream_close(entrance->clients[i]->stream);
	}
	for (uint32_t i = 0; i < door_count(entrance); i++)
		listener_close(entrance->doors[i].listener);
	loop_timer_stop(&entrance->tight);
	free(entrance->doors);
	free(entrance);
}
