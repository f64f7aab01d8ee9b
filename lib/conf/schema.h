/* Configuration as a table: each key is one row that says name, type, range, default, reload effect and help; the engine fills a caller's struct from a
 * YAML tree, reports everything that is wrong, and prints the man page section.
 *
 * A schema describes one mapping and the C struct it fills. The struct's first member is `const struct yaml_node *node`: the mapping it was filled from,
 * NULL where an optional mapping is absent. It lets the owner report problems of its own at the right line, with yaml_node_get(conf->node, "key").
 *
 *	struct key_conf {
 *		const struct yaml_node *node;
 *		const char *name;
 *		int algorithm;
 *	};
 *	static const struct schema_row key_rows[] = {
 *		{ "name", SCHEMA_TEXT, offsetof(struct key_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .help = "The key's name." },
 *		{ "algorithm", SCHEMA_ENUM, offsetof(struct key_conf, algorithm), .names = algorithms, .fallback = "hmac-sha256", .help = "…" },
 *	};
 *	static const struct schema key_schema = {
 *		.what = "key", .size = sizeof(struct key_conf), .rows = key_rows, .row_count = SCHEMA_COUNT(key_rows),
 *	};
 *
 * Strings, lists and nodes live in the tree's arena, so the struct is good for as long as its tree; see also yaml_tree_forget_items.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/conf/problems.h"
#include "lib/conf/yaml_tree.h"

/*                         member's C type           text */
enum schema_type {
	SCHEMA_BOOL,       /* bool                       yes no true false on off */
	SCHEMA_INT,        /* int64_t                    decimal */
	SCHEMA_DURATION,   /* usec_t                     seconds, or with ms s m h d w, also in a row: 1h30m */
	SCHEMA_SIZE,       /* uint64_t, bytes            bytes, or with K M G T (powers of 1,024) */
	SCHEMA_FRACTION,   /* double, 0 to 1             0.05 or 5% */
	SCHEMA_TEXT,       /* const char *               any; see check */
	SCHEMA_PATH,       /* const char *               relative to the file's folder */
	SCHEMA_ENUM,       /* int                        one of names */
	SCHEMA_ADDRESS,    /* struct netaddr             IP@PORT, port by default the row's */
	SCHEMA_PREFIX,     /* struct netprefix           IP or IP/BITS */
	SCHEMA_ACCESS,     /* struct schema_access       IP, IP/BITS, key:NAME, tls:NAME, pin:PIN, or several of these in a row */
	SCHEMA_MAPPING,    /* the struct of `mapping` */
	SCHEMA_NODE,       /* const struct yaml_node *   anything; the owner reads the tree */
};

enum schema_flags {
	SCHEMA_LIST = 1,        /* the member is a struct schema_list of the type; one value alone is a list of one */
	SCHEMA_REQUIRED = 2,
	SCHEMA_UNIQUE = 4,      /* text that no two mappings of one list may share, letter case aside */
	SCHEMA_RESTART = 8,     /* a change takes effect only at the next start; without it at once on reload */
	SCHEMA_WRITTEN = 16,    /* a PATH that is not of a file to be read */
};

/* What an absent key leaves: its default, else zero: no address, NULL, an empty list, a mapping of defaults whose node is NULL. */
struct schema_list {
	void *items;
	size_t count;
};

/* The items of a list as an array of their type. */
#define SCHEMA_ITEMS(list, type) ((type const *)(list).items)
#define SCHEMA_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct schema_access {
	struct netprefix prefix;      /* has_prefix */
	bool has_prefix;
	const char *key;              /* NULL = none, as below. All that are there must be so */
	const char *tls;              /* a name */
	const char *pin;              /* text */
};

struct schema_name {
	const char *name;             /* a NULL name ends the table */
	int value;
};

struct schema;

struct schema_row {
	const char *key;
	enum schema_type type;
	size_t offset;
	unsigned flags;
	const char *fallback;                    /* the default as it would stand in a file; of a list, the only item; NULL = none */
	int64_t min, max;                        /* INT, DURATION (microseconds), SIZE (bytes); both 0 = anything from 0 */
	uint16_t port;                           /* ADDRESS */
	const struct schema_name *names;         /* ENUM */
	const struct schema *mapping;            /* MAPPING */
	/* TEXT and PATH: NULL when the text is fine, else what was expected ("a domain name"). */
	const char *(*check)(const char *text);
	const char *help;                        /* sentences for the man page */
};

struct schema {
	const char *what;                        /* names the mapping in messages: "zone" */
	size_t size;                             /* of the C struct */
	const struct schema_row *rows;
	size_t row_count;
	const char *shorthand;                   /* a scalar in place of the mapping is the value of this key; NULL = not allowed */
};

/* Zeroes and fills `out` (schema->size bytes) from `node`, usually tree->root. Nothing is added to `problems` exactly if all is well; then ZT_OK, else
 * ZT_ESYNTAX (`out` holds what could be filled), or ZT_ENOMEM. */
ZT_MUST_CHECK int schema_fill(const struct schema *schema, struct yaml_tree *tree, const struct yaml_node *node, void *out,
			      struct problems *problems);

/* yaml_tree_load and schema_fill in one, with the problems of both. The tree must be given to yaml_tree_fini in every case. */
ZT_MUST_CHECK int schema_load(const struct schema *schema, struct yaml_tree *tree, const char *path, void *out, struct problems *problems);

/* Appends the keys (such as "server.listen") whose change needs a restart and that differ between two trees, separated by ", ". */
void schema_restart_changes(const struct schema *schema, const struct yaml_node *before, const struct yaml_node *after, struct buf *out);

typedef int schema_on_path(void *ctx, const struct schema_row *row, const char *path);
/* Calls back for every path in a struct that was filled. A status other than ZT_OK ends the walk and is returned. */
ZT_MUST_CHECK int schema_each_path(const struct schema *schema, const void *conf, schema_on_path *on_path, void *ctx);

/* Appends mdoc for a man page: the top-level keys that are no mappings as a tagged list, then one subsection a mapping. */
void schema_write_mdoc(const struct schema *schema, struct buf *out);

/* The texts of SCHEMA_DURATION, SCHEMA_SIZE and SCHEMA_BOOL, for command lines. ZT_ESYNTAX. */
ZT_MUST_CHECK int schema_duration_from_text(usec_t *duration, const char *text);
ZT_MUST_CHECK int schema_size_from_text(uint64_t *size, const char *text);
ZT_MUST_CHECK int schema_bool_from_text(bool *value, const char *text);
