/* Splits master-file text (RFC 1035 section 5.1) into entries and their tokens.
 *
 * An entry is one line, or several where parentheses join them. Quotes, comments and parentheses are resolved here; escapes stay in the
 * tokens, because what they mean depends on the field. The text is borrowed and may arrive in blocks: an entry that reaches the end of
 * a block that is not the last is given back whole (ZT_EAGAIN), to be lexed again when more text follows it.
 *
 * Nothing is allocated per token: the token array belongs to the lexer and is used again for each entry.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

/* A borrowed run of text, without the quotes that surrounded it. */
struct token {
	const char *at;
	uint32_t len;
	uint32_t line : 31;      /* 1-based */
	uint32_t quoted : 1;
};

struct lexer {
	const char *at;          /* the next entry starts here */
	const char *end;
	bool is_last;            /* no text follows `end` */
	uint32_t line;           /* of `at` */
	uint32_t entry_line;     /* where the latest entry began */
	struct token *tokens;    /* of the latest entry */
	size_t count;
	size_t cap;
	bool starts_blank;       /* the entry's line began with white space: its owner is the previous one */
	const char *error;       /* after ZT_ESYNTAX: what was wrong and what was expected */
	uint32_t error_line;
};

void lexer_init(struct lexer *lexer);
void lexer_fini(struct lexer *lexer);
/* Sets the text to go on with; the line count goes on. */
void lexer_set_text(struct lexer *lexer, const char *text, size_t len, bool is_last);

/* The next entry that has tokens. ZT_EDONE: no more text. ZT_EAGAIN: more text is needed, lexer->at is where it must go on. ZT_ESYNTAX:
 * see lexer->error; the lexer stands at the start of the next line (after an unclosed parenthesis: the line after it) and can go on. */
int lexer_next(struct lexer *lexer) ZT_MUST_CHECK;

/* Case-insensitive comparison with an upper-case word. */
bool token_is(const struct token *token, const char *word);
/* A decimal number of at most `max`; false for anything else. */
bool token_number(const struct token *token, uint32_t max, uint32_t *out);
/* A time span of at most `max` seconds: a plain number, or with units as in 1h30m (s, m, h, d, w). */
bool token_period(const struct token *token, uint32_t max, uint32_t *out);
