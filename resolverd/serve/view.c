/* Shared configuration of the workers. */
#include "resolverd/serve/view.h"

#include <stdlib.h>

struct view *view_new(void)
{
	struct view *view = calloc(1, sizeof(*view));
	if (!view)
		return NULL;
	atomic_init(&view->refs, 1);
	acl_init(&view->allow_query);
	return view;
}

struct view *view_acquire(struct view *view)
{
	atomic_fetch_add_explicit(&view->refs, 1, memory_order_relaxed);
	return view;
}

void view_release(struct view *view)
{
	if (!view || atomic_fetch_sub_explicit(&view->refs, 1, memory_order_acq_rel) > 1)
		return;
	policy_fini(&view->policy);
	acl_fini(&view->allow_query);
	free(view);
}
