/* Choosing the kinds of nodes. */
#include "tools/zonelab/scenario/choice.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/nearest.h"

/* Names of nodes are those of hosts: a final dot and letter case do not matter. */
static bool is_same(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	a_len -= a_len > 1 && a[a_len - 1] == '.';
	b_len -= b_len > 1 && b[b_len - 1] == '.';
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

static bool is_meant(const struct scenario *scenario, const struct choice *choice, const char *node)
{
	if (is_same(choice->who, node))
		return true;
	for (uint32_t i = 0; i < scenario->role_count; i++) {
		const struct scenario_role *role = &scenario->roles[i];
		for (uint32_t n = 0; n < role->node_count && strcasecmp(role->name, choice->who) == 0; n++) {
			if (is_same(role->nodes[n], node))
				return true;
		}
	}
	return false;
}

static int kind_check(const struct choice *choice, char error[256])
{
	const char *nearest = NULL;

	for (int kind = 0; kind < NODE_KIND_COUNT; kind++) {
		if (strcmp(topology_kind_text((enum node_kind)kind), choice->kind) == 0)
			return ZT_OK;
		nearest_consider(choice->kind, topology_kind_text((enum node_kind)kind), &nearest);
	}
	snprintf(error, 256, "%.60s: there is no kind %.60s%s%s%s", choice->who, choice->kind, nearest ? "; did you mean \"" : "; expected one such as knot",
		 nearest ? nearest : "", nearest ? "\"?" : "");
	return ZT_EINVAL;
}

/* Where a line and a column, which counts characters, begin in the text. */
static const char *place_find(const struct topology_text *source, const struct yaml_node *node)
{
	const char *at = source->text, *end = source->text + source->len;

	for (unsigned line = 1; line < node->line && at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		at = newline ? newline + 1 : end;
	}
	for (unsigned column = 1; column < node->column && at < end; column++) {
		do
			at++;
		while (at < end && ((uint8_t)*at & 0xc0) == 0x80);
	}
	return at;
}

/* Whether the text of a kind stands there as the tree says: without quotes or escapes. */
static bool stands_there(const struct topology_text *source, const char *at, const struct yaml_node *kind)
{
	size_t len = strlen(kind->text);
	return kind->is_plain && at + len <= source->text + source->len && memcmp(at, kind->text, len) == 0;
}

struct wish {
	const struct scenario *scenario;
	const struct choices *choices;
	bool *used;      /* of each choice: whether it meant a node */
};

/* What is chosen for a node; NULL. The last one that means it wins. */
static const char *chosen_for(const struct wish *wish, const char *node)
{
	const char *chosen = NULL;

	for (size_t i = 0; i < wish->choices->count; i++) {
		if (!is_meant(wish->scenario, &wish->choices->items[i], node))
			continue;
		chosen = wish->choices->items[i].kind;
		wish->used[i] = true;
	}
	return chosen;
}

static void text_copy(const struct topology_text *source, const struct yaml_node *nodes, const struct wish *wish, struct buf *out)
{
	const char *copied = source->text;

	for (const struct yaml_node *node = nodes ? nodes->child : NULL; node; node = node->next) {
		const struct yaml_node *name = yaml_node_get(node, "name"), *kind = yaml_node_get(node, "kind");
		const char *at = kind ? place_find(source, kind) : NULL;
		if (!name || name->kind != YAML_KIND_SCALAR || !kind || kind->kind != YAML_KIND_SCALAR || !stands_there(source, at, kind))
			continue;
		const char *chosen = chosen_for(wish, name->text);
		if (!chosen)
			continue;
		buf_add(out, copied, (size_t)(at - copied));
		buf_add(out, chosen, strlen(chosen));
		copied = at + strlen(kind->text);
	}
	buf_add(out, copied, (size_t)(source->text + source->len - copied));
}

int choice_apply(const struct topology_text *source, const struct scenario *scenario, const struct choices *choices, struct buf *out, char error[256])
{
	struct yaml_tree tree;
	struct problems problems;
	bool used[SCENARIO_LIST_MAX] = { false };
	int status = choices->count <= SCENARIO_LIST_MAX ? ZT_OK : ZT_ELIMIT;

	problems_init(&problems, source->file);
	snprintf(error, 256, "the topology can't be used, or too many kinds are chosen");
	for (size_t i = 0; i < choices->count && status == ZT_OK; i++)
		status = kind_check(&choices->items[i], error);
	int parsed = yaml_tree_parse(&tree, source->file, source->text, source->len, &problems);
	if (status == ZT_OK)
		text_copy(source, parsed == ZT_OK ? yaml_node_get(tree.root, "nodes") : NULL, &(struct wish){ scenario, choices, used }, out);
	for (size_t i = 0; i < choices->count && status == ZT_OK && parsed == ZT_OK; i++) {
		if (!used[i]) {
			snprintf(error, 256, "%.60s is no role of the scenario and no node of its lab", choices->items[i].who);
			status = ZT_EINVAL;
		}
	}
	yaml_tree_fini(&tree);
	problems_fini(&problems);
	return status == ZT_OK ? out->status : status;
}
