/* The bytes of an image file. Not for others.
 *
 *     struct image_header | leaves | branches
 *
 * Positions count from IMAGE_DATA_AT. Everything is in host order: an image is for the machine and the build that made it, which the
 * layout number tells.
 */
#pragma once

#include "lib/zone/image.h"
#include "lib/zone/trie.h"
#include "lib/zone/version.h"

enum { IMAGE_FORMAT = 1 };

#define IMAGE_MAGIC "ZT-IMAGE"

struct image_digest {
	uint64_t low;
	uint64_t high;
};

struct image_header {
	char magic[8];
	uint32_t format;
	uint32_t layout;           /* image_layout() */
	struct fingerprint key_id; /* says which key, without telling it */
	uint8_t apex[NAME_MAX_LEN + 1];
	uint64_t sequence;
	uint32_t serial;
	uint32_t apex_is_there;    /* the first leaf is the apex */
	uint64_t name_count;
	uint64_t record_count;
	struct zone_summary sum;
	uint64_t leaf_size;        /* bytes of all leaves */
	uint64_t size;             /* bytes of leaves and branches */
	uint64_t root;             /* position and tags */
	struct image_digest leaf_digest;
	struct image_digest branch_digest;
	struct image_digest header_digest;      /* of all before it */
};

enum { IMAGE_DATA_AT = sizeof(struct image_header) };

/* A number of how nodes and keys are laid out in this build. */
uint32_t image_layout(void);
struct fingerprint image_key_id(const struct fingerprint_key *key);
struct image_digest image_header_digest(const struct image_header *header);
