/* What a step expects, held against the topology: who is to be asked what, and which answers will do. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/dns/present.h"
#include "lib/dns/rcode.h"
#include "lib/dns/rrtype.h"
#include "tools/zonelab/scenario/scenario_reader.h"

static bool is_same(const struct question *a, const struct question *b)
{
	return !a->exec && !b->exec && a->node == b->node && a->type == b->type && name_equal(a->name, b->name);
}

/* The number of a question, which is asked once for all who want to know. */
static uint32_t question_add(struct binder *binder, const struct question *question)
{
	struct scenario *scenario = binder->scenario;

	for (uint32_t i = 0; i < scenario->question_count; i++) {
		if (is_same(&scenario->questions[i], question))
			return i;
	}
	if (!scenario->questions)
		return NO_QUESTION;
	scenario->questions[scenario->question_count] = *question;
	return scenario->question_count++;
}

static void questions_take(struct binder *binder, struct condition *condition, size_t count)
{
	condition->questions = binder_take(binder, count * sizeof(*condition->questions));
	condition->question_count = 0;
}

static void condition_ask(struct binder *binder, struct condition *condition, const struct topology_node *node, const uint8_t *name, uint16_t type)
{
	struct question question = { .node = node, .name = name, .type = type };

	if (condition->questions && node)
		condition->questions[condition->question_count++] = question_add(binder, &question);
}

/* The one word of a list; NULL. */
static const char *only_word(const struct schema_list *list)
{
	return list->count == 1 ? SCHEMA_ITEMS(*list, const char *)[0] : NULL;
}

/* ---- serial ---- */

static void zone_servers_ask(struct binder *binder, struct condition *condition, const struct topology_zone *zone, bool with_primary)
{
	questions_take(binder, condition, (size_t)zone->secondary_count + 1);
	for (uint32_t i = with_primary ? 0 : 1; i <= zone->secondary_count; i++)
		condition_ask(binder, condition, topology_server(zone, i), zone->apex, TYPE_SOA);
}

static void serial_nodes_bind(struct binder *binder, const struct serial_conf *conf, const struct topology_zone *zone, struct condition *condition)
{
	const struct yaml_node *at = yaml_node_get(conf->node, "at");
	const char *word = only_word(&conf->at);
	uint32_t count;

	if (word && (strcasecmp(word, "servers") == 0 || strcasecmp(word, "secondaries") == 0)) {
		if (zone->secondary_count == 0)
			PROBLEM(binder, at, "zone %s has no secondaries; expected a node", zone->text);
		zone_servers_ask(binder, condition, zone, strcasecmp(word, "servers") == 0);
		return;
	}
	const struct topology_node **nodes = binder_nodes(binder, &conf->at, at, &count);
	questions_take(binder, condition, count);
	for (uint32_t i = 0; nodes && i < count; i++) {
		if (!topology_zone_at(binder->topology, zone->apex, nodes[i]))
			PROBLEM(binder, at, "%s does not serve %s; expected one of its servers, such as %s", nodes[i]->name, zone->text, zone->primary->name);
		condition_ask(binder, condition, nodes[i], zone->apex, TYPE_SOA);
	}
}

static void reference_set(struct binder *binder, struct condition *condition, const struct question *question)
{
	condition->reference = question_add(binder, question);
}

static void serial_bind(struct binder *binder, const struct serial_conf *conf, struct step *step)
{
	static const char *const keys[] = { [SERIAL_IS] = "is", [SERIAL_AT_LEAST] = "at-least", [SERIAL_BELOW] = "below" };
	struct condition *condition = &step->condition;
	const struct topology_zone *zone = condition->zone = binder_zone(binder, conf->zone, yaml_node_get(conf->node, "zone"));
	const char *value = conf->is ? conf->is : conf->at_least ? conf->at_least : conf->below;

	condition->kind = CONDITION_SERIAL;
	condition->serial_test = conf->is ? SERIAL_IS : conf->at_least ? SERIAL_AT_LEAST : SERIAL_BELOW;
	if (!zone || !value)
		return;
	serial_nodes_bind(binder, conf, zone, condition);
	if (strcasecmp(value, "primary") == 0)
		reference_set(binder, condition, &(struct question){ .node = zone->primary, .name = zone->apex, .type = TYPE_SOA });
	else if (!*value || strspn(value, "0123456789") != strlen(value) || strlen(value) > 10 || strtoull(value, NULL, 10) > UINT32_MAX)
		PROBLEM(binder, yaml_node_get(conf->node, keys[condition->serial_test]), "\"%.100s\" is no serial; expected a number or primary", value);
	condition->serial = (uint32_t)strtoull(value, NULL, 10);
	step->text = binder_text(binder, "serial of %s %s %s", zone->text, keys[condition->serial_test], value);
}

static void converged_bind(struct binder *binder, const struct expect_conf *conf, struct step *step)
{
	struct condition *condition = &step->condition;
	const struct topology_zone *zone = condition->zone = binder_zone(binder, conf->converged, yaml_node_get(conf->node, "converged"));

	condition->kind = CONDITION_SERIAL;
	condition->serial_test = SERIAL_IS;
	if (!zone)
		return;
	zone_servers_ask(binder, condition, zone, true);
	reference_set(binder, condition, &(struct question){ .node = zone->primary, .name = zone->apex, .type = TYPE_SOA });
	step->text = binder_text(binder, "all servers of %s have the primary's version", zone->text);
}

/* ---- answer ---- */

static bool rcode_from_text(const char *text, unsigned *rcode)
{
	for (unsigned i = 1; i <= RCODE_NOTZONE; i++) {
		if (strcasecmp(text, rcode_to_text(i)) == 0) {
			*rcode = i;
			return true;
		}
	}
	return false;
}

/* One of the words that stand for something else than records. */
static bool word_bind(const char *word, struct condition *condition)
{
	static const struct {
		const char *word;
		enum answer_test test;
	} words[] = { { "fresh", ANSWER_FRESH }, { "stale", ANSWER_STALE }, { "silent", ANSWER_SILENT }, { "nodata", ANSWER_NODATA } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(words[i].word, word) == 0) {
			condition->answer_test = words[i].test;
			return true;
		}
	}
	condition->answer_test = ANSWER_RCODE;
	return rcode_from_text(word, &condition->rcode);
}

static bool is_among(const struct condition *condition, const uint8_t *rdata, size_t len)
{
	bool found = false;

	for (uint32_t i = 0; i < condition->value_count && !found; i++)
		found = condition->values[i].len == len && memcmp(condition->values[i].bytes, rdata, len) == 0;
	return found;
}

static void values_bind(struct binder *binder, const struct answer_conf *conf, uint16_t type, struct condition *condition)
{
	const struct yaml_node *at = yaml_node_get(conf->node, "is");
	const char *const *texts = SCHEMA_ITEMS(conf->is, const char *);

	condition->answer_test = ANSWER_RDATA;
	if (conf->is.count == 0 || conf->is.count > SCENARIO_LIST_MAX) {
		PROBLEM(binder, at, "%zu values; expected 1 to %d", conf->is.count, SCENARIO_LIST_MAX);
		return;
	}
	condition->values = binder_take(binder, conf->is.count * sizeof(*condition->values));
	for (size_t i = 0; condition->values && i < conf->is.count && texts[i]; i++) {
		uint8_t bytes[4096];
		struct wcursor out = wcursor_over(bytes, sizeof(bytes));
		struct text_error error = { 0 };
		if (rdata_from_text(type, texts[i], NULL, &out, &error) != ZT_OK) {
			PROBLEM(binder, at, "\"%.100s\" is no rdata of its type: %s; expected such rdata, or NODATA, NXDOMAIN, SERVFAIL, silent, fresh or stale",
				texts[i], error.text[0] ? error.text : "too long");
			return;
		}
		if (is_among(condition, bytes, out.pos)) {
			PROBLEM(binder, at, "\"%.100s\" stands twice; an answer has each record once", texts[i]);
			return;
		}
		condition->values[i] = (struct scenario_rdata){ arena_copy(&binder->scenario->tree.arena, bytes, out.pos), (uint16_t)out.pos };
		condition->value_count = (uint32_t)i + 1;
	}
}

static void answer_nodes_bind(struct binder *binder, const struct answer_conf *conf, const uint8_t *name, uint16_t type, struct condition *condition)
{
	const struct topology *topology = binder->topology;
	const char *word = only_word(&conf->at);
	const struct yaml_node *at = yaml_node_get(conf->node, "at");
	uint32_t count;

	if (word && strcasecmp(word, "resolvers") == 0) {
		questions_take(binder, condition, topology->node_count);
		for (uint32_t i = 0; i < topology->node_count; i++) {
			if (topology_is_resolver(&topology->nodes[i]))
				condition_ask(binder, condition, &topology->nodes[i], name, type);
		}
		if (condition->question_count == 0)
			PROBLEM(binder, at, "the lab has no resolvers; expected a node, such as %s", topology->nodes[0].name);
		return;
	}
	const struct topology_node **nodes = binder_nodes(binder, &conf->at, at, &count);
	questions_take(binder, condition, count);
	for (uint32_t i = 0; nodes && i < count; i++)
		condition_ask(binder, condition, nodes[i], name, type);
}

static void answer_bind(struct binder *binder, const struct answer_conf *conf, struct step *step)
{
	struct condition *condition = &step->condition;
	uint8_t *name = binder_take(binder, NAME_MAX_LEN);
	uint16_t type;

	condition->kind = CONDITION_ANSWER;
	if (!name || !conf->name || !conf->type || name_from_text(name, conf->name, NULL) != ZT_OK || !rr_type_from_text(conf->type, &type))
		return;      /* the table has told */
	const char *word = only_word(&conf->is);
	if (!word || !word_bind(word, condition))
		values_bind(binder, conf, type, condition);
	const struct topology_zone *zone = condition->zone = topology_zone_of(binder->topology, name);
	if (condition->answer_test == ANSWER_FRESH || condition->answer_test == ANSWER_STALE) {
		if (zone)
			reference_set(binder, condition, &(struct question){ .node = zone->primary, .name = name, .type = type });
		else
			PROBLEM(binder, yaml_node_get(conf->node, "name"), "no zone of the lab holds %s; expected a name below one", conf->name);
	}
	answer_nodes_bind(binder, conf, name, type, condition);
	step->text = binder_text(binder, "%s %s is %s%s", conf->name, conf->type, word ? word : "", word ? "" : "the records given");
}

/* ---- message, exec ---- */

/* The step that `since` names, or the latest one before that does something. */
static uint32_t since_find(struct binder *binder, const char *name, uint32_t step, const struct yaml_node *at)
{
	const struct scenario *scenario = binder->scenario;

	for (uint32_t i = step; i-- > 0;) {
		const struct step *earlier = &scenario->steps[i];
		if (name ? earlier->name && strcasecmp(earlier->name, name) == 0 : earlier->kind != STEP_EXPECT)
			return i;
	}
	if (name)
		PROBLEM(binder, at, "no earlier step has the name %.100s; expected one that has", name);
	return step;
}

static void message_bind(struct binder *binder, const struct message_conf *conf, uint32_t index)
{
	struct step *step = &binder->scenario->steps[index];
	struct condition *condition = &step->condition;

	condition->kind = CONDITION_MESSAGE;
	condition->message = message_kind_text(conf->kind);
	condition->from = binder_node(binder, conf->from, yaml_node_get(conf->node, "from"));
	condition->to = binder_node(binder, conf->to, yaml_node_get(conf->node, "to"));
	condition->zone = binder_zone(binder, conf->zone, yaml_node_get(conf->node, "zone"));
	condition->bytes_at_most = conf->bytes_at_most;
	condition->count = (uint32_t)conf->count;
	condition->since = since_find(binder, conf->since, index, yaml_node_get(conf->node, "since"));
	step->text = binder_text(binder, "%s from %s to %s%s%s", condition->message, condition->from ? condition->from->name : "anybody",
				 condition->to ? condition->to->name : "anybody", condition->zone ? " about " : "",
				 condition->zone ? condition->zone->text : "");
}

static void exec_bind(struct binder *binder, const struct exec_conf *conf, struct step *step)
{
	struct condition *condition = &step->condition;
	struct question question = { .exec = bind_exec(binder, conf) };

	condition->kind = CONDITION_EXEC;
	questions_take(binder, condition, 1);
	if (!question.exec || !condition->questions)
		return;
	question.node = question.exec->node;
	condition->questions[condition->question_count++] = question_add(binder, &question);
	step->text = binder_text(binder, "%s at %s ends with %d%s%s", question.exec->words[0], conf->at ? conf->at : "?", (int)conf->exit,
				 conf->prints ? " and prints " : "", conf->prints ? conf->prints : "");
}

void bind_condition(struct binder *binder, const struct expect_conf *conf, uint32_t index)
{
	struct step *step = &binder->scenario->steps[index];
	struct condition *condition = &step->condition;

	condition->inverted = conf->inverted;
	condition->reference = NO_QUESTION;
	if (conf->serial.node)
		serial_bind(binder, &conf->serial, step);
	else if (conf->answer.node)
		answer_bind(binder, &conf->answer, step);
	else if (conf->converged)
		converged_bind(binder, conf, step);
	else if (conf->message.node)
		message_bind(binder, &conf->message, index);
	else if (conf->exec.node)
		exec_bind(binder, &conf->exec, step);
	else
		PROBLEM(binder, conf->node, "nothing is expected; expected serial, answer, converged, message or exec");
	if (conf->inverted)
		step->text = binder_text(binder, "not: %s", step->text);
}
