/* One worker thread's state, shared by the files of its two halves: datagrams.c (UDP) and connections.c (TCP). */
#pragma once

#include <pthread.h>

#include "authd/serve/evidence.h"
#include "authd/serve/repair.h"
#include "authd/serve/respond.h"
#include "authd/serve/tapping.h"
#include "authd/serve/transfer.h"
#include "authd/serve/workers.h"
#include "lib/net/entrance.h"
#include "lib/net/mailbox.h"
#include "lib/net/udp.h"

enum { BATCH_SIZE = 64 };      /* queries taken at once */

/* A UDP socket of a worker. */
struct datagrams {
	struct worker *worker;
	struct udp_socket socket;
	struct loop_io io;
};

struct worker {
	struct workers *set;
	uint32_t index;
	pthread_t thread;
	bool has_thread;
	struct loop loop;
	struct mailbox mailbox;                /* answered requests, and `stop` */
	struct udp_batch batch;
	struct respond *responds;              /* by slot of the batch */
	struct netaddr proxied[BATCH_SIZE];    /* by slot: the client behind a proxy */
	struct datagrams *datagrams;           /* by listening address */
	struct entrance *entrance;             /* TCP clients */
	struct stream_buffers *stream_buffers;
	struct witness *witness;
	struct transfers *transfers;
	struct repairs *repairs;
	struct limiter *limiter;
	struct moment moment;                  /* of the batch in hand */
	struct tapping tapping;                /* dnstap */
	struct serve_counters counters;
	size_t forwarded;                      /* bytes of requests at the manage thread */
	struct mailbox_node stop;
};

struct workers {
	struct workers_config config;
	_Atomic(struct view *) view;
	_Atomic(struct tls_context *) tls;     /* for new TLS clients; acquired by online readers */
	uint32_t count;
	struct entrance_limits entrance_limits;      /* of one thread */
	struct worker *workers;
};

/* The view, valid until the worker's next quiescent state. */
static inline const struct view *worker_view(const struct worker *worker)
{
	return atomic_load_explicit(&worker->set->view, memory_order_acquire);
}

/* Counts what a request's signature was worth; of one that has been begun and is signed. */
void worker_count_signature(struct worker *worker, const struct respond *r);
/* Counts a reply about to be sent. */
void worker_count_reply(struct worker *worker, const struct respond *r);
/* Posts a NOTIFY or UPDATE to the manage thread; without memory, or with too many under way, the request is dropped (false): the client will repeat it. */
bool worker_forward(struct worker *worker, enum request_kind kind, const struct respond *r, const struct request *origin);

/* datagrams.c */
int datagrams_open(struct worker *worker, uint32_t listen_index) ZT_MUST_CHECK;
int datagrams_start(struct datagrams *datagrams) ZT_MUST_CHECK;
void datagrams_close(struct datagrams *datagrams);
/* Sends the reply of a forwarded request. */
void datagrams_reply(struct worker *worker, const struct request *request);

/* connections.c */
int connections_open(struct worker *worker) ZT_MUST_CHECK;
void connections_close(struct worker *worker);
/* Sends the reply of a forwarded request, if its connection is still there. */
void connections_reply(struct worker *worker, const struct request *request);
