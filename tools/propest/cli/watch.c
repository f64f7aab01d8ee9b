/* propest watch: follows servers and caches until they have a change, beside what was predicted.
 *
 * Servers are asked for their SOA, caches for the record set without RD, so that nothing is planted in them. The change begins when the first
 * server shows a serial newer than all had at the start; or it has begun already, when their serials differ then.
 */
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/dns/serial.h"
#include "tools/propest/cli/cli.h"
#include "tools/propest/gather/probe.h"
#include "tools/propest/report/report.h"

enum cache_state { CACHE_UNKNOWN, CACHE_EMPTY, CACHE_OLD, CACHE_NEW, CACHE_SILENT };

struct watched_server {
	size_t index;                  /* in the network */
	bool answered, done;
	uint32_t serial;
};

struct watched_cache {
	struct netaddr address;
	enum cache_state state;
	uint64_t contents;
	bool told_silent;
};

struct watch {
	const struct options *options;
	const struct clock *clock;
	struct asker asker;
	struct facts *facts;
	struct estimate estimate;
	struct watched_server *servers;
	size_t server_count;
	struct watched_cache *caches;
	size_t cache_count;
	uint32_t serial_before, serial_after;
	bool begun;
	usec_t begin;                  /* of the watch, then of the change */
	uint64_t contents;             /* digest of the record set at the newest server */
	bool has_contents;
};

static double elapsed(const struct watch *watch)
{
	return (double)(clock_now(watch->clock) - watch->begin) / (double)USEC_PER_SEC;
}

/* One line: what happened to whom, and how likely it was to have happened by now. `predicted` negative: says nothing. */
static void tell(const struct watch *watch, const char *who, double predicted, const char *format, ...) __attribute__((format(printf, 4, 5)));

static void tell(const struct watch *watch, const char *who, double predicted, const char *format, ...)
{
	char text[256];
	va_list args;
	double t = elapsed(watch);

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (watch->options->json) {
		json_t *line = json_pack("{s:f, s:b, s:s, s:s}", "t", t, "begun", watch->begun, "who", who, "what", text);
		if (predicted >= 0)
			json_object_set_new(line, "predicted", json_real(predicted));
		json_dumpf(line, stdout, JSON_REAL_PRECISION(9));
		fputc('\n', stdout);
		json_decref(line);
	} else {
		printf("%+10.3f s  %-24s %s", t, who, text);
		if (predicted >= 0)
			printf("   (predicted by now: %.0f %%)", 100 * predicted);
		putchar('\n');
	}
	fflush(stdout);
}

/* A sum of hashes over the records of the set, whatever their order. False when the answer holds none of them. */
static bool digest(const struct question *q, uint64_t *sum, uint32_t *ttl)
{
	struct record_iter iter;
	struct record record;
	uint8_t rdata[4096];
	bool any = false;

	*sum = 0;
	record_iter_init(&iter, &q->message, SECTION_ANSWER);
	while (record_iter_next(&iter, &record)) {
		struct wcursor out = wcursor_over(rdata, sizeof(rdata));
		if (record.type != q->type || !name_equal(record.owner, q->name) || record_rdata(&q->message, &record, &out) != ZT_OK
		    || out.status != ZT_OK)
			continue;
		rdata_canonical(record.type, rdata, out.pos);
		uint64_t hash = UINT64_C(0xcbf29ce484222325);
		for (size_t i = 0; i < out.pos; i++)
			hash = (hash ^ rdata[i]) * UINT64_C(0x100000001b3);
		*sum += hash * UINT64_C(0x9e3779b97f4a7c15) + 1;
		*ttl = record.ttl;
		any = true;
	}
	return any;
}

static void begin_change(struct watch *watch, uint32_t serial)
{
	if (!watch->begun)
		watch->begin = clock_now(watch->clock);
	watch->begun = true;
	watch->serial_after = serial;
	for (size_t i = 0; i < watch->server_count; i++)
		watch->servers[i].done = false;
}

static void on_server(struct watch *watch, struct watched_server *server, const struct question *q)
{
	const struct network_server *facts = &watch->facts->net.servers[server->index];
	struct observation seen = { 0 };
	bool answered = probe_read_soa(q, watch->facts->zone, &seen);

	if (!answered) {
		if (server->answered)
			tell(watch, facts->name, -1, "%s", seen.trouble);
		server->answered = false;
		return;
	}
	bool moved = !server->answered || seen.serial != server->serial;
	server->answered = true;
	server->serial = seen.serial;
	if (serial_is_newer(seen.serial, watch->begun ? watch->serial_after : watch->serial_before))
		begin_change(watch, seen.serial);
	server->done = watch->begun && seen.serial == watch->serial_after;
	if (moved)
		tell(watch, facts->name, watch->begun ? curve_value(&watch->estimate.server_curve, elapsed(watch)) : -1, "serial %u", seen.serial);
}

static int ask_servers(struct watch *watch)
{
	struct question *questions = calloc(watch->server_count + 1, sizeof(*questions));
	int status = questions ? ZT_OK : ZT_ENOMEM;

	for (size_t i = 0; i < watch->server_count && status == ZT_OK; i++)
		questions[i] = (struct question){ .to = watch->facts->observations[watch->servers[i].index].address, .name = watch->facts->zone,
			.type = TYPE_SOA };
	if (status == ZT_OK)
		status = ask_all(&watch->asker, questions, watch->server_count);
	for (size_t i = 0; i < watch->server_count && status == ZT_OK; i++)
		on_server(watch, &watch->servers[i], &questions[i]);
	if (questions)
		ask_free(questions, watch->server_count);
	free(questions);
	return status;
}

/* What the caches should come to hold: the set as a server with the newest serial gives it. */
static int ask_contents(struct watch *watch)
{
	struct question q = { .name = watch->options->name, .type = watch->options->type };
	uint32_t ttl;

	for (size_t i = 0; i < watch->server_count; i++)
		if (watch->servers[i].done && !netaddr_is_set(&q.to))
			q.to = watch->facts->observations[watch->servers[i].index].address;
	if (!netaddr_is_set(&q.to))
		return ZT_OK;
	int status = ask_all(&watch->asker, &q, 1);
	if (status == ZT_OK && q.status == ZT_OK) {
		digest(&q, &watch->contents, &ttl);
		watch->has_contents = true;
	}
	ask_free(&q, 1);
	return status;
}

static void on_cache(struct watch *watch, struct watched_cache *cache, const struct question *q)
{
	char text[NETADDR_TEXT_SIZE];
	const char *who = netaddr_to_text(&cache->address, text);
	uint64_t contents = 0;
	uint32_t ttl = 0;
	enum cache_state state = CACHE_EMPTY;
	bool refused = q->status == ZT_OK && (message_rcode(&q->message) == RCODE_REFUSED || message_rcode(&q->message) == RCODE_SERVFAIL);

	if (q->status != ZT_OK || refused) {
		if (!cache->told_silent)
			tell(watch, who, -1, "does not answer questions without RD; it is not followed");
		cache->told_silent = true;
		cache->state = CACHE_SILENT;
		return;
	}
	if (digest(q, &contents, &ttl) || message_rcode(&q->message) == RCODE_NXDOMAIN)
		state = watch->begun && watch->has_contents && contents == watch->contents ? CACHE_NEW : CACHE_OLD;
	if (state == cache->state && contents == cache->contents)
		return;
	cache->state = state;
	cache->contents = contents;
	double predicted = watch->begun ? curve_value(&watch->estimate.last_curve, elapsed(watch)) : -1;
	if (state == CACHE_EMPTY)
		tell(watch, who, predicted, "holds nothing");
	else
		tell(watch, who, predicted, "holds the %s data, %u s left", state == CACHE_NEW ? "new" : watch->begun ? "old" : "present", ttl);
}

static int ask_caches(struct watch *watch)
{
	struct question *questions = calloc(watch->cache_count + 1, sizeof(*questions));
	int status = questions ? ZT_OK : ZT_ENOMEM;

	for (size_t i = 0; i < watch->cache_count && status == ZT_OK; i++)
		questions[i] = (struct question){ .to = watch->caches[i].address, .name = watch->options->name, .type = watch->options->type };
	if (status == ZT_OK)
		status = ask_all(&watch->asker, questions, watch->cache_count);
	for (size_t i = 0; i < watch->cache_count && status == ZT_OK; i++)
		on_cache(watch, &watch->caches[i], &questions[i]);
	if (questions)
		ask_free(questions, watch->cache_count);
	free(questions);
	return status;
}

static bool servers_done(const struct watch *watch)
{
	for (size_t i = 0; i < watch->server_count; i++)
		if (!watch->servers[i].done)
			return false;
	return watch->begun;
}

/* A cache that holds nothing has nothing to unlearn; one that can't be looked into is no reason to wait. */
static bool caches_done(const struct watch *watch)
{
	for (size_t i = 0; i < watch->cache_count; i++)
		if (watch->caches[i].state == CACHE_OLD || watch->caches[i].state == CACHE_UNKNOWN)
			return false;
	return true;
}

static double bound_of(const struct watch *watch, enum until until)
{
	return until == UNTIL_SERVERS ? watch->estimate.authoritative.bound : watch->estimate.last_stale.bound;
}

static bool converged(const struct watch *watch, enum until until)
{
	bool done = servers_done(watch) && (until == UNTIL_SERVERS || caches_done(watch));
	return done && (until != UNTIL_BOUND || elapsed(watch) >= bound_of(watch, until));
}

static int loop(struct watch *watch, enum until until, enum exit_code *code)
{
	usec_t start = clock_now(watch->clock);
	int status = ZT_OK;

	while (status == ZT_OK) {
		usec_t round = clock_now(watch->clock);
		status = ask_servers(watch);
		if (status == ZT_OK && watch->begun)
			status = ask_contents(watch);
		if (status == ZT_OK)
			status = ask_caches(watch);
		if (status != ZT_OK)
			return status;
		double t = elapsed(watch);
		if (converged(watch, until)) {
			bool inside = until == UNTIL_BOUND || t <= bound_of(watch, until);
			tell(watch, "all", -1, "converged %s the bound of %.1f s", inside ? "inside" : "outside", bound_of(watch, until));
			*code = inside ? EXIT_OK : EXIT_FAILED;
			return ZT_OK;
		}
		if ((double)(clock_now(watch->clock) - start) / (double)USEC_PER_SEC >= watch->options->timeout_s) {
			tell(watch, "all", -1, watch->begun ? "not converged; the time is up" : "no change seen; the time is up");
			*code = EXIT_TIMEOUT;
			return ZT_OK;
		}
		usec_t left = round + (usec_t)watch->options->interval_ms * USEC_PER_MSEC - clock_now(watch->clock);
		if (left > 0)
			poll(NULL, 0, (int)(left / USEC_PER_MSEC) + 1);
	}
	return status;
}

static int prepare(struct watch *watch)
{
	const struct facts *facts = watch->facts;
	uint32_t oldest = 0, newest = 0;

	watch->servers = calloc(facts->observation_count + 1, sizeof(*watch->servers));
	watch->caches = calloc(watch->options->resolver_count + 1, sizeof(*watch->caches));
	if (!watch->servers || !watch->caches)
		return ZT_ENOMEM;
	for (size_t i = 0; i < facts->observation_count; i++) {
		const struct observation *o = &facts->observations[i];
		if (!netaddr_is_set(&o->address))
			continue;
		watch->servers[watch->server_count++] = (struct watched_server){ .index = i };
		if (!o->answered)
			continue;
		oldest = newest == 0 || serial_is_newer(oldest, o->serial) ? o->serial : oldest;
		newest = newest == 0 || serial_is_newer(o->serial, newest) ? o->serial : newest;
	}
	for (; watch->cache_count < watch->options->resolver_count; watch->cache_count++)
		watch->caches[watch->cache_count].address = watch->options->resolvers[watch->cache_count];
	watch->begin = clock_now(watch->clock);
	watch->serial_before = oldest;
	return ZT_OK;
}

static void tell_prediction(const struct watch *watch)
{
	const struct estimate *e = &watch->estimate;

	tell(watch, "prediction", -1, "servers: half by %.2f s, 99 %% by %.2f s, all by %.0f s", e->authoritative.at[0], e->authoritative.at[2],
	     e->authoritative.bound);
	tell(watch, "prediction", -1, "caches: half by %.2f s, 99 %% by %.2f s, all by %.0f s", e->last_stale.at[0], e->last_stale.at[2],
	     e->last_stale.bound);
}

enum exit_code cli_watch(const struct options *options, const struct clock *clock)
{
	struct facts facts;
	struct watch watch = { .options = options, .clock = clock, .facts = &facts };
	enum until until = options->until != UNTIL_DEFAULT ? options->until : options->resolver_count > 0 ? UNTIL_ALL : UNTIL_SERVERS;

	asker_init(&watch.asker, clock, 1000, 2);
	facts_init(&facts);
	enum exit_code code = cli_gather(&facts, options, &watch.asker);
	if (code == EXIT_OK)
		code = cli_run(&watch.estimate, &facts, options);
	if (code == EXIT_OK) {
		int status = prepare(&watch);
		if (status == ZT_OK && watch.server_count == 0) {
			fprintf(stderr, "propest: %s lists no server with an address; there is nothing to watch\n", options->topology);
			code = EXIT_USAGE;
		} else if (status == ZT_OK) {
			tell_prediction(&watch);
			status = loop(&watch, until, &code);
		}
		if (status != ZT_OK) {
			fprintf(stderr, "propest: watching failed: %s\n", status_text(status));
			code = EXIT_FAILED;
		}
	}
	free(watch.servers);
	free(watch.caches);
	estimate_fini(&watch.estimate);
	facts_fini(&facts);
	return code;
}
