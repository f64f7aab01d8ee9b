/* Reading an image. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "lib/zone/graft.h"
#include "lib/zone/image_format.h"

enum { READ_STEP = 1 << 20 };      /* bytes read and hashed while they are in the cache */

struct image {
	int fd;
	struct image_header header;
	struct image_info info;
};

static int refuse(const char **why, const char *reason)
{
	*why = reason;
	return ZT_ECORRUPT;
}

static int read_fully(int fd, void *out, size_t len, uint64_t at)
{
	uint8_t *p = out;

	while (len > 0) {
		ssize_t got = pread(fd, p, len, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? status_from_errno(errno) : ZT_ETRUNC;
		p += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return ZT_OK;
}

static bool digest_equal(struct image_digest a, struct image_digest b)
{
	return a.low == b.low && a.high == b.high;
}

/* ---- the header ---------------------------------------------------------------------------------------------------------------- */

static int header_check(const struct image_header *header, const struct zone *zone, uint64_t file_size, const char **why)
{
	struct fingerprint key_id = image_key_id(&zone->key);

	if (memcmp(header->magic, IMAGE_MAGIC, sizeof(header->magic)) != 0)
		return refuse(why, "it is no zone image");
	if (header->format != IMAGE_FORMAT || header->layout != image_layout()) {
		*why = "it was written by another build";
		return ZT_EUNSUPPORTED;
	}
	if (!digest_equal(header->header_digest, image_header_digest(header)))
		return refuse(why, "its header is damaged");
	if (memcmp(&header->key_id, &key_id, sizeof(key_id)) != 0)
		return refuse(why, "it was made with another fingerprint key");
	if (memcmp(header->apex, zone->apex, zone->apex_len) != 0)
		return refuse(why, "it is of another zone");
	if (file_size != IMAGE_DATA_AT + header->size)
		return refuse(why, file_size < IMAGE_DATA_AT + header->size ? "it is cut short" : "something was added to it");
	if (header->leaf_size > header->size || header->size % NODE_ALIGN || header->leaf_size % NODE_ALIGN || header->root >= header->size)
		return refuse(why, "its header contradicts itself");
	return ZT_OK;
}

int image_open(const char *path, const struct zone *zone, struct image **out, const char **why)
{
	struct stat info;
	struct image *image = calloc(1, sizeof(*image));

	*why = "memory is out";
	if (!image)
		return ZT_ENOMEM;
	image->fd = open(path, O_RDONLY | O_CLOEXEC);
	int status = image->fd >= 0 && fstat(image->fd, &info) == 0 ? ZT_OK : status_from_errno(errno);
	if (status == ZT_OK)
		status = read_fully(image->fd, &image->header, sizeof(image->header), 0);
	*why = status_text(status);
	if (status == ZT_ETRUNC)
		status = refuse(why, "it is cut short");
	if (status == ZT_OK)
		status = header_check(&image->header, zone, (uint64_t)info.st_size, why);
	if (status != ZT_OK) {
		image_close(image);
		return status;
	}
	image->info = (struct image_info){ image->header.serial, image->header.sum, image->header.sequence, (uint64_t)info.st_size };
	*out = image;
	return ZT_OK;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	if (image->fd >= 0)
		close(image->fd);
	free(image);
}

const struct image_info *image_info(const struct image *image)
{
	return &image->info;
}

/* ---- the content ----------------------------------------------------------------------------------------------------------------- */

/* Reads positions [begin, end) to where they belong. */
static int part_read(const struct image *image, uintptr_t base, const uint64_t span[2], struct image_digest *digest)
{
	XXH3_state_t *hash = XXH3_createState();
	int status = ZT_OK;

	if (!hash)
		return ZT_ENOMEM;
	XXH3_128bits_reset(hash);
	for (uint64_t at = span[0]; at < span[1] && status == ZT_OK;) {
		size_t len = span[1] - at < READ_STEP ? (size_t)(span[1] - at) : READ_STEP;
		void *to = (void *)(base + at);
		status = read_fully(image->fd, to, len, IMAGE_DATA_AT + at);
		if (status == ZT_OK)
			XXH3_128bits_update(hash, to, len);
		at += len;
	}
	XXH128_hash_t result = XXH3_128bits_digest(hash);
	*digest = (struct image_digest){ result.low64, result.high64 };
	XXH3_freeState(hash);
	return status;
}

static int data_read(const struct image *image, uintptr_t base, const char **why)
{
	const struct image_header *header = &image->header;
	const uint64_t leaves[2] = { 0, header->leaf_size }, branches[2] = { header->leaf_size, header->size };
	struct image_digest leaf_digest, branch_digest;

	int status = part_read(image, base, leaves, &leaf_digest);
	if (status == ZT_OK)
		status = part_read(image, base, branches, &branch_digest);
	*why = status_text(status);
	if (status != ZT_OK)
		return status;
	if (!digest_equal(leaf_digest, header->leaf_digest) || !digest_equal(branch_digest, header->branch_digest))
		return refuse(why, "its content is damaged");
	return ZT_OK;
}

int image_load(const struct image *image, struct zone_edit *edit, const char **why)
{
	const struct image_header *header = &image->header;
	struct region *region;

	*why = "memory is out";
	if (edit->version->root || edit->built)
		return ZT_EINVAL;
	int status = region_new(header->size, &region);
	if (status != ZT_OK)
		return status;
	status = data_read(image, region->base, why);
	if (status != ZT_OK) {
		region_free(region);
		return status;
	}
	region->used = header->size;
	region_seal(region, region->base + (header->root & ~(uint64_t)TWIG_TAGS), 0);
	edit_adopt(edit, region, &(struct graft_whole){
		.root = region->root | (header->root & TWIG_TAGS),
		.apex = header->apex_is_there ? (const struct znode *)region->base : NULL,
		.name_count = header->name_count,
		.record_count = header->record_count,
		.sum = header->sum,
	});
	return ZT_OK;
}
