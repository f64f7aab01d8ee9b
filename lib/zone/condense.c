/* Two changesets, one after the other, as one: what happened to each record in the end.
 *
 * A record is known by owner, type and rdata; its TTL is what changes about it. Both changesets' records are sorted together, so that all that
 * was done to one record stands together, in order of time.
 */
#include <stdlib.h>

#include "lib/dns/name.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/changeset.h"

struct event {
	struct change_record record;
	unsigned time;             /* 0 removed, 1 added by the first; 2 removed, 3 added by the second */
};

static int compare_records(const struct change_record *a, const struct change_record *b)
{
	if ((a->type == TYPE_SOA) != (b->type == TYPE_SOA))
		return a->type == TYPE_SOA ? -1 : 1;
	int order = name_cmp(a->owner, b->owner);
	if (order == 0)
		order = a->type - b->type;
	return order != 0 ? order : rdata_cmp(a->type, a->rdata, a->rdata_len, b->rdata, b->rdata_len);
}

static int compare_events(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	int order = compare_records(&x->record, &y->record);
	return order != 0 ? order : (int)x->time - (int)y->time;
}

static size_t collect(struct event *events, const struct buf *list, unsigned time)
{
	size_t count = 0;

	for (size_t pos = 0; change_record_next(list, &pos, &events[count].record); count++)
		events[count].time = time;
	return count;
}

/* What the events of one record come to. */
static void settle(const struct event *events, size_t count, struct changeset *out)
{
	const struct change_record *removed = NULL, *added = NULL;

	for (size_t i = 0; i < count; i++) {
		if (events[i].time % 2 == 1)
			added = &events[i].record;
		else if (added)
			added = NULL;
		else
			removed = &events[i].record;
	}
	if (removed && added && removed->ttl == added->ttl)
		return;
	if (removed)
		changeset_remove(out, removed);
	if (added)
		changeset_add(out, added);
}

int changeset_condense(struct changeset *change, const struct changeset *next)
{
	size_t most = (size_t)change->removed_count + change->added_count + next->removed_count + next->added_count;
	/* One more, for change_record_next writes there at the end. */
	struct event *events = malloc((most + 1) * sizeof(*events));
	struct changeset joined;
	size_t count = 0;

	if (!events)
		return ZT_ENOMEM;
	count += collect(events + count, &change->removed, 0);
	count += collect(events + count, &change->added, 1);
	count += collect(events + count, &next->removed, 2);
	count += collect(events + count, &next->added, 3);
	qsort(events, count, sizeof(*events), compare_events);
	changeset_init(&joined);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && compare_records(&events[i].record, &events[end].record) == 0; end++)
			;
		settle(events + i, end - i, &joined);
	}
	free(events);
	int status = changeset_status(&joined);
	if (status != ZT_OK) {
		changeset_fini(&joined);
		return status;
	}
	changeset_fini(change);
	*change = joined;
	return ZT_OK;
}
