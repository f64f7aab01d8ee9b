/* Runs batches of UPDATEs. */
#include "authd/manage/updater.h"

#include <stdlib.h>

#include "authd/manage/commit.h"
#include "authd/manage/levels.h"
#include "authd/manage/replays.h"
#include "authd/manage/staleness.h"
#include "authd/serve/respond.h"
#include "lib/net/acl.h"
#include "lib/xfr/update.h"

/* One request on its way. */
struct job {
	struct request *request;
	struct update update;
	enum rcode rcode;
	struct zone_entry *entry;      /* NULL: decided without the zone's data */
	bool is_noted;                 /* among manage->replays, which wait for its rcode */
	bool is_again;                 /* it came before, and is answered as then */
	bool has_level;
	struct level_question level;   /* when it wants its answer; meaningful when has_level */
	uint32_t old_ttl;              /* staleness.h; measured where VISIBLE is asked for */
};

/* The jobs of one zone that become one version. */
struct group {
	struct zone_entry *entry;
	struct zone_edit *edit;
	int status;
	size_t job_count;
	size_t applied_count;
	bool measures;                 /* somebody wants to know old_ttl */
	uint32_t old_ttl;
};

/* ---- what is decided without the zone's data --------------------------------------------------------------------------------------- */

static enum rcode admit(const struct manage *manage, struct job *job)
{
	const struct message *message = &job->update.message;

	if (message->edns.present && message->edns.version > 0)
		return RCODE_BADVERS;
	struct zone_entry *entry = registry_get(&manage->registry, job->update.apex);
	struct acl_subject subject = request_subject(job->request);
	if (!entry)
		return RCODE_NOTAUTH;
	if (entry->options->primaries_count > 0 || !acl_allows(entry->options->allow_update, &subject))
		return RCODE_REFUSED;
	if (atomic_load_explicit(&entry->served->state, memory_order_acquire) != SERVED_OK)
		return RCODE_SERVFAIL;
	job->entry = entry;
	return RCODE_NOERROR;
}

/* Notes a signed UPDATE; one that came before is not run again. */
static void replay_check(struct manage *manage, struct job *job)
{
	const struct signing *signing = &job->request->signing;

	if (!signing->key || (!manage->replays && !(manage->replays = replays_new(REPLAYS_DEFAULT))))
		return;
	job->is_again = replays_look(manage->replays, signing->chain.mac, signing->until, (uint64_t)(clock_wall(manage->clock) / USEC_PER_SEC)) != REPLAY_NEW;
	job->is_noted = !job->is_again;
	if (job->is_again)
		job->entry = NULL;
}

/* What the replays are told, or tell, once all is done. False: the first has no answer yet, so this has none either. */
static bool replay_settle(struct manage *manage, struct job *job)
{
	const uint8_t *mac = job->request->signing.chain.mac;

	if (job->is_noted && job->rcode == RCODE_SERVFAIL) {
		replays_forget(manage->replays, mac);
	} else if (job->is_noted) {
		replays_answer(manage->replays, mac, job->rcode);
	} else if (job->is_again) {
		int rcode = replays_rcode(manage->replays, mac);
		job->rcode = rcode >= 0 ? (enum rcode)rcode : RCODE_SERVFAIL;
		return rcode >= 0;
	}
	return true;
}

/* What the UPDATE wants to wait for. */
static void level_read(struct job *job)
{
	int status = level_question_read(&job->update.message.edns, &job->level);

	job->has_level = status == ZT_OK;
	if (status != ZT_EMALFORMED)
		return;
	job->entry = NULL;
	job->rcode = RCODE_FORMERR;
}

static void job_init(struct manage *manage, struct job *job, struct request *request)
{
	job->request = request;
	job->rcode = update_read(&job->update, request->wire, request->wire_len);
	if (job->rcode == RCODE_NOERROR)
		job->rcode = admit(manage, job);
	if (job->rcode == RCODE_NOERROR)
		level_read(job);
	if (job->rcode == RCODE_NOERROR)
		replay_check(manage, job);
}

/* ---- applying ------------------------------------------------------------------------------------------------------------------------ */

static void group_begin(struct group *group, struct zone_entry *entry)
{
	*group = (struct group){ .entry = entry };
	group->status = zone_edit_begin(entry->zone, &group->edit);
}

static void job_apply(struct job *job, struct group *group)
{
	group->job_count++;
	if (group->status != ZT_OK)
		return;
	job->rcode = update_check(&job->update, zone_edit_view(group->edit));
	if (job->rcode != RCODE_NOERROR)
		return;
	group->status = update_apply(&job->update, group->edit);
	group->applied_count++;
	group->measures |= job->has_level && job->level.level == LEVEL_VISIBLE;
}

/* Commits what the groups have; each group's status tells what came of it. */
static void groups_commit(struct manage *manage, struct group *groups, size_t count)
{
	struct commit_item *items = calloc(count, sizeof(*items));
	size_t filled = 0;

	for (size_t i = 0; i < count; i++) {
		struct group *group = &groups[i];
		if (group->status == ZT_OK)
			group->status = items ? update_serial(group->edit, zone_current(group->entry->zone)) : ZT_ENOMEM;
		if (group->status == ZT_OK && group->measures)
			group->status = staleness_measure(group->edit, zone_current(group->entry->zone), &group->old_ttl);
		if (group->status == ZT_OK && group->applied_count > 0)
			items[filled++] = (struct commit_item){ .entry = group->entry, .edit = group->edit, .source = JOURNAL_UPDATE };
		else
			zone_edit_abort(group->edit);
		group->edit = NULL;
	}
	commit_edits(manage, items, filled);
	for (size_t i = 0; i < filled; i++)
		for (size_t k = 0; k < count; k++)
			if (groups[k].entry == items[i].entry)
				groups[k].status = items[i].status;
	free(items);
}

/* Whether the updates themselves are to blame: a rule of the DNS, or more records than an RRset can have. */
static bool is_their_fault(int status)
{
	return status == ZT_EZONE || status == ZT_ELIMIT;
}

/* Jobs that were judged by changes which did not come to be have no answer but SERVFAIL. */
static enum rcode failure_rcode(int status)
{
	return is_their_fault(status) ? RCODE_REFUSED : RCODE_SERVFAIL;
}

/* One job as a version of its own. */
static void job_run_alone(struct manage *manage, struct job *job)
{
	struct group group;

	group_begin(&group, job->entry);
	job_apply(job, &group);
	groups_commit(manage, &group, 1);
	job->old_ttl = group.old_ttl;
	if (group.status != ZT_OK)
		job->rcode = failure_rcode(group.status);
}

/* Settles the answers of a group's jobs. Where what came of all together was refused, each is judged and run alone. */
static void group_settle(struct manage *manage, const struct group *group, struct job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].entry == group->entry)
			jobs[i].old_ttl = group->old_ttl;
	}
	if (group->status == ZT_OK)
		return;
	bool one_by_one = is_their_fault(group->status) && group->job_count > 1;
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].entry != group->entry)
			continue;
		if (one_by_one)
			job_run_alone(manage, &jobs[i]);
		else
			jobs[i].rcode = failure_rcode(group->status);
	}
}

static struct group *group_of(struct group *groups, size_t *count, struct zone_entry *entry)
{
	for (size_t i = 0; i < *count; i++)
		if (groups[i].entry == entry)
			return &groups[i];
	group_begin(&groups[*count], entry);
	return &groups[(*count)++];
}

static void jobs_run(struct manage *manage, struct job *jobs, size_t count)
{
	struct group *groups = calloc(count, sizeof(*groups));
	size_t group_count = 0;

	for (size_t i = 0; i < count; i++) {
		if (!jobs[i].entry)
			continue;
		if (groups)
			job_apply(&jobs[i], group_of(groups, &group_count, jobs[i].entry));
		else
			jobs[i].rcode = RCODE_SERVFAIL;
	}
	if (group_count > 0)
		groups_commit(manage, groups, group_count);
	for (size_t i = 0; i < group_count; i++)
		group_settle(manage, &groups[i], jobs, count);
	free(groups);
}

/* ---- answering ----------------------------------------------------------------------------------------------------------------------- */

/* The receipt, now or later. One that came before is answered by what is now; what it changed is not known any more, so VISIBLE can't be told. */
static void level_take(struct manage *manage, struct job *job)
{
	struct zone_entry *entry = job->entry ? job->entry : registry_get(&manage->registry, job->update.apex);

	if (job->is_again && job->level.level == LEVEL_VISIBLE)
		job->level.level = LEVEL_ALL;
	if (entry)
		job->request->is_kept = levels_take(manage->levels, job->request, entry, &job->level, job->old_ttl);
}

static void job_answer(struct manage *manage, struct job *job)
{
	struct request *request = job->request;
	char peer[NETADDR_TEXT_SIZE], name[NAME_TEXT_SIZE];
	uint8_t *out = replay_settle(manage, job) ? buf_reserve(&request->reply, EDNS_MIN_UDP_SIZE) : NULL;

	log_debug(manage->log, "UPDATE of %s from %s%s: %s", name_to_text(job->update.apex, name), netaddr_to_text(&request->peer, peer),
		job->is_again ? ", again" : "", rcode_to_text(job->rcode));
	/* Too short for a header: nobody to answer to. */
	if (out && request->wire_len >= MESSAGE_HEADER_LEN)
		request->reply.len += respond_error_write(&job->update.message, job->rcode, out, EDNS_MIN_UDP_SIZE);
	if (job->has_level && job->rcode == RCODE_NOERROR && request->reply.len > 0)
		level_take(manage, job);
}

void updater_run(struct manage *manage, struct request *const *requests, size_t count)
{
	struct job *jobs = calloc(count ? count : 1, sizeof(*jobs));

	if (!jobs)      /* without an answer the clients ask again */
		return;
	for (size_t i = 0; i < count; i++)
		job_init(manage, &jobs[i], requests[i]);
	jobs_run(manage, jobs, count);
	for (size_t i = 0; i < count; i++) {
		job_answer(manage, &jobs[i]);
		update_fini(&jobs[i].update);
	}
	free(jobs);
}
