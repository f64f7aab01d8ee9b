/* A lab for more than one machine: its files, and manifests that run every node as a container.
 *
 * Everything lies below one folder: nodes/NODE/ with what each node reads, image/Dockerfile, from which all containers are made, and the manifest.
 * Nodes are counted through the addresses of one network, since neither a bridge nor a cluster can have the addresses of others.
 */
#pragma once

#include <stdio.h>

#include "tools/zonelab/files/kinds.h"

/* Where a container finds what its node reads, and where it works. */
#define RENDER_CONFIG_DIR "/config"
#define RENDER_WORK_DIR   "/lab"
#define RENDER_IMAGE      "zonetide-lab"

struct render {
	struct lab *lab;               /* read; its folder is `dir`/nodes */
	const char *dir;
	const char *network;           /* the nodes' addresses count from here; IPv4 */
};

/* Each writes everything and says what to do with it. Errors are printed. */
int render_compose(const struct render *render) ZT_MUST_CHECK;
int render_kubernetes(const struct render *render) ZT_MUST_CHECK;

/* The image's recipe, for the daemons of this lab. */
int render_image(const struct render *render) ZT_MUST_CHECK;
/* What every node reads: `everywhere` when containers listen on all their addresses, not on the node's. */
int render_nodes(const struct render *render, bool everywhere) ZT_MUST_CHECK;

/* A file below render->dir; NULL with the reason printed. */
FILE *render_open(const struct render *render, const char *name);
int render_close(FILE *to, const char *name) ZT_MUST_CHECK;
/* The shell command that begins a node: its files to where it works, then the daemon. */
void render_write_start(FILE *to, const struct topology_node *node);
/* The command that asks the node itself whether it is ready, as items of a list. */
void render_write_probe(FILE *to, const struct render *render, const struct topology_node *node);
/* A text in quotes that YAML and JSON read the same way. */
void render_write_text(FILE *to, const char *text);
