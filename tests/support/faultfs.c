/* A recording and failing file layer. */
#include "tests/support/faultfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/support/suite.h"

static struct {
	char path[256];
	struct faultfs_event *events;
	size_t count, cap;
	bool is_armed, is_lasting, was_given;
	enum faultfs_fault fault;
	int err;
	unsigned calls_left;
} fs;

void faultfs_watch(const char *path)
{
	for (size_t i = 0; i < fs.count; i++)
		free(fs.events[i].data);
	free(fs.events);
	memset(&fs, 0, sizeof(fs));
	ck_assert_uint_lt(strlen(path), sizeof(fs.path));
	memcpy(fs.path, path, strlen(path) + 1);
}

static void record(enum faultfs_kind kind, uint64_t offset, const void *data, size_t len)
{
	if (fs.count == fs.cap) {
		fs.cap = fs.cap ? fs.cap * 2 : 256;
		fs.events = realloc(fs.events, fs.cap * sizeof(*fs.events));
	}
	struct faultfs_event *event = &fs.events[fs.count++];
	*event = (struct faultfs_event){ .kind = kind, .offset = offset, .len = len, .data = len ? malloc(len) : NULL };
	if (len)
		memcpy(event->data, data, len);
}

void faultfs_mark(unsigned number)
{
	record(FAULTFS_MARK, number, NULL, 0);
}

size_t faultfs_event_count(void)
{
	return fs.count;
}

const struct faultfs_event *faultfs_event(size_t index)
{
	return &fs.events[index];
}

/* ---- the calls ----------------------------------------------------------------------------------------------------------------- */

static bool is_watched(int fd)
{
	struct stat a, b;
	return fs.path[0] && fstat(fd, &a) == 0 && stat(fs.path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void faultfs_fail(enum faultfs_fault fault, int err, unsigned at, bool lasting)
{
	fs.is_armed = true;
	fs.was_given = false;
	fs.fault = fault;
	fs.err = err;
	fs.calls_left = at;
	fs.is_lasting = lasting || fault == FAULTFS_LIE_AND_DIE;
}

bool faultfs_heal(void)
{
	fs.is_armed = false;
	return fs.was_given;
}

/* Whether this call is to fail. */
static bool fault_due(void)
{
	if (!fs.is_armed)
		return false;
	if (fs.calls_left > 0) {
		fs.calls_left--;
		return false;
	}
	if (fs.fault == FAULTFS_LIE_AND_DIE && fs.was_given)
		fs.fault = FAULTFS_FAIL;
	fs.is_armed = fs.is_lasting;
	fs.was_given = true;
	return true;
}

static bool is_lie(void)
{
	return fs.fault == FAULTFS_LIE || fs.fault == FAULTFS_LIE_AND_DIE;
}

static ssize_t watched_write(int fd, const void *data, size_t len, uint64_t offset)
{
	bool due = fault_due();
	size_t done = due && fs.fault == FAULTFS_SHORT ? len / 2 : len;

	if (due && (fs.fault == FAULTFS_FAIL || done == 0)) {
		errno = fs.err;
		return -1;
	}
	ssize_t written = syscall(SYS_pwrite64, fd, data, done, offset);
	if (written > 0)
		record(fcntl(fd, F_GETFL) & (O_SYNC | O_DSYNC) ? FAULTFS_SYNCED_WRITE : FAULTFS_WRITE, offset, data, (size_t)written);
	if (due && is_lie()) {
		errno = fs.err;
		return -1;
	}
	return written;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return is_watched(fd) ? watched_write(fd, data, len, (uint64_t)offset) : syscall(SYS_pwrite64, fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return pwrite(fd, data, len, offset);
}

static ssize_t write_at_position(int fd, const void *data, size_t len)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t written = watched_write(fd, data, len, (uint64_t)at);
	if (written > 0)
		lseek(fd, at + written, SEEK_SET);
	return written;
}

ssize_t write(int fd, const void *data, size_t len)
{
	return is_watched(fd) ? write_at_position(fd, data, len) : syscall(SYS_write, fd, data, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	struct buf joined;

	if (!is_watched(fd))
		return syscall(SYS_writev, fd, parts, count);
	buf_init(&joined);
	for (int i = 0; i < count; i++)
		buf_add(&joined, parts[i].iov_base, parts[i].iov_len);
	ssize_t written = write_at_position(fd, joined.data, joined.len);
	buf_fini(&joined);
	return written;
}

static int watched_sync(int fd, long call)
{
	bool due = fault_due();

	if (!due || is_lie()) {
		if (syscall(call, fd) != 0)
			return -1;
		record(FAULTFS_SYNC, 0, NULL, 0);
	}
	if (due)
		errno = fs.err;
	return due ? -1 : 0;
}

int fdatasync(int fd)
{
	return is_watched(fd) ? watched_sync(fd, SYS_fdatasync) : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return is_watched(fd) ? watched_sync(fd, SYS_fsync) : (int)syscall(SYS_fsync, fd);
}

int ftruncate(int fd, off_t size)
{
	bool watched = is_watched(fd);

	if (watched && fault_due()) {
		errno = fs.err;
		return -1;
	}
	int result = (int)syscall(SYS_ftruncate, fd, size);
	if (watched && result == 0)
		record(FAULTFS_TRUNCATE, (uint64_t)size, NULL, 0);
	return result;
}

/* ---- images ---------------------------------------------------------------------------------------------------------------------- */

static void image_put(struct buf *image, uint64_t offset, const uint8_t *data, size_t len)
{
	size_t end = offset + len;

	if (end > image->len) {
		ck_assert_ptr_nonnull(buf_reserve(image, end - image->len));
		memset(image->data + image->len, 0, end - image->len);
		image->len = end;
	}
	memcpy(image->data + offset, data, len);
}

static void event_apply(struct buf *image, const struct faultfs_event *event)
{
	if (event->kind == FAULTFS_TRUNCATE && event->offset < image->len)
		image->len = event->offset;
	else if (event->kind == FAULTFS_TRUNCATE)
		image_put(image, event->offset, NULL, 0);
	else
		image_put(image, event->offset, event->data, event->len);
}

void faultfs_walk_init(struct faultfs_walk *walk)
{
	walk->next = 0;
	walk->pending_count = 0;
	buf_init(&walk->durable);
}

void faultfs_walk_fini(struct faultfs_walk *walk)
{
	buf_fini(&walk->durable);
}

bool faultfs_walk_step(struct faultfs_walk *walk)
{
	if (walk->next == fs.count)
		return false;
	const struct faultfs_event *event = &fs.events[walk->next];
	switch (event->kind) {
	case FAULTFS_WRITE:
	case FAULTFS_TRUNCATE:
		ck_assert_uint_lt(walk->pending_count, sizeof(walk->pending) / sizeof(*walk->pending));
		walk->pending[walk->pending_count++] = walk->next;
		break;
	case FAULTFS_SYNCED_WRITE:
		event_apply(&walk->durable, event);
		break;
	case FAULTFS_SYNC:
		for (size_t i = 0; i < walk->pending_count; i++)
			event_apply(&walk->durable, &fs.events[walk->pending[i]]);
		walk->pending_count = 0;
		break;
	case FAULTFS_MARK:
		break;
	}
	walk->next++;
	return true;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Applies some of a write's sectors. */
static void apply_torn(struct buf *image, const struct faultfs_event *event, uint64_t *random)
{
	uint64_t at = event->offset, end = event->offset + event->len;

	while (at < end) {
		uint64_t sector_end = (at / 512 + 1) * 512;
		if (sector_end > end)
			sector_end = end;
		if (next_random(random) & 1)
			image_put(image, at, event->data + (at - event->offset), sector_end - at);
		at = sector_end;
	}
}

static void apply_chosen(struct buf *image, const struct faultfs_event *event, enum faultfs_choice choice, uint64_t *random)
{
	if (choice == FAULTFS_NONE)
		return;
	if (choice == FAULTFS_TORN && event->kind != FAULTFS_TRUNCATE && next_random(random) % 3 == 0)
		apply_torn(image, event, random);
	else if (choice == FAULTFS_ALL || (next_random(random) & 1))
		event_apply(image, event);
}

void faultfs_walk_image(const struct faultfs_walk *walk, enum faultfs_choice choice, uint64_t *random, struct buf *out)
{
	buf_clear(out);
	buf_add(out, walk->durable.data, walk->durable.len);
	for (size_t i = 0; i < walk->pending_count; i++)
		apply_chosen(out, &fs.events[walk->pending[i]], choice, random);
	/* The call that was under way. */
	if (walk->next < fs.count && fs.events[walk->next].kind != FAULTFS_SYNC && fs.events[walk->next].kind != FAULTFS_MARK)
		apply_chosen(out, &fs.events[walk->next], choice, random);
}
