/* Writing an image: one walk over a version, two streams into one file.
 *
 * Leaves and branches are written as the walk comes by, each behind the last of its kind. How long the leaves are altogether is counted by a walk
 * before, so that every node's position is known when it is written, and nothing is kept in memory but two buffers.
 *
 * A disk that is given a large file at once lets every other sync wait until it has written all of it: those of the journal, for which an UPDATE's answer waits. So
 * each slice is synced alone, and the disk has most of the time for others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "lib/base/buf.h"
#include "lib/zone/image_format.h"

enum {
	STREAM_BUFFER = 256 << 10,
	SLICE = 1 << 20,           /* bytes that are synced together */
	REST_FACTOR = 3,           /* a rest is so many times as long as the sync before it… */
	REST_MOST = 100,           /* …but not longer than so many milliseconds */
};

struct stream {
	int fd;
	uint64_t at;               /* position of the next byte */
	size_t filled;
	uint8_t *bytes;            /* STREAM_BUFFER, not written yet; they end at `at` */
	XXH3_state_t *hash;
	int status;
};

struct writer {
	const struct image_job *job;
	int fd;
	uint64_t synced;           /* bytes, about */
	struct stream leaves;
	struct stream branches;
};

uint32_t image_layout(void)
{
	/* What would read an image wrongly if it changed: the structures, the tags, the symbols. The numbers are written in host order. */
	const uint32_t facts[] = { 0x01020304, sizeof(uintptr_t), sizeof(struct branch), sizeof(struct znode), offsetof(struct znode, bytes),
				   offsetof(struct znode, rrset_count), offsetof(struct znode, flags), offsetof(struct znode, owner_len),
				   BRANCH_OFFSET_SHIFT, NODE_ALIGN, TWIG_LEAF, TWIG_NS, TWIG_DNAME, TWIG_NSEC3, KEY_SYMBOLS,
				   ZNODE_HAS_NS, ZNODE_HAS_CNAME, ZNODE_HAS_DNAME, ZNODE_HAS_DS, ZNODE_HAS_NSEC3, sizeof(struct image_header) };
	uint64_t seed = XXH3_64bits(key_first, sizeof(key_first)) ^ XXH3_64bits(key_second, sizeof(key_second)) * 3;

	return (uint32_t)XXH3_64bits_withSeed(facts, sizeof(facts), seed);
}

struct fingerprint image_key_id(const struct fingerprint_key *key)
{
	static const char text[] = "image key id";
	return fingerprint_of(key, text, sizeof(text));
}

struct image_digest image_header_digest(const struct image_header *header)
{
	XXH128_hash_t hash = XXH3_128bits(header, offsetof(struct image_header, header_digest));
	return (struct image_digest){ hash.low64, hash.high64 };
}

/* ---- streams -------------------------------------------------------------------------------------------------------------------- */

static int stream_open(struct stream *stream, int fd, uint64_t at)
{
	*stream = (struct stream){ .fd = fd, .at = at, .bytes = malloc(STREAM_BUFFER), .hash = XXH3_createState() };
	if (!stream->bytes || !stream->hash)
		return ZT_ENOMEM;
	XXH3_128bits_reset(stream->hash);
	return ZT_OK;
}

static void stream_close(struct stream *stream)
{
	free(stream->bytes);
	XXH3_freeState(stream->hash);
}

static int write_fully(int fd, const void *data, size_t len, uint64_t at)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t written = pwrite(fd, p, len, (off_t)at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? status_from_errno(errno) : ZT_EIO;
		p += written;
		at += (uint64_t)written;
		len -= (size_t)written;
	}
	return ZT_OK;
}

static void stream_flush(struct stream *stream)
{
	XXH3_128bits_update(stream->hash, stream->bytes, stream->filled);
	if (stream->status == ZT_OK)
		stream->status = write_fully(stream->fd, stream->bytes, stream->filled, IMAGE_DATA_AT + stream->at - stream->filled);
	stream->filled = 0;
}

static void stream_put(struct stream *stream, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		size_t part = STREAM_BUFFER - stream->filled < len ? STREAM_BUFFER - stream->filled : len;
		memcpy(stream->bytes + stream->filled, p, part);
		stream->filled += part;
		stream->at += part;
		p += part;
		len -= part;
		if (stream->filled == STREAM_BUFFER)
			stream_flush(stream);
	}
}

static void stream_align(struct stream *stream)
{
	static const uint8_t zeros[NODE_ALIGN];
	stream_put(stream, zeros, node_align(stream->at) - stream->at);
}

static struct image_digest stream_digest(const struct stream *stream)
{
	XXH128_hash_t hash = XXH3_128bits_digest(stream->hash);
	return (struct image_digest){ hash.low64, hash.high64 };
}

/* ---- the walk ---------------------------------------------------------------------------------------------------------------------- */

static bool is_cancelled(const struct writer *writer)
{
	return writer->job->cancel && atomic_load_explicit(writer->job->cancel, memory_order_relaxed);
}

static bool has_failed(const struct writer *writer)
{
	return writer->leaves.status != ZT_OK || writer->branches.status != ZT_OK || is_cancelled(writer);
}

static uint64_t leaf_sizes(const struct writer *writer, twig_t twig)
{
	uint64_t size = 0;

	if (twig_is_leaf(twig))
		return node_align(znode_size(twig_leaf(twig)));
	const struct branch *branch = twig_branch(twig);
	for (unsigned i = 0, twigs = branch_twigs(branch); i < twigs && !is_cancelled(writer); i++)
		size += leaf_sizes(writer, branch_twig(branch, i));
	return size;
}

static void rest(usec_t time)
{
	struct timespec wait = { .tv_nsec = (long)((time < REST_MOST * USEC_PER_MSEC ? time : REST_MOST * USEC_PER_MSEC) * 1000) };
	nanosleep(&wait, NULL);
}

/* What goes wrong in a sync here shows in the last one. */
static void slice_sync(struct writer *writer)
{
	const struct clock *clock = writer->job->clock;
	uint64_t written = writer->leaves.at + writer->branches.at;

	if (!clock || written - writer->synced < SLICE)
		return;
	usec_t before = clock_now(clock);
	writer->synced = written;
	(void)fdatasync(writer->fd);
	rest(clock_wait(clock, REST_FACTOR * (clock_now(clock) - before)));
}

static uint64_t leaf_write(struct writer *writer, twig_t twig)
{
	const struct znode *node = twig_leaf(twig);
	struct znode head = *node;
	uint64_t at = writer->leaves.at;

	head.generation = 0;
	stream_put(&writer->leaves, &head, sizeof(head));
	stream_put(&writer->leaves, node->bytes, znode_size(node) - sizeof(head));
	stream_align(&writer->leaves);
	slice_sync(writer);
	return at | (twig & TWIG_TAGS);
}

/* Writes what the twig leads to; returns its position with the twig's tags. */
static uint64_t twig_write(struct writer *writer, twig_t twig)
{
	uint64_t child[KEY_SYMBOLS];

	if (twig_is_leaf(twig))
		return leaf_write(writer, twig);
	const struct branch *branch = twig_branch(twig);
	struct branch head = *branch;
	struct zone_summary sum = branch_summary(branch);
	unsigned count = branch_twigs(branch);
	for (unsigned i = 0; i < count && !has_failed(writer); i++)
		child[i] = twig_write(writer, branch_twig(branch, i));
	if (has_failed(writer))
		return 0;
	uint64_t at = writer->branches.at;
	head.generation = 0;
	for (unsigned i = 0; i < count; i++)
		child[i] -= at;
	stream_put(&writer->branches, &head, sizeof(head));
	stream_put(&writer->branches, child, count * sizeof(child[0]));
	stream_put(&writer->branches, &sum.fingerprint, sizeof(sum.fingerprint));
	stream_align(&writer->branches);
	return at | (twig & TWIG_TAGS);
}

static int content_write(struct writer *writer, int fd, struct image_header *header)
{
	const struct zone_version *version = writer->job->version;

	header->leaf_size = leaf_sizes(writer, version->root);
	int status = stream_open(&writer->leaves, fd, 0), more = stream_open(&writer->branches, fd, header->leaf_size);
	if (status == ZT_OK)
		status = more;
	if (status == ZT_OK) {
		writer->synced = writer->branches.at;
		header->root = twig_write(writer, version->root);
		stream_flush(&writer->leaves);
		stream_flush(&writer->branches);
		status = writer->leaves.status != ZT_OK ? writer->leaves.status : writer->branches.status;
		if (status == ZT_OK && is_cancelled(writer))
			status = ZT_EDONE;
	}
	if (status == ZT_OK) {
		header->size = writer->branches.at;
		header->leaf_digest = stream_digest(&writer->leaves);
		header->branch_digest = stream_digest(&writer->branches);
	}
	stream_close(&writer->leaves);
	stream_close(&writer->branches);
	return status;
}

/* ---- the file ------------------------------------------------------------------------------------------------------------------------ */

static int file_fill(const struct image_job *job, int fd)
{
	const struct zone_version *version = job->version;
	struct writer writer = { .job = job, .fd = fd };
	struct image_header header;

	memset(&header, 0, sizeof(header));
	memcpy(header.magic, IMAGE_MAGIC, sizeof(header.magic));
	header.format = IMAGE_FORMAT;
	header.layout = image_layout();
	header.key_id = image_key_id(&version->zone->key);
	name_copy(header.apex, version->zone->apex);
	header.sequence = job->sequence;
	header.serial = version->serial;
	header.apex_is_there = version->apex != NULL;
	header.name_count = version->name_count;
	header.record_count = version->record_count;
	header.sum = version->sum;
	int status = content_write(&writer, fd, &header);
	if (status != ZT_OK)
		return status;
	header.header_digest = image_header_digest(&header);
	status = write_fully(fd, &header, sizeof(header), 0);
	if (status == ZT_OK && fsync(fd) != 0)
		status = status_from_errno(errno);
	return status;
}

/* Makes the new name durable. */
static int folder_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");

	if (!folder)
		return ZT_ENOMEM;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return status_from_errno(errno);
	int status = fsync(fd) == 0 ? ZT_OK : status_from_errno(errno);
	close(fd);
	return status;
}

int image_write(const struct image_job *job)
{
	struct buf temporary;

	if (!job->version->root)
		return ZT_EINVAL;
	buf_init(&temporary);
	buf_printf(&temporary, "%s.new", job->path);
	buf_add_u8(&temporary, 0);
	int status = temporary.status;
	const char *path = (const char *)temporary.data;
	int fd = status == ZT_OK ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	if (status == ZT_OK && fd < 0)
		status = status_from_errno(errno);
	if (fd >= 0) {
		status = file_fill(job, fd);
		if (close(fd) != 0 && status == ZT_OK)
			status = status_from_errno(errno);
		if (status == ZT_OK && rename(path, job->path) != 0)
			status = status_from_errno(errno);
		if (status == ZT_OK)
			status = folder_sync(job->path);
		else
			unlink(path);
	}
	buf_fini(&temporary);
	return status;
}
