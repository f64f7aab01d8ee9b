/* Reading a scenario file: what can be known without its topology. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "tools/zonelab/scenario/scenario_reader.h"

static const char *const kind_texts[STEP_KIND_COUNT] = {
	[STEP_UPDATE] = "update", [STEP_FAULT] = "fault", [STEP_PARTITION] = "partition", [STEP_HEAL] = "heal", [STEP_KILL] = "kill",
	[STEP_START] = "start", [STEP_BACKUP] = "backup", [STEP_RESTORE] = "restore-backup", [STEP_FLOOD] = "flood", [STEP_EXEC] = "exec",
	[STEP_EXPECT] = "expect",
};

const char *step_kind_text(enum step_kind kind)
{
	return kind_texts[kind];
}

void *binder_take(struct binder *binder, size_t size)
{
	void *p = arena_calloc(&binder->scenario->tree.arena, size ? size : 1);
	if (!p)
		binder->status = ZT_ENOMEM;
	return p;
}

const char *binder_text(struct binder *binder, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	const char *copy = arena_strdup(&binder->scenario->tree.arena, text);
	if (!copy)
		binder->status = ZT_ENOMEM;
	return copy ? copy : "";
}

/* Which kind the step is of; a problem unless it is exactly one. */
static void kind_find(struct binder *binder, const struct step_conf *conf, struct step *step)
{
	int found = 0;

	for (int kind = 0; kind < STEP_KIND_COUNT; kind++) {
		if (yaml_node_is_null(yaml_node_get(conf->node, kind_texts[kind])))
			continue;
		step->kind = (enum step_kind)kind;
		found++;
	}
	if (found == 0)
		PROBLEM(binder, conf->node, "the step does nothing; expected update, fault, partition, heal, kill, start, backup, restore-backup, flood, exec or expect");
	else if (found > 1)
		PROBLEM(binder, conf->node, "the step does %d things; expected one", found);
}

/* What only an expectation has, and what it must have. */
static void times_read(struct binder *binder, const struct step_conf *conf, struct step *step)
{
	static const char *const own[] = { "within", "holds-for", "background" };
	const struct yaml_node *at = yaml_node_get(conf->node, "at"), *after = yaml_node_get(conf->node, "after");
	bool expects = step->kind == STEP_EXPECT;

	for (size_t i = 0; i < 3 && !expects; i++) {
		const struct yaml_node *node = yaml_node_get(conf->node, own[i]);
		if (node)
			PROBLEM(binder, node, "%s belongs to a step with expect, not to %s", own[i], kind_texts[step->kind]);
	}
	step->has_within = yaml_node_get(conf->node, "within");
	step->has_holds = yaml_node_get(conf->node, "holds-for");
	if (expects && !step->has_within && !step->has_holds)
		PROBLEM(binder, yaml_node_get(conf->node, "expect"), "an expectation without a time; expected within or holds-for in the step");
	if (at && after)
		PROBLEM(binder, after, "after beside at; expected one of the two");
	step->has_at = at;
	step->has_after = after;
	step->at = conf->at;
	step->after = conf->after;
	step->within = conf->within;
	step->holds = conf->holds;
	step->is_background = conf->background;
}

static void count_one(struct binder *binder, const struct yaml_node *mapping, const char *const *keys, const char *what)
{
	int found = 0;

	for (size_t i = 0; keys[i]; i++)
		found += yaml_node_get(mapping, keys[i]) != NULL;
	if (mapping && mapping->kind == YAML_KIND_MAPPING && found != 1)
		PROBLEM(binder, mapping, "%d of %s; expected exactly one", found, what);
}

/* Mappings that say one of several things. */
static void choices_check(struct binder *binder, const struct step_conf *conf)
{
	static const char *const updates[] = { "add", "delete", "replace", NULL };
	static const char *const conditions[] = { "serial", "answer", "converged", "message", "exec", NULL };
	static const char *const serials[] = { "is", "at-least", "below", NULL };

	count_one(binder, conf->update.node, updates, "add, delete and replace");
	count_one(binder, conf->expect.node, conditions, "serial, answer, converged, message and exec");
	count_one(binder, conf->expect.serial.node, serials, "is, at-least and below");
	if (conf->expect.message.node && conf->expect.inverted && !yaml_node_get(conf->node, "holds-for"))
		PROBLEM(binder, yaml_node_get(conf->expect.node, "not"), "that there is no message is true at once; expected holds-for in the step");
}

static void step_read(struct binder *binder, const struct step_conf *conf, uint32_t index)
{
	struct scenario *scenario = binder->scenario;
	struct step *step = &scenario->steps[index];

	if (!conf->node || conf->node->kind != YAML_KIND_MAPPING)      /* the table has told */
		return;
	step->place = (struct topology_place){ conf->node->line, conf->node->column };
	step->name = conf->name;
	kind_find(binder, conf, step);
	times_read(binder, conf, step);
	choices_check(binder, conf);
	scenario->needs_net = scenario->needs_net || step->kind == STEP_FAULT || step->kind == STEP_PARTITION || step->kind == STEP_HEAL ||
			      conf->expect.message.node;
}

static void role_read(struct binder *binder, const struct yaml_node *node, struct scenario_role *role)
{
	const struct yaml_node *first = node->kind == YAML_KIND_SEQUENCE ? node->child : node;
	const char **names = binder_take(binder, (node->kind == YAML_KIND_SEQUENCE ? node->count : 1) * sizeof(*names));

	role->name = node->key->text;
	role->nodes = names;
	for (const struct yaml_node *item = first; names && item; item = item->next) {
		if (item->kind != YAML_KIND_SCALAR) {
			PROBLEM(binder, item, "%s in role %s; expected the name of a node, or a list of them", yaml_node_kind_text(item), role->name);
			return;
		}
		names[role->node_count++] = item->text;
		if (first == node)
			return;
	}
	if (role->node_count == 0)
		PROBLEM(binder, node, "role %s is of nobody; expected the name of a node, or a list of them", role->name);
}

static void roles_read(struct binder *binder, const struct yaml_node *roles)
{
	struct scenario *scenario = binder->scenario;

	if (!roles)
		return;
	if (roles->kind != YAML_KIND_MAPPING) {
		PROBLEM(binder, roles, "roles is %s; expected a mapping of names to lists of nodes", yaml_node_kind_text(roles));
		return;
	}
	scenario->roles = binder_take(binder, roles->count * sizeof(*scenario->roles));
	for (const struct yaml_node *node = roles->child; scenario->roles && node; node = node->next)
		role_read(binder, node, &scenario->roles[scenario->role_count++]);
}

static void all_read(struct binder *binder)
{
	struct scenario *scenario = binder->scenario;
	const struct scenario_conf *conf = scenario->conf;
	const struct step_conf *steps = SCHEMA_ITEMS(conf->steps, struct step_conf);
	size_t count = conf->steps.count;

	scenario->title = conf->title;
	scenario->teaches = conf->teaches;
	scenario->topology = conf->topology;
	scenario->speed = (double)conf->speed;
	if (count == 0 || count > SCENARIO_STEPS_MAX)
		PROBLEM(binder, yaml_node_get(conf->node, "steps"), "%zu steps; expected 1 to %d", count, SCENARIO_STEPS_MAX);
	roles_read(binder, conf->roles);
	scenario->steps = count <= SCENARIO_STEPS_MAX ? binder_take(binder, count * sizeof(*scenario->steps)) : NULL;
	for (uint32_t i = 0; scenario->steps && i < count; i++) {
		step_read(binder, &steps[i], i);
		scenario->step_count = i + 1;
	}
}

int scenario_parse(struct scenario *scenario, const struct topology_text *source, struct problems *problems)
{
	struct binder binder = { .scenario = scenario, .problems = problems };

	*scenario = (struct scenario){ 0 };
	binder.status = yaml_tree_parse(&scenario->tree, source->file, source->text, source->len, problems);
	scenario->file = scenario->tree.file;
	struct scenario_conf *conf = binder_take(&binder, sizeof(*conf));
	scenario->conf = conf;
	if (conf && scenario->tree.root) {      /* also after a mistake, so that more are found */
		int filled = schema_fill(&scenario_schema, &scenario->tree, scenario->tree.root, conf, problems);
		binder.status = binder.status != ZT_OK ? binder.status : filled;
	}
	/* Details may be wrong and the steps still be looked at. */
	if (binder.status == ZT_OK || (binder.status == ZT_ESYNTAX && conf && conf->node && conf->node->kind == YAML_KIND_MAPPING)) {
		int status = binder.status;
		binder.status = ZT_OK;
		all_read(&binder);
		binder.status = binder.status != ZT_OK ? binder.status : status;
	}
	if (binder.status == ZT_OK && problems->total > 0)
		binder.status = ZT_ESYNTAX;
	if (binder.status != ZT_OK)
		scenario_free(scenario);
	return binder.status;
}

void scenario_free(struct scenario *scenario)
{
	yaml_tree_fini(&scenario->tree);
	*scenario = (struct scenario){ 0 };
}
