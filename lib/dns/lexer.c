/* The master-file lexer. */
#include "lib/dns/lexer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/name.h"

enum { FIRST_TOKENS = 64 };

enum char_class { IN_WORD, IS_SPACE, IS_NEWLINE, IS_COMMENT, IS_OPEN, IS_CLOSE, IS_QUOTE, IS_ESCAPE, IS_NUL };

static const uint8_t char_class[256] = {
	['\0'] = IS_NUL, [' '] = IS_SPACE, ['\t'] = IS_SPACE, ['\r'] = IS_SPACE, ['\f'] = IS_SPACE, ['\v'] = IS_SPACE, ['\n'] = IS_NEWLINE,
	[';'] = IS_COMMENT, ['('] = IS_OPEN, [')'] = IS_CLOSE, ['"'] = IS_QUOTE, ['\\'] = IS_ESCAPE,
};

/* One pass over an entry; committed to the lexer when the entry is whole. */
struct scan {
	const char *at;
	const char *end;
	uint32_t line;
	unsigned depth;             /* of parentheses */
	const char *open_at;        /* the line after the outermost parenthesis that is open */
	uint32_t open_line;
};

void lexer_init(struct lexer *lexer)
{
	*lexer = (struct lexer){ .line = 1 };
}

void lexer_fini(struct lexer *lexer)
{
	free(lexer->tokens);
	lexer_init(lexer);
}

void lexer_set_text(struct lexer *lexer, const char *text, size_t len, bool is_last)
{
	lexer->at = text;
	lexer->end = text + len;
	lexer->is_last = is_last;
}

static int tokens_grow(struct lexer *lexer)
{
	size_t cap = lexer->cap ? lexer->cap * 2 : FIRST_TOKENS;
	struct token *tokens = realloc(lexer->tokens, cap * sizeof(*tokens));
	if (!tokens)
		return ZT_ENOMEM;
	lexer->tokens = tokens;
	lexer->cap = cap;
	return ZT_OK;
}

static int token_add(struct lexer *lexer, const struct scan *scan, const char *start, bool quoted)
{
	if (lexer->count == lexer->cap && tokens_grow(lexer) != ZT_OK)
		return ZT_ENOMEM;
	lexer->tokens[lexer->count++] = (struct token){
		.at = start,
		.len = (uint32_t)(scan->at - start),
		.line = scan->line & 0x7fffffff,
		.quoted = quoted,
	};
	return ZT_OK;
}

static int syntax_error(struct lexer *lexer, uint32_t line, const char *what)
{
	lexer->error = what;
	lexer->error_line = line;
	return ZT_ESYNTAX;
}

/* From after an opening quote to the closing one, where scan->at stays. */
static int quoted_scan(struct lexer *lexer, struct scan *scan)
{
	for (; scan->at < scan->end; scan->at++) {
		switch (*scan->at) {
		case '"':
			return ZT_OK;
		case '\n':
			return syntax_error(lexer, scan->line, "a quote is not closed before the end of its line; expected '\"'");
		case '\0':
			return syntax_error(lexer, scan->line, "a NUL byte in a quoted string; write it as \\000");
		case '\\':
			if (scan->at + 1 < scan->end && scan->at[1] != '\n')
				scan->at++;
			break;
		default:
			break;
		}
	}
	return lexer->is_last ? syntax_error(lexer, scan->line, "a quote is not closed before the end of the file; expected '\"'") : ZT_EAGAIN;
}

/* Moves over the characters of a word, escapes and key="value" quotes included. */
static int word_scan(struct lexer *lexer, struct scan *scan, const char *start)
{
	for (; scan->at < scan->end; scan->at++) {
		uint8_t class = char_class[(uint8_t)*scan->at];
		if (class == IN_WORD)
			continue;
		if (class == IS_ESCAPE) {
			if (scan->at + 1 == scan->end)
				break;
			if (scan->at[1] == '\n')
				return syntax_error(lexer, scan->line, "a backslash at the end of a line; expected a character to escape");
			scan->at++;
			continue;
		}
		if (class == IS_QUOTE && scan->at > start && scan->at[-1] == '=') {
			scan->at++;
			int status = quoted_scan(lexer, scan);
			if (status != ZT_OK)
				return status;
			continue;
		}
		return class == IS_NUL ? syntax_error(lexer, scan->line, "a NUL byte; expected text") : ZT_OK;
	}
	if (!lexer->is_last)
		return ZT_EAGAIN;
	if (scan->at < scan->end)
		return syntax_error(lexer, scan->line, "a backslash at the end of the file; expected a character to escape");
	return ZT_OK;
}

static int quoted_token(struct lexer *lexer, struct scan *scan)
{
	const char *start = ++scan->at;
	int status = quoted_scan(lexer, scan);
	if (status == ZT_OK)
		status = token_add(lexer, scan, start, true);
	if (status == ZT_OK)
		scan->at++;
	return status;
}

static int word_token(struct lexer *lexer, struct scan *scan)
{
	const char *start = scan->at;
	int status = word_scan(lexer, scan, start);
	return status == ZT_OK ? token_add(lexer, scan, start, false) : status;
}

static void parenthesis_open(struct scan *scan)
{
	if (scan->depth++ == 0) {
		const char *newline = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
		scan->open_at = newline ? newline + 1 : scan->end;
		scan->open_line = scan->line;
	}
	scan->at++;
}

/* The end of the text; whether it may end here. */
static int text_end(struct lexer *lexer, const struct scan *scan)
{
	if (!lexer->is_last)
		return ZT_EAGAIN;
	if (scan->depth > 0)
		return syntax_error(lexer, scan->open_line, "a parenthesis is never closed; expected ')'");
	return ZT_OK;
}

/* Scans one entry, up to and including its newline. */
static int entry_scan(struct lexer *lexer, struct scan *scan)
{
	int status;

	while (scan->at < scan->end) {
		switch (char_class[(uint8_t)*scan->at]) {
		case IS_SPACE:
			scan->at++;
			continue;
		case IS_NEWLINE:
			scan->at++;
			scan->line++;
			if (scan->depth == 0)
				return ZT_OK;
			continue;
		case IS_COMMENT:
			scan->at = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
			if (!scan->at)
				scan->at = scan->end;
			continue;
		case IS_OPEN:
			parenthesis_open(scan);
			continue;
		case IS_CLOSE:
			if (scan->depth == 0)
				return syntax_error(lexer, scan->line, "')' without a '(' before it");
			scan->depth--;
			scan->at++;
			continue;
		case IS_QUOTE:
			status = quoted_token(lexer, scan);
			break;
		default:
			status = word_token(lexer, scan);
			break;
		}
		if (status != ZT_OK)
			return status;
	}
	return text_end(lexer, scan);
}

/* Puts the lexer behind a broken entry. */
static void entry_skip(struct lexer *lexer, const struct scan *scan)
{
	if (scan->depth > 0) {
		lexer->at = scan->open_at;
		lexer->line = scan->open_line + 1;
		return;
	}
	const char *newline = scan->at < scan->end ? memchr(scan->at, '\n', (size_t)(scan->end - scan->at)) : NULL;
	lexer->at = newline ? newline + 1 : scan->end;
	lexer->line = scan->line + 1;
}

int lexer_next(struct lexer *lexer)
{
	while (lexer->at < lexer->end) {
		struct scan scan = { .at = lexer->at, .end = lexer->end, .line = lexer->line };
		lexer->count = 0;
		lexer->entry_line = lexer->line;
		lexer->starts_blank = char_class[(uint8_t)*scan.at] == IS_SPACE;
		int status = entry_scan(lexer, &scan);
		if (status == ZT_ESYNTAX) {
			entry_skip(lexer, &scan);
			return status;
		}
		if (status != ZT_OK)
			return status;
		lexer->at = scan.at;
		lexer->line = scan.line;
		if (lexer->count > 0)
			return ZT_OK;
	}
	return lexer->is_last ? ZT_EDONE : ZT_EAGAIN;
}

bool token_is(const struct token *token, const char *word)
{
	for (uint32_t i = 0; i < token->len; i++) {
		uint8_t c = (uint8_t)token->at[i];
		if ((c >= 'a' && c <= 'z' ? c - 0x20 : c) != (uint8_t)word[i])      /* the word's NUL differs from every token byte */
			return false;
	}
	return word[token->len] == '\0';
}

bool token_number(const struct token *token, uint32_t max, uint32_t *out)
{
	uint64_t value = 0;
	if (token->len == 0 || token->len > 10)
		return false;
	for (uint32_t i = 0; i < token->len; i++) {
		unsigned digit = (unsigned)(uint8_t)token->at[i] - '0';
		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*out = (uint32_t)value;
	return value <= max;
}

static uint32_t unit_seconds(char c)
{
	switch (name_fold((uint8_t)c)) {
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 3600;
	case 'd': return 86400;
	case 'w': return 604800;
	default: return 0;
	}
}

bool token_period(const struct token *token, uint32_t max, uint32_t *out)
{
	uint64_t total = 0, value = 0;
	bool has_digit = false, has_unit = false;

	for (uint32_t i = 0; i < token->len; i++) {
		unsigned digit = (unsigned)(uint8_t)token->at[i] - '0';
		if (digit <= 9) {
			value = value * 10 + digit;
			has_digit = true;
		} else {
			uint32_t unit = unit_seconds(token->at[i]);
			if (unit == 0 || !has_digit)
				return false;
			total += value * unit;
			value = 0;
			has_digit = false;
			has_unit = true;
		}
		if (value > max || total > max)
			return false;
	}
	if (!has_digit && !has_unit)
		return false;
	total += value;
	*out = (uint32_t)total;
	return total <= max;
}
