/* libyaml's events made a tree. */
#include "lib/conf/yaml_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "lib/base/buf.h"

enum {
	DEPTH_MAX = 32,
	FILE_MAX_LEN = 64 << 20,
	ARENA_CHUNK = 16 * 1024,
	READ_STEP = 64 * 1024,
};

struct parse {
	yaml_parser_t parser;
	struct yaml_tree *tree;
	struct problems *problems;
	int status;
	bool stopped;      /* what follows can't be understood; the tree is given up */
	bool is_item;      /* inside of a list at the top level */
};

static struct arena *arena_of(const struct parse *parse)
{
	return parse->is_item ? &parse->tree->items : &parse->tree->arena;
}

static void problem_at(struct parse *parse, yaml_mark_t mark, const char *text)
{
	problems_add(parse->problems, (unsigned)mark.line + 1, (unsigned)mark.column + 1, "%s", text);
	parse->status = ZT_ESYNTAX;
}

static void *stop(struct parse *parse, int status)
{
	parse->status = status;
	parse->stopped = true;
	return NULL;
}

/* libyaml's words fit hardly any mistake; this one is common enough to be named. */
static const char *hint_for(const yaml_parser_t *parser)
{
	bool is_missing_value = parser->problem && strcmp(parser->problem, "did not find expected node content") == 0;
	return is_missing_value ? " (a value that starts with a colon, such as an IPv6 address, needs quotes here)" : "";
}

/* The next event; false when libyaml found an error, which is then reported. */
static bool event_next(struct parse *parse, yaml_event_t *event)
{
	if (yaml_parser_parse(&parse->parser, event))
		return true;
	const yaml_parser_t *parser = &parse->parser;
	if (parser->error == YAML_MEMORY_ERROR) {
		stop(parse, ZT_ENOMEM);
	} else if (parser->error == YAML_READER_ERROR) {
		problems_add(parse->problems, (unsigned)parser->mark.line + 1, (unsigned)parser->mark.column + 1,
			     "not UTF-8 text (%s), expected a YAML file", parser->problem ? parser->problem : "unreadable");
		stop(parse, ZT_ESYNTAX);
	} else {
		problems_add(parse->problems, (unsigned)parser->problem_mark.line + 1, (unsigned)parser->problem_mark.column + 1,
			     "not valid YAML: %s%s%s%s", parser->problem ? parser->problem : "syntax error", parser->context ? " " : "",
			     parser->context ? parser->context : "", hint_for(parser));
		stop(parse, ZT_ESYNTAX);
	}
	return false;
}

static struct yaml_node *node_new(struct parse *parse, enum yaml_kind kind, yaml_mark_t mark)
{
	struct yaml_node *node = arena_calloc(arena_of(parse), sizeof(*node));
	if (!node)
		return stop(parse, ZT_ENOMEM);
	node->kind = kind;
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
	return node;
}

static bool has_decoration(const yaml_char_t *anchor, const yaml_char_t *tag)
{
	return anchor != NULL || tag != NULL;
}

static struct yaml_node *scalar_read(struct parse *parse, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (has_decoration(event->data.scalar.anchor, event->data.scalar.tag))
		problem_at(parse, event->start_mark, "an anchor or a tag, expected a plain value (YAML's & * ! are not supported here)");
	if (memchr(value, '\0', len))
		problem_at(parse, event->start_mark, "a NUL character inside a text, expected text without it");
	struct yaml_node *node = node_new(parse, YAML_KIND_SCALAR, event->start_mark);
	if (!node)
		return NULL;
	char *text = arena_alloc(arena_of(parse), len + 1);
	if (!text)
		return stop(parse, ZT_ENOMEM);
	memcpy(text, value, len);
	text[len] = '\0';
	node->text = text;
	node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return node;
}

static struct yaml_node *node_read(struct parse *parse, const yaml_event_t *event, unsigned depth);

/* Reads up to the sequence's or mapping's end. */
static void children_read(struct parse *parse, struct yaml_node *parent, unsigned depth)
{
	const struct yaml_node **tail = &parent->child;
	const struct yaml_node *key = NULL;
	yaml_event_t event;

	for (;;) {
		if (!event_next(parse, &event))
			return;
		if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return;
		}
		struct yaml_node *node = node_read(parse, &event, depth + 1);
		yaml_event_delete(&event);
		if (!node)
			return;
		if (parent->kind == YAML_KIND_MAPPING && !key) {
			if (node->kind != YAML_KIND_SCALAR) {
				problems_add(parse->problems, node->line, node->column, "%s as a key, expected a word", yaml_node_kind_text(node));
				stop(parse, ZT_ESYNTAX);
				return;
			}
			key = node;
			continue;
		}
		node->key = key;
		key = NULL;
		*tail = node;
		tail = &node->next;
		parent->count++;
	}
}

static int by_key(const void *a, const void *b)
{
	const struct yaml_node *p = *(const struct yaml_node *const *)a, *q = *(const struct yaml_node *const *)b;
	int order = strcmp(p->key->text, q->key->text);
	if (order == 0 && p->key->line != q->key->line)
		order = p->key->line < q->key->line ? -1 : 1;
	return order ? order : (p->key->column > q->key->column) - (p->key->column < q->key->column);
}

/* Sorted, so that a hostile file with very many keys costs no more than sorting them. */
static void duplicates_check(struct parse *parse, const struct yaml_node *mapping)
{
	if (mapping->count < 2 || parse->stopped)
		return;
	const struct yaml_node **sorted = calloc(mapping->count, sizeof(*sorted));
	if (!sorted) {
		stop(parse, ZT_ENOMEM);
		return;
	}
	size_t count = 0;
	for (const struct yaml_node *node = mapping->child; node; node = node->next)
		sorted[count++] = node;
	qsort(sorted, count, sizeof(*sorted), by_key);
	for (size_t i = 1; i < count; i++) {
		const struct yaml_node *first = sorted[i - 1]->key, *again = sorted[i]->key;
		if (strcmp(first->text, again->text) == 0)
			problems_add(parse->problems, again->line, again->column, "the key \"%s\" stands twice, expected once (first in line %u)",
				     again->text, first->line);
	}
	free(sorted);
}

static struct yaml_node *collection_read(struct parse *parse, const yaml_event_t *event, unsigned depth)
{
	bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor = is_mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	const yaml_char_t *tag = is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;

	if (has_decoration(anchor, tag))
		problem_at(parse, event->start_mark, "an anchor or a tag, expected a plain value (YAML's & * ! are not supported here)");
	if (depth >= DEPTH_MAX) {
		problem_at(parse, event->start_mark, "nested too deeply, expected at most 32 levels");
		return stop(parse, ZT_ESYNTAX);
	}
	struct yaml_node *node = node_new(parse, is_mapping ? YAML_KIND_MAPPING : YAML_KIND_SEQUENCE, event->start_mark);
	if (!node)
		return NULL;
	bool has_items = !is_mapping && depth == 1;
	parse->is_item |= has_items;
	children_read(parse, node, depth);
	parse->is_item &= !has_items;
	if (is_mapping)
		duplicates_check(parse, node);
	return node;
}

/* NULL when the parse stopped. */
static struct yaml_node *node_read(struct parse *parse, const yaml_event_t *event, unsigned depth)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return scalar_read(parse, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT: {
		struct yaml_node *node = collection_read(parse, event, depth);
		return parse->stopped ? NULL : node;
	}
	case YAML_ALIAS_EVENT:
		problem_at(parse, event->start_mark, "an alias, expected the value itself (YAML's & * ! are not supported here)");
		return node_new(parse, YAML_KIND_MAPPING, event->start_mark);
	default:
		problem_at(parse, event->start_mark, "not valid YAML here");
		return stop(parse, ZT_ESYNTAX);
	}
}

static const struct yaml_node *document_read(struct parse *parse)
{
	const struct yaml_node *root = NULL;
	bool done = false;

	while (!done) {
		yaml_event_t event;
		if (!event_next(parse, &event))
			return NULL;
		switch (event.type) {
		case YAML_STREAM_END_EVENT:
			done = true;
			break;
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		default:
			if (root) {
				problem_at(parse, event.start_mark, "a second YAML document, expected one a file");
				done = true;
			} else {
				root = node_read(parse, &event, 0);
				done = !root;
			}
		}
		yaml_event_delete(&event);
	}
	if (!root || (root->kind == YAML_KIND_SCALAR && yaml_node_is_null(root)))
		root = node_new(parse, YAML_KIND_MAPPING, (yaml_mark_t){ 0 });
	return root;
}

static void tree_init(struct yaml_tree *tree, const char *file)
{
	*tree = (struct yaml_tree){ 0 };
	arena_init(&tree->arena, ARENA_CHUNK);
	arena_init(&tree->items, ARENA_CHUNK);
	tree->file = arena_strdup(&tree->arena, file);
}

static int text_parse(struct yaml_tree *tree, const void *text, size_t len, struct problems *problems)
{
	struct parse parse = { .tree = tree, .problems = problems, .status = tree->file ? ZT_OK : ZT_ENOMEM };
	size_t before = problems->total;

	if (parse.status != ZT_OK || !yaml_parser_initialize(&parse.parser))
		return ZT_ENOMEM;
	yaml_parser_set_encoding(&parse.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parse.parser, text, len);
	tree->root = document_read(&parse);
	if (parse.stopped)
		tree->root = NULL;
	yaml_parser_delete(&parse.parser);
	if (parse.status == ZT_OK && problems->total > before)
		parse.status = ZT_ESYNTAX;
	return parse.status;
}

int yaml_tree_parse(struct yaml_tree *tree, const char *file, const void *text, size_t len, struct problems *problems)
{
	tree_init(tree, file);
	return text_parse(tree, text, len, problems);
}

/* ZT_ELIMIT past the file limit, ZT_EIO with errno set. */
static int fd_read_all(int fd, struct buf *out)
{
	for (;;) {
		uint8_t *room = buf_reserve(out, READ_STEP);
		if (!room)
			return out->status;
		ssize_t got = read(fd, room, READ_STEP);
		if (got == 0)
			return ZT_OK;
		if (got < 0 && errno != EINTR)
			return ZT_EIO;
		if (got > 0)
			out->len += (size_t)got;
		if (out->len > FILE_MAX_LEN)
			return ZT_ELIMIT;
	}
}

/* Opens `path` and reads it into a tree that has been initialised. */
static int file_load(struct yaml_tree *tree, const char *path, struct problems *problems)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct buf text;

	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		problems_add(problems, 0, 0, "cannot read it: %s", strerror(errno));
		return ZT_EIO;
	}
	buf_init(&text);
	int status = fd_read_all(fd, &text);
	if (status == ZT_EIO)
		problems_add(problems, 0, 0, "cannot read it: %s", strerror(errno));
	else if (status == ZT_ELIMIT)
		problems_add(problems, 0, 0, "longer than 64 MiB, expected a configuration file");
	if (!is_stdin)
		close(fd);
	if (status == ZT_OK)
		status = text_parse(tree, text.data, text.len, problems);
	buf_fini(&text);
	return status;
}

int yaml_tree_load(struct yaml_tree *tree, const char *path, struct problems *problems)
{
	tree_init(tree, path);
	return file_load(tree, path, problems);
}

int yaml_tree_load_jailed(struct yaml_tree *tree, const char *path, const char *jail, struct problems *problems)
{
	const char *inside = yaml_path_below(path, jail);

	tree_init(tree, path);
	tree->is_in_jail = true;
	return file_load(tree, inside ? inside : path, problems);
}

void yaml_tree_fini(struct yaml_tree *tree)
{
	arena_fini(&tree->items);
	arena_fini(&tree->arena);
	*tree = (struct yaml_tree){ 0 };
}

void yaml_tree_forget_items(struct yaml_tree *tree)
{
	for (const struct yaml_node *node = tree->root ? tree->root->child : NULL; node; node = node->next) {
		if (node->kind == YAML_KIND_SEQUENCE) {
			struct yaml_node *list = (struct yaml_node *)(uintptr_t)node;
			list->child = NULL;
			list->count = 0;
		}
	}
	arena_fini(&tree->items);
	arena_init(&tree->items, ARENA_CHUNK);
}

const struct yaml_node *yaml_node_get(const struct yaml_node *mapping, const char *key)
{
	if (!mapping || mapping->kind != YAML_KIND_MAPPING)
		return NULL;
	for (const struct yaml_node *node = mapping->child; node; node = node->next) {
		if (strcmp(node->key->text, key) == 0)
			return node;
	}
	return NULL;
}

bool yaml_node_is_null(const struct yaml_node *node)
{
	if (!node)
		return true;
	return node->kind == YAML_KIND_SCALAR && node->is_plain &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

const char *yaml_node_kind_text(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_KIND_MAPPING: return "a mapping";
	case YAML_KIND_SEQUENCE: return "a sequence";
	default: return "a scalar";
	}
}

bool yaml_node_equal(const struct yaml_node *a, const struct yaml_node *b)
{
	if (!a || !b || a->kind != b->kind || a->count != b->count)
		return a == b;
	if (a->kind == YAML_KIND_SCALAR)
		return strcmp(a->text, b->text) == 0;
	const struct yaml_node *p = a->child;
	for (const struct yaml_node *q = b->child; q; q = q->next) {
		/* The order of keys says nothing, the order of items does. */
		const struct yaml_node *other = q->key ? yaml_node_get(a, q->key->text) : p;
		if (!yaml_node_equal(other, q))
			return false;
		p = p->next;
	}
	return true;
}

const char *yaml_path_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && path[len] == '/' ? path + len : NULL;
}

static const char *path_join(struct yaml_tree *tree, const char *path)
{
	const char *slash = strrchr(tree->file, '/');

	if (path[0] == '/' || !slash)
		return arena_strdup(&tree->arena, path);
	size_t dir_len = (size_t)(slash - tree->file) + 1, path_len = strlen(path);
	char *resolved = arena_alloc(&tree->arena, dir_len + path_len + 1);
	if (!resolved)
		return NULL;
	memcpy(resolved, tree->file, dir_len);
	memcpy(resolved + dir_len, path, path_len + 1);
	return resolved;
}

const char *yaml_tree_resolve(struct yaml_tree *tree, const char *path)
{
	const char *resolved = path_join(tree, path);
	const char *inside = resolved && tree->jail ? yaml_path_below(resolved, tree->jail) : NULL;
	return inside ? inside : resolved;
}

int yaml_tree_open(const struct yaml_tree *tree, const char *path)
{
	char outside[PATH_MAX];

	if (tree->jail && !tree->is_in_jail) {
		if (snprintf(outside, sizeof(outside), "%s%s", tree->jail, path) >= (int)sizeof(outside)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		path = outside;
	}
	return open(path, O_RDONLY | O_CLOEXEC);
}
