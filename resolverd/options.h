/* resolverd's configuration: what the option table (options.c) makes of resolverd.yaml. Immutable once read. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/conf/yaml_tree.h"
#include "resolverd/serve/view.h"

struct resolverd_options {
	struct yaml_tree tree;            /* owns every string here */
	const char *path;                 /* of the configuration file */
	struct netaddr *listen;
	uint32_t listen_count;
	uint32_t workers;                 /* 0 = one per core */
	const char *control;              /* socket path */
	bool has_metrics;
	struct netaddr metrics;
	uint64_t cache_size;              /* bytes */
	struct view *view;                /* what the workers need; one reference is held here */
};

/* Reads and checks a configuration file and the root hints it names. Every error is appended to `errors` as a line FILE:LINE:COL: what is wrong, what was
 * expected; then ZT_ESYNTAX (or ZT_ENOMEM, ZT_EIO, … for other trouble, which is described there too). */
int options_read(struct resolverd_options **out, const char *path, struct buf *errors) ZT_MUST_CHECK;
/* NULL is fine. */
void options_free(struct resolverd_options *options);
