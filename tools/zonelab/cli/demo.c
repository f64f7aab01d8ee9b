/* A change, from the prediction to the last cache. */
#include "tools/zonelab/cli/demo.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/fingerprint.h"
#include "lib/dns/present.h"
#include "lib/dns/rcode.h"
#include "tools/zonelab/cli/confirm.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/cli/predict.h"
#include "tools/zonelab/lab/probe.h"
#include "tools/zonelab/files/change.h"
#include "tools/zonelab/cli/watch.h"

enum {
	ANSWER_WAIT_MS = 3000,
	PATIENCE_S = 50,      /* past the bound the demo has failed anyway; this only limits how long it says so */
};

/* A round of questions takes its time; without secondaries the servers' bound is no time at all. */
#define LOOK_S 0.1

/* All seconds that are shown are the lab's. */
static int speed_of(const struct lab *lab)
{
	return lab->clock.clock.speed;
}

struct demo {
	const struct lab *lab;
	const struct topology_demo *what;
	uint8_t rdata[TOPOLOGY_RDATA_SIZE];
	uint16_t rdata_len;
	uint32_t ttl;                      /* of the record that is replaced */
	uint32_t serial;                   /* after the change */
	struct prediction prediction;
	struct update_result update;
	int confirm;                       /* of `zonectl wait`; -1: not asked */
};

static struct probe question(const struct topology_node *node, const uint8_t *name, uint16_t type)
{
	return (struct probe){ .node = node, .name = name, .type = type, .recurse = topology_is_resolver(node) };
}

/* The new record, from the topology's text. */
static int rdata_prepare(struct demo *demo)
{
	struct wcursor out = wcursor_over(demo->rdata, sizeof(demo->rdata));
	struct text_error error;
	int status = rdata_from_text(demo->what->type, demo->what->rdata, demo->what->zone->apex, &out, &error);

	if (status != ZT_OK)      /* the topology's reader has checked it */
		fprintf(stderr, "zonelab: demo: rdata: %s\n", error.text);
	demo->rdata_len = (uint16_t)out.pos;
	return status;
}

/* Every resolver asks for the record, so that there is something old to wait for. */
static int caches_fill(struct demo *demo)
{
	const struct topology *topology = &demo->lab->topology;

	printf("\n1. Every resolver is asked for %s, so that its cache holds the old record.\n", demo->what->name_text);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		char text[200];
		if (!topology_is_resolver(&topology->nodes[i]))
			continue;
		struct probe probe = question(&topology->nodes[i], demo->what->name, demo->what->type);
		int status = probe_all(demo->lab, &probe, 1, ANSWER_WAIT_MS * USEC_PER_MSEC);
		if (status != ZT_OK || !probe.answered || probe.count == 0) {
			fprintf(stderr, "zonelab: demo: resolver %s says %s to %s; expected a record that the demo can replace\n", topology->nodes[i].name,
				probe_to_text(&probe, text, sizeof(text)), demo->what->name_text);
			return status != ZT_OK ? status : ZT_ETIMEOUT;
		}
		demo->ttl = probe.ttl > demo->ttl ? probe.ttl : demo->ttl;
		printf("  %-18s %s (TTL %u)\n", topology->nodes[i].name, probe_to_text(&probe, text, sizeof(text)), probe.ttl);
	}
	return ZT_OK;
}

static void row_print(const char *what, const struct prediction_row *row)
{
	printf("  %-32s %9.3f %9.3f %9.3f %9.3f\n", what, row->p50, row->p90, row->p99, row->bound);
}

static int prediction_make(struct demo *demo)
{
	int status = predict_change(demo->lab, demo->what->zone, demo->what->name_text, demo->what->type, &demo->prediction);

	if (status != ZT_OK)
		return status;
	printf("\n2. What propest predicts, in seconds after the change.\n  %-32s %9s %9s %9s %9s\n", "", "p50", "p90", "p99", "bound");
	row_print("every server has it", &demo->prediction.servers);
	row_print("a cache first has it", &demo->prediction.first_fresh);
	row_print("a cache last has the old one", &demo->prediction.last_stale);
	printf("  Nobody is given the old record later than %.3f s after the change, whatever gets lost.\n", demo->prediction.bound);
	return ZT_OK;
}

/* Of the lab's time, which real patience makes more of. */
static double patience_s(const struct demo *demo)
{
	const double most = PATIENCE_S * speed_of(demo->lab);
	return demo->prediction.bound < most ? demo->prediction.bound : most;
}

/* Replaces the record at the primary. */
static int record_replace(struct demo *demo)
{
	const struct topology_zone *zone = demo->what->zone;
	struct probe before = question(zone->primary, zone->apex, TYPE_SOA);
	struct probe after = before;
	struct update_change change = {
		.name = demo->what->name, .type = demo->what->type, .delete_rrset = true, .add = true, .ttl = demo->ttl,
		.rdata = demo->rdata, .rdata_len = demo->rdata_len,
		.has_level = true, .level = { LEVEL_LOCAL, 0 },
	};
	int status = probe_all(demo->lab, &before, 1, ANSWER_WAIT_MS * USEC_PER_MSEC);

	if (status == ZT_OK)
		status = change_apply(demo->lab, zone, &change, &demo->update);
	if (status == ZT_OK && demo->update.rcode != RCODE_NOERROR) {
		fprintf(stderr, "zonelab: demo: %s answered the UPDATE with %s\n", zone->primary->name, rcode_to_text(demo->update.rcode));
		return ZT_EREFUSED;
	}
	if (status == ZT_OK)
		status = probe_all(demo->lab, &after, 1, ANSWER_WAIT_MS * USEC_PER_MSEC);
	if (status != ZT_OK)
		return status;
	demo->serial = after.serial;
	printf("\n3. An UPDATE at %s makes %s %s. It is on disk and acknowledged after %.3f ms; serial %u -> %u.\n", zone->primary->name,
	       demo->what->name_text, demo->what->rdata, (double)(demo->update.acknowledged - demo->update.sent) / USEC_PER_MSEC, before.serial,
	       after.serial);
	if (demo->update.has_receipt) {
		char fingerprint[33];
		fingerprint_to_text(demo->update.receipt.fingerprint, fingerprint);
		printf("   Its receipt: zone %s, serial %u, fingerprint %s.\n", zone->text, demo->update.receipt.serial, fingerprint);
	}
	demo->confirm = confirm_begin(demo->lab, zone, demo->serial, patience_s(demo));
	puts("   Who has what, as it changes:");
	return ZT_OK;
}

/* What the primary itself says: seen by evidence, not by our asking around. */
static void confirmed_print(struct demo *demo)
{
	json_t *result = demo->confirm >= 0 ? confirm_end(demo->confirm, ANSWER_WAIT_MS) : NULL, *peer;
	size_t i;

	demo->confirm = -1;
	if (!result)
		return;
	bool is_reached = json_is_true(json_object_get(result, "reached"));
	printf("\n   zonectl wait %s %u --at all, asked meanwhile: %s after %.3f s, confirmed by %lld of %lld secondaries.\n", demo->what->zone->text,
	       demo->serial, is_reached ? "reached" : "not reached", json_number_value(json_object_get(result, "waited_s")),
	       (long long)json_integer_value(json_object_get(result, "confirmed")), (long long)json_integer_value(json_object_get(result, "needed")));
	json_array_foreach(json_object_get(result, "lagging"), i, peer)
		printf("   %s lags: %s\n", json_string_value(json_object_get(peer, "peer")), json_string_value(json_object_get(peer, "reason")));
	json_decref(result);
}

static void measured_print(const char *what, usec_t at, const struct prediction_row *predicted)
{
	char measured[32] = "not seen";

	if (at >= 0)
		snprintf(measured, sizeof(measured), "%.3f", (double)at / USEC_PER_SEC);
	printf("  %-32s %9s %9.3f %9.3f %9.3f\n", what, measured, predicted->p50, predicted->p99, predicted->bound);
}

/* Prints measured against predicted; whether all is within the bound. */
static bool verdict(const struct demo *demo, const struct watch_result *result)
{
	const struct prediction *prediction = &demo->prediction;
	const int speed = speed_of(demo->lab);
	bool within = result->servers_done >= 0 && result->caches_done >= 0 &&
		      (double)result->servers_done / USEC_PER_SEC <= prediction->servers.bound + LOOK_S * speed &&
		      (double)result->caches_done / USEC_PER_SEC <= prediction->bound + LOOK_S * (speed - 1);

	printf("\n4. Measured, against the prediction.\n  %-32s %9s %9s %9s %9s\n", "", "measured", "p50", "p99", "bound");
	measured_print("every server has it", result->servers_done, &prediction->servers);
	measured_print("the first cache has it", result->first_fresh, &prediction->first_fresh);
	measured_print("the last cache has it", result->caches_done, &prediction->last_stale);
	if (within)
		printf("\nAll %u servers and %u caches have the change, within the bound of %.3f s.\n", result->servers, result->caches,
		       prediction->bound);
	else
		printf("\nNOT converged within the bound of %.3f s: %u of %u servers and %u of %u caches have the change.\n", prediction->bound,
		       result->servers_current, result->servers, result->caches_current, result->caches);
	return within;
}

/* Takes a step, unless the demo is to end. */
static int step(int (*take)(struct demo *demo), struct demo *demo)
{
	int status = interrupt_is_waiting() || ferror(stdout) ? ZT_ECLOSED : take(demo);

	fflush(stdout);
	return status;
}

int demo_run(const struct lab *lab)
{
	struct demo demo = { .lab = lab, .what = &lab->topology.demo, .confirm = -1 };
	int status;

	if (!lab->topology.has_demo) {
		fprintf(stderr, "zonelab: %s has no demo section; expected demo: {zone: …, name: …, rdata: …}\n", lab->topology_path);
		return ZT_EINVAL;
	}
	if ((status = step(rdata_prepare, &demo)) != ZT_OK || (status = step(caches_fill, &demo)) != ZT_OK ||
	    (status = step(prediction_make, &demo)) != ZT_OK || (status = step(record_replace, &demo)) != ZT_OK)
		return status;
	/* What a look takes in real time is much of a fast lab's. */
	usec_t patience = (usec_t)((patience_s(&demo) / speed_of(lab) + (speed_of(lab) > 1 ? LOOK_S : 0)) * USEC_PER_SEC);
	struct watch_options options = {
		.zone = demo.what->zone, .name = demo.what->name, .type = demo.what->type, .until_converged = true, .serial = demo.serial,
		.rdata = demo.rdata, .rdata_len = demo.rdata_len, .origin = demo.update.acknowledged,
		.deadline = demo.update.acknowledged + patience,
	};
	struct watch_result result;
	status = watch_run(lab, &options, &result);
	confirmed_print(&demo);
	if (interrupt_is_waiting() || (status != ZT_OK && status != ZT_ETIMEOUT))
		return status != ZT_OK ? status : ZT_ECLOSED;
	return verdict(&demo, &result) ? ZT_OK : ZT_ETIMEOUT;
}
