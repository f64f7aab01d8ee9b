/* One worker thread's state, shared by the files of its parts: worker.c (the machine and the way in and out), datagrams.c (UDP) and connections.c
 * (TCP). Inner header of serve/.
 */
#pragma once

#include <pthread.h>

#include "lib/net/entrance.h"
#include "lib/net/mailbox.h"
#include "lib/net/udp.h"
#include "resolverd/resolve/upstream.h"
#include "resolverd/serve/front.h"
#include "resolverd/serve/workers.h"

/* A UDP socket of a worker. */
struct datagrams {
	struct worker *worker;
	struct udp_socket socket;
	struct loop_io io;
};

/* A query that waits for its answer to be found. */
struct client {
	struct asker asker;              /* first */
	struct client *next_free;
	struct client *next_made;
	struct asked asked;
	uint64_t connection;             /* number of the TCP connection; 0 = UDP */
	uint32_t datagrams;              /* UDP: index of the socket */
	struct netaddr remote;
	struct netaddr local;
};

struct worker {
	struct workers *set;
	uint32_t index;
	pthread_t thread;
	bool has_thread;
	struct loop loop;
	struct mailbox mailbox;          /* new views, and `stop` */
	struct mailbox_node stop;
	struct view *view;
	struct udp_batch batch;
	struct datagrams *datagrams;     /* by listening address */
	struct entrance *entrance;       /* TCP clients */
	struct front front;
	uint8_t *reply;                  /* room for the largest message */
	struct rng rng;
	struct secure_rng secure_rng;
	struct resolver *resolver;
	struct upstream *upstream;
	struct client *free_clients;
	struct client *made_clients;     /* all of them */
	struct serve_counters counters;
};

struct workers {
	struct workers_config config;
	struct netaddr *listen;          /* what config.listen points to */
	uint32_t count;
	struct worker *workers;
};

/* Points the front at the current view, the time, and where to write. */
void worker_front(struct worker *worker, usec_t now, uint8_t *out, size_t out_size);
/* Counts a reply of the front. */
void worker_count_reply(struct worker *worker);
/* The front's query has to be resolved. Returns the client to be filled in with where the answer goes, NULL when that is not possible (no memory).
 * worker_resolve then starts it. */
struct client *worker_client(struct worker *worker);
/* False when too much is in flight: the front holds the refusal, the client is gone. */
bool worker_resolve(struct worker *worker, struct client *client);
/* Takes the machine's actions: after a batch of queries, after an event from upstream. `now` is the time the machine was given, so that data that has just
 * come is answered with its whole TTL. */
void worker_drain(struct worker *worker, usec_t now);

/* datagrams.c */
int datagrams_open(struct worker *worker, uint32_t listen_index) ZT_MUST_CHECK;
int datagrams_start(struct datagrams *datagrams) ZT_MUST_CHECK;
void datagrams_close(struct datagrams *datagrams);
/* Sends the front's reply to a client that had to wait. */
void datagrams_reply(struct worker *worker, const struct client *client);

/* connections.c */
int connections_open(struct worker *worker) ZT_MUST_CHECK;
void connections_close(struct worker *worker);
/* The same, if the connection is still there. */
void connections_reply(struct worker *worker, const struct client *client);
