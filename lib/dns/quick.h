/* Reads the plain lines of master files straight from text to wire form, without tokens; for the zone-file reader.
 *
 * Plain is what nearly all lines are: one line, no parentheses, escapes or mnemonics, and no mistakes. Everything here says false to whatever
 * else it meets, right or wrong, and the long way (lib/dns/lexer, lib/dns/present) reads that line, so that there is one place that knows all
 * of the grammar and words all errors. What is read here comes out as the long way would have it, byte for byte (tests compare the two).
 *
 * The text must hold the newline that ends the line: no read looks for the end of the text but for that. Functions that return false leave `at`
 * and the output anywhere; the caller keeps what it needs to start again. Private to lib/dns and lib/zone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cursor.h"
#include "lib/dns/name.h"

struct quick {
	const char *at;
	const char *end;            /* of the text, for those who look at several bytes at once */
	const uint8_t *origin;      /* completes relative names */
	size_t origin_len;
	struct wcursor out;         /* rdata goes here */
};

enum {
	QUICK_WORD = 1,             /* a character of a word that means itself, dots excepted */
	QUICK_DOT = 2,
	QUICK_BLANK = 4,
	QUICK_END = 8,              /* newline or comment */
	QUICK_STOP = QUICK_BLANK | QUICK_END,
	QUICK_STRING = 16,          /* means itself within quotes */
};

extern const uint8_t quick_class[256];

static inline bool quick_is(char c, uint8_t classes)
{
	return (quick_class[(uint8_t)c] & classes) != 0;
}

static inline void quick_skip_blanks(struct quick *quick)
{
	while (quick_is(*quick->at, QUICK_BLANK))
		quick->at++;
}

/* A domain name in wire form. */
bool quick_name(struct quick *quick, uint8_t out[NAME_MAX_LEN], size_t *len);
/* Digits, at most ten. */
bool quick_number(struct quick *quick, uint32_t max, uint32_t *out);
/* Rdata of the shape of lib/dns/shape.h, with the blanks before it. */
bool quick_rdata(struct quick *quick, const char *shape);
/* Blanks, a comment and the newline. */
bool quick_line_end(struct quick *quick);
