/* The kinds of daemons that a lab can have as nodes: one entry of a table each, and one file each (kind_NAME.c) that writes its configuration. */
#pragma once

#include <stdio.h>

#include "tools/zonelab/lab/lab.h"

enum { KIND_ARGUMENTS_MAX = 8 };

struct kind {
	const char *title;                                 /* as people call it */
	const char *program;
	const char *package;                               /* Debian's; NULL for ours */
	const char *config;                                /* the file in the node's folder that the program is given */
	const char *arguments[KIND_ARGUMENTS_MAX];         /* of the program; CONFIG and FOLDER in them stand for the file's and the folder's path */
	const char *reload[KIND_ARGUMENTS_MAX + 1];        /* a command by which it reads ZONE's file again; without one it does so on SIGHUP */
	bool takes_updates;                                /* RFC 2136, for zones of which it is the primary */

	/* Writes the configuration and what else the program reads, but not zone files. Errors are printed. */
	int (*write)(const struct lab *lab, const struct topology_node *node);
};

extern const struct kind kind_authd, kind_nsd, kind_knot, kind_bind, kind_pdns;
extern const struct kind kind_resolverd, kind_unbound, kind_knot_resolver, kind_bind_resolver, kind_recursor;

const struct kind *kind_of(const struct topology_node *node);

/* The command line of a node, as an array that ends with NULL; its strings lie in it. free() it. NULL, printed, where the program is missing. */
char **kind_command_new(const struct lab *lab, const struct topology_node *node);
/* The same as text for a shell, for a node whose folder is elsewhere; `folder` and the words of the table need no quoting. */
void kind_command_write(FILE *to, const struct topology_node *node, const char *folder);
/* Runs a command as the table has them to its end: a program, its options, what it is to do, …; ends with NULL. `zone` may be NULL. Errors are printed. */
int kind_run(const struct lab *lab, const struct topology_node *node, const char *const *words, const struct topology_zone *zone) ZT_MUST_CHECK;
/* Has a zone's primary read its file again. Errors are printed. */
int kind_reload(const struct lab *lab, const struct topology_zone *zone) ZT_MUST_CHECK;
