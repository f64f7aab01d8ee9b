/* The daemon as a whole. */
#include "authd/authd.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "authd/manage/commands.h"
#include "authd/manage/confine.h"
#include "authd/manage/consumer.h"
#include "authd/manage/encrypt.h"
#include "authd/manage/exporter.h"
#include "authd/manage/hosts.h"
#include "authd/manage/images.h"
#include "authd/manage/levels.h"
#include "authd/manage/loader.h"
#include "authd/manage/outbound.h"
#include "authd/manage/pledge.h"
#include "authd/manage/primary.h"
#include "authd/manage/producer.h"
#include "authd/manage/reload.h"
#include "authd/manage/replays.h"
#include "authd/manage/requests.h"
#include "authd/manage/taps.h"
#include "authd/manage/zones.h"
#include "authd/serve/workers.h"
#include "lib/base/descriptors.h"
#include "lib/base/memory.h"
#include "lib/base/readiness.h"

enum {
	FIRST_RECLAIM_MS = 20,           /* soon, for what is served on a pledge */
	RECLAIM_INTERVAL_MS = 1000,      /* how long memory of displaced versions may wait for its readers */
	LIMITS_LOG_INTERVAL_S = 60,
	COOKIE_SECRET_LIFE_S = 86400,    /* far from the 36 days of RFC 7873 section 7.1, and far longer than a cookie is good */
};

struct authd {
	struct log *log;
	struct loop loop;
	struct manage manage;
	bool has_registry;
	struct requests *requests;
	struct commands *commands;
	struct exporter *exporter;
	struct loop_signal on_term, on_int, on_hup;
	struct loop_timer reclaim;
	struct loop_timer cookie_roll;
	usec_t limits_logged_at;
	uint64_t limits_dropped, limits_slipped;      /* by then */
	int flush_status;            /* of the last time small states were stored */
};

static int journal_start(struct authd *authd)
{
	struct journal_options options = {
		.dir = authd->manage.options->state_dir,
		.history_limit = authd->manage.options->journal_size,
		.key = &authd->manage.fingerprint_key,
		.log = authd->log,
	};
	int status = journal_open(&authd->manage.journal, &options);
	if (status == ZT_EBUSY)
		log_error(authd->log, "state-dir %s is in use by another authd; stop it or name another state-dir", options.dir);
	else if (status != ZT_OK)
		log_error(authd->log, "cannot open the journal in %s: %s; its files must belong to the user that the daemon runs as (ls -l), and the disk must have room (df)",
			  options.dir, status_text(status));
	return status;
}

static int workers_prepare(struct authd *authd)
{
	struct workers_config config = {
		.listen = authd->manage.options->listen,
		.listen_count = authd->manage.options->listen_count,
		.listen_tls = authd->manage.options->listen_tls,
		.listen_tls_count = authd->manage.options->listen_tls_count,
		.count = authd->manage.options->workers,
		.udp_payload_size = authd->manage.options->serve.udp_payload_size,
		.limit_buckets = authd->manage.options->limit_buckets,
		.tcp = authd->manage.options->tcp,
		/* Clients get half of the descriptors, so that they can't take those of transfers, zone files and zonectl. */
		.connection_limit = descriptors_raise() / 2,
		.manage_mailbox = authd->manage.mailbox,
		.journal = authd->manage.journal,
		.log = authd->log,
		.clock = authd->manage.clock,
	};
	secure_rng_fill(&authd->manage.secure_rng, config.limit_key, sizeof(config.limit_key));
	return workers_open(&authd->manage.workers, &config);
}

static int tap_prepare(struct authd *authd)
{
	struct manage *manage = &authd->manage;

	int status = taps_new(&manage->tap, manage, workers_count(manage->workers));
	if (status == ZT_OK && manage->tap)
		workers_tap(manage->workers, manage->tap, manage->options->dnstap.sample);
	return status;
}

static void on_stop(void *ctx)
{
	struct authd *authd = ctx;
	log_notice(authd->log, "stopping");
	loop_stop(&authd->loop);
}

static void on_reload(void *ctx)
{
	struct authd *authd = ctx;
	struct buf errors;

	buf_init(&errors);
	int status = reload_all(&authd->manage, NULL, &errors);
	(void)status;      /* logged */
	buf_fini(&errors);
}

/* Nobody logs for each limited answer, but an operator is told soon that there are some and where to look, at most once a minute. */
static void limits_log(struct authd *authd)
{
	struct serve_counters counters;
	struct netprefix network;
	char text[NETPREFIX_TEXT_SIZE];
	usec_t now = clock_now(authd->manage.clock);

	if (now - authd->limits_logged_at < LIMITS_LOG_INTERVAL_S * USEC_PER_SEC)
		return;
	workers_counters(authd->manage.workers, &counters);
	uint64_t dropped = counter_get(&counters.limit_dropped) - authd->limits_dropped;
	uint64_t slipped = counter_get(&counters.limit_slipped) - authd->limits_slipped;
	if ((dropped == 0 && slipped == 0) || !workers_limited(authd->manage.workers, &network))
		return;
	log_warn(authd->log, "rate-limit: %" PRIu64 " answers dropped and %" PRIu64 " truncated since the last such line, some of them to %s", dropped, slipped,
		 netprefix_to_text(&network, text));
	authd->limits_logged_at = now;
	authd->limits_dropped += dropped;
	authd->limits_slipped += slipped;
}

static void on_reclaim(void *ctx)
{
	struct authd *authd = ctx;

	primaries_tick(&authd->manage);
	int status = journal_flush(authd->manage.journal);

	/* Trouble with the disk lasts; saying when it begins and ends is enough. */
	if (status != ZT_OK && authd->flush_status == ZT_OK)
		log_warn(authd->log, "journal: %s; timers and peer states are not stored, and changes of zones are refused, until the disk takes them (df)", status_text(status));
	else if (status == ZT_OK && authd->flush_status != ZT_OK)
		log_notice(authd->log, "journal: timers and peer states are stored again");
	authd->flush_status = status;
	pledges_redeem(&authd->manage);
	images_tick(&authd->manage);
	zones_reclaim(&authd->manage);
	limits_log(authd);
	loop_timer_in(&authd->reclaim, RECLAIM_INTERVAL_MS * USEC_PER_MSEC);
}

/* A fresh secret for cookies; those made with the one before are still good. */
static void on_cookie_roll(void *ctx)
{
	struct authd *authd = ctx;
	struct cookie_secret *secrets = authd->manage.cookie_secrets;

	secrets[1] = secrets[0];
	secure_rng_fill(&authd->manage.secure_rng, &secrets[0], sizeof(secrets[0]));
	if (authd->manage.options->serve.secret_count == 0 && zones_publish(&authd->manage) != ZT_OK)
		log_warn(authd->log, "no memory to change the secret of DNS cookies; trying again in a day");
	loop_timer_in(&authd->cookie_roll, COOKIE_SECRET_LIFE_S * USEC_PER_SEC);
}

static int signals_start(struct authd *authd)
{
	int status;

	if ((status = loop_signal_start(&authd->on_term, &authd->loop, SIGTERM)) != ZT_OK ||
	    (status = loop_signal_start(&authd->on_int, &authd->loop, SIGINT)) != ZT_OK)
		return status;
	return loop_signal_start(&authd->on_hup, &authd->loop, SIGHUP);
}

/* Everything up to the first served query, in the order of dependence. */
static int start(struct authd *authd)
{
	struct manage *manage = &authd->manage;
	int status;

	if ((status = confine_begin(manage)) != ZT_OK || (status = journal_start(authd)) != ZT_OK || (status = images_new(&manage->images)) != ZT_OK ||
	    (status = signals_start(authd)) != ZT_OK ||
	    (status = requests_open(&authd->requests, manage)) != ZT_OK || (status = outbound_new(manage, &manage->outbound)) != ZT_OK ||
	    (status = hosts_new(&manage->hosts, manage)) != ZT_OK ||
	    (status = workers_prepare(authd)) != ZT_OK || (status = encrypt_open(manage)) != ZT_OK || (status = tap_prepare(authd)) != ZT_OK ||
	    (status = exporter_open(&authd->exporter, manage)) != ZT_OK ||
	    (status = confine_bound(manage)) != ZT_OK || (status = zones_configure(manage, manage->options)) != ZT_OK ||
	    (status = consumers_start(manage)) != ZT_OK)
		return status;
	unsigned failed = loader_load_all(manage);
	producers_run(manage);
	memory_trim();
	if (failed > 0)
		log_error(authd->log, "%u of %u zones could not be loaded (zonectl zones names them); the others are served", failed, manage->registry.count);
	/* The secondaries find out which zones have expired meanwhile, before the first query is answered. */
	if ((status = commands_open(&authd->commands, manage)) != ZT_OK || (status = zones_start(manage)) != ZT_OK ||
	    (status = confine_enter(manage)) != ZT_OK)
		return status;
	loop_timer_in(&authd->reclaim, FIRST_RECLAIM_MS * USEC_PER_MSEC);
	loop_timer_in(&authd->cookie_roll, COOKIE_SECRET_LIFE_S * USEC_PER_SEC);
	if (manage->tap && (status = tap_start(manage->tap)) != ZT_OK)
		return status;
	return workers_start(manage->workers);
}

int authd_open(struct authd **out, struct authd_options *options, struct log *log)
{
	struct authd *authd = calloc(1, sizeof(*authd));
	int status;

	if (!authd) {
		options_free(options);
		return ZT_ENOMEM;
	}
	authd->log = log;
	authd->manage.options = options;
	authd->manage.fingerprint_key = options->sync_key;
	authd->manage.log = log;
	authd->manage.readiness_fd = readiness_open();
	authd->manage.clock = log->clock;
	authd->manage.started_wall = authd->manage.configured_wall = clock_wall(authd->manage.clock);
	authd->manage.loop = &authd->loop;
	CDS_INIT_LIST_HEAD(&authd->manage.leaving);
	CDS_INIT_LIST_HEAD(&authd->manage.removed);
	rng_seed_system(&authd->manage.rng);
	secure_rng_init(&authd->manage.secure_rng);
	secure_rng_fill(&authd->manage.secure_rng, authd->manage.cookie_secrets, sizeof(authd->manage.cookie_secrets));
	loop_signal_init(&authd->on_term, on_stop, authd);
	loop_signal_init(&authd->on_int, on_stop, authd);
	loop_signal_init(&authd->on_hup, on_reload, authd);
	status = loop_init(&authd->loop, authd->manage.clock, LOOP_PRECISE);
	if (status == ZT_OK) {
		loop_timer_init(&authd->reclaim, &authd->loop, on_reclaim, authd);
		loop_timer_init(&authd->cookie_roll, &authd->loop, on_cookie_roll, authd);
		status = registry_init(&authd->manage.registry, rng_u64(&authd->manage.rng));
		authd->has_registry = status == ZT_OK;
	}
	if (status == ZT_OK)
		status = start(authd);
	if (status != ZT_OK) {
		authd_close(authd);
		return status;
	}
	*out = authd;
	return ZT_OK;
}

int authd_run(struct authd *authd)
{
	log_notice(authd->log, "serving %u zones with %u workers", authd->manage.registry.count, workers_count(authd->manage.workers));
	readiness_notify(authd->manage.readiness_fd, "READY=1");
	int status = loop_run(&authd->loop);
	readiness_notify(authd->manage.readiness_fd, "STOPPING=1");
	return status;
}

void authd_close(struct authd *authd)
{
	if (!authd)
		return;
	exporter_close(authd->exporter);
	commands_close(authd->commands);
	if (authd->manage.levels)
		levels_finish(authd->manage.levels);
	/* First nobody posts requests any more, then those that were posted are answered, then the sockets close. */
	workers_stop(authd->manage.workers);
	requests_close(authd->requests);
	workers_close(authd->manage.workers);
	encrypt_close(&authd->manage);
	tap_free(authd->manage.tap);
	images_free(authd->manage.images);
	authd->manage.images = NULL;      /* what follows may still store a content */
	if (authd->has_registry) {
		pledges_redeem(&authd->manage);
		primaries_finish(&authd->manage);
		zones_clear(&authd->manage);
		registry_fini(&authd->manage.registry);
	}
	replays_free(authd->manage.replays);
	hosts_free(authd->manage.hosts);
	outbound_free(authd->manage.outbound);
	journal_close(authd->manage.journal);
	loop_signal_stop(&authd->on_term);
	loop_signal_stop(&authd->on_int);
	loop_signal_stop(&authd->on_hup);
	if (authd->loop.base) {
		loop_timer_stop(&authd->reclaim);
		loop_timer_stop(&authd->cookie_roll);
		loop_fini(&authd->loop);
	}
	confine_free(authd->manage.confine);
	if (authd->manage.readiness_fd >= 0)
		close(authd->manage.readiness_fd);
	options_free(authd->manage.options);
	free(authd);
}
