/* What the worker threads see of the configuration: immutable, shared, counted.
 *
 * On reload the manage thread posts a new view to each worker, which changes over between two messages and gives the old one back.
 */
#pragma once

#include <stdatomic.h>

#include "lib/net/acl.h"
#include "resolverd/resolve/policy.h"

struct view {
	_Atomic unsigned refs;
	struct policy policy;
	struct acl allow_query;
};

/* Empty, with one reference. NULL when memory is out. */
struct view *view_new(void);
struct view *view_acquire(struct view *view);
/* NULL is fine. */
void view_release(struct view *view);
