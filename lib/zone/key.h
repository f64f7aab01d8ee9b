/* Names as trie keys: strings of 6-bit symbols whose order is the canonical order of names (RFC 4034 section 6.1).
 *
 * A key holds the labels below the apex, from the apex downwards. Each label is its folded bytes and KEY_END; the key is closed by one more
 * KEY_END. KEY_END sorts below every byte, so a name comes before the names below it and a label before its extensions. The bytes of
 * ordinary host names are one symbol each, the others two; no symbol of a byte is KEY_END. Hence symbol i begins a label exactly
 * when i is 0 or symbol i-1 is KEY_END, and no key is the beginning of another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KEY_END = 0,
	KEY_STAR = 2,             /* the byte '*' */
	KEY_SYMBOLS = 51,         /* symbols are less than this */
	KEY_MAX = 512,            /* 250 bytes of two symbols in four labels, rounded up */
};

struct key {
	unsigned len;             /* symbols */
	unsigned name_len;        /* bytes of the name it was made of */
	uint8_t sym[KEY_MAX];
};

extern const uint8_t key_first[256];
extern const uint8_t key_second[256];

/* `name` is at or below the apex, whose wire form has apex_len bytes. */
void key_make(struct key *key, const uint8_t *name, size_t apex_len);
/* How many symbols the keys share from the start. Equal keys share all. */
unsigned key_common(const struct key *a, const struct key *b);

/* The symbol at a place; KEY_END behind the end, where a trie may ask. */
static inline unsigned key_at(const struct key *key, unsigned at)
{
	return at < key->len ? key->sym[at] : KEY_END;
}

static inline bool key_is_label_start(const struct key *key, unsigned at)
{
	return at == 0 || key_at(key, at - 1) == KEY_END;
}
