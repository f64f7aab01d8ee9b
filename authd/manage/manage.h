/* The manage thread's world: everything that changes zones runs on this one thread, driven by its event base.
 *
 * Modules of this folder get a `struct manage *` and, where they concern one zone, a `struct zone_entry *`; none has state of its own elsewhere.
 */
#pragma once

#include "authd/manage/ladder.h"
#include "authd/manage/registry.h"
#include "authd/options.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/rng.h"
#include "lib/dns/cookie.h"
#include "lib/net/loop.h"
#include "lib/net/mailbox.h"
#include "lib/zone/journal.h"

struct confine;
struct encrypt;
struct tap;
struct workers;
struct images;
struct outbound;
struct hosts;
struct replays;
struct levels;

enum {
	MANAGE_COOKIE_SECRETS = 2,
	/* With more zones than this a start tells of each only at level debug, and how many there were at notice: nobody reads a line for each of thousands. */
	MANAGE_ZONES_TOLD = 100,
};

struct manage {
	struct authd_options *options;           /* in force; owned; replaced by reload */
	struct log *log;
	const struct clock *clock;
	struct rng rng;                  /* jitter */
	struct secure_rng secure_rng;    /* message ids */
	struct loop *loop;
	struct journal *journal;
	struct fingerprint_key fingerprint_key;
	struct registry registry;
	struct cds_list_head leaving;    /* entries taken out of the registry that workers still find (zones_publish) */
	struct cds_list_head removed;    /* entries that no worker finds any more, whose zone a transfer still reads (zones_reclaim) */
	struct mailbox *mailbox;         /* requests from the workers */
	struct workers *workers;
	/* For DNS cookies where the configuration has no secrets: this one and the one before, which is random too at first, lest somebody know it. */
	struct cookie_secret cookie_secrets[MANAGE_COOKIE_SECRETS];
	usec_t started_wall;
	usec_t configured_wall;          /* when `options` was read */
	struct encrypt *encrypt;         /* TLS; NULL without listen-tls */
	struct confine *confine;         /* rights and sandbox; NULL in tests */
	struct tap *tap;                 /* dnstap; NULL: off */
	struct log_limit log_updates;    /* refused ones */
	struct log_limit log_refreshes;  /* that came to nothing */
	struct replays *replays;         /* manage/replays.h; NULL before the first signed UPDATE */
	struct ladder_counters ladder_counters;      /* of what secondaries tried */
	int readiness_fd;                /* to the service manager; -1: there is none */
	struct images *images;           /* manage/images.h */
	struct hosts *hosts;             /* manage/hosts.h */
	struct levels *levels;           /* manage/levels.h */
	unsigned whole_transfers;        /* received since memory was last given back */
	struct outbound *outbound;       /* NOTIFY, SOA queries and transfers from primaries */
};
