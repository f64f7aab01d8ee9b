/* The observer as a part of the keeper. */
#include "tools/zonelab/keeper/observer_part.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "lib/net/udp.h"
#include "tools/zonelab/keeper/observer.h"
#include "tools/zonelab/keeper/predictor.h"
#include "tools/zonelab/lab/door.h"

enum { PREDICTION_LOOK_MS = 250, CLIENT_RATE_MOST = 1000 /* real questions a second at each resolver */ };

/* How one node is asked. */
struct node_line {
	struct observer_part *part;
	uint32_t node;
	struct udp_socket socket;
	struct loop_io io;
};

struct observer_part {
	double client_rate;
	struct keeper *keeper;
	struct observer *observer;
	struct predictor *predictor;
	struct node_line *lines;
	uint32_t line_count;
	struct loop_timer timer, prediction_timer;
	struct events_listener listener;
	bool nodes_have_moved;
};

static void timer_set(struct observer_part *part)
{
	usec_t deadline = part->nodes_have_moved ? loop_now(keeper_loop(part->keeper)) : observer_deadline(part->observer);

	if (!part->timer.armed || part->timer.deadline != deadline)
		loop_timer_at(&part->timer, deadline);
}

static void on_ask(void *ctx, uint32_t node, const uint8_t *wire, size_t len)
{
	struct observer_part *part = ctx;

	/* What does not leave is like what is lost: the observer asks again. */
	int status = udp_send(&part->lines[node].socket, NULL, wire, len);
	(void)status;
}

/* A change of the watched zone is followed by what was foretold of it. */
static void prediction_tell(struct observer_part *part, const char *zone, json_int_t serial)
{
	const struct observer_watch *watch = observer_watched(part->observer);
	const json_t *made = predictor_get(part->predictor);

	if (!made || !watch || strcmp(watch->zone->text, zone) != 0)
		return;
	json_t *event = json_pack("{s:s, s:s, s:I}", "event", "prediction", "zone", zone, "serial", serial);
	if (event && json_object_update_missing(event, (json_t *)(uintptr_t)made) != 0) {
		json_decref(event);
		event = NULL;
	}
	events_add(keeper_events(part->keeper), event);
}

static void on_tell(void *ctx, json_t *event)
{
	struct observer_part *part = ctx;
	const char *what = json_string_value(json_object_get(event, "event"));
	const bool is_change = what && strcmp(what, "change") == 0;

	json_incref(event);
	events_add(keeper_events(part->keeper), event);
	if (is_change)
		prediction_tell(part, json_string_value(json_object_get(event, "zone")), json_integer_value(json_object_get(event, "serial")));
	json_decref(event);
}

static void on_answer(void *ctx)
{
	struct node_line *line = ctx;
	struct observer_part *part = line->part;
	uint8_t wire[4096];
	size_t len = sizeof(wire);

	if (udp_receive(&line->socket, wire, &len, NULL) == ZT_OK)
		observer_on_answer(part->observer, line->node, wire, len, loop_now(keeper_loop(part->keeper)));
	timer_set(part);
}

static void nodes_look(struct observer_part *part, usec_t now)
{
	const struct lab *lab = keeper_lab(part->keeper);

	part->nodes_have_moved = false;
	for (uint32_t i = 0; i < lab->topology.node_count; i++)
		observer_on_node(part->observer, i, lab->processes[i].pid > 0, now);
}

static void on_time(void *ctx)
{
	struct observer_part *part = ctx;
	usec_t now = loop_now(keeper_loop(part->keeper));

	if (part->nodes_have_moved)
		nodes_look(part, now);
	observer_on_time(part->observer, now);
	timer_set(part);
}

static void on_prediction_time(void *ctx)
{
	struct observer_part *part = ctx;

	predictor_look(part->predictor, part->observer);
	loop_timer_in(&part->prediction_timer, PREDICTION_LOOK_MS * USEC_PER_MSEC);
}

/* Within an event no other may be added, so a node's fate is looked at in the loop's next turn. */
static void on_event(void *ctx, uint64_t number, const char *line, const json_t *event)
{
	struct observer_part *part = ctx;
	const char *what = json_string_value(json_object_get(event, "event"));
	(void)number;
	(void)line;

	if (!what || strcmp(what, "node") != 0)
		return;
	part->nodes_have_moved = true;
	timer_set(part);
}

static int line_open(struct observer_part *part, uint32_t node)
{
	const struct lab *lab = keeper_lab(part->keeper);
	struct node_line *line = &part->lines[node];
	const struct topology_node *to = &lab->topology.nodes[node];

	*line = (struct node_line){ .part = part, .node = node };
	loop_io_init(&line->io, on_answer, line);
	int status = door_open(lab, to, SOCK_DGRAM | SOCK_NONBLOCK, &line->socket.fd);
	if (status != ZT_OK)
		return status;
	part->line_count = node + 1;
	status = udp_connect(&line->socket, &to->address);
	return status == ZT_OK ? loop_io_start(&line->io, keeper_loop(part->keeper), line->socket.fd, LOOP_READ) : status;
}

static void part_close(struct observer_part *part)
{
	loop_timer_stop(&part->timer);
	loop_timer_stop(&part->prediction_timer);
	for (uint32_t i = 0; i < part->line_count; i++) {
		loop_io_stop(&part->lines[i].io);
		udp_close(&part->lines[i].socket);
	}
	free(part->lines);
	part->lines = NULL;
	part->line_count = 0;
	predictor_free(part->predictor);
	part->predictor = NULL;
	observer_free(part->observer);
	part->observer = NULL;
}

static void demo_watch(struct observer_part *part, usec_t now)
{
	const struct topology *topology = &keeper_lab(part->keeper)->topology;
	struct observer_watch watch = { .zone = topology->demo.zone, .type = topology->demo.type };

	if (!topology->has_demo)
		return;
	name_copy(watch.name, topology->demo.name);
	observer_watch(part->observer, &watch, now);
}

static int part_open(struct observer_part *part)
{
	const struct topology *topology = &keeper_lab(part->keeper)->topology;
	struct observer_config config = {
		.topology = topology, .out = { on_ask, on_tell, part }, .origin = keeper_events(part->keeper)->origin,
		.client_rate = part->client_rate >= 0 ? part->client_rate : topology->clients.rate, .seed = topology->clients.seed, .speed = keeper_lab(part->keeper)->clock.clock.speed,
	};
	/* Clients live by the lab's clock, too, as far as that is not a flood. */
	config.client_rate = fmin(config.client_rate * keeper_lab(part->keeper)->clock.clock.speed, CLIENT_RATE_MOST);
	int status = observer_new(&part->observer, &config);

	part->client_rate = config.client_rate;
	if (status == ZT_OK)
		status = predictor_new(&part->predictor, part->keeper);
	part->lines = calloc(topology->node_count + 1, sizeof(*part->lines));
	if (status == ZT_OK && !part->lines)
		status = ZT_ENOMEM;
	for (uint32_t i = 0; i < topology->node_count && status == ZT_OK; i++)
		status = line_open(part, i);
	return status;
}

static int part_start(struct keeper *keeper, void *ctx)
{
	struct observer_part *part = ctx;
	struct loop *loop = keeper_loop(keeper);

	part->keeper = keeper;
	loop_timer_init(&part->timer, loop, on_time, part);
	loop_timer_init(&part->prediction_timer, loop, on_prediction_time, part);
	int status = part_open(part);
	if (status != ZT_OK) {
		fprintf(stderr, "zonelab: cannot observe the lab: %s\n", status_text(status));
		part_close(part);
		return status;
	}
	part->listener = (struct events_listener){ .heard = on_event, .ctx = part };
	events_listen(keeper_events(keeper), &part->listener);
	events_add(keeper_events(keeper), json_pack("{s:s, s:i, s:f, s:I}", "event", "observing", "speed", keeper_lab(keeper)->clock.clock.speed,
						    "client_rate", part->client_rate, "seed", (json_int_t)keeper_lab(keeper)->topology.clients.seed));
	nodes_look(part, loop_now(loop));
	demo_watch(part, loop_now(loop));
	timer_set(part);
	on_prediction_time(part);
	return ZT_OK;
}

static void part_stop(void *ctx)
{
	struct observer_part *part = ctx;

	events_unlisten(keeper_events(part->keeper), &part->listener);
	part_close(part);
}

static void state_add(void *ctx, json_t *state)
{
	const struct observer_part *part = ctx;
	const json_t *made = predictor_get(part->predictor);

	observer_state_add(part->observer, state);
	if (made)
		json_object_set(state, "prediction", (json_t *)(uintptr_t)made);
}

/* NAME [TYPE [NODE]]: the zone is the one that holds the name; of several copies the one that NODE serves. */
static void run_watch(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	struct observer_part *part = ctx;
	const struct topology *topology = &keeper_lab(keeper)->topology;
	const char *type = keeper_call_arg_count(call) > 1 ? keeper_call_arg(call, 1) : "A";
	const bool has_node = keeper_call_arg_count(call) > 2;
	const struct topology_node *node = has_node ? keeper_call_node(keeper, call, 2) : NULL;
	struct observer_watch watch = { 0 };

	if (has_node && !node)      /* told, and the call has ended */
		return;
	if (name_from_text(watch.name, keeper_call_arg(call, 0), name_root) != ZT_OK) {
		keeper_call_fail(call, ZT_EINVAL, "%s is no domain name", keeper_call_arg(call, 0));
		return;
	}
	if (!rr_type_from_text(type, &watch.type) || rr_type_is_meta(watch.type)) {
		keeper_call_fail(call, ZT_EINVAL, "%s is no type of record", type);
		return;
	}
	watch.zone = topology_zone_of(topology, watch.name);
	if (watch.zone && node)
		watch.zone = topology_zone_at(topology, watch.zone->apex, node);
	if (!watch.zone) {
		keeper_call_fail(call, ZT_ENOENT, "no zone of the lab%s%s holds %s", node ? " at " : "", node ? node->name : "", keeper_call_arg(call, 0));
		return;
	}
	observer_watch(part->observer, &watch, loop_now(keeper_loop(keeper)));
	timer_set(part);
	keeper_call_say(call, "%s %s is watched, as %s has it", keeper_call_arg(call, 0), type, watch.zone->primary->name);
}

static const struct keeper_command commands[] = {
	{ "watch", 1, 3, "NAME [TYPE [NODE]]", "what the resolvers' clients ask for, and whose primary is right", run_watch },
};

struct observer_part *observer_part_new(double client_rate)
{
	struct observer_part *part = calloc(1, sizeof(*part));

	if (part)
		part->client_rate = client_rate;
	return part;
}

void observer_part_free(struct observer_part *part)
{
	free(part);
}

struct keeper_part observer_part_get(struct observer_part *part)
{
	return (struct keeper_part){
		.start = part_start, .stop = part_stop, .state_add = state_add, .commands = commands,
		.command_count = sizeof(commands) / sizeof(commands[0]), .ctx = part,
	};
}
