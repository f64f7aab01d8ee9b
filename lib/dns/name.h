/* Domain names in uncompressed wire form: a run of length-prefixed labels that ends with the empty label.
 *
 * A name is a plain `const uint8_t *`; its length is found by walking it. Letter case is kept as given, and every comparison folds
 * ASCII case (RFC 4343). "Canonical order" is RFC 4034 section 6.1. Functions that take a name expect a valid one: names
 * from strangers pass name_read or name_from_text first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cursor.h"

enum {
	NAME_MAX_LEN = 255,       /* bytes in wire form, the final zero included (RFC 1035 section 2.3.4) */
	NAME_MAX_LABELS = 127,    /* without the root label */
	LABEL_MAX_LEN = 63,
	NAME_TEXT_SIZE = 1025,    /* longest presentation form (every byte as \DDD), its final dot and NUL */
};

extern const uint8_t name_root[1];

/* ASCII lower case of one byte. */
static inline uint8_t name_fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Bytes in wire form, 1 for the root. */
size_t name_len(const uint8_t *name);
/* Labels without the root label: 0 for the root, 2 for example.com. */
unsigned name_label_count(const uint8_t *name);
/* The name without its leftmost label; the root stays the root. Borrowed from `name`. */
const uint8_t *name_parent(const uint8_t *name);
/* The name without its `count` leftmost labels; borrowed. count <= name_label_count(name). */
const uint8_t *name_strip(const uint8_t *name, unsigned count);
/* Copies into `out` (room for NAME_MAX_LEN); returns the length. */
size_t name_copy(uint8_t *out, const uint8_t *name);
/* Folds to lower case in place. */
void name_lower(uint8_t *name);

bool name_equal(const uint8_t *a, const uint8_t *b);
/* Canonical order: negative, 0 or positive. */
int name_cmp(const uint8_t *a, const uint8_t *b);
/* Whether `name` is `ancestor` or lies below it. */
bool name_is_within(const uint8_t *name, const uint8_t *ancestor);
/* How many labels (from the root) the two names share. */
unsigned name_common_labels(const uint8_t *a, const uint8_t *b);
bool name_is_wildcard(const uint8_t *name);
/* Case-insensitive hash; the seed makes it unpredictable to strangers. */
uint64_t name_hash(const uint8_t *name, uint64_t seed);

/* `prefix` without its root label, then `suffix`. ZT_ELIMIT when longer than 255 bytes. */
int name_join(uint8_t out[NAME_MAX_LEN], const uint8_t *prefix, size_t prefix_len, const uint8_t *suffix) ZT_MUST_CHECK;
/* DNAME substitution (RFC 6672 section 2.2): the labels of `name` above `owner`, then `target`. ZT_ELIMIT when too long. */
int name_substitute(uint8_t out[NAME_MAX_LEN], const uint8_t *name, const uint8_t *owner, const uint8_t *target) ZT_MUST_CHECK;

/* Reads a name that may be compressed (pointers go strictly backwards, RFC 1035 section 4.1.4) at the cursor of a whole message
 * (cur->base is the message's first byte). Returns its length; 0 and a cursor status on failure. */
size_t name_read(struct rcursor *cur, uint8_t out[NAME_MAX_LEN]);
/* Reads a name that may not be compressed. */
size_t name_read_plain(struct rcursor *cur, uint8_t out[NAME_MAX_LEN]);
/* Whether exactly `len` bytes hold one uncompressed, valid name. */
bool name_is_valid(const uint8_t *wire, size_t len);

/* Presentation form with escapes (RFC 1035 section 5.1); a name without a final dot is taken as relative to `origin`, or as absolute
 * where origin is NULL. ZT_ESYNTAX or ZT_ELIMIT. */
int name_from_text(uint8_t out[NAME_MAX_LEN], const char *text, const uint8_t *origin) ZT_MUST_CHECK;
/* The same for text that does not end in NUL. `origin` must not overlap `out`. */
int name_from_chars(uint8_t out[NAME_MAX_LEN], const char *text, size_t text_len, const uint8_t *origin) ZT_MUST_CHECK;
/* Always absolute, with the final dot; returns `out`. */
char *name_to_text(const uint8_t *name, char out[NAME_TEXT_SIZE]);
