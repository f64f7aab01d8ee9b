/* Serving what catalog zones list. */
#include "authd/manage/consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/manage/images.h"
#include "authd/manage/loader.h"
#include "authd/manage/member.h"
#include "authd/manage/zones.h"
#include "authd/options_catalog.h"

enum {
	SLICE_MS = 4,
	PAUSE_MS = 1,                        /* between two slices, so that others have their turn */
	PUBLISH_MS = 250,                    /* workers are shown what has come and gone at least so often: it costs time for every zone there is */
	SLICE_LEAVING = 100,                 /* zones that are forgotten in one slice: they are written to disk together at its end */
};

/* What a run came to. */
struct run {
	size_t added, removed, changed, handed_over, refused;
	uint32_t serial;
	usec_t started;
	usec_t longest;                      /* slice */
	char refusal[160];                   /* the first one */
};

struct consumer {
	struct manage *manage;
	struct zone_entry *entry;
	struct cds_list_head members;        /* struct zone_member */
	size_t member_count;
	struct cds_list_head leaving;        /* members that the catalog does not list any more, in the run under way */
	struct loop_timer timer;
	bool is_running;
	bool is_starting;                    /* the daemon is: zones are only registered */
	bool is_retry;                       /* because of another catalog */
	struct catalog reading;              /* of the run under way */
	size_t next;                         /* its member whose turn it is */
	struct run run;
	bool is_unpublished;
	usec_t published_at;
	bool is_broken;
	char alarm[CATALOG_ERROR_SIZE + 64];
};

static usec_t now_of(const struct consumer *consumer)
{
	return clock_now(consumer->manage->clock);
}

const uint8_t *consumer_apex(const struct consumer *consumer)
{
	return consumer->entry->apex;
}

static const struct catalog_options *options_of(const struct consumer *consumer)
{
	return consumer->entry->options->catalog;
}

static bool is_mine(const struct consumer *consumer, const struct zone_entry *entry)
{
	return entry->member && entry->member->consumer == consumer;
}

/* Trouble is logged when it begins, or is another one. */
static void alarm_set(struct consumer *consumer, const char *text)
{
	if (strcmp(consumer->alarm, text) == 0)
		return;
	if (text[0])
		log_error(consumer->manage->log, "catalog %s: %s", consumer->entry->name, text);
	else
		log_notice(consumer->manage->log, "catalog %s: all is well again", consumer->entry->name);
	snprintf(consumer->alarm, sizeof(consumer->alarm), "%s", text);
}

/* ---- one member --------------------------------------------------------------------------------------------------------------------- */

static void member_link(struct consumer *consumer, struct zone_entry *entry)
{
	cds_list_add_tail(&entry->member->link, &consumer->members);
	consumer->member_count++;
}

/* Out of service (section 5.3). The journal is the caller's. */
static void member_leave(struct manage *manage, struct zone_entry *entry)
{
	images_forget(manage, entry);
	zones_remove(manage, entry);
}

static void zones_forget(struct manage *manage, const uint8_t *const *apexes, size_t count)
{
	int status = journal_zones_forget(manage->journal, apexes, count);

	if (status != ZT_OK)
		log_warn(manage->log, "journal: zones of which catalogs are rid can't be removed: %s; they come back at the next start, and go again", status_text(status));
}


/* A zone that nobody serves here. What the journal may have of it, from a time when it was configured, is served until it is refreshed. */
static int member_add(struct consumer *consumer, const struct catalog_member *as)
{
	struct manage *manage = consumer->manage;
	struct zone_entry *entry;

	int status = zones_add(manage, as->zone, catalog_template(options_of(consumer), as->groups, as->group_count), &entry);
	if (status != ZT_OK)
		return status;
	status = member_set(manage, entry, consumer, as);
	if (status != ZT_OK) {
		zones_remove(manage, entry);
		return status;
	}
	member_link(consumer, entry);
	consumer->is_unpublished = true;
	consumer->run.added++;
	if (consumer->is_starting)
		return ZT_OK;
	log_debug(manage->log, "zone %s: a member of catalog %s", entry->name, consumer->entry->name);
	status = loader_load(manage, entry);
	(void)status;      /* nothing to load is usual, anything else is logged; either way it is transferred */
	return zones_start_one(manage, entry);
}

/* The same member with other groups, or a member that another catalog has handed over. */
static int member_take(struct consumer *consumer, struct zone_entry *entry, const struct catalog_member *as)
{
	bool is_mine_already = is_mine(consumer, entry);
	const struct zone_options *options = catalog_template(options_of(consumer), as->groups, as->group_count);
	struct consumer *former = entry->member->consumer;

	int status = member_set(consumer->manage, entry, consumer, as);
	if (status != ZT_OK)
		return status;
	if (former)
		former->member_count--;
	member_link(consumer, entry);
	consumer->is_unpublished = true;
	if (is_mine_already)
		consumer->run.changed++;
	return options == entry->options ? ZT_OK : zones_change(entry, options);
}

static int member_hand_over(struct consumer *consumer, struct zone_entry *entry, const struct catalog_member *as)
{
	struct consumer *former = entry->member->consumer;
	bool is_same = catalog_label_equal(member_label(entry), as->node);
	int status;

	log_notice(consumer->manage->log, "zone %s: handed over by catalog %s to catalog %s%s", entry->name, former->entry->name, consumer->entry->name,
		   is_same ? "" : ", where its label is another one: it begins anew");
	consumer->run.handed_over++;
	if (is_same)
		return member_take(consumer, entry, as);
	former->member_count--;
	member_leave(consumer->manage, entry);
	zones_forget(consumer->manage, &entry->apex, 1);
	status = member_add(consumer, as);
	consumer->run.added--;
	return status;
}

static void member_refuse(struct consumer *consumer, const struct zone_entry *entry)
{
	struct run *run = &consumer->run;
	const struct consumer *other = entry->member ? entry->member->consumer : NULL;
	char reason[160];

	if (entry == consumer->entry)
		snprintf(reason, sizeof(reason), "it is the catalog itself");
	else if (other)
		snprintf(reason, sizeof(reason), "it is a member of catalog %.100s", other->entry->name);
	else
		snprintf(reason, sizeof(reason), "it is configured here");
	log_debug(consumer->manage->log, "zone %s: not taken as a member of catalog %s: %s", entry->name, consumer->entry->name, reason);
	if (run->refused++ == 0)
		snprintf(run->refusal, sizeof(run->refusal), "%.60s: %.90s", entry->name, reason);
}

/* Whether a catalog that is sound and fresh gives one of its members to another one. */
static bool hands_over(const struct consumer *from, const struct zone_entry *entry, const struct consumer *to)
{
	return !from->is_broken && atomic_load(&from->entry->served->state) == SERVED_OK &&
	       catalog_hands_over(zone_current(from->entry->zone), member_label(entry), to->entry->apex);
}

/* Makes one zone what the catalog says (sections 4.3.1 and 5.2). */
static int member_apply(struct consumer *consumer, const struct catalog_member *as)
{
	struct zone_entry *entry = registry_get(&consumer->manage->registry, as->zone);
	struct consumer *other = entry && entry->member ? entry->member->consumer : NULL;

	if (!entry)
		return member_add(consumer, as);
	if (other == consumer)
		return member_is(entry, consumer, as) ? ZT_OK : member_take(consumer, entry, as);
	if (other && hands_over(other, entry, consumer))
		return member_hand_over(consumer, entry, as);
	/* Handed over by us, and taken. */
	if (!other || !as->coo || !name_equal(as->coo, other->entry->apex))
		member_refuse(consumer, entry);
	return ZT_OK;
}

/* ---- a run -------------------------------------------------------------------------------------------------------------------------- */

static void run_drop(struct consumer *consumer)
{
	if (consumer->is_running)
		catalog_fini(&consumer->reading);
	consumer->is_running = false;
	cds_list_splice(&consumer->leaving, &consumer->members);
	CDS_INIT_LIST_HEAD(&consumer->leaving);
}

/* Reads the catalog and finds the members that it has no more, or under another label. False: there is nothing to do. */
static bool run_begin(struct consumer *consumer)
{
	const struct zone_version *version = zone_current(consumer->entry->zone);
	struct zone_member *member, *next;
	char error[CATALOG_ERROR_SIZE], text[sizeof(consumer->alarm)];

	run_drop(consumer);
	if (!zone_version_apex(version))      /* not there yet */
		return false;
	consumer->run = (struct run){ .serial = zone_version_serial(version), .started = now_of(consumer) };
	int status = catalog_read(&consumer->reading, version, rng_u64(&consumer->manage->rng), error);
	if (status != ZT_OK) {
		catalog_fini(&consumer->reading);
		consumer->is_broken = status == ZT_EZONE;
		snprintf(text, sizeof(text), "broken, its members stay as they are: %s", error);
		alarm_set(consumer, text);
		return false;
	}
	consumer->is_broken = false;
	consumer->is_running = true;
	consumer->next = 0;
	cds_list_for_each_entry_safe(member, next, &consumer->members, link) {
		const struct catalog_member *as = catalog_find(&consumer->reading, member->entry->apex);
		if (!as || !catalog_label_equal(as->node, member_label(member->entry)))
			cds_list_move(&member->link, &consumer->leaving);
	}
	return true;
}

/* An entry that has left is there until it is published that it has. */
static void leaving_run(struct consumer *consumer, usec_t deadline)
{
	struct manage *manage = consumer->manage;
	const uint8_t *apexes[SLICE_LEAVING];
	unsigned count = 0;

	while (!cds_list_empty(&consumer->leaving) && count < SLICE_LEAVING && now_of(consumer) < deadline) {
		struct zone_entry *entry = cds_list_first_entry(&consumer->leaving, struct zone_member, link)->entry;
		log_debug(manage->log, "zone %s: no longer a member of catalog %s", entry->name, consumer->entry->name);
		member_leave(manage, entry);
		apexes[count++] = entry->apex;
		consumer->member_count--;
		consumer->is_unpublished = true;
		consumer->run.removed++;
	}
	if (count > 0)
		zones_forget(manage, apexes, count);
}

static int members_run(struct consumer *consumer, usec_t deadline)
{
	int status = ZT_OK;

	while (consumer->next < consumer->reading.count && status == ZT_OK && now_of(consumer) < deadline)
		status = member_apply(consumer, &consumer->reading.members[consumer->next++]);
	return status;
}

static int show(struct consumer *consumer)
{
	if (!consumer->is_unpublished || consumer->is_starting)
		return ZT_OK;
	int status = zones_publish(consumer->manage);
	if (status == ZT_OK) {
		consumer->is_unpublished = false;
		consumer->published_at = now_of(consumer);
	}
	return status;
}

/* Other catalogs may have been refused what has become free, or wait for what is handed over now. */
static void others_retry(struct consumer *consumer)
{
	struct zone_entry *entry;

	cds_list_for_each_entry(entry, &consumer->manage->registry.entries, link) {
		struct consumer *other = entry->consumer;
		if (!other || other == consumer || other->run.refused == 0 || other->is_running)
			continue;
		other->is_retry = true;
		loop_timer_in(&other->timer, 0);
	}
}

static void run_end(struct consumer *consumer)
{
	const struct run *run = &consumer->run;
	char text[sizeof(consumer->alarm)] = "";
	bool is_worth_telling = run->added + run->removed + run->changed + run->handed_over > 0;

	run_drop(consumer);
	if (run->refused > 0)
		snprintf(text, sizeof(text), run->refused > 1 ? "%zu members are not taken: %s, and others" : "%zu member is not taken: %s", run->refused, run->refusal);
	alarm_set(consumer, text);
	log_write(consumer->manage->log, is_worth_telling ? LOG_LEVEL_NOTICE : LOG_LEVEL_DEBUG,
		  "catalog %s: serial %" PRIu32 ": %zu members, %zu added, %zu removed, %zu changed, %zu handed over, in %.1f ms, at most %.1f ms at a time",
		  consumer->entry->name, run->serial, consumer->member_count, run->added, run->removed, run->changed, run->handed_over,
		  (double)(now_of(consumer) - run->started) / USEC_PER_MSEC, (double)run->longest / USEC_PER_MSEC);
	if (!consumer->is_retry && !consumer->is_starting)
		others_retry(consumer);
	consumer->is_retry = false;
}

/* What fits in before the deadline. */
static int slice(struct consumer *consumer, usec_t deadline, bool *is_done)
{
	usec_t started = now_of(consumer);
	int status = ZT_OK;

	leaving_run(consumer, deadline);
	if (cds_list_empty(&consumer->leaving))
		status = members_run(consumer, deadline);
	*is_done = status == ZT_OK && cds_list_empty(&consumer->leaving) && consumer->next == consumer->reading.count;
	/* What is noted of members is not to heap up. A failure is told by the timer that does the same. */
	int flushed = journal_flush(consumer->manage->journal);
	(void)flushed;
	if (status == ZT_OK && (*is_done || now_of(consumer) - consumer->published_at > PUBLISH_MS * USEC_PER_MSEC))
		status = show(consumer);
	if (now_of(consumer) - started > consumer->run.longest)
		consumer->run.longest = now_of(consumer) - started;
	return status;
}

static void on_timer(void *ctx)
{
	struct consumer *consumer = ctx;
	char text[sizeof(consumer->alarm)];
	bool is_done = false;

	if (!consumer->is_running && !run_begin(consumer))
		return;
	int status = slice(consumer, now_of(consumer) + SLICE_MS * USEC_PER_MSEC, &is_done);
	if (status != ZT_OK) {
		run_drop(consumer);
		snprintf(text, sizeof(text), "%s, its members are served in part; trying again", status_text(status));
		alarm_set(consumer, text);
		loop_timer_in(&consumer->timer, USEC_PER_SEC);
	} else if (is_done) {
		run_end(consumer);
	} else {
		loop_timer_in(&consumer->timer, PAUSE_MS * USEC_PER_MSEC);
	}
}

void consumer_on_change(struct consumer *consumer)
{
	run_drop(consumer);
	consumer->is_retry = false;
	loop_timer_in(&consumer->timer, 0);
}

/* ---- life --------------------------------------------------------------------------------------------------------------------------- */

static int consumer_new(struct manage *manage, struct zone_entry *entry)
{
	struct consumer *consumer = calloc(1, sizeof(*consumer));

	if (!consumer)
		return ZT_ENOMEM;
	consumer->manage = manage;
	consumer->entry = entry;
	CDS_INIT_LIST_HEAD(&consumer->members);
	CDS_INIT_LIST_HEAD(&consumer->leaving);
	loop_timer_init(&consumer->timer, manage->loop, on_timer, consumer);
	entry->consumer = consumer;
	return ZT_OK;
}

void consumer_free(struct consumer *consumer)
{
	struct zone_member *member, *next;

	if (!consumer)
		return;
	run_drop(consumer);
	cds_list_for_each_entry_safe(member, next, &consumer->members, link) {
		cds_list_del(&member->link);
		CDS_INIT_LIST_HEAD(&member->link);
		member->consumer = NULL;
	}
	loop_timer_stop(&consumer->timer);
	free(consumer);
}

int consumer_configure(struct manage *manage, struct zone_entry *entry)
{
	const struct catalog_options *catalog = entry->options->catalog;
	bool is_wanted = catalog && catalog->role == CATALOG_CONSUMER;
	int status = ZT_OK;

	if (entry->member) {
		if (entry->member->consumer)
			entry->member->consumer->member_count--;
		member_forget(manage, entry);
	}
	if (entry->consumer && !is_wanted) {
		consumer_free(entry->consumer);
		entry->consumer = NULL;
	}
	if (!entry->consumer && is_wanted)
		status = consumer_new(manage, entry);
	if (entry->consumer)
		consumer_on_change(entry->consumer);
	return status;
}

/* A zone that the journal has as a member of a catalog. */
static int restore(struct manage *manage, const uint8_t *apex, struct consumer *consumer)
{
	struct zone_entry *entry = registry_get(&manage->registry, apex);

	if (entry) {
		if (entry->member)
			return ZT_OK;
		member_forget(manage, entry);      /* it is configured meanwhile */
		return ZT_OK;
	}
	int status = zones_add(manage, apex, &options_of(consumer)->members[0], &entry);
	if (status == ZT_OK)
		status = member_restore(manage, entry, consumer);
	if (status != ZT_OK)
		return status;
	entry->options = member_template(entry, options_of(consumer));
	member_link(consumer, entry);
	return ZT_OK;
}

static int restore_all(struct manage *manage)
{
	uint8_t catalog[NAME_MAX_LEN], apex[NAME_MAX_LEN];
	const uint8_t *next = journal_zone_next(manage->journal, NULL);
	int status = ZT_OK;

	for (; next && status == ZT_OK; next = journal_zone_next(manage->journal, apex)) {
		name_copy(apex, next);
		const struct zone_entry *entry = member_catalog_stored(manage, apex, catalog) ? registry_get(&manage->registry, catalog) : NULL;
		if (entry && entry->consumer)
			status = restore(manage, apex, entry->consumer);
	}
	return status;
}

/* A whole run: nobody is served yet. */
static int start_one(struct consumer *consumer)
{
	bool is_done = false;

	loop_timer_stop(&consumer->timer);
	if (!run_begin(consumer))
		return ZT_OK;
	consumer->is_starting = true;
	int status = ZT_OK;
	while (!is_done && status == ZT_OK)
		status = slice(consumer, now_of(consumer) + SLICE_MS * USEC_PER_MSEC, &is_done);
	if (status == ZT_OK)
		run_end(consumer);
	consumer->is_starting = false;
	return status;
}

int consumers_start(struct manage *manage)
{
	struct zone_entry *entry;
	bool some = false;
	int status;

	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		if (!entry->consumer)
			continue;
		some = true;
		status = loader_load(manage, entry);
		(void)status;      /* what is not there yet is transferred; anything else is logged */
	}
	if (!some)
		return ZT_OK;
	status = restore_all(manage);
	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		if (entry->consumer && status == ZT_OK)
			status = start_one(entry->consumer);
	}
	return status == ZT_OK ? zones_publish(manage) : status;
}

/* ---- for others --------------------------------------------------------------------------------------------------------------------- */

const struct zone_options *member_options(const struct zone_entry *entry)
{
	const struct consumer *consumer = entry->member->consumer;
	return consumer ? member_template(entry, options_of(consumer)) : NULL;
}

const char *consumer_alarm(const struct consumer *consumer)
{
	return consumer->alarm[0] ? consumer->alarm : NULL;
}

size_t consumer_member_count(const struct consumer *consumer)
{
	return consumer->member_count;
}

const char *consumer_of_member(const struct zone_entry *entry)
{
	return entry->member && entry->member->consumer ? entry->member->consumer->entry->name : NULL;
}
