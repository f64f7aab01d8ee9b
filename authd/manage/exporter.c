/* Prometheus metrics. Per-zone series stop at a number of zones, so that very many small zones do not flood a scrape. */
#include "authd/manage/exporter.h"

#include <stdlib.h>

#include "authd/manage/peers.h"
#include "authd/manage/outbound.h"
#include "authd/manage/primary.h"
#include "authd/manage/reach.h"
#include "authd/manage/taps.h"
#include "authd/serve/workers.h"
#include "lib/ctl/metrics.h"
#include "lib/dns/rcode.h"

enum { ZONE_SERIES_MAX = 1000 };

struct exporter {
	struct manage *manage;
	struct metrics_server *server;
};

static void fill_queries(struct buf *out, struct serve_counters *counters)
{
	struct metrics_label label[] = { { "transport", "udp" }, { NULL, NULL } };

	metrics_family(out, "authd_queries_total", METRICS_COUNTER, "Requests received.");
	metrics_sample(out, "authd_queries_total", label, (double)counter_get(&counters->queries_udp));
	label[0].value = "tcp";
	metrics_sample(out, "authd_queries_total", label, (double)counter_get(&counters->queries_tcp));
	label[0].value = "tls";
	metrics_sample(out, "authd_queries_total", label, (double)counter_get(&counters->queries_tls));

	metrics_family(out, "authd_replies_total", METRICS_COUNTER, "Replies sent, by response code.");
	label[0].name = "rcode";
	for (unsigned rcode = 0; rcode < COUNTED_RCODES; rcode++) {
		label[0].value = rcode_to_text(rcode);
		if (rcode <= RCODE_REFUSED || counter_get(&counters->replies[rcode]) > 0)
			metrics_sample(out, "authd_replies_total", label, (double)counter_get(&counters->replies[rcode]));
	}
}

static void fill_cookies(struct buf *out, struct serve_counters *counters)
{
	struct {
		const char *kind;
		_Atomic uint64_t *counter;
	} rows[] = { { "client", &counters->cookies_client }, { "bad", &counters->cookies_bad }, { "good", &counters->cookies_good } };
	struct metrics_label label[] = { { "cookie", NULL }, { NULL, NULL } };

	metrics_family(out, "authd_cookies_total", METRICS_COUNTER, "Replies to queries with a DNS cookie, by what it was worth.");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		label[0].value = rows[i].kind;
		metrics_sample(out, "authd_cookies_total", label, (double)counter_get(rows[i].counter));
	}
}

static void fill_extended_errors(struct buf *out, struct serve_counters *counters)
{
	char code[12];
	struct metrics_label label[] = { { "code", code }, { NULL, NULL } };

	metrics_family(out, "authd_extended_errors_total", METRICS_COUNTER, "Replies with an extended error, by its code (RFC 8914).");
	for (unsigned i = 0; i < COUNTED_ERRORS; i++) {
		snprintf(code, sizeof(code), "%u", i);
		if (counter_get(&counters->extended_errors[i]) > 0)
			metrics_sample(out, "authd_extended_errors_total", label, (double)counter_get(&counters->extended_errors[i]));
	}
}

struct plain_counter {
	const char *name;
	const char *help;
	size_t offset;
};

static const struct plain_counter plain_counters[] = {
	{ "authd_truncated_total", "Replies with the TC bit.", offsetof(struct serve_counters, truncated) },
	{ "authd_dropped_total", "Requests not answered on purpose.", offsetof(struct serve_counters, dropped) },
	{ "authd_send_failed_total", "Replies the kernel did not take.", offsetof(struct serve_counters, send_failed) },
	{ "authd_notifies_total", "NOTIFY messages received.", offsetof(struct serve_counters, notifies) },
	{ "authd_updates_total", "UPDATE messages received.", offsetof(struct serve_counters, updates) },
	{ "authd_tsig_good_total", "Requests signed with a key that is known, rightly.", offsetof(struct serve_counters, tsig_good) },
	{ "authd_tsig_badkey_total", "Requests signed with a key that is not known.", offsetof(struct serve_counters, tsig_badkey) },
	{ "authd_tsig_badsig_total", "Requests signed with another secret, or changed on their way.", offsetof(struct serve_counters, tsig_badsig) },
	{ "authd_tsig_badtime_total", "Requests signed too long ago, or in the future.", offsetof(struct serve_counters, tsig_badtime) },
	{ "authd_tsig_badtrunc_total", "Requests whose signature was cut shorter than their key allows.", offsetof(struct serve_counters, tsig_badtrunc) },
	{ "authd_tsig_malformed_total", "Requests with a TSIG record that is none.", offsetof(struct serve_counters, tsig_malformed) },
	{ "authd_transfers_total", "AXFR and IXFR requests received.", offsetof(struct serve_counters, transfers) },
	{ "authd_transfers_whole_total", "Transfers completed that carried the whole zone.", offsetof(struct serve_counters, transfers_whole) },
	{ "authd_transfers_difference_total", "Transfers completed that carried differences.", offsetof(struct serve_counters, transfers_difference) },
	{ "authd_transfers_soa_total", "IXFR requests answered by the SOA alone.", offsetof(struct serve_counters, transfers_soa) },
	{ "authd_transfers_foreign_total", "IXFR requests of peers whose version was never one of ours.", offsetof(struct serve_counters, transfers_foreign) },
	{ "authd_transfers_refused_total", "Transfers refused by allow-transfer.", offsetof(struct serve_counters, transfers_refused) },
	{ "authd_transfers_refused_plain_total", "Transfers refused because the zone's go over TLS only.", offsetof(struct serve_counters, transfers_refused_plain) },
	{ "authd_tls_failed_total", "Connections of clients that did not come to speak TLS.", offsetof(struct serve_counters, tls_failed) },
	{ "authd_transfers_limited_total", "Transfers refused because too many were open.", offsetof(struct serve_counters, transfers_limited) },
	{ "authd_transfers_aborted_total", "Transfers that did not come to their end.", offsetof(struct serve_counters, transfers_aborted) },
	{ "authd_transfer_bytes_total", "Bytes of transfers sent.", offsetof(struct serve_counters, transfer_bytes) },
	{ "authd_repairs_total", "Reconciliations that clients began.", offsetof(struct serve_counters, repairs) },
	{ "authd_repairs_aborted_total", "Connections closed in the middle of a reconciliation's answer.", offsetof(struct serve_counters, repairs_aborted) },
	{ "authd_repair_bytes_total", "Bytes of reconciliations sent.", offsetof(struct serve_counters, repair_bytes) },
	{ "authd_connections_total", "TCP connections accepted.", offsetof(struct serve_counters, connections.accepted) },
	{ "authd_connections_refused_total", "TCP connections of clients that had enough.", offsetof(struct serve_counters, connections.refused) },
	{ "authd_connections_shed_total", "Idle TCP connections closed to make room.", offsetof(struct serve_counters, connections.shed) },
	{ "authd_edns_total", "Replies with OPT.", offsetof(struct serve_counters, edns) },
	{ "authd_rate_limit_dropped_total", "Answers not sent because of rate-limit.", offsetof(struct serve_counters, limit_dropped) },
	{ "authd_rate_limit_slipped_total", "Answers sent as truncated because of rate-limit.", offsetof(struct serve_counters, limit_slipped) },
};

static void fill_zones(struct buf *out, const struct manage *manage)
{
	struct zone_entry *entry;
	unsigned series = 0;

	metrics_family(out, "authd_zones", METRICS_GAUGE, "Zones configured.");
	metrics_sample(out, "authd_zones", NULL, manage->registry.count);
	metrics_family(out, "authd_zone_serial", METRICS_GAUGE, "SOA serial served, for the first 1000 zones.");
	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		struct metrics_label label[] = { { "zone", entry->name }, { NULL, NULL } };
		if (series++ == ZONE_SERIES_MAX)
			break;
		metrics_sample(out, "authd_zone_serial", label, zone_version_serial(zone_current(entry->zone)));
	}
	metrics_family(out, "authd_zone_peers_behind", METRICS_GAUGE, "Notified servers not known to hold the serial, for the first 1000 zones.");
	series = 0;
	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		struct metrics_label label[] = { { "zone", entry->name }, { NULL, NULL } };
		uint32_t reached = 0, peers = 0;
		if (series++ == ZONE_SERIES_MAX)
			break;
		if (entry->primary)
			primary_count_at(entry, zone_version_serial(zone_current(entry->zone)), &reached, &peers);
		if (peers > 0)
			metrics_sample(out, "authd_zone_peers_behind", label, peers - reached);
	}
}

/* What secondaries tried, and what they found their primaries to be. */
static void fill_ladder(struct buf *out, const struct ladder_counters *counters)
{
	const struct { const char *event; uint64_t count; } events[] = {
		{ "adopted", counters->adopted }, { "behind", counters->behind }, { "disagreed", counters->disagreed }, { "diverged", counters->diverged },
		{ "expired", counters->expired }, { "repair_mismatch", counters->mismatches },
	};
	struct metrics_label steps[] = { { "kind", NULL }, { "result", NULL }, { NULL, NULL } }, event[] = { { "event", NULL }, { NULL, NULL } };

	metrics_family(out, "authd_refresh_steps_total", METRICS_COUNTER, "What secondaries asked their primaries for, and what came of it.");
	for (unsigned kind = 0; kind < LADDER_KINDS; kind++) {
		for (unsigned result = 0; result < LADDER_RESULTS; result++) {
			steps[0].value = ladder_kind_text(kind);
			steps[1].value = ladder_result_text(result);
			if (counters->steps[kind][result] > 0)
				metrics_sample(out, "authd_refresh_steps_total", steps, (double)counters->steps[kind][result]);
		}
	}
	metrics_family(out, "authd_refresh_events_total", METRICS_COUNTER, "What secondaries found that an operator should know.");
	for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		event[0].value = events[i].event;
		metrics_sample(out, "authd_refresh_events_total", event, (double)events[i].count);
	}
}

static void fill_outbound(struct buf *out, const struct manage *manage)
{
	struct outbound_stats stats;

	outbound_stats(manage->outbound, &stats);
	metrics_family(out, "authd_outbound_tls_total", METRICS_COUNTER, "TLS connections to other servers, by how they began.");
	metrics_sample(out, "authd_outbound_tls_total", (struct metrics_label[]){ { "handshake", "full" }, { NULL, NULL } },
		       (double)(stats.tls_connections - stats.tls_resumed));
	metrics_sample(out, "authd_outbound_tls_total", (struct metrics_label[]){ { "handshake", "resumed" }, { NULL, NULL } }, (double)stats.tls_resumed);
	metrics_sample(out, "authd_outbound_tls_total", (struct metrics_label[]){ { "handshake", "failed" }, { NULL, NULL } }, (double)stats.tls_failed);
	metrics_family(out, "authd_soa_queries_total", METRICS_COUNTER, "SOA queries of secondary zones, sent.");
	metrics_sample(out, "authd_soa_queries_total", NULL, (double)stats.soa_queries);
	metrics_family(out, "authd_servers_down", METRICS_GAUGE, "Servers that do not answer, of those that are asked or notified over TLS.");
	metrics_sample(out, "authd_servers_down", NULL, stats.servers_down);
}

static void fill(struct buf *out, void *ctx)
{
	struct exporter *exporter = ctx;
	struct serve_counters counters;

	workers_counters(exporter->manage->workers, &counters);
	fill_queries(out, &counters);
	fill_cookies(out, &counters);
	fill_extended_errors(out, &counters);
	fill_ladder(out, &exporter->manage->ladder_counters);
	for (size_t i = 0; i < sizeof(plain_counters) / sizeof(plain_counters[0]); i++) {
		_Atomic uint64_t *counter = (_Atomic uint64_t *)(void *)((char *)&counters + plain_counters[i].offset);
		metrics_family(out, plain_counters[i].name, METRICS_COUNTER, plain_counters[i].help);
		metrics_sample(out, plain_counters[i].name, NULL, (double)counter_get(counter));
	}
	taps_fill(out, exporter->manage);
	fill_outbound(out, exporter->manage);
	fill_zones(out, exporter->manage);
	peers_fill(out, exporter->manage);
	reach_fill(out, exporter->manage);
}

int exporter_open(struct exporter **out, struct manage *manage)
{
	const struct authd_options *options = manage->options;
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
		log_error(manage->log, "metrics: cannot listen on %s: %s%s", netaddr_to_text(&options->metrics, text), status_text(status),
			  listener_hint(status));
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
