/* Holding a scenario's steps against the topology they are about. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/nearest.h"
#include "lib/dns/present.h"
#include "lib/dns/rrtype.h"
#include "tools/zonelab/scenario/scenario_reader.h"
#include "tools/zonelab/weather/weather_text.h"

const struct topology_node *binder_node(struct binder *binder, const char *name, const struct yaml_node *at)
{
	const struct topology *topology = binder->topology;
	const struct topology_node *node = name ? topology_node(topology, name) : NULL;
	const char *nearest = NULL;

	if (node || !name)      /* a table has told of a name that is missing */
		return node;
	for (uint32_t i = 0; i < topology->node_count; i++)
		nearest_consider(name, topology->nodes[i].name, &nearest);
	if (nearest)
		PROBLEM(binder, at, "there is no node %.100s in the lab; did you mean \"%s\"?", name, nearest);
	else
		PROBLEM(binder, at, "there is no node %.100s in the lab; expected one such as %s", name, topology->nodes[0].name);
	return NULL;
}

const struct topology_zone *binder_zone(struct binder *binder, const char *name, const struct yaml_node *at)
{
	const struct topology *topology = binder->topology;
	const char *nearest = NULL;
	uint8_t apex[NAME_MAX_LEN];

	if (!name || name_from_text(apex, name, NULL) != ZT_OK)
		return NULL;
	const struct topology_zone *zone = topology_zone(topology, apex);
	for (uint32_t i = 0; i < topology->zone_count && !zone; i++)
		nearest_consider(name, topology->zones[i].text, &nearest);
	if (!zone && nearest)
		PROBLEM(binder, at, "there is no zone %.100s in the lab; did you mean \"%s\"?", name, nearest);
	else if (!zone)
		PROBLEM(binder, at, "there is no zone %.100s in the lab; expected one such as %s", name, topology->zones[topology->zone_count - 1].text);
	return zone;
}

const struct topology_node **binder_nodes(struct binder *binder, const struct schema_list *names, const struct yaml_node *at, uint32_t *count)
{
	const struct topology_node **nodes = binder_take(binder, names->count * sizeof(*nodes));
	bool is_fine = nodes && names->count > 0 && names->count <= SCENARIO_LIST_MAX;

	*count = 0;
	if (nodes && !is_fine)
		PROBLEM(binder, at, "%zu nodes; expected 1 to %d", names->count, SCENARIO_LIST_MAX);
	for (size_t i = 0; is_fine && i < names->count; i++) {
		nodes[i] = binder_node(binder, SCHEMA_ITEMS(*names, const char *)[i], at);
		if (!nodes[i])
			return NULL;
		*count = (uint32_t)i + 1;
	}
	return is_fine ? nodes : NULL;
}

/* The names of nodes as one word: "a,b,c". */
static const char *binder_joined(struct binder *binder, const struct topology_node *const *nodes, uint32_t count)
{
	struct buf text;

	buf_init(&text);
	for (uint32_t i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i ? "," : "", nodes[i]->name);
	const char *joined = binder_text(binder, "%.*s", (int)text.len, text.data ? (const char *)text.data : "");
	buf_fini(&text);
	return joined;
}

static void word_add(struct step *step, const char *word)
{
	if (step->word_count < SCENARIO_WORDS_MAX)
		step->words[step->word_count++] = word;
}

/* ---- update ---- */

/* The first word of *text in the arena, and *text behind it; "" when there is none. */
static const char *word_take(struct binder *binder, const char **text)
{
	const char *at = *text + strspn(*text, " \t\n");
	size_t len = strcspn(at, " \t\n");

	*text = at + len;
	*text += strspn(*text, " \t\n");
	return binder_text(binder, "%.*s", (int)len, at);
}

static void rdata_check(struct binder *binder, const struct topology_zone *zone, uint16_t type, const char *rdata, const struct yaml_node *at)
{
	uint8_t bytes[4096];
	struct wcursor out = wcursor_over(bytes, sizeof(bytes));
	struct text_error error = { 0 };

	if (rdata_from_text(type, rdata, zone->apex, &out, &error) != ZT_OK)
		PROBLEM(binder, at, "\"%.100s\" is no rdata of its type: %s", rdata, error.text[0] ? error.text : "too long");
}

/* NAME TTL TYPE RDATA, or, to delete, NAME [TYPE [RDATA]]. */
static void change_bind(struct binder *binder, const struct topology_zone *zone, const char *text, struct step *step, const struct yaml_node *at)
{
	bool deletes = strcmp(step->words[1], "delete") == 0;
	const char *name = word_take(binder, &text), *ttl = deletes ? "" : word_take(binder, &text), *type_word = word_take(binder, &text);
	uint8_t owner[NAME_MAX_LEN];
	uint16_t type = 0;

	if (!*name || name_from_text(owner, name, zone->apex) != ZT_OK || !name_is_within(owner, zone->apex)) {
		PROBLEM(binder, at, "\"%.100s\" is no name in zone %s; expected one, relative to the zone or with a final dot", name, zone->text);
		return;
	}
	if (!deletes && (!*ttl || strspn(ttl, "0123456789") != strlen(ttl) || strtoull(ttl, NULL, 10) > INT32_MAX)) {
		PROBLEM(binder, at, "\"%.100s\" is no TTL; expected NAME TTL TYPE RDATA, the TTL in seconds", ttl);
		return;
	}
	if ((!deletes || *type_word) && (!rr_type_from_text(type_word, &type) || rr_type_is_meta(type))) {
		PROBLEM(binder, at, "\"%.100s\" is no record type; expected one, such as A", type_word);
		return;
	}
	if (!deletes || *text)
		rdata_check(binder, zone, type, text, at);
	word_add(step, name);
	if (!deletes)
		word_add(step, ttl);
	if (*type_word)
		word_add(step, type_word);
	if (*text)
		word_add(step, text);
}

static void update_bind(struct binder *binder, const struct update_conf *conf, struct step *step)
{
	const struct topology_zone *zone = binder_zone(binder, conf->zone, yaml_node_get(conf->node, "zone"));
	const char *kind = conf->add ? "add" : conf->remove ? "delete" : "replace";
	const char *text = conf->add ? conf->add : conf->remove ? conf->remove : conf->replace;

	if (!zone || !text)
		return;
	word_add(step, zone->text);
	word_add(step, kind);
	change_bind(binder, zone, text, step, yaml_node_get(conf->node, kind));
	step->text = binder_text(binder, "%s: %s %s", zone->text, kind, text);
}

/* ---- weather ---- */

/* "*", A or A:B. */
static const char *link_bind(struct binder *binder, const char *link, const struct yaml_node *at)
{
	char first[256], *second;
	const struct topology_node *a, *b = NULL;

	if (strcmp(link, "*") == 0)
		return "*";
	snprintf(first, sizeof(first), "%s", link);
	second = strchr(first, ':');
	if (second)
		*second++ = '\0';
	a = binder_node(binder, first, at);
	if (second)
		b = binder_node(binder, second, at);
	if (a && a == b)
		PROBLEM(binder, at, "a link of %s to itself; expected two nodes", a->name);
	return !a || (second && !b) ? NULL : b ? binder_text(binder, "%s:%s", a->name, b->name) : a->name;
}

/* One key of a fault's weather. */
static void weather_bind(struct binder *binder, const struct yaml_node *item, struct step *step)
{
	char error[WEATHER_ERROR_SIZE];
	struct weather weather = { 0 };

	if (item->kind != YAML_KIND_SCALAR) {
		PROBLEM(binder, item, "%s is %s, expected a value", item->key->text, yaml_node_kind_text(item));
		return;
	}
	const char *word = binder_text(binder, "%s=%s", item->key->text, item->text);
	if (weather_set_word(&weather, word, error) != ZT_OK)
		PROBLEM(binder, item, "%s", error);
	word_add(step, word);
}

static bool is_one_way(struct binder *binder, const struct yaml_node *node)
{
	bool one_way = false;

	if (node && (node->kind != YAML_KIND_SCALAR || schema_bool_from_text(&one_way, node->text) != ZT_OK))
		PROBLEM(binder, node, "one-way is \"%.100s\", expected yes or no", node->kind == YAML_KIND_SCALAR ? node->text : "");
	return one_way;
}

static const char *words_joined(struct binder *binder, const char *const *words, uint32_t count)
{
	struct buf text;

	buf_init(&text);
	for (uint32_t i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", words[i] ? words[i] : "");
	const char *joined = binder_text(binder, "%.*s", (int)text.len, text.data ? (const char *)text.data : "");
	buf_fini(&text);
	return joined;
}

static void fault_bind(struct binder *binder, const struct yaml_node *fault, struct step *step)
{
	const struct yaml_node *link = yaml_node_get(fault, "link"), *one_way = yaml_node_get(fault, "one-way");
	size_t keys = 0;

	if (fault->kind != YAML_KIND_MAPPING || !link || link->kind != YAML_KIND_SCALAR) {
		PROBLEM(binder, fault, "a fault without a link; expected a mapping such as {link: \"a:b\", delay: 50ms, loss: 10%%}");
		return;
	}
	word_add(step, link_bind(binder, link->text, link));
	if (is_one_way(binder, one_way))
		word_add(step, "one-way");
	for (const struct yaml_node *item = fault->child; item; item = item->next) {
		if (item == link || item == one_way)
			continue;
		weather_bind(binder, item, step);
		keys++;
	}
	if (keys == 0)
		PROBLEM(binder, fault, "a fault without weather; expected delay, jitter, loss, burst, duplicate, reorder, rate, queue, mtu or cut");
	step->text = words_joined(binder, step->words, step->word_count);
}

static void partition_bind(struct binder *binder, const struct partition_conf *conf, struct step *step)
{
	const struct yaml_node *from = yaml_node_get(conf->node, "from");
	uint32_t count;
	const struct topology_node **nodes = binder_nodes(binder, &conf->nodes, conf->node, &count);

	if (!nodes)
		return;
	word_add(step, binder_joined(binder, nodes, count));
	if (from && (nodes = binder_nodes(binder, &conf->from, from, &count)))
		word_add(step, binder_joined(binder, nodes, count));
	step->text = binder_text(binder, "%s from %s", step->words[0], from && nodes ? step->words[1] : "all others");
}

static void heal_bind(struct binder *binder, const char *link, struct step *step, const struct yaml_node *at)
{
	const char *word = strcasecmp(link, "all") == 0 ? NULL : link_bind(binder, link, at);

	if (word)
		word_add(step, word);
	step->text = word ? word : "all links";
}

/* ---- nodes and programs ---- */

static void nodes_bind(struct binder *binder, const struct schema_list *names, struct step *step, const struct yaml_node *at)
{
	step->nodes = binder_nodes(binder, names, at, &step->node_count);
	step->text = step->nodes ? binder_joined(binder, step->nodes, step->node_count) : "";
}

static void flood_bind(struct binder *binder, const struct flood_conf *conf, struct step *step)
{
	step->nodes = binder_take(binder, sizeof(struct topology_node *));
	step->flood_name = binder_take(binder, NAME_MAX_LEN);
	step->from = binder_node(binder, conf->from, yaml_node_get(conf->node, "from"));
	if (!step->nodes || !step->flood_name || !conf->name || !conf->target)
		return;
	step->nodes[0] = binder_node(binder, conf->target, yaml_node_get(conf->node, "target"));
	step->node_count = 1;
	step->flood_rate = (uint32_t)conf->rate;
	step->flood_for = conf->duration;
	if (name_from_text(step->flood_name, conf->name, NULL) != ZT_OK)
		return;      /* the table has told */
	step->text = binder_text(binder, "%s by %u questions a second from %s", conf->target, step->flood_rate, conf->from ? conf->from : "?");
}

/* {NODE} in a word must be a node. */
static void word_check(struct binder *binder, const char *word, const struct yaml_node *at)
{
	char name[256];

	for (const char *open = strchr(word, '{'); open; open = strchr(open + 1, '{')) {
		size_t len = strcspn(open + 1, "{}");
		if (open[1 + len] != '}' || len >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len, open + 1);
		binder_node(binder, name, at);
	}
}

struct exec_what *bind_exec(struct binder *binder, const struct exec_conf *conf)
{
	struct exec_what *exec = binder_take(binder, sizeof(*exec));
	const struct yaml_node *at = yaml_node_get(conf->node, "command");

	if (!exec)
		return NULL;
	exec->node = binder_node(binder, conf->at, yaml_node_get(conf->node, "at"));
	exec->words = SCHEMA_ITEMS(conf->command, const char *);
	exec->word_count = (uint32_t)conf->command.count;
	exec->exit = conf->exit;
	exec->prints = conf->prints;
	if (at && (exec->word_count == 0 || exec->word_count > SCENARIO_LIST_MAX))
		PROBLEM(binder, at, "%u words; expected 1 to %d", exec->word_count, SCENARIO_LIST_MAX);
	for (uint32_t i = 0; i < exec->word_count; i++) {
		if (!exec->words[i])      /* the table has told */
			return NULL;
		word_check(binder, exec->words[i], at);
	}
	return exec->word_count > 0 ? exec : NULL;
}

static void exec_bind(struct binder *binder, const struct exec_conf *conf, struct step *step)
{
	step->exec = bind_exec(binder, conf);
	step->text = step->exec ? words_joined(binder, step->exec->words, step->exec->word_count) : "";
}

/* ---- all ---- */

static void step_bind(struct binder *binder, const struct step_conf *conf, uint32_t index)
{
	struct step *step = &binder->scenario->steps[index];
	const struct yaml_node *at = yaml_node_get(conf->node, step_kind_text(step->kind));

	step->text = "";
	switch (step->kind) {
	case STEP_UPDATE: update_bind(binder, &conf->update, step); break;
	case STEP_FAULT: fault_bind(binder, conf->fault, step); break;
	case STEP_PARTITION: partition_bind(binder, &conf->partition, step); break;
	case STEP_HEAL: heal_bind(binder, conf->heal, step, at); break;
	case STEP_KILL: nodes_bind(binder, &conf->kill, step, at); break;
	case STEP_START: nodes_bind(binder, &conf->start, step, at); break;
	case STEP_BACKUP: nodes_bind(binder, &conf->backup, step, at); break;
	case STEP_RESTORE: nodes_bind(binder, &conf->restore, step, at); break;
	case STEP_FLOOD: flood_bind(binder, &conf->flood, step); break;
	case STEP_EXEC: exec_bind(binder, &conf->exec, step); break;
	case STEP_EXPECT: bind_condition(binder, &conf->expect, index); break;
	case STEP_KIND_COUNT: break;
	}
}

/* A backup can only be restored after it was made. */
static void backups_check(struct binder *binder, uint32_t index)
{
	const struct step *step = &binder->scenario->steps[index];

	for (uint32_t n = 0; step->kind == STEP_RESTORE && step->nodes && n < step->node_count; n++) {
		bool is_there = false;
		for (uint32_t i = 0; i < index; i++) {
			const struct step *earlier = &binder->scenario->steps[i];
			for (uint32_t k = 0; earlier->kind == STEP_BACKUP && earlier->nodes && k < earlier->node_count; k++)
				is_there = is_there || earlier->nodes[k] == step->nodes[n];
		}
		if (!is_there)
			problems_add(binder->problems, step->place.line, step->place.column, "no backup of %s by then; expected an earlier step with backup: %s",
				     step->nodes[n]->name, step->nodes[n]->name);
	}
}

int scenario_bind(struct scenario *scenario, const struct topology *topology, struct problems *problems)
{
	struct binder binder = { .scenario = scenario, .topology = topology, .problems = problems };
	const struct step_conf *confs = SCHEMA_ITEMS(scenario->conf->steps, struct step_conf);

	/* Each step has at most a question a node, and a reference. */
	scenario->questions = binder_take(&binder, (size_t)scenario->step_count * (topology->node_count + 2) * sizeof(*scenario->questions));
	for (uint32_t i = 0; i < scenario->role_count; i++) {
		for (uint32_t n = 0; n < scenario->roles[i].node_count; n++)
			binder_node(&binder, scenario->roles[i].nodes[n], yaml_node_get(scenario->conf->roles, scenario->roles[i].name));
	}
	for (uint32_t i = 0; i < scenario->step_count && binder.status == ZT_OK; i++) {
		step_bind(&binder, &confs[i], i);
		backups_check(&binder, i);
	}
	if (binder.status == ZT_OK && problems->total > 0)
		binder.status = ZT_ESYNTAX;
	return binder.status;
}
