/* The topology-facts file: what DNS can't tell an estimator, as YAML (keys: propest(1); example: zones/propest/example.yaml).
 *
 * Reading only fills a struct facts; nothing is asked of the network.
 */
#pragma once

#include <stddef.h>

#include "lib/base/status.h"
#include "lib/conf/problems.h"
#include "tools/propest/gather/facts.h"

struct schema;

/* `facts` has been initialised and is filled further. Problems are added with their lines; then ZT_ESYNTAX, or ZT_EIO and others when the
 * file can't be read. */
int topology_load(struct facts *facts, const char *path, struct problems *problems) ZT_MUST_CHECK;
/* The same from memory; `file` is the name for messages. */
int topology_parse(struct facts *facts, const char *file, const void *text, size_t len, struct problems *problems) ZT_MUST_CHECK;

/* For the man page. */
const struct schema *topology_schema(void);
