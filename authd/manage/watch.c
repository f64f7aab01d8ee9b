/* Waiting for peers. */
#include "authd/manage/watch.h"

#include "authd/manage/primary.h"
#include "lib/dns/serial.h"

static uint32_t needed_of(const struct watch *watch, uint32_t total)
{
	switch (watch->level) {
	case WATCH_LOCAL: return 0;
	case WATCH_QUORUM: return (total + 1) / 2;      /* with this server, more than half of total + 1 */
	case WATCH_ALL: return total;
	case WATCH_COUNT: break;
	}
	return watch->count;
}

void watch_count(const struct zone_entry *entry, const struct watch *watch, struct watch_count *out)
{
	const struct zone_version *version = zone_current(entry->zone);

	primary_count_at(entry, watch->serial, &out->confirmed, &out->total);
	out->needed = needed_of(watch, out->total);
	out->is_served = zone_version_apex(version) && !serial_is_newer(watch->serial, zone_version_serial(version));
}

static void end(struct watch *watch, enum watch_outcome outcome)
{
	watch_end(watch);
	watch->on_end(watch, outcome);
}

static void look(struct watch *watch)
{
	struct watch_count count;

	watch_count(watch->entry, watch, &count);
	if (watch_count_is_reached(&count))
		end(watch, WATCH_REACHED);
	else if (loop_now(watch->timer.loop) >= watch->deadline)
		end(watch, WATCH_TIMEOUT);
	else if (!watch->timer.armed)
		loop_timer_at(&watch->timer, watch->deadline);
}

static void on_timer(void *ctx)
{
	look(ctx);
}

void watch_begin(struct manage *manage, struct zone_entry *entry, struct watch *watch)
{
	watch->entry = entry;
	loop_timer_init(&watch->timer, manage->loop, on_timer, watch);
	cds_list_add_tail(&watch->link, primary_watches(entry->primary));
	loop_timer_in(&watch->timer, 0);
}

void watch_end(struct watch *watch)
{
	loop_timer_stop(&watch->timer);
	cds_list_del(&watch->link);
}

void watches_look(struct cds_list_head *watches)
{
	struct watch *watch, *next;

	cds_list_for_each_entry_safe(watch, next, watches, link)
		look(watch);
}

void watches_fail(struct cds_list_head *watches)
{
	struct watch *watch, *next;

	cds_list_for_each_entry_safe(watch, next, watches, link)
		end(watch, WATCH_GONE);
}
