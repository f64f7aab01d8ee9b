/* A change, from the prediction to the last cache. */
#include "tools/zonelab/cli/demo.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/fingerprint.h"
#include "lib/dns/present.h"
#include "lib/dns/rcode.h"
#include "tools/zonelab/cli/ask.h"
#include "tools/zonelab/cli/confirm.h"
#include "tools/zonelab/cli/report.h"
#include "tools/zonelab/cli/watch.h"
#include "tools/zonelab/files/change.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/probe.h"

enum {
	ANSWER_WAIT_MS = 3000,
	REST_WAIT_S = 30,     /* for caches to be filled, and for the prediction that is made then, at the lowest priority */
	PATIENCE_S = 50,      /* past the bound the demo has failed anyway; this only limits how long it says so */
};

/* Servers are asked every 50 ms; without secondaries the servers' bound is no time at all. */
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
	uint32_t serial;                   /* after the change */
	struct follow follow;
	struct tally tally;
	json_t *prediction;
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

/* Waits until it is so, some seconds. */
static int wait_for(struct demo *demo, bool (*is_so)(struct demo *demo))
{
	const double deadline = follow_now(&demo->follow) + REST_WAIT_S;

	while (!is_so(demo)) {
		struct pollfd more = { .fd = follow_fd(&demo->follow), .events = POLLIN };
		if (interrupt_is_waiting())
			return ZT_ECLOSED;
		if (follow_now(&demo->follow) > deadline)
			return ZT_ETIMEOUT;
		poll(&more, 1, 50);
	}
	return ZT_OK;
}

static bool is_filled(const struct tally_cache *cache)
{
	return cache->is_known && !cache->trouble[0] && json_array_size(cache->value) > 0;
}

static bool caches_are_filled(struct demo *demo)
{
	watch_catch_up(&demo->follow, &demo->tally);
	for (uint32_t i = 0; i < demo->tally.cache_count; i++) {
		if (!is_filled(&demo->tally.caches[i]))
			return false;
	}
	return tally_caches_are_fresh(&demo->tally);
}

/* The observer's clients ask every resolver for the record, so there is something old to wait for. */
static int caches_fill(struct demo *demo)
{
	const struct tally *tally = &demo->tally;
	char text[200];

	printf("\n1. Clients ask every resolver for %s, so that its cache holds the old record.\n", demo->what->name_text);
	int status = wait_for(demo, caches_are_filled);
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		const struct tally_cache *cache = &tally->caches[i];
		const char *name = tally->topology->nodes[cache->node].name;
		tally_cache_to_text(cache, text, sizeof(text));
		if (is_filled(cache))
			printf("  %-*s  %s (TTL %.0f)\n", tally->name_width, name, text, cache->ttl);
		else if (!interrupt_is_waiting())
			fprintf(stderr, "zonelab: demo: resolver %s says %s to %s; expected a record that the demo can replace\n", name, text,
				demo->what->name_text);
	}
	return status;
}

static bool has_prediction(struct demo *demo)
{
	char error[CTL_ERROR_SIZE];
	json_t *state;

	if (ask_result(demo->lab, "state", NULL, &state, error) == ZT_OK)
		demo->prediction = json_incref(json_object_get(state, "prediction"));
	json_decref(state);
	return demo->prediction != NULL;
}

/* In the lab's seconds. */
static double predicted(const struct demo *demo, const char *what, const char *which)
{
	return tally_took(&demo->tally, 0, json_number_value(json_object_get(json_object_get(demo->prediction, what), which)));
}

static void row_print(const struct demo *demo, const char *what, const char *key)
{
	printf("  %-32s %9.3f %9.3f %9.3f %9.3f\n", what, predicted(demo, key, "p50"), predicted(demo, key, "p90"), predicted(demo, key, "p99"),
	       predicted(demo, key, "bound"));
}

static double bound_s(const struct demo *demo)
{
	return predicted(demo, "last_stale", "bound");
}

static int prediction_make(struct demo *demo)
{
	int status = wait_for(demo, has_prediction);

	if (status == ZT_ETIMEOUT)
		fprintf(stderr, "zonelab: demo: there is no prediction; %s/keeper.log says why\n", demo->lab->dir);
	if (status != ZT_OK)
		return status;
	printf("\n2. What propest predicts, in seconds after the change.\n  %-32s %9s %9s %9s %9s\n", "", "p50", "p90", "p99", "bound");
	row_print(demo, "every server has it", "servers");
	row_print(demo, "a cache first has it", "first_fresh");
	row_print(demo, "a cache last has the old one", "last_stale");
	printf("  Nobody is given the old record later than %.3f s after the change, whatever gets lost.\n", bound_s(demo));
	return ZT_OK;
}

/* Of the lab's time, which real patience makes more of. */
static double patience_s(const struct demo *demo)
{
	const double most = PATIENCE_S * speed_of(demo->lab);
	return bound_s(demo) < most ? bound_s(demo) : most;
}

/* Replaces the record at the primary. */
static int record_replace(struct demo *demo)
{
	const struct topology_zone *zone = demo->what->zone;
	struct probe before = question(zone->primary, zone->apex, TYPE_SOA);
	struct probe after = before;
	struct update_change change = {
		.name = demo->what->name, .type = demo->what->type, .delete_rrset = true, .add = true, .ttl = (uint32_t)demo->tally.target_ttl,
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
	printf("\n3. %s at %s makes %s %s. It is on disk and %s after %.3f ms; serial %u -> %u.\n",
	       change_is_update(zone) ? "An UPDATE" : "An edit of the zone file", zone->primary->name, demo->what->name_text, demo->what->rdata,
	       change_is_update(zone) ? "acknowledged" : "served", (double)(demo->update.acknowledged - demo->update.sent) / USEC_PER_MSEC, before.serial,
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

/* Since the acknowledgement, which came before the observer saw the change. */
static struct tally_measured measure(const struct demo *demo, double acknowledged)
{
	struct tally_measured measured = tally_measure(&demo->tally);
	const double seen_after = (demo->tally.zones[demo->tally.watched].changed - acknowledged) * demo->tally.speed;
	double *const times[] = { &measured.servers, &measured.first_fresh, &measured.caches };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (*times[i] >= 0)
			*times[i] += seen_after;
	}
	return measured;
}

/* Prints measured against predicted; whether all is within the bound. */
static bool verdict(const struct demo *demo, double acknowledged)
{
	const struct tally_measured measured = measure(demo, acknowledged);
	const double servers_bound = predicted(demo, "servers", "bound");
	bool are_all = measured.servers_current == measured.server_count && measured.caches_fresh == measured.cache_count;      /* also those that died */
	const int speed = speed_of(demo->lab);
	bool within = are_all && measured.servers <= servers_bound + LOOK_S * speed && measured.caches <= bound_s(demo) + LOOK_S * (speed - 1);

	puts("\n4. Measured, against the prediction.");
	report_measured_print(&demo->tally, &measured, demo->prediction);
	if (within)
		printf("\nAll %u servers and %u caches have the change, within the bound of %.3f s.\n", measured.server_count, measured.cache_count,
		       bound_s(demo));
	else
		printf("\nNOT converged within the bound of %.3f s: %u of %u servers and %u of %u caches have the change.\n", bound_s(demo),
		       measured.servers_current, measured.server_count, measured.caches_fresh, measured.cache_count);
	return within;
}

/* Takes a step, unless the demo is to end. */
static int step(int (*take)(struct demo *demo), struct demo *demo)
{
	int status = interrupt_is_waiting() || ferror(stdout) ? ZT_ECLOSED : take(demo);

	fflush(stdout);
	return status;
}

/* Follows the change and judges it. */
static int change_follow(struct demo *demo)
{
	const double acknowledged = (double)demo->update.acknowledged / USEC_PER_SEC - demo->follow.origin;
	struct watch_options options = {
		.style = WATCH_LINES, .origin = acknowledged, .until_converged = true, .has_serial = true, .serial = demo->serial,
		/* What a look takes in real time is much of a fast lab's. */
		.deadline = acknowledged + patience_s(demo) / speed_of(demo->lab) + (speed_of(demo->lab) > 1 ? LOOK_S : 0),
	};
	int status = watch_run(&demo->follow, &demo->tally, &options);

	confirmed_print(demo);
	if (interrupt_is_waiting() || (status != ZT_OK && status != ZT_ETIMEOUT))
		return status != ZT_OK ? status : ZT_ECLOSED;
	return verdict(demo, acknowledged) ? ZT_OK : ZT_ETIMEOUT;
}

static int steps_take(struct demo *demo)
{
	int (*const steps[])(struct demo *demo) = { rdata_prepare, caches_fill, prediction_make, record_replace, change_follow };
	int status = ZT_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && status == ZT_OK; i++)
		status = step(steps[i], demo);
	return status;
}

int demo_run(const struct lab *lab)
{
	struct demo demo = { .lab = lab, .what = &lab->topology.demo, .confirm = -1 };

	if (!lab->topology.has_demo) {
		fprintf(stderr, "zonelab: %s has no demo section; expected demo: {zone: …, name: …, rdata: …}\n", lab->topology_path);
		return ZT_EINVAL;
	}
	int status = follow_open(&demo.follow, lab);
	if (status != ZT_OK)
		return status;
	status = tally_init(&demo.tally, &lab->topology);
	if (status == ZT_OK)
		status = steps_take(&demo);
	json_decref(demo.prediction);
	tally_fini(&demo.tally);
	follow_close(&demo.follow);
	return status;
}
