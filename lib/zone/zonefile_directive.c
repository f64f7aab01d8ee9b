/* $TTL, $ORIGIN, $INCLUDE and $GENERATE. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/sandbox.h"
#include "lib/zone/generate.h"
#include "lib/zone/zonefile_reader.h"

enum { TEMPLATE_MAX = 4096 };

static bool count_is(struct reader *reader, size_t min, size_t max, const char *usage)
{
	const struct lexer *lexer = &reader->source->lexer;
	if (lexer->count >= min && lexer->count <= max)
		return true;
	entry_error(reader, lexer->entry_line, "%.*s with %zu argument%s; expected %s", (int)lexer->tokens[0].len, lexer->tokens[0].at,
		    lexer->count - 1, lexer->count == 2 ? "" : "s", usage);
	return false;
}

static bool name_token_read(struct reader *reader, const struct token *token, uint8_t out[NAME_MAX_LEN])
{
	if (name_from_chars(out, token->at, token->len, reader->source->origin) == ZT_OK)
		return true;
	reader_token_error(reader, token, "is no domain name; expected labels of at most 63 bytes separated by single dots");
	return false;
}

static int ttl_directive(struct reader *reader)
{
	const struct token *token = &reader->source->lexer.tokens[1];
	uint32_t ttl;

	if (!count_is(reader, 2, 2, "$TTL SECONDS"))
		return ZT_OK;
	if (!token_period(token, ZONEFILE_TTL_MAX, &ttl)) {
		reader_token_error(reader, token, "is no TTL; expected 0 to 2147483647 seconds, or units as in 1h30m");
		return ZT_OK;
	}
	reader->default_ttl = ttl;
	reader->has_default_ttl = true;
	return ZT_OK;
}

static int origin_directive(struct reader *reader)
{
	uint8_t origin[NAME_MAX_LEN];

	if (count_is(reader, 2, 2, "$ORIGIN NAME") && name_token_read(reader, &reader->source->lexer.tokens[1], origin))
		source_set_origin(reader->source, origin);
	return ZT_OK;
}

/* The path as the including file means it. */
static bool include_path(struct reader *reader, const struct token *token, char path[PATH_MAX])
{
	const char *from = reader->source->name;
	const char *slash = strrchr(from, '/');
	int folder_len = slash && token->len > 0 && token->at[0] != '/' ? (int)(slash - from) + 1 : 0;

	if (token->len == 0 || (size_t)folder_len + token->len >= PATH_MAX) {
		reader_token_error(reader, token, "is no file name; expected a path, relative to the folder of this file");
		return false;
	}
	snprintf(path, PATH_MAX, "%.*s%.*s", folder_len, from, (int)token->len, token->at);
	return true;
}

static bool is_open_already(const struct source *source)
{
	for (const struct source *parent = source->parent; parent; parent = parent->parent) {
		if (parent->device == source->device && parent->inode == source->inode)
			return true;
	}
	return false;
}

static int include_file(struct reader *reader, struct source *child)
{
	const struct token *file = &reader->source->lexer.tokens[1];
	int fd;

	int status = reader_file_open(reader, child, &fd);
	if (status != ZT_OK) {
		entry_error(reader, file->line, "cannot include '%s': %s%s", child->name, status_text(status), sandbox_hint(child->name));
		return ZT_OK;
	}
	if (is_open_already(child)) {
		entry_error(reader, file->line, "'%s' includes itself; expected another file", child->name);
		close(fd);
		return ZT_OK;
	}
	reader->source = child;
	reader->depth++;
	status = reader_source_read(reader, fd);
	reader->depth--;
	reader->source = child->parent;
	reader->is_owner_new = true;
	close(fd);
	return status;
}

static int include_directive(struct reader *reader)
{
	struct source *parent = reader->source;
	const struct lexer *lexer = &parent->lexer;
	char path[PATH_MAX];

	if (!count_is(reader, 2, 3, "$INCLUDE FILE [ORIGIN]") || !include_path(reader, &lexer->tokens[1], path))
		return ZT_OK;
	if (!parent->is_file || reader->depth == ZONEFILE_INCLUDE_DEPTH) {
		entry_error(reader, lexer->entry_line, "$INCLUDE %s",
			    parent->is_file ? "nested deeper than 16 files" : "is not allowed here; expected the records themselves");
		return ZT_OK;
	}
	struct source *child = calloc(1, sizeof(*child));
	if (!child)
		return ZT_ENOMEM;
	child->name = path;
	child->parent = parent;
	child->owner_state = parent->owner_state;
	child->owner = child->owners[0];
	child->owner_len = parent->owner_len;
	if (parent->owner_state == OWNER_KNOWN)
		memcpy(child->owner, parent->owner, parent->owner_len);
	uint8_t origin[NAME_MAX_LEN];
	name_copy(origin, parent->origin);
	int status = ZT_OK;
	if (lexer->count == 2 || name_token_read(reader, &lexer->tokens[2], origin)) {
		source_set_origin(child, origin);
		status = include_file(reader, child);
	}
	free(child);
	return status;
}

/* The rdata template: BIND takes one token, and looks into it when it is quoted; several tokens are taken as they stand. */
static int template_join(const struct lexer *lexer, size_t at, struct buf *out)
{
	bool is_single = at + 1 == lexer->count;

	buf_clear(out);
	for (size_t i = at; i < lexer->count; i++) {
		bool has_quotes = lexer->tokens[i].quoted && !is_single;
		buf_add(out, has_quotes ? " \"" : " ", has_quotes ? 2 : 1);
		buf_add(out, lexer->tokens[i].at, lexer->tokens[i].len);
		if (has_quotes)
			buf_add_u8(out, '"');
	}
	return out->status;
}

/* One number's record. *is_good becomes false where the templates cannot make one. */
static int generate_record(struct reader *reader, const struct buf *template, const struct record_head *head, uint32_t number, bool *is_good)
{
	const struct lexer *lexer = &reader->source->lexer;
	const struct token *owner = &lexer->tokens[2];
	unsigned errors = reader->report->error_count;

	buf_clear(&reader->owner_text);
	buf_clear(&reader->rdata_text);
	int status = generate_expand(owner->at, owner->len, number, &reader->owner_text);
	if (status == ZT_OK)
		status = generate_expand((const char *)template->data, template->len, number, &reader->rdata_text);
	if (status == ZT_ESYNTAX) {
		entry_error(reader, lexer->entry_line, "$GENERATE at %u: bad ${} or a number out of range; "
			    "expected ${OFFSET[,WIDTH[,BASE]]} with base d, o, x, X, n or N and a result of 0 to 2147483647", number);
		*is_good = false;
		return ZT_OK;
	}
	if (status != ZT_OK)
		return status;
	if (reader_owner(reader, (const char *)reader->owner_text.data, reader->owner_text.len, lexer->entry_line)) {
		struct lexer *line = &reader->line_lexer;
		line->line = lexer->entry_line;
		lexer_set_text(line, (const char *)reader->rdata_text.data, reader->rdata_text.len, true);
		status = lexer_next(line);
		if (status == ZT_OK)
			status = reader_record_finish(reader, line, 0, head);
		else if (status != ZT_ENOMEM)
			entry_error(reader, lexer->entry_line, "$GENERATE at %u: the data cannot be read; expected one line", number);
	}
	*is_good = reader->report->error_count == errors;
	return status == ZT_ESYNTAX || status == ZT_EDONE ? ZT_OK : status;
}

static int generate_directive(struct reader *reader)
{
	const struct lexer *lexer = &reader->source->lexer;
	struct generate_range range;
	struct record_head head;
	size_t at = 3;

	if (!count_is(reader, 5, SIZE_MAX, "$GENERATE START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE DATA"))
		return ZT_OK;
	if (!generate_range_read(&lexer->tokens[1], &range) || range.count > ZONEFILE_GENERATE_MAX) {
		reader_token_error(reader, &lexer->tokens[1], "is no range; expected START-STOP[/STEP] of at most 1048576 numbers up to 2147483647");
		return ZT_OK;
	}
	if (!reader_head(reader, lexer, &at, &head))
		return ZT_OK;
	struct buf template;
	buf_init(&template);
	int status = template_join(lexer, at, &template);
	bool is_good = status == ZT_OK && template.len <= TEMPLATE_MAX && lexer->tokens[2].len <= TEMPLATE_MAX;
	if (status == ZT_OK && !is_good)
		entry_error(reader, lexer->entry_line, "a template of $GENERATE is longer than %d bytes", TEMPLATE_MAX);
	for (uint32_t i = 0; status == ZT_OK && is_good && i < range.count; i++)
		status = generate_record(reader, &template, &head, range.start + i * range.step, &is_good);
	buf_fini(&template);
	return status;
}

int reader_directive_entry(struct reader *reader)
{
	const struct token *token = &reader->source->lexer.tokens[0];

	if (token_is(token, "$TTL"))
		return ttl_directive(reader);
	if (token_is(token, "$ORIGIN"))
		return origin_directive(reader);
	if (token_is(token, "$INCLUDE"))
		return include_directive(reader);
	if (token_is(token, "$GENERATE"))
		return generate_directive(reader);
	reader_token_error(reader, token, "is no directive; expected $TTL, $ORIGIN, $INCLUDE or $GENERATE (or \\$ where a name begins with $)");
	return ZT_OK;
}
