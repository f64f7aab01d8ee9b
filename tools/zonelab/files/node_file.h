/* Files in a node's folder, and what is written into most of them. */
#pragma once

#include <stdio.h>

#include "tools/zonelab/lab/lab.h"

/* Printed where it cannot be; then NULL. */
FILE *node_file_open(const struct lab *lab, const struct topology_node *node, const char *name);
/* Printed where not all could be written. */
int node_file_close(FILE *file, const char *name);

/* A text as a YAML scalar, whatever is in it. */
void write_quoted(FILE *to, const char *text);
/* The node's folder, as its own programs see it; "" with ZT_ELIMIT when too long. */
int node_folder(const struct lab *lab, const struct topology_node *node, char out[4096]) ZT_MUST_CHECK;

/* What the node listens on, as 'IP@PORT' in YAML's quotes, since one may begin with a colon; with `between` between them. */
void write_addresses(FILE *to, const struct topology_node *node, const char *between);
/* Everybody a daemon of the lab can hear: prefixes with `between` between them. Nothing from outside comes in. */
void write_everybody(FILE *to, const struct lab *lab, const char *between);
