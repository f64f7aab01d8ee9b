/* The servers we tell of changes, each once whatever number of zones it is told of; and for each what is still to be told it.
 *
 * A server that shows life (it asks for anything, it answers) gets at once what its silence has held up, over all zones; many messages leave one after another, not
 * all together, and no more often than once a second. A sign that anybody can have sent in its name brings forward only a few.
 *
 * One per manage thread, made before the first zone's primary and freed after the last.
 */
#pragma once

#include <stdint.h>
#include <urcu/list.h>

#include "authd/options_remote.h"
#include "lib/base/clock.h"
#include "lib/base/status.h"

struct hosts;
struct manage;

struct host {
	struct cds_list_head link;           /* of one hash */
	struct remote_options remote;        /* own copy */
	uint32_t uses;                       /* targets of zones */
	struct cds_list_head couriers;       /* what it is still to be told, zone by zone (courier.h, of_host) */
	usec_t hurried_until, nudged_until;  /* nothing more is brought forward before, by signs that are proven and by others */
};

int hosts_new(struct hosts **out, struct manage *manage) ZT_MUST_CHECK;
void hosts_free(struct hosts *hosts);

/* The server, made where it is not known; give it back with host_release. NULL when memory is out. */
struct host *hosts_acquire(struct hosts *hosts, const struct remote_options *remote);
void host_release(struct host *host);

/* Somebody at this address shows life; is_proven: it is surely there. Queues only: the couriers' zones send when their timers run. */
void hosts_on_sign(struct hosts *hosts, const struct netaddr *peer, bool is_proven);

/* All couriers (of_all), the longest behind first as a rule. */
struct cds_list_head *hosts_couriers(struct hosts *hosts);
/* Zones with peers whose standing is to be stored (primary.c). */
struct cds_list_head *hosts_dirty(struct hosts *hosts);
/* Pairs of zone and server, and those of them that have not been seen at the zone's serial; kept by primary.c. */
struct hosts_counts {
	uint64_t pairs;
	uint64_t behind;
	uint64_t zones_behind;
};
struct hosts_counts *hosts_counts(struct hosts *hosts);
