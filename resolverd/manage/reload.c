/* Reload. */
#include "resolverd/manage/reload.h"

#include "lib/conf/schema.h"
#include "resolverd/option_table.h"

int reload(struct manage *manage, struct buf *restart_needed, struct buf *errors)
{
	struct resolverd_options *old = manage->options, *fresh = NULL;

	int status = options_read(&fresh, old->path, errors);
	if (status != ZT_OK)
		return status;
	schema_restart_changes(&resolverd_schema, old->tree.root, fresh->tree.root, restart_needed);
	status = workers_set_view(manage->workers, fresh->view);
	if (status != ZT_OK) {
		options_free(fresh);
		return status;
	}
	cache_resize(manage->cache, fresh->cache_size, clock_now(manage->clock));
	/* Local zones and routes may have changed. */
	cache_messages_outdate(manage->cache);
	manage->options = fresh;
	manage->configured_wall = clock_wall(manage->clock);
	options_free(old);
	return ZT_OK;
}
