/* Changesets, one after the other, as one: what happened to each record in the end.
 *
 * A record is known by owner, type and rdata; its TTL is what changes about it. The records of all changesets are sorted together, once, so that all that
 * was done to one record stands together, in order of time.
 */
#include <stdlib.h>

#include "lib/dns/name.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/changeset.h"

struct event {
	struct change_record record;
	bool is_added;
	uint32_t time;             /* how many lists of records came before */
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
	return order != 0 ? order : (x->time > y->time) - (x->time < y->time);
}

static size_t collect(struct event *events, const struct buf *list, uint32_t time)
{
	size_t count = 0;

	for (size_t pos = 0; change_record_next(list, &pos, &events[count].record); count++) {
		events[count].time = time;
		events[count].is_added = time % 2;
	}
	return count;
}

/* Each list begins with its SOA. */
static size_t collect_chain(struct event *events, const struct buf *chain)
{
	size_t count = 0;
	uint32_t lists = 0;

	for (size_t pos = 0; change_record_next(chain, &pos, &events[count].record); count++) {
		lists += events[count].record.type == TYPE_SOA;
		events[count].time = lists;
		events[count].is_added = lists % 2 == 0;
	}
	return count;
}

/* What the events of one record come to. */
static void settle(const struct event *events, size_t count, struct changeset *out)
{
	const struct change_record *removed = NULL, *added = NULL;

	for (size_t i = 0; i < count; i++) {
		if (events[i].is_added)
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

/* What all events come to; the array is freed. */
static int settle_all(struct event *events, size_t count, struct changeset *out)
{
	qsort(events, count, sizeof(*events), compare_events);
	changeset_init(out);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && compare_records(&events[i].record, &events[end].record) == 0; end++)
			;
		settle(events + i, end - i, out);
	}
	free(events);
	int status = changeset_status(out);
	if (status != ZT_OK)
		changeset_fini(out);
	return status;
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
	int status = settle_all(events, count, &joined);
	if (status != ZT_OK)
		return status;
	changeset_fini(change);
	*change = joined;
	return ZT_OK;
}

int changeset_condense_chain(const struct buf *chain, size_t records, struct changeset *out)
{
	struct event *events = malloc((records + 1) * sizeof(*events));

	if (!events)
		return ZT_ENOMEM;
	return settle_all(events, collect_chain(events, chain), out);
}
