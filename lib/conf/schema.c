/* Fills structs from YAML by table. */
#include "lib/conf/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/nearest.h"
#include "lib/conf/values.h"

struct fill {
	struct yaml_tree *tree;
	struct problems *problems;
	int status;      /* ZT_ENOMEM ends everything */
	const struct schema *top;
	bool is_item;      /* inside of a list of the top schema */
};

static void mapping_fill(struct fill *fill, const struct schema *schema, const struct yaml_node *node, void *out);

static struct arena *arena_of(const struct fill *fill)
{
	return fill->is_item ? &fill->tree->items : &fill->tree->arena;
}

static void *member_of(void *out, const struct schema_row *row)
{
	return (char *)out + row->offset;
}

static size_t item_size(const struct schema_row *row)
{
	return row->type == SCHEMA_MAPPING ? row->mapping->size : value_size(row);
}

static void value_problem(struct fill *fill, const struct schema_row *row, const struct yaml_node *node)
{
	struct buf expected;
	bool is_scalar = node->kind == YAML_KIND_SCALAR;

	buf_init(&expected);
	value_expected_write(row, is_scalar ? node->text : NULL, &expected);
	if (row->flags & SCHEMA_LIST && !is_scalar)
		buf_printf(&expected, ", or a list of them");
	buf_add_u8(&expected, 0);
	if (expected.status != ZT_OK)
		fill->status = expected.status;
	else if (is_scalar)
		problems_add(fill->problems, node->line, node->column, "%s is \"%.100s\", expected %s", row->key, node->text, (char *)expected.data);
	else
		problems_add(fill->problems, node->line, node->column, "%s is %s, expected %s", row->key, yaml_node_kind_text(node),
			     (char *)expected.data);
	buf_fini(&expected);
}

/* One value of the row's type, not a list. */
static void value_fill(struct fill *fill, const struct schema_row *row, const struct yaml_node *node, void *out)
{
	if (row->type == SCHEMA_NODE) {
		memcpy(out, &node, sizeof(node));
	} else if (row->type == SCHEMA_MAPPING) {
		if (node->kind == YAML_KIND_MAPPING || (node->kind == YAML_KIND_SCALAR && row->mapping->shorthand))
			mapping_fill(fill, row->mapping, node, out);
		else
			value_problem(fill, row, node);
	} else if (node->kind != YAML_KIND_SCALAR) {
		value_problem(fill, row, node);
	} else {
		int status = value_from_text(row, fill->tree, node->text, out);
		if (status == ZT_ENOMEM)
			fill->status = status;
		else if (status != ZT_OK)
			value_problem(fill, row, node);
	}
}

static const struct schema_row *unique_row(const struct schema *schema)
{
	for (size_t i = 0; i < schema->row_count; i++) {
		if (schema->rows[i].flags & SCHEMA_UNIQUE)
			return &schema->rows[i];
	}
	return NULL;
}

struct named_item {
	const char *name;
	const struct yaml_node *node;      /* of the name */
	size_t order;
};

static int by_name(const void *a, const void *b)
{
	const struct named_item *p = a, *q = b;
	int order = strcasecmp(p->name, q->name);
	return order ? order : (p->order > q->order) - (p->order < q->order);
}

static void uniqueness_check(struct fill *fill, const struct schema *schema, const struct schema_list *list)
{
	const struct schema_row *row = unique_row(schema);
	struct named_item *named = row && list->count > 1 ? calloc(list->count, sizeof(*named)) : NULL;
	size_t count = 0;

	if (!row || list->count < 2)
		return;
	if (!named) {
		fill->status = ZT_ENOMEM;
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		char *item = (char *)list->items + i * schema->size;
		struct named_item entry = { .order = i };
		memcpy(&entry.name, item + row->offset, sizeof(entry.name));
		memcpy(&entry.node, item, sizeof(entry.node));
		if (!entry.name || !entry.node)
			continue;
		const struct yaml_node *name_node = yaml_node_get(entry.node, row->key);
		if (name_node)
			entry.node = name_node;
		named[count++] = entry;
	}
	qsort(named, count, sizeof(*named), by_name);
	for (size_t i = 1; i < count; i++) {
		if (strcasecmp(named[i - 1].name, named[i].name) == 0)
			problems_add(fill->problems, named[i].node->line, named[i].node->column,
				     "%s is \"%.100s\", which line %u uses already, expected another", row->key, named[i].name, named[i - 1].node->line);
	}
	free(named);
}

static void list_fill(struct fill *fill, const struct schema_row *row, const struct yaml_node *node, struct schema_list *list)
{
	bool is_sequence = node->kind == YAML_KIND_SEQUENCE;
	size_t size = item_size(row);
	size_t count = is_sequence ? node->count : 1;

	list->items = arena_calloc(arena_of(fill), count * size + 1);
	if (!list->items) {
		fill->status = ZT_ENOMEM;
		return;
	}
	list->count = count;
	char *item = list->items;
	for (const struct yaml_node *value = is_sequence ? node->child : node; value; value = is_sequence ? value->next : NULL) {
		value_fill(fill, row, value, item);
		item += size;
	}
	if (row->type == SCHEMA_MAPPING)
		uniqueness_check(fill, row->mapping, list);
}

/* What the key's absence leaves in zeroed memory. */
static void fallback_fill(struct fill *fill, const struct schema_row *row, void *member)
{
	if (row->type == SCHEMA_MAPPING && !(row->flags & SCHEMA_LIST)) {
		mapping_fill(fill, row->mapping, NULL, member);
		return;
	}
	if (!row->fallback)
		return;
	/* In the arena, as a mapping made from its shorthand keeps it. */
	struct yaml_node *node = arena_calloc(arena_of(fill), sizeof(*node));
	if (!node) {
		fill->status = ZT_ENOMEM;
		return;
	}
	*node = (struct yaml_node){ .kind = YAML_KIND_SCALAR, .text = row->fallback };
	if (row->flags & SCHEMA_LIST)
		list_fill(fill, row, node, member);
	else
		value_fill(fill, row, node, member);
}

static const struct schema_row *row_find(const struct schema *schema, const char *key)
{
	for (size_t i = 0; i < schema->row_count; i++) {
		if (strcmp(schema->rows[i].key, key) == 0)
			return &schema->rows[i];
	}
	return NULL;
}

static void unknown_key_problem(struct fill *fill, const struct schema *schema, const struct yaml_node *key)
{
	const char *nearest = NULL;
	struct buf known;

	for (size_t i = 0; i < schema->row_count; i++)
		nearest_consider(key->text, schema->rows[i].key, &nearest);
	if (nearest) {
		problems_add(fill->problems, key->line, key->column, "unknown key \"%.100s\" in %s, did you mean \"%s\"?", key->text, schema->what, nearest);
		return;
	}
	buf_init(&known);
	for (size_t i = 0; i < schema->row_count; i++)
		buf_printf(&known, "%s%s", i == 0 ? "" : i + 1 == schema->row_count ? " or " : ", ", schema->rows[i].key);
	buf_add_u8(&known, 0);
	problems_add(fill->problems, key->line, key->column, "unknown key \"%.100s\" in %s, expected %s", key->text, schema->what,
		     known.status == ZT_OK ? (char *)known.data : "another");
	buf_fini(&known);
}

/* Node NULL: the mapping is absent, everything takes its default. */
static void mapping_fill(struct fill *fill, const struct schema *schema, const struct yaml_node *node, void *out)
{
	bool is_shorthand = node && node->kind == YAML_KIND_SCALAR;

	memcpy(out, &node, sizeof(node));
	for (size_t i = 0; i < schema->row_count && fill->status == ZT_OK; i++) {
		const struct schema_row *row = &schema->rows[i];
		void *member = member_of(out, row);
		const struct yaml_node *value = yaml_node_get(node, row->key);
		if (is_shorthand && strcmp(row->key, schema->shorthand) == 0)
			value = node;
		bool is_item = fill->is_item;
		fill->is_item |= schema == fill->top && (row->flags & SCHEMA_LIST);
		if (yaml_node_is_null(value)) {
			if (node && (row->flags & SCHEMA_REQUIRED))
				problems_add(fill->problems, node->line, node->column, "%s without \"%s\", expected that key", schema->what, row->key);
			fallback_fill(fill, row, member);
		} else if (row->flags & SCHEMA_LIST) {
			list_fill(fill, row, value, member);
		} else {
			value_fill(fill, row, value, member);
		}
		fill->is_item = is_item;
	}
	for (const struct yaml_node *value = node ? node->child : NULL; value; value = value->next) {
		if (!row_find(schema, value->key->text))
			unknown_key_problem(fill, schema, value->key);
	}
}

int schema_fill(const struct schema *schema, struct yaml_tree *tree, const struct yaml_node *node, void *out, struct problems *problems)
{
	struct fill fill = { .tree = tree, .problems = problems, .status = ZT_OK, .top = schema };
	size_t before = problems->total;

	memset(out, 0, schema->size);
	if (node->kind != YAML_KIND_MAPPING) {
		problems_add(problems, node->line, node->column, "%s is %s, expected a mapping", schema->what, yaml_node_kind_text(node));
		return ZT_ESYNTAX;
	}
	mapping_fill(&fill, schema, node, out);
	if (fill.status == ZT_OK && problems->total > before)
		fill.status = ZT_ESYNTAX;
	return fill.status;
}

int schema_load(const struct schema *schema, struct yaml_tree *tree, const char *path, void *out, struct problems *problems)
{
	int loaded = yaml_tree_load(tree, path, problems);

	memset(out, 0, schema->size);
	if (!tree->root)
		return loaded;
	int filled = schema_fill(schema, tree, tree->root, out, problems);
	return loaded != ZT_OK ? loaded : filled;
}

static void changed_key_write(const char *what, const char *key, struct buf *out)
{
	buf_printf(out, "%s%s%s%s", out->len > 0 ? ", " : "", what, what[0] ? "." : "", key);
}

static void restart_changes_write(const struct schema *schema, const struct yaml_node *pair[2], const char *what, struct buf *out)
{
	for (size_t i = 0; i < schema->row_count; i++) {
		const struct schema_row *row = &schema->rows[i];
		const struct yaml_node *values[2] = { yaml_node_get(pair[0], row->key), yaml_node_get(pair[1], row->key) };
		if (yaml_node_is_null(values[0]) && yaml_node_is_null(values[1]))
			continue;
		if (row->flags & SCHEMA_RESTART) {
			if (!yaml_node_equal(values[0], values[1]))
				changed_key_write(what, row->key, out);
		} else if (row->type == SCHEMA_MAPPING && !(row->flags & SCHEMA_LIST)) {
			restart_changes_write(row->mapping, values, row->key, out);
		}
	}
}

void schema_restart_changes(const struct schema *schema, const struct yaml_node *before, const struct yaml_node *after, struct buf *out)
{
	const struct yaml_node *pair[2] = { before, after };
	restart_changes_write(schema, pair, "", out);
}

int schema_each_path(const struct schema *schema, const void *conf, schema_on_path *on_path, void *ctx)
{
	int status = ZT_OK;

	for (size_t i = 0; i < schema->row_count && status == ZT_OK; i++) {
		const struct schema_row *row = &schema->rows[i];
		const char *member = (const char *)conf + row->offset;
		const struct schema_list *list = row->flags & SCHEMA_LIST ? (const struct schema_list *)(const void *)member : NULL;
		const char *items = list ? list->items : member;
		for (size_t k = 0; k < (list ? list->count : 1) && status == ZT_OK; k++) {
			const char *item = items + k * item_size(row);
			if (row->type == SCHEMA_MAPPING)
				status = schema_each_path(row->mapping, item, on_path, ctx);
			else if (row->type == SCHEMA_PATH && *(const char *const *)(const void *)item)
				status = on_path(ctx, row, *(const char *const *)(const void *)item);
		}
	}
	return status;
}

/* A line that starts with a dot or an apostrophe would be a request, a backslash an escape. */
static void mdoc_text_write(const char *text, struct buf *out)
{
	bool at_start = true;

	for (const char *p = text; *p; p++) {
		if (at_start && (*p == '.' || *p == '\''))
			buf_printf(out, "\\&");
		if (*p == '\\')
			buf_printf(out, "\\e");
		else
			buf_add_u8(out, (uint8_t)*p);
		at_start = *p == '\n';
	}
	buf_printf(out, "\n");
}

static void mdoc_rows_write(const struct schema *schema, struct buf *out);

static void mdoc_row_write(const struct schema_row *row, struct buf *out)
{
	buf_printf(out, ".It Ic %s\n", row->key);
	if (row->help)
		mdoc_text_write(row->help, out);
	if (row->type == SCHEMA_MAPPING) {
		if (row->mapping->shorthand)
			buf_printf(out, "A single value instead of a mapping is taken as its\n.Ic %s .\n", row->mapping->shorthand);
	} else {
		struct buf expected;
		buf_init(&expected);
		value_expected_write(row, NULL, &expected);
		buf_add_u8(&expected, 0);
		if (expected.status == ZT_OK)
			buf_printf(out, "Takes %s%s.\n", (char *)expected.data, row->flags & SCHEMA_LIST ? ", or a list of them" : "");
		buf_fini(&expected);
	}
	if (row->flags & SCHEMA_REQUIRED)
		buf_printf(out, "Required.\n");
	if (row->fallback)
		buf_printf(out, "Default:\n.Li %s .\n", row->fallback);
	if (row->flags & SCHEMA_RESTART)
		buf_printf(out, "A change takes effect at the next start.\n");
	if (row->type == SCHEMA_MAPPING)
		mdoc_rows_write(row->mapping, out);
}

static void mdoc_rows_write(const struct schema *schema, struct buf *out)
{
	buf_printf(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < schema->row_count; i++)
		mdoc_row_write(&schema->rows[i], out);
	buf_printf(out, ".El\n");
}

/* An earlier row that has the same mapping, so that its keys need not be told again; NULL if there is none. */
static const struct schema_row *row_alike(const struct schema *schema, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (schema->rows[i].type == SCHEMA_MAPPING && schema->rows[i].mapping == schema->rows[index].mapping)
			return &schema->rows[i];
	return NULL;
}

void schema_write_mdoc(const struct schema *schema, struct buf *out)
{
	bool has_plain_keys = false;

	for (size_t i = 0; i < schema->row_count; i++) {
		if (schema->rows[i].type == SCHEMA_MAPPING)
			continue;
		if (!has_plain_keys)
			buf_printf(out, ".Bl -tag -width Ds\n");
		has_plain_keys = true;
		mdoc_row_write(&schema->rows[i], out);
	}
	if (has_plain_keys)
		buf_printf(out, ".El\n");
	for (size_t i = 0; i < schema->row_count; i++) {
		const struct schema_row *row = &schema->rows[i];
		if (row->type != SCHEMA_MAPPING)
			continue;
		buf_printf(out, ".Ss %s%s\n", row->key, row->flags & SCHEMA_LIST ? " (a list)" : "");
		if (row->help)
			mdoc_text_write(row->help, out);
		if (row_alike(schema, i))
			buf_printf(out, "Its keys are those of\n.Ic %s .\n", row_alike(schema, i)->key);
		else
			mdoc_rows_write(row->mapping, out);
	}
}
