/* The daemon as a whole. */
#include "resolverd/resolverd.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/base/readiness.h"
#include "lib/base/rng.h"
#include "resolverd/manage/commands.h"
#include "resolverd/manage/exporter.h"
#include "resolverd/manage/reload.h"

struct resolverd {
	struct log *log;
	struct loop loop;
	struct cache cache;
	struct manage manage;
	struct commands *commands;
	struct exporter *exporter;
	int readiness_fd;
	struct loop_signal on_term, on_int, on_hup;
};

static void on_stop(void *ctx)
{
	struct resolverd *resolverd = ctx;
	log_notice(resolverd->log, "stopping");
	loop_stop(&resolverd->loop);
}

static void on_reload(void *ctx)
{
	struct resolverd *resolverd = ctx;
	struct buf restart_needed, errors;

	log_notice(resolverd->log, "reloading %s", resolverd->manage.options->path);
	readiness_notify(resolverd->readiness_fd, "RELOADING=1");
	buf_init(&restart_needed);
	buf_init(&errors);
	int status = reload(&resolverd->manage, &restart_needed, &errors);
	buf_add_u8(&errors, 0);
	buf_add_u8(&restart_needed, 0);
	if (status != ZT_OK)
		log_error(resolverd->log, "reload failed, going on with the old settings: %s",
		          errors.len > 1 ? (const char *)errors.data : status_text(status));
	else if (restart_needed.len > 1)
		log_warn(resolverd->log, "reload: these take effect only after a restart: %s", (const char *)restart_needed.data);
	buf_fini(&restart_needed);
	buf_fini(&errors);
	readiness_notify(resolverd->readiness_fd, "READY=1");
}

/* The control socket's folder. */
static int control_dir_make(const struct resolverd *resolverd)
{
	char *path = strdup(resolverd->manage.options->control);
	int status = ZT_OK;

	if (!path)
		return ZT_ENOMEM;
	const char *dir = dirname(path);
	if (mkdir(dir, 0750) != 0 && errno != EEXIST) {
		log_error(resolverd->log, "cannot create %s for the control socket: %s; create it or name another one", dir, strerror(errno));
		status = status_from_errno(errno);
	}
	free(path);
	return status;
}

/* Each question under way has a socket of its own; the soft limit of most systems is far too low for that. */
static void descriptors_allow(const struct resolverd *resolverd)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn(resolverd->log, "cannot raise the number of descriptors to its limit: %s", strerror(errno));
}

static int signals_start(struct resolverd *resolverd)
{
	int status;

	if ((status = loop_signal_start(&resolverd->on_term, &resolverd->loop, SIGTERM)) != ZT_OK ||
	    (status = loop_signal_start(&resolverd->on_int, &resolverd->loop, SIGINT)) != ZT_OK)
		return status;
	return loop_signal_start(&resolverd->on_hup, &resolverd->loop, SIGHUP);
}

/* Everything up to the first served query, in the order of dependence. */
static int start(struct resolverd *resolverd)
{
	struct manage *manage = &resolverd->manage;
	const struct resolverd_options *options = manage->options;
	struct workers_config workers = {
		.listen = options->listen,
		.listen_count = options->listen_count,
		.count = options->workers,
		.cache = &resolverd->cache,
		.view = options->view,
		.log = resolverd->log,
		.clock = manage->clock,
	};
	struct secure_rng rng;
	uint64_t seed;
	int status;

	descriptors_allow(resolverd);
	secure_rng_init(&rng);
	secure_rng_fill(&rng, &seed, sizeof(seed));
	if ((status = cache_init(&resolverd->cache, options->cache_size, seed)) != ZT_OK ||
	    (status = control_dir_make(resolverd)) != ZT_OK || (status = signals_start(resolverd)) != ZT_OK ||
	    (status = workers_open(&manage->workers, &workers)) != ZT_OK ||
	    (status = commands_open(&resolverd->commands, manage)) != ZT_OK ||
	    (status = exporter_open(&resolverd->exporter, manage)) != ZT_OK)
		return status;
	return workers_start(manage->workers);
}

int resolverd_open(struct resolverd **out, struct resolverd_options *options, struct log *log)
{
	struct resolverd *resolverd = calloc(1, sizeof(*resolverd));

	if (!resolverd) {
		options_free(options);
		return ZT_ENOMEM;
	}
	resolverd->log = log;
	resolverd->readiness_fd = readiness_open();
	resolverd->manage = (struct manage){
		.options = options, .log = log, .clock = log->clock, .loop = &resolverd->loop, .cache = &resolverd->cache,
	};
	resolverd->manage.started_wall = resolverd->manage.configured_wall = clock_wall(resolverd->manage.clock);
	loop_signal_init(&resolverd->on_term, on_stop, resolverd);
	loop_signal_init(&resolverd->on_int, on_stop, resolverd);
	loop_signal_init(&resolverd->on_hup, on_reload, resolverd);
	int status = loop_init(&resolverd->loop, resolverd->manage.clock, LOOP_DEFAULT);
	if (status == ZT_OK)
		status = start(resolverd);
	if (status != ZT_OK) {
		resolverd_close(resolverd);
		return status;
	}
	*out = resolverd;
	return ZT_OK;
}

int resolverd_run(struct resolverd *resolverd)
{
	log_notice(resolverd->log, "resolving with %u workers", workers_count(resolverd->manage.workers));
	readiness_notify(resolverd->readiness_fd, "READY=1");
	int status = loop_run(&resolverd->loop);
	readiness_notify(resolverd->readiness_fd, "STOPPING=1");
	return status;
}

void resolverd_close(struct resolverd *resolverd)
{
	if (!resolverd)
		return;
	exporter_close(resolverd->exporter);
	commands_close(resolverd->commands);
	workers_close(resolverd->manage.workers);
	loop_signal_stop(&resolverd->on_term);
	loop_signal_stop(&resolverd->on_int);
	loop_signal_stop(&resolverd->on_hup);
	loop_fini(&resolverd->loop);
	cache_fini(&resolverd->cache);
	if (resolverd->readiness_fd >= 0)
		close(resolverd->readiness_fd);
	options_free(resolverd->manage.options);
	free(resolverd);
}
