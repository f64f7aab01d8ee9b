/* A YAML file as a tree of mappings, sequences and scalars, each with its place in the file.
 *
 * The YAML that people write by hand: one document, no anchors, aliases or tags, no keys that are not scalars, no key twice in a mapping.
 * Everything else is a problem with a line and a column.
 *
 * The tree owns an arena that also holds what is made from it (schema.h), so all of a configuration lives and dies with its tree. The items of
 * lists at the top level, of which there may be very many, can be given back earlier.
 * Limits: 64 MiB a file, 32 levels.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/status.h"
#include "lib/conf/problems.h"

enum yaml_kind { YAML_KIND_SCALAR, YAML_KIND_SEQUENCE, YAML_KIND_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line;                     /* from 1 */
	unsigned column;                   /* from 1, in characters */
	bool is_plain;                     /* a scalar without quotes */
	const char *text;                  /* a scalar's; never NULL for one, NUL-terminated and without NUL inside */
	const struct yaml_node *key;       /* the scalar this node is the value of, in a mapping; else NULL */
	const struct yaml_node *child;     /* first of a sequence or mapping, in the file's order */
	const struct yaml_node *next;      /* in the same sequence or mapping */
	size_t count;                      /* children */
};

struct yaml_tree {
	struct arena arena;
	struct arena items;                /* nodes below lists at the top level, and what schema.h makes of them */
	const char *file;                  /* owned copy of the name it was read by */
	const char *jail;                  /* set by the owner: the folder that is, or will be, the process's root folder. Resolved paths are then as seen from there */
	bool is_in_jail;
	const struct yaml_node *root;      /* an empty file is an empty mapping; NULL when the text could not be understood */
};

/* Reads `path` ("-" is standard input). Problems are added to `problems`; then ZT_ESYNTAX (with a root where only details were wrong, so that more
 * problems can be found), or ZT_EIO and others when the file can't be read. The tree must be given to yaml_tree_fini in every case. */
ZT_MUST_CHECK int yaml_tree_load(struct yaml_tree *tree, const char *path, struct problems *problems);
/* The same for a process that lives in a jail: the file is opened as seen from there; all else about it, `jail` of the tree too, is as outside. */
ZT_MUST_CHECK int yaml_tree_load_jailed(struct yaml_tree *tree, const char *path, const char *jail, struct problems *problems);
/* The same from memory; `file` is the name for messages and relative paths. */
ZT_MUST_CHECK int yaml_tree_parse(struct yaml_tree *tree, const char *file, const void *text, size_t len, struct problems *problems);
void yaml_tree_fini(struct yaml_tree *tree);
/* Frees the items of all lists at the top level, which then are empty, and the structs that schema.h has filled from them with the lists therein; texts stay.
 * For who has copied what it needs. */
void yaml_tree_forget_items(struct yaml_tree *tree);

/* The value of a mapping's key; NULL when there is none or `mapping` (which may be NULL) is no mapping. */
const struct yaml_node *yaml_node_get(const struct yaml_node *mapping, const char *key);
/* Nothing was written, or `~` or `null`. True for NULL. */
bool yaml_node_is_null(const struct yaml_node *node);
/* "a mapping", "a sequence" or "a scalar". */
const char *yaml_node_kind_text(const struct yaml_node *node);
bool yaml_node_equal(const struct yaml_node *a, const struct yaml_node *b);

/* A path as meant by the file that names it: absolute, or relative to that file's folder; where there is a jail, without its name in front (a path that lies
 * outside stays as it is, see yaml_path_below). In the tree's arena; NULL without memory. */
const char *yaml_tree_resolve(struct yaml_tree *tree, const char *path);
/* Opens a resolved path for reading, before the process is in the jail as well as when it is. A descriptor, or -1 and errno. */
int yaml_tree_open(const struct yaml_tree *tree, const char *path);
/* What is left of an absolute path below a folder, from the slash on; NULL when it lies elsewhere. */
const char *yaml_path_below(const char *path, const char *folder);
