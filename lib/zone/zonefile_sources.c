/* Which files a zone was read from, so that a restart or reload can tell whether to read them again. */
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cursor.h"
#include "lib/zone/zonefile.h"

/* Per file: device, inode, size, time of modification, time of change (8 bytes each), length of the path (2 bytes), path with NUL. */
struct source_row {
	uint64_t device, inode, size;
	int64_t modified_ns, changed_ns;
	const char *path;
};

static int64_t nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

void zonefile_source_add(struct buf *sources, const char *path, const struct stat *info)
{
	size_t len = strlen(path) + 1;

	if (len > UINT16_MAX) {
		sources->status = ZT_ELIMIT;
		return;
	}
	buf_add_u64(sources, (uint64_t)info->st_dev);
	buf_add_u64(sources, (uint64_t)info->st_ino);
	buf_add_u64(sources, (uint64_t)info->st_size);
	buf_add_u64(sources, (uint64_t)nanoseconds(&info->st_mtim));
	buf_add_u64(sources, (uint64_t)nanoseconds(&info->st_ctim));
	buf_add_u16(sources, (uint16_t)len);
	buf_add(sources, path, len);
}

static bool row_next(struct rcursor *cur, struct source_row *row)
{
	row->device = rcursor_u64(cur);
	row->inode = rcursor_u64(cur);
	row->size = rcursor_u64(cur);
	row->modified_ns = (int64_t)rcursor_u64(cur);
	row->changed_ns = (int64_t)rcursor_u64(cur);
	uint16_t len = rcursor_u16(cur);
	row->path = (const char *)rcursor_take(cur, len);
	return row->path && len > 0 && row->path[len - 1] == 0;
}

static bool is_current(const struct source_row *row)
{
	struct stat info;

	return stat(row->path, &info) == 0 && row->device == (uint64_t)info.st_dev && row->inode == (uint64_t)info.st_ino &&
	       row->size == (uint64_t)info.st_size && row->modified_ns == nanoseconds(&info.st_mtim) &&
	       row->changed_ns == nanoseconds(&info.st_ctim);
}

bool zonefile_sources_are_current(const char *path, const uint8_t *sources, size_t len)
{
	struct rcursor cur = rcursor_over(sources, len);
	struct source_row row;
	size_t count = 0;

	for (; rcursor_left(&cur) > 0; count++)
		if (!row_next(&cur, &row) || (count == 0 && strcmp(row.path, path) != 0) || !is_current(&row))
			return false;
	return count > 0;
}

int zonefile_sources_each(const uint8_t *sources, size_t len, zonefile_on_source *on_source, void *ctx)
{
	struct rcursor cur = rcursor_over(sources, len);
	struct source_row row;
	int status = ZT_OK;

	while (status == ZT_OK && rcursor_left(&cur) > 0 && row_next(&cur, &row))
		status = on_source(ctx, row.path);
	return status;
}

int64_t zonefile_sources_newest_ns(const uint8_t *sources, size_t len)
{
	struct rcursor cur = rcursor_over(sources, len);
	struct source_row row;
	int64_t newest = 0;

	while (rcursor_left(&cur) > 0 && row_next(&cur, &row))
		if (row.changed_ns > newest)
			newest = row.changed_ns;
	return newest;
}
