/* The weather of a lab's links. */
#include "tools/zonelab/keeper/faults.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tools/zonelab/keeper/keeper_inner.h"
#include "tools/zonelab/weather/weather_text.h"

enum { ANY = SWITCH_ANY };

void faults_fini(struct faults *faults)
{
	free(faults->now.links);
	free(faults->at_start.links);
	*faults = (struct faults){ 0 };
}

/* Where the link is, or would be. */
static size_t link_at(const struct fault_set *set, uint16_t from, uint16_t to)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct fault_link *link = &set->links[middle];
		if (link->from < from || (link->from == from && link->to < to))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct fault_set *set, size_t at, uint16_t from, uint16_t to)
{
	return at < set->count && set->links[at].from == from && set->links[at].to == to;
}

static struct weather weather_of(const struct fault_set *set, uint16_t from, uint16_t to)
{
	size_t at = link_at(set, from, to);
	return is_at(set, at, from, to) ? set->links[at].weather : set->general;
}

struct weather faults_weather(const struct keeper *keeper, uint32_t from, uint32_t to)
{
	return weather_of(&keeper->faults.now, (uint16_t)from, (uint16_t)to);
}

static int link_put(struct fault_set *set, uint16_t from, uint16_t to, const struct weather *weather)
{
	size_t at = link_at(set, from, to);

	if (!is_at(set, at, from, to)) {
		if (set->count == set->room) {
			size_t room = set->room ? 2 * set->room : 64;
			struct fault_link *links = realloc(set->links, room * sizeof(*links));
			if (!links)
				return ZT_ENOMEM;
			set->links = links;
			set->room = room;
		}
		memmove(&set->links[at + 1], &set->links[at], (set->count - at) * sizeof(*set->links));
		set->links[at] = (struct fault_link){ .from = from, .to = to };
		set->count++;
	}
	set->links[at].weather = *weather;
	return ZT_OK;
}

/* Weather is of the lab's time, packets are of the real one. */
static int wire_set(struct keeper *keeper, uint16_t from, uint16_t to, const struct weather *weather)
{
	struct weather real = *weather;

	weather_speed_up(&real, keeper->lab->clock.clock.speed);
	return fabric_set_weather(keeper->fabric, from, to, &real);
}

static int link_set(struct keeper *keeper, uint16_t from, uint16_t to, const struct weather *weather)
{
	int status = link_put(&keeper->faults.now, from, to, weather);
	return status == ZT_OK ? wire_set(keeper, from, to, weather) : status;
}

/* The general weather, beside which those that were set by themselves keep theirs. */
static int general_set(struct keeper *keeper, const struct weather *weather)
{
	struct fault_set *now = &keeper->faults.now;
	int status = wire_set(keeper, ANY, ANY, weather);

	now->general = *weather;
	for (size_t i = 0; i < now->count && status == ZT_OK; i++)
		status = wire_set(keeper, now->links[i].from, now->links[i].to, &now->links[i].weather);
	return status;
}

/* What to do to each of some links. */
typedef int (*link_action)(struct keeper *keeper, uint16_t from, uint16_t to, const void *what);

static int each_to(struct keeper *keeper, uint16_t from, uint16_t to, link_action act, const void *what)
{
	int status = ZT_OK;

	for (uint16_t n = 0; n < keeper->lab->topology.node_count && status == ZT_OK; n++) {
		if (n != from && (to == ANY || n == to))
			status = act(keeper, from, n, what);
	}
	return status;
}

/* The links of the selection one by one. */
static int each_link(struct keeper *keeper, const struct fault_selection *which, link_action act, const void *what)
{
	int status = ZT_OK;

	for (uint16_t n = 0; n < keeper->lab->topology.node_count && status == ZT_OK; n++) {
		if (which->from == ANY || n == which->from)
			status = each_to(keeper, n, which->to, act, what);
		if (status == ZT_OK && which->both_ways && (which->to == ANY || n == which->to) && !(which->from == ANY && which->to == ANY))
			status = each_to(keeper, n, which->from, act, what);
	}
	return status;
}

struct words {
	const char *const *words;
	size_t count;
};

static int link_change(struct keeper *keeper, uint16_t from, uint16_t to, const void *what)
{
	const struct words *words = what;
	struct weather weather = weather_of(&keeper->faults.now, from, to);
	char error[WEATHER_ERROR_SIZE];
	int status = weather_set_words(&weather, words->words, words->count, error);

	return status == ZT_OK ? link_set(keeper, from, to, &weather) : status;
}

static int link_cut(struct keeper *keeper, uint16_t from, uint16_t to, const void *what)
{
	struct weather weather = weather_of(&keeper->faults.now, from, to);
	(void)what;

	weather.cut = true;
	return link_set(keeper, from, to, &weather);
}

static int link_heal(struct keeper *keeper, uint16_t from, uint16_t to, const void *what)
{
	struct fault_set *now = &keeper->faults.now;
	const struct weather weather = weather_of(&keeper->faults.at_start, from, to);
	size_t at = link_at(now, from, to);
	(void)what;

	if (!is_at(now, at, from, to) && weather_equal(&now->general, &weather))
		return ZT_OK;
	return link_set(keeper, from, to, &weather);
}

static const char *link_end_text(const struct keeper *keeper, uint16_t node)
{
	return node == ANY ? "*" : keeper->lab->topology.nodes[node].name;
}

static json_t *selection_json(const struct keeper *keeper, const struct fault_selection *which)
{
	json_t *list = json_array();

	json_array_append_new(list, json_pack("[s, s]", link_end_text(keeper, which->from), link_end_text(keeper, which->to)));
	if (which->both_ways && which->from != which->to)
		json_array_append_new(list, json_pack("[s, s]", link_end_text(keeper, which->to), link_end_text(keeper, which->from)));
	return list;
}

/* Members of the weather that differ from another one's. */
static json_t *difference_json(const struct weather *weather, const struct weather *other)
{
	json_t *object = json_object();
	const struct {
		const char *name;
		bool differs;
		double value;
	} members[] = {
		{ "delay_ms", weather->delay != other->delay, (double)weather->delay / USEC_PER_MSEC },
		{ "jitter_ms", weather->jitter != other->jitter, (double)weather->jitter / USEC_PER_MSEC },
		{ "loss", weather->loss != other->loss, weather->loss },
		{ "burst", weather->burst != other->burst, weather->burst },
		{ "duplicate", weather->duplicate != other->duplicate, weather->duplicate },
		{ "reorder", weather->reorder != other->reorder, weather->reorder },
		{ "rate_bps", weather->rate != other->rate, (double)weather->rate },
		{ "queue_bytes", weather->queue != other->queue, (double)weather->queue },
		{ "mtu", weather->mtu != other->mtu, weather->mtu },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (members[i].differs)
			json_object_set_new(object, members[i].name, json_real(members[i].value));
	}
	if (weather->cut != other->cut)
		json_object_set_new(object, "cut", json_boolean(weather->cut));
	return object;
}

/* What differs from fine weather. */
static json_t *weather_json(const struct weather *weather)
{
	return difference_json(weather, &(struct weather){ 0 });
}

void faults_state_add(const struct keeper *keeper, json_t *state)
{
	const struct fault_set *now = &keeper->faults.now;
	json_t *list = json_array();

	for (size_t i = 0; i < now->count; i++) {
		const struct fault_link *link = &now->links[i];
		if (weather_equal(&link->weather, &now->general))
			continue;
		json_t *row = json_pack("{s:s, s:s, s:f, s:f, s:f, s:b}", "from", link_end_text(keeper, link->from), "to", link_end_text(keeper, link->to),
					"delay_ms", (double)link->weather.delay / USEC_PER_MSEC, "jitter_ms", (double)link->weather.jitter / USEC_PER_MSEC,
					"loss", link->weather.loss, "cut", (int)link->weather.cut);
		json_t *all = weather_json(&link->weather);
		json_object_update_missing(row, all);
		json_decref(all);
		json_array_append_new(list, row);
	}
	json_object_set_new(state, "links", list);
	json_object_set_new(state, "weather", weather_json(&now->general));
}

bool faults_are_possible(struct keeper *keeper, struct keeper_call *call)
{
	if (keeper->fabric)
		return true;
	keeper_call_fail(call, ZT_EUNSUPPORTED, "the lab runs in loopback mode, where packets do not pass through zonelab; weather needs net mode (up --mode net)");
	return false;
}

/* A node's name of `len` bytes, or "*". False after the call has failed. */
static bool end_read(struct keeper *keeper, struct keeper_call *call, const char *text, size_t len, uint16_t *end)
{
	const struct topology *topology = &keeper->lab->topology;
	char name[NAME_TEXT_SIZE];

	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	*end = ANY;
	if (strcmp(name, "*") == 0)
		return true;
	const struct topology_node *node = topology_node(topology, name);
	if (!node) {
		keeper_call_no_node(keeper, call, name);
		return false;
	}
	*end = (uint16_t)(node - topology->nodes);
	return true;
}

bool fault_selection_read(struct keeper *keeper, struct keeper_call *call, struct fault_selection *which)
{
	const char *text = keeper_call_arg(call, 0), *colon = strchr(text, ':');

	*which = (struct fault_selection){ .from = ANY, .to = ANY, .both_ways = true };
	if (strcmp(text, "all") == 0)
		return true;
	if (!end_read(keeper, call, text, colon ? (size_t)(colon - text) : strlen(text), &which->from) ||
	    (colon && !end_read(keeper, call, colon + 1, strlen(colon + 1), &which->to)))
		return false;
	if (which->from == ANY || which->from != which->to)
		return true;
	keeper_call_fail(call, ZT_EINVAL, "a node has no link to itself: %s", text);
	return false;
}

/* A, A:B or *; with the word one-way behind it in that direction alone, which is then counted in *used. */
static bool selection_read(struct keeper *keeper, struct keeper_call *call, struct fault_selection *which, size_t *used)
{
	const char *next = keeper_call_arg(call, 1);

	*used = 1;
	if (!fault_selection_read(keeper, call, which))
		return false;
	if (next && strcmp(next, "one-way") == 0) {
		which->both_ways = false;
		*used = 2;
	}
	return true;
}

static bool is_all(const struct fault_selection *which)
{
	return which->from == ANY && which->to == ANY;
}

static void call_finish(struct keeper_call *call, int status, const char *said)
{
	if (status == ZT_OK)
		keeper_call_say(call, "%s", said);
	else
		keeper_call_fail(call, status, "%s", status_text(status));
}

/* What the words set, also what they set to nothing. */
static json_t *words_json(const struct words *words)
{
	const struct weather unset = { .delay = -1, .jitter = -1, .loss = -1, .burst = -1, .duplicate = -1, .reorder = -1, .rate = UINT64_MAX, .queue = UINT64_MAX, .mtu = UINT_MAX };
	struct weather set = unset, when_cut = { .cut = true };
	char error[WEATHER_ERROR_SIZE];

	if (weather_set_words(&set, words->words, words->count, error) != ZT_OK || weather_set_words(&when_cut, words->words, words->count, error) != ZT_OK)
		return NULL;
	json_t *object = difference_json(&set, &unset);
	if (set.cut == when_cut.cut)
		json_object_set_new(object, "cut", json_boolean(set.cut));
	return object;
}

static int fault_make(struct keeper *keeper, const struct fault_selection *which, const struct words *words)
{
	struct fault_set *now = &keeper->faults.now;
	struct weather general = now->general;
	char error[WEATHER_ERROR_SIZE];

	if (!is_all(which))
		return each_link(keeper, which, link_change, words);
	int status = weather_set_words(&general, words->words, words->count, error);
	for (size_t i = 0; i < now->count && status == ZT_OK; i++)
		status = weather_set_words(&now->links[i].weather, words->words, words->count, error);
	return status == ZT_OK ? general_set(keeper, &general) : status;
}

void run_fault(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	struct fault_selection which;
	struct words words;
	char error[WEATHER_ERROR_SIZE];
	struct weather weather = { 0 };
	struct buf said;
	size_t used;
	(void)ctx;

	if (!faults_are_possible(keeper, call) || !selection_read(keeper, call, &which, &used))
		return;
	words = (struct words){ keeper_call_args(call) + used, keeper_call_arg_count(call) - used };
	if (weather_set_words(&weather, words.words, words.count, error) != ZT_OK) {
		keeper_call_fail(call, ZT_EINVAL, "%s", error);
		return;
	}
	fabric_hold(keeper->fabric);
	int status = fault_make(keeper, &which, &words);
	fabric_release(keeper->fabric);
	buf_init(&said);
	for (size_t i = 0; i < words.count; i++)
		buf_printf(&said, "%s%s", i ? " " : "", words.words[i]);
	if (status == ZT_OK)
		events_add(&keeper->events, json_pack("{s:s, s:o, s:o, s:s%}", "event", "fault", "links", selection_json(keeper, &which), "set",
						      words_json(&words), "words", (const char *)said.data, said.len));
	if (status == ZT_OK)
		keeper_call_say(call, "%s%s%s: %.*s", link_end_text(keeper, which.from), which.both_ways ? " <-> " : " -> ",
				link_end_text(keeper, which.to), (int)said.len, (const char *)said.data);
	else
		keeper_call_fail(call, status, "%s", status_text(status));
	buf_fini(&said);
}

/* Nodes, as a list with commas. The marks of others stay. False after the call has failed. */
static bool side_read(struct keeper *keeper, struct keeper_call *call, const char *text, bool *marks)
{
	for (;;) {
		size_t len = strcspn(text, ",");
		uint16_t node;
		if (!end_read(keeper, call, text, len, &node))
			return false;
		if (node == ANY) {
			keeper_call_fail(call, ZT_EINVAL, "expected the names of nodes on one side of the partition, not *");
			return false;
		}
		marks[node] = true;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

static json_t *side_json(const struct keeper *keeper, const bool *marks)
{
	json_t *list = json_array();

	for (uint32_t n = 0; n < keeper->lab->topology.node_count; n++) {
		if (marks[n])
			json_array_append_new(list, json_string(keeper->lab->topology.nodes[n].name));
	}
	return list;
}

/* Without a second side it is everybody else. False after the call has failed. */
static bool sides_read(struct keeper *keeper, struct keeper_call *call, bool *a, bool *b)
{
	const uint32_t count = keeper->lab->topology.node_count;

	if (!side_read(keeper, call, keeper_call_arg(call, 0), a))
		return false;
	if (keeper_call_arg(call, 1)) {
		if (!side_read(keeper, call, keeper_call_arg(call, 1), b))
			return false;
	} else {
		for (uint32_t n = 0; n < count; n++)
			b[n] = !a[n];
	}
	for (uint32_t n = 0; n < count; n++) {
		if (!a[n] || !b[n])
			continue;
		keeper_call_fail(call, ZT_EINVAL, "%s is on both sides of the partition", keeper->lab->topology.nodes[n].name);
		return false;
	}
	return true;
}

static int partition_make(struct keeper *keeper, const bool *a, const bool *b)
{
	const uint16_t count = (uint16_t)keeper->lab->topology.node_count;
	int status = ZT_OK;

	for (uint16_t i = 0; i < count && status == ZT_OK; i++) {
		for (uint16_t j = 0; j < count && status == ZT_OK; j++) {
			if ((a[i] && b[j]) || (b[i] && a[j]))
				status = link_cut(keeper, i, j, NULL);
		}
	}
	return status;
}

void run_partition(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	const uint32_t count = keeper->lab->topology.node_count;
	(void)ctx;

	if (!faults_are_possible(keeper, call))
		return;
	bool *sides = calloc(2 * (size_t)count, sizeof(*sides));
	if (!sides) {
		keeper_call_fail(call, ZT_ENOMEM, "out of memory");
		return;
	}
	if (sides_read(keeper, call, sides, sides + count)) {
		fabric_hold(keeper->fabric);
		int status = partition_make(keeper, sides, sides + count);
		fabric_release(keeper->fabric);
		if (status == ZT_OK)
			events_add(&keeper->events, json_pack("{s:s, s:o, s:o}", "event", "partition", "a", side_json(keeper, sides), "b",
							      side_json(keeper, sides + count)));
		call_finish(call, status, "nothing passes between the two sides");
	}
	free(sides);
}

static int heal_all(struct keeper *keeper)
{
	struct faults *faults = &keeper->faults;
	int status = ZT_OK;

	faults->now.count = 0;
	for (size_t i = 0; i < faults->at_start.count && status == ZT_OK; i++) {
		const struct fault_link *link = &faults->at_start.links[i];
		status = link_put(&faults->now, link->from, link->to, &link->weather);
	}
	return status == ZT_OK ? general_set(keeper, &faults->at_start.general) : status;
}

/* ---- the start --------------------------------------------------------------------------------------------------------- */

int faults_begin(struct keeper *keeper)
{
	const struct topology *topology = &keeper->lab->topology;
	struct fault_set *set = &keeper->faults.at_start;
	struct weather weather;
	int status = ZT_OK;

	if (topology->link_count == 0)
		return ZT_OK;
	topology_weather(topology, NULL, NULL, &set->general);
	for (uint16_t a = 0; a < topology->node_count && status == ZT_OK; a++) {
		for (uint16_t b = 0; b < topology->node_count && status == ZT_OK; b++) {
			topology_weather(topology, &topology->nodes[a], &topology->nodes[b], &weather);
			if (a != b && !weather_equal(&weather, &set->general))
				status = link_put(set, a, b, &weather);
		}
	}
	return status == ZT_OK ? heal_all(keeper) : status;
}

/* ------------------------------------------------------------------------------------------------------------------------ */

void run_heal(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	struct fault_selection which = { .from = ANY, .to = ANY, .both_ways = true };
	size_t used = 0;
	(void)ctx;

	if (!faults_are_possible(keeper, call) || (keeper_call_arg_count(call) > 0 && !selection_read(keeper, call, &which, &used)))
		return;
	if (used < keeper_call_arg_count(call)) {
		keeper_call_fail(call, ZT_EINVAL, "expected nothing or one-way behind the link, not %s", keeper_call_arg(call, used));
		return;
	}
	fabric_hold(keeper->fabric);
	int status = is_all(&which) ? heal_all(keeper) : each_link(keeper, &which, link_heal, NULL);
	fabric_release(keeper->fabric);
	if (status == ZT_OK)
		events_add(&keeper->events, is_all(&which) ? json_pack("{s:s}", "event", "heal")
							   : json_pack("{s:s, s:o}", "event", "heal", "links", selection_json(keeper, &which)));
	call_finish(call, status, is_all(&which) ? "all links are as they were at the start" : "the link is as it was at the start");
}
