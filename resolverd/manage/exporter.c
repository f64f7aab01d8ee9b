/* Metrics: the counters of `zonectl stats` as Prometheus text. */
#include "resolverd/manage/exporter.h"

#include <stdlib.h>

#include "lib/ctl/metrics.h"
#include "lib/dns/rcode.h"

struct exporter {
	struct manage *manage;
	struct metrics_server *server;
};

struct plain {
	const char *name;
	const char *help;
	size_t offset;
};

#define ROW(name, field, help) { "resolverd_" name, help, offsetof(struct serve_counters, field) }

static const struct plain counters_table[] = {
	ROW("truncated_total", truncated, "Replies with the TC bit."),
	ROW("dropped_total", dropped, "Queries not answered on purpose."),
	ROW("send_failed_total", send_failed, "Replies the kernel did not take."),
	ROW("connections_total", connections.accepted, "TCP connections accepted."),
	ROW("joined_total", joined, "Queries joined to an equal one under way."),
	ROW("upstream_timeouts_total", upstream_timeouts, "Questions to servers that got no answer in time."),
	ROW("upstream_mismatches_total", upstream_mismatches, "Datagrams from servers that answered no question of ours."),
	ROW("upstream_lame_total", upstream_lame, "Answers from servers that do not serve the zone."),
	ROW("upstream_behind_total", upstream_behind, "Servers reported (read-repair) because they were behind others of their zone."),
	ROW("failed_total", failed, "Questions that ended in SERVFAIL."),
	ROW("limited_total", limited, "Of them, stopped by a limit of work."),
};

/* One family with one label that tells its samples apart. */
struct sample {
	const char *value;
	size_t offset;
};

struct labelled {
	const char *name;
	const char *help;
	const char *label;
	struct sample samples[3];
};

static const struct labelled labelled_table[] = {
	{ "resolverd_queries_total", "Queries received.", "transport",
	  { { "udp", offsetof(struct serve_counters, queries_udp) }, { "tcp", offsetof(struct serve_counters, queries_tcp) } } },
	{ "resolverd_cache_total", "Queries, by where the answer came from.", "result",
	  { { "ready", offsetof(struct serve_counters, hits_ready) }, { "looked_up", offsetof(struct serve_counters, hits_cache) },
	    { "missed", offsetof(struct serve_counters, misses) } } },
	{ "resolverd_upstream_total", "Questions sent to servers.", "transport",
	  { { "udp", offsetof(struct serve_counters, upstream_udp) }, { "tcp", offsetof(struct serve_counters, upstream_tcp) } } },
};

static double value_at(struct serve_counters *counters, size_t offset)
{
	return (double)counter_get((_Atomic uint64_t *)(void *)((char *)counters + offset));
}

static void fill_labelled(struct buf *out, struct serve_counters *counters)
{
	for (size_t f = 0; f < sizeof(labelled_table) / sizeof(labelled_table[0]); f++) {
		const struct labelled *family = &labelled_table[f];
		metrics_family(out, family->name, METRICS_COUNTER, family->help);
		for (size_t i = 0; i < sizeof(family->samples) / sizeof(family->samples[0]) && family->samples[i].value; i++) {
			struct metrics_label label[] = { { family->label, family->samples[i].value }, { NULL, NULL } };
			metrics_sample(out, family->name, label, value_at(counters, family->samples[i].offset));
		}
	}
	metrics_family(out, "resolverd_replies_total", METRICS_COUNTER, "Replies sent, by response code.");
	for (unsigned rcode = 0; rcode < COUNTED_RCODES; rcode++) {
		struct metrics_label label[] = { { "rcode", rcode_to_text(rcode) }, { NULL, NULL } };
		if (rcode <= RCODE_REFUSED || counter_get(&counters->replies[rcode]) > 0)
			metrics_sample(out, "resolverd_replies_total", label, (double)counter_get(&counters->replies[rcode]));
	}
}

static void fill_gauge(struct buf *out, const char *name, const char *help, double value)
{
	metrics_family(out, name, METRICS_GAUGE, help);
	metrics_sample(out, name, NULL, value);
}

static const char *const kinds[CACHE_KINDS] = { "rrset", "negative", "failure", "message", "server", "lame" };

static void fill_cache(struct buf *out, const struct manage *manage)
{
	struct cache_stats stats;

	cache_stats(manage->cache, &stats);
	fill_gauge(out, "resolverd_cache_bytes", "Memory the cache takes.", (double)stats.used);
	fill_gauge(out, "resolverd_cache_limit_bytes", "Most memory the cache may take.", (double)stats.budget);
	metrics_family(out, "resolverd_cache_entries", METRICS_GAUGE, "Entries of the cache, by kind.");
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++) {
		struct metrics_label label[] = { { "kind", kinds[kind] }, { NULL, NULL } };
		metrics_sample(out, "resolverd_cache_entries", label, (double)stats.entries[kind]);
	}
	metrics_family(out, "resolverd_cache_evicted_total", METRICS_COUNTER, "Entries dropped for space while they were still good.");
	metrics_sample(out, "resolverd_cache_evicted_total", NULL, (double)stats.evicted);
}

static void fill(struct buf *out, void *ctx)
{
	struct exporter *exporter = ctx;
	struct serve_counters counters;

	workers_counters(exporter->manage->workers, &counters);
	fill_labelled(out, &counters);
	for (size_t i = 0; i < sizeof(counters_table) / sizeof(counters_table[0]); i++) {
		metrics_family(out, counters_table[i].name, METRICS_COUNTER, counters_table[i].help);
		metrics_sample(out, counters_table[i].name, NULL, value_at(&counters, counters_table[i].offset));
	}
	fill_gauge(out, "resolverd_tasks", "Questions under way.", (double)counter_get(&counters.tasks));
	fill_cache(out, exporter->manage);
}

int exporter_open(struct exporter **out, struct manage *manage)
{
	const struct resolverd_options *options = manage->options;
	char text[NETADDR_TEXT_SIZE];

	*out = NULL;
	if (!options->has_metrics)
		return ZT_OK;
	struct exporter *exporter = calloc(1, sizeof(*exporter));
	if (!exporter)
		return ZT_ENOMEM;
	exporter->manage = manage;
	int status = metrics_open(&exporter->server, manage->loop->base, &options->metrics, fill, exporter);
	if (status != ZT_OK) {
		log_error(manage->log, "metrics: cannot listen on %s: %s", netaddr_to_text(&options->metrics, text), status_text(status));
		free(exporter);
		return status;
	}
	*out = exporter;
	return ZT_OK;
}

void exporter_close(struct exporter *exporter)
{
	if (!exporter)
		return;
	metrics_close(exporter->server);
	free(exporter);
}
