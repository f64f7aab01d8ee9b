/* Zone images. */
#include "authd/manage/images.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "lib/zone/image.h"

enum {
	LEAST_MEMORY = 512 << 10,      /* bytes of a zone from which it gets an image; smaller ones the journal restores as fast */
	CHANGED_PART = 64,             /* an image is due when one record in so many has changed… */
	CHANGED_LEAST = 1000,          /* …and at least so many */
	NAME_SHOWN = 80,               /* bytes of the zone's name in the file's */
};

static const usec_t rest = 10 * USEC_PER_SEC;      /* between two images of a zone */

struct images {
	bool may_be_due;               /* some zone wants looking at */
	bool is_running;
	pthread_t thread;
	struct zone_entry *entry;      /* that the image under way is of; its version is pinned, so it stays */
	struct image_job job;
	struct buf path;
	atomic_bool cancel;
	atomic_bool is_done;
	int status;                    /* once it is done */
	bool has_failed;               /* the last one */
};

int images_new(struct images **out)
{
	struct images *images = calloc(1, sizeof(*images));

	if (!images)
		return ZT_ENOMEM;
	buf_init(&images->path);
	*out = images;
	return ZT_OK;
}

/* state-dir/NAME-HASH.image: the name for people, with what file names don't take replaced, the hash for what that makes equal. */
static int path_make(const struct manage *manage, const struct zone_entry *entry, struct buf *out)
{
	uint64_t hash = XXH3_64bits(entry->apex, name_len(entry->apex));

	buf_clear(out);
	buf_printf(out, "%s/", manage->options->state_dir);
	for (const char *at = entry->name; *at && at < entry->name + NAME_SHOWN; at++) {
		bool is_plain = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '-' || *at == '_' || (*at == '.' && at > entry->name);
		buf_add_u8(out, is_plain ? (uint8_t)*at : '+');
	}
	buf_printf(out, "-%016llx.image", (unsigned long long)hash);
	buf_add_u8(out, 0);
	return out->status;
}

/* ---- restoring -------------------------------------------------------------------------------------------------------------------- */

static int content_take(struct manage *manage, struct zone_entry *entry, const struct image *image, struct zone_edit *edit, const char **why)
{
	const struct image_info *info = image_info(image);
	uint64_t sequence;
	size_t followed;

	*why = "the journal holds nothing of the zone";
	int status = journal_content_sequence(manage->journal, entry->apex, &sequence);
	if (status != ZT_OK)
		return status;
	*why = "the journal does not reach back to its content";
	if (info->sequence > sequence)
		return ZT_EDIFF;
	/* Which is looked at before a large file is read for nothing. */
	status = journal_content_reaches(manage->journal, entry->apex, info->sequence) ? image_load(image, edit, why) : ZT_EDIFF;
	if (status != ZT_OK)
		return status;
	status = journal_content_follow(manage->journal, entry->apex, info->sequence, edit, &followed);
	if (status != ZT_OK) {
		*why = status == ZT_EDIFF ? "its content is not what the journal says of the zone"
		       : status == ZT_EUNSUPPORTED ? "the journal knows the zone's content by another fingerprint key, so that they cannot be compared" : status_text(status);
		return status;
	}
	entry->image = (struct zone_image){ .is_stored = true, .sequence = info->sequence, .changed = followed };
	return ZT_OK;
}

int images_restore(struct manage *manage, struct zone_entry *entry, struct zone_edit *edit)
{
	struct journal_content content;
	struct image *image;
	const char *why = NULL;
	struct buf path;

	if (!manage->images)
		return ZT_ENOENT;
	manage->images->may_be_due = true;
	if (journal_content_info(manage->journal, entry->apex, &content) != ZT_OK || content.base_bytes + content.overlay_bytes < LEAST_MEMORY / 4)
		return ZT_ENOENT;
	buf_init(&path);
	int status = path_make(manage, entry, &path);
	if (status == ZT_OK)
		status = image_open((const char *)path.data, entry->zone, &image, &why);
	if (status == ZT_OK) {
		status = content_take(manage, entry, image, edit, &why);
		image_close(image);
	}
	if (status != ZT_OK && status != ZT_ENOENT)
		log_warn(manage->log, "zone %s: the image %s is refused: %s; the zone is read from the journal instead, and a new image will be written",
			entry->name, (const char *)path.data, why ? why : status_text(status));
	buf_fini(&path);
	return status;
}

void images_on_first(struct manage *manage, const struct zone_entry *entry, const struct zone_version *version)
{
	struct journal_content content;
	struct buf path;

	if (!manage->images || zone_version_memory(version) < LEAST_MEMORY / 8 || journal_content_info(manage->journal, entry->apex, &content) != ZT_ENOENT)
		return;
	buf_init(&path);
	if (path_make(manage, entry, &path) == ZT_OK && unlink((const char *)path.data) == 0)
		log_info(manage->log, "zone %s: the image %s is removed: it is of before the journal", entry->name, (const char *)path.data);
	buf_fini(&path);
}

void images_forget(struct manage *manage, const struct zone_entry *entry)
{
	struct buf path;

	if (!manage->images || !entry->image.is_stored)
		return;
	buf_init(&path);
	if (path_make(manage, entry, &path) == ZT_OK && unlink((const char *)path.data) != 0)
		log_warn(manage->log, "zone %s: the image %s can't be removed; nobody reads it any more", entry->name, (const char *)path.data);
	buf_fini(&path);
}

void images_on_change(struct manage *manage, struct zone_entry *entry, size_t records)
{
	entry->image.changed = records > SIZE_MAX - entry->image.changed ? SIZE_MAX : entry->image.changed + records;
	if (manage->images)
		manage->images->may_be_due = true;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------------ */

static void *job_main(void *arg)
{
	struct images *images = arg;

	images->status = image_write(&images->job);
	atomic_store(&images->is_done, true);
	return NULL;
}

static bool is_large(const struct zone_entry *entry)
{
	return zone_version_memory(zone_current(entry->zone)) >= LEAST_MEMORY;
}

/* Whether an image is wanted, sooner or later. */
static bool is_wanted(const struct zone_entry *entry)
{
	const struct zone_image *image = &entry->image;
	size_t records = zone_version_record_count(zone_current(entry->zone));

	if (atomic_load_explicit(&entry->served->state, memory_order_relaxed) == SERVED_LOADING || !is_large(entry))
		return false;
	return !image->is_stored || (image->changed > CHANGED_LEAST && image->changed > records / CHANGED_PART);
}

/* Begins writing; the version is pinned until the end. */
static int job_begin(struct manage *manage, struct zone_entry *entry)
{
	struct images *images = manage->images;
	sigset_t all, before;
	uint64_t sequence;

	int status = path_make(manage, entry, &images->path);
	if (status == ZT_OK)
		status = journal_content_sequence(manage->journal, entry->apex, &sequence);
	if (status != ZT_OK)
		return status;
	images->entry = entry;
	images->job = (struct image_job){
		zone_version_acquire(zone_current(entry->zone)), sequence, (const char *)images->path.data, &images->cancel, manage->clock,
	};
	atomic_store(&images->is_done, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = pthread_create(&images->thread, NULL, job_main, images);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		zone_version_release(images->job.version);
		return ZT_ESYSTEM;
	}
	images->is_running = true;
	/* Changes from now on are not in it. */
	entry->image.changed = 0;
	return ZT_OK;
}

static void job_end(struct manage *manage)
{
	struct images *images = manage->images;
	struct zone_entry *entry = images->entry;

	pthread_join(images->thread, NULL);
	images->is_running = false;
	zone_version_release(images->job.version);
	if (images->status == ZT_OK) {
		entry->image.is_stored = true;
		entry->image.sequence = images->job.sequence;
		log_debug(manage->log, "zone %s: image %s written", entry->name, images->job.path);
	} else if (images->status != ZT_EDONE) {
		entry->image.changed = SIZE_MAX;
		if (!images->has_failed)
			log_warn(manage->log, "zone %s: the image %s can't be written: %s; trying again, and until then a restart reads the journal", entry->name,
				images->job.path, status_text(images->status));
	}
	images->has_failed = images->status != ZT_OK && images->status != ZT_EDONE;
}

void images_tick(struct manage *manage)
{
	struct images *images = manage->images;
	usec_t now = clock_now(manage->clock);
	struct zone_entry *entry;
	bool some_wait = false;

	if (images->is_running && atomic_load(&images->is_done))
		job_end(manage);
	if (images->is_running || !images->may_be_due)
		return;
	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		if (!is_wanted(entry))
			continue;
		some_wait = true;
		if (entry->image.tried_at != 0 && now - entry->image.tried_at < rest)
			continue;
		entry->image.tried_at = now;
		if (job_begin(manage, entry) == ZT_OK)
			return;
	}
	images->may_be_due = some_wait;
}

void images_free(struct images *images)
{
	if (!images)
		return;
	if (images->is_running) {
		atomic_store(&images->cancel, true);
		pthread_join(images->thread, NULL);
		zone_version_release(images->job.version);
	}
	buf_fini(&images->path);
	free(images);
}
