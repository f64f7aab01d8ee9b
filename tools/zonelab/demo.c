/* A change, from the prediction to the last cache. */
#include "tools/zonelab/demo.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/dns/present.h"
#include "lib/dns/rcode.h"
#include "tools/zonelab/predict.h"
#include "tools/zonelab/probe.h"
#include "tools/zonelab/update.h"
#include "tools/zonelab/watch.h"

enum {
	ANSWER_WAIT_MS = 3000,
	PATIENCE_S = 40,      /* past the bound the demo has failed anyway; this only limits how long it says so */
};

struct demo {
	const struct lab *lab;
	const struct topology_demo *what;
	uint8_t rdata[512];
	uint16_t rdata_len;
	uint32_t ttl;                      /* of the record that is replaced */
	uint32_t serial;                   /* after the change */
	struct prediction prediction;
	struct update_result update;
};

static struct probe question(const struct topology_node *node, const uint8_t *name, uint16_t type)
{
	return (struct probe){ .to = &node->address, .name = name, .type = type, .recurse = node->kind == NODE_RESOLVERD };
}

/* The new record, from the topology's text. */
static int rdata_prepare(struct demo *demo)
{
	struct wcursor out = wcursor_over(demo->rdata, sizeof(demo->rdata));
	struct text_error error;
	int status = rdata_from_text(demo->what->type, demo->what->rdata, demo->what->zone->apex, &out, &error);

	if (status != ZT_OK)
		fprintf(stderr, "zonelab: demo: rdata: %s\n", error.text);
	demo->rdata_len = (uint16_t)out.pos;
	return status;
}

/* Every resolver asks for the record, so that there is something old to wait for. */
static int caches_fill(struct demo *demo)
{
	const struct topology *topology = &demo->lab->topology;

	printf("\nFilling the caches: every resolver is asked for %s\n", demo->what->name_text);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		char text[200];
		if (topology->nodes[i].kind != NODE_RESOLVERD)
			continue;
		struct probe probe = question(&topology->nodes[i], demo->what->name, demo->what->type);
		int status = probe_all(&probe, 1, ANSWER_WAIT_MS * USEC_PER_MSEC);
		if (status != ZT_OK || !probe.answered || probe.count == 0) {
			fprintf(stderr, "zonelab: demo: %s says %s\n", topology->nodes[i].name, probe_to_text(&probe, text, sizeof(text)));
			return status != ZT_OK ? status : ZT_ETIMEOUT;
		}
		demo->ttl = probe.ttl > demo->ttl ? probe.ttl : demo->ttl;
		printf("  %-18s %s (TTL %u)\n", topology->nodes[i].name, probe_to_text(&probe, text, sizeof(text)), probe.ttl);
	}
	return ZT_OK;
}

static void row_print(const char *what, const struct prediction_row *row)
{
	printf("  %-36s %8.3f %8.3f %8.3f %8.3f\n", what, row->p50, row->p90, row->p99, row->bound);
}

static int prediction_make(struct demo *demo)
{
	int status = predict_change(demo->lab, demo->what->zone, demo->what->name_text, demo->what->type, &demo->prediction);

	if (status != ZT_OK)
		return status;
	printf("\n  %-36s %8s %8s %8s %8s\n", "Prediction, seconds after the change", "p50", "p90", "p99", "bound");
	row_print("every server has it", &demo->prediction.servers);
	row_print("a cache first has it", &demo->prediction.first_fresh);
	row_print("a cache last has the old data", &demo->prediction.last_stale);
	printf("  nobody sees the old data after %.3f s\n", demo->prediction.bound);
	return ZT_OK;
}

/* Replaces the record at the primary. */
static int change_apply(struct demo *demo)
{
	const struct topology_zone *zone = demo->what->zone;
	struct probe before = question(zone->primary, zone->apex, TYPE_SOA);
	struct probe after = before;
	struct update_change change = {
		.name = demo->what->name, .type = demo->what->type, .delete_rrset = true, .add = true, .ttl = demo->ttl,
		.rdata = demo->rdata, .rdata_len = demo->rdata_len,
	};
	int status = probe_all(&before, 1, ANSWER_WAIT_MS * USEC_PER_MSEC);

	if (status == ZT_OK)
		status = update_send(zone, &change, &demo->update);
	if (status == ZT_OK && demo->update.rcode != RCODE_NOERROR) {
		fprintf(stderr, "zonelab: demo: %s answered the UPDATE with %s\n", zone->primary->name, rcode_to_text(demo->update.rcode));
		return ZT_EREFUSED;
	}
	if (status == ZT_OK)
		status = probe_all(&after, 1, ANSWER_WAIT_MS * USEC_PER_MSEC);
	if (status != ZT_OK)
		return status;
	demo->serial = after.serial;
	printf("\nUPDATE at %s: %s is now %s; acknowledged as durable after %.3f ms; serial %u -> %u\n\n", zone->primary->name,
	       demo->what->name_text, demo->what->rdata, (double)(demo->update.acknowledged - demo->update.sent) / USEC_PER_MSEC, before.serial,
	       after.serial);
	return ZT_OK;
}

static void measured_print(const char *what, usec_t at, double predicted, const char *quantile)
{
	if (at < 0)
		printf("  %-34s not seen; predicted %.3f s (%s)\n", what, predicted, quantile);
	else
		printf("  %-34s %8.3f s   predicted %.3f s (%s)\n", what, (double)at / USEC_PER_SEC, predicted, quantile);
}

/* Prints measured against predicted; whether all is within the bound. */
static bool verdict(const struct demo *demo, const struct watch_result *result)
{
	const struct prediction *prediction = &demo->prediction;
	bool within = result->servers_done >= 0 && result->caches_done >= 0 &&
		      (double)result->servers_done / USEC_PER_SEC <= prediction->servers.bound &&
		      (double)result->caches_done / USEC_PER_SEC <= prediction->bound;

	puts("\nMeasured against predicted");
	measured_print("every server has it", result->servers_done, prediction->servers.p99, "p99");
	measured_print("the first cache has it", result->first_fresh, prediction->first_fresh.p50, "p50");
	measured_print("every cache has it", result->caches_done, prediction->last_stale.p99, "p99");
	measured_print("... and at the latest", result->caches_done, prediction->bound, "bound");
	if (within)
		printf("\nEverything converged within the bound of %.3f s.\n", prediction->bound);
	else
		printf("\nNOT converged within the bound of %.3f s: %u of %u servers and %u of %u caches are current.\n", prediction->bound,
		       result->servers_current, result->servers, result->caches_current, result->caches);
	return within;
}

int demo_run(const struct lab *lab)
{
	struct demo demo = { .lab = lab, .what = &lab->topology.demo };
	int status;

	if (!lab->topology.has_demo) {
		fprintf(stderr, "zonelab: %s has no demo section; expected demo: {zone: …, name: …, rdata: …}\n", lab->topology_path);
		return ZT_EINVAL;
	}
	if ((status = rdata_prepare(&demo)) != ZT_OK || (status = caches_fill(&demo)) != ZT_OK || (status = prediction_make(&demo)) != ZT_OK ||
	    (status = change_apply(&demo)) != ZT_OK)
		return status;
	usec_t patience = (usec_t)(demo.prediction.bound * USEC_PER_SEC);
	if (patience > PATIENCE_S * USEC_PER_SEC)
		patience = PATIENCE_S * USEC_PER_SEC;
	struct watch_options options = {
		.zone = demo.what->zone, .name = demo.what->name, .type = demo.what->type, .until_converged = true, .serial = demo.serial,
		.rdata = demo.rdata, .rdata_len = demo.rdata_len, .origin = demo.update.acknowledged,
		.deadline = demo.update.acknowledged + patience,
	};
	struct watch_result result;
	status = watch_run(lab, &options, &result);
	if (status != ZT_OK && status != ZT_ETIMEOUT)
		return status;
	return verdict(&demo, &result) ? ZT_OK : ZT_ETIMEOUT;
}
