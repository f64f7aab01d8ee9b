/* The worker threads: each owns its sockets on every listening address (SO_REUSEPORT), its event loop and its counters.
 *
 * Everything here but worker_reply and workers_counters is called by the manage thread.
 */
#pragma once

#include "authd/serve/counters.h"
#include "authd/serve/request.h"
#include "authd/serve/view.h"
#include "lib/base/log.h"
#include "lib/net/entrance.h"

struct journal;
struct tap;
struct workers;
struct worker;

struct workers_config {
	const struct netaddr *listen;      /* read by workers_open only */
	uint32_t listen_count;
	const struct netaddr *listen_tls;  /* the same, for TLS */
	uint32_t listen_tls_count;
	uint32_t count;                    /* threads; 0 = one per core */
	uint16_t udp_payload_size;         /* room for answers over UDP */
	uint32_t limit_buckets;            /* of each worker's table of rate limits */
	uint8_t limit_key[16];             /* not to be guessed */
	struct entrance_limits tcp;        /* max_connections: of all threads together; 0 = some */
	uint32_t connection_limit;         /* more connections are never open at once, but one for each listener */
	struct mailbox *manage_mailbox;    /* where requests for the manage thread go */
	struct journal *journal;           /* for IXFR */
	const struct log *log;
	const struct clock *clock;
};

/* Binds all sockets; nothing is served yet, requests wait in the sockets' buffers. */
int workers_open(struct workers **out, const struct workers_config *config) ZT_MUST_CHECK;
/* Before workers_start: gives each thread a lane of the tap and the share of exchanges that it tells. */
void workers_tap(struct workers *workers, struct tap *tap, double sample);
/* Starts the threads; a view must have been published. */
int workers_start(struct workers *workers) ZT_MUST_CHECK;
/* Makes `view` what workers see and takes it over; the one before is freed after a grace period, before this returns. */
void workers_publish(struct workers *workers, struct view *view);
/* What new TLS clients get from now on; acquired. */
void workers_set_tls(struct workers *workers, struct tls_context *context);
/* Waits until no worker can see what was taken out of the view before. */
void workers_synchronize(struct workers *workers);
/* Ends the threads and their streams: after this nothing is posted to the manage thread any more. NULL is fine. */
void workers_stop(struct workers *workers);
/* Stops if need be, sends the replies that came meanwhile and can still leave (UDP), closes the sockets. NULL is fine. */
void workers_close(struct workers *workers);

/* Any thread: gives an answered request back to the worker it came from, which sends the reply. */
void worker_reply(struct request *request);

uint32_t workers_count(const struct workers *workers);
/* A network whose answers were limited lately; false if none ever was. */
bool workers_limited(const struct workers *workers, struct netprefix *out);
/* Sums over all workers. */
void workers_counters(struct workers *workers, struct serve_counters *sum);
