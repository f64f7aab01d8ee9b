/* Records of a zone file: owner, TTL, class, type, data. */
#include <string.h>

#include "lib/zone/zonefile_reader.h"

enum { SHOWN_MAX = 60 };

static int shown_len(const struct token *token)
{
	return (int)(token->len < SHOWN_MAX ? token->len : SHOWN_MAX);
}

void reader_token_error(struct reader *reader, const struct token *token, const char *what)
{
	entry_error(reader, token->line, "'%.*s' %s", shown_len(token), token->at, what);
}

/* The token as a C string, for the small tables of mnemonics. */
static bool token_copy(const struct token *token, char *out, size_t size)
{
	if (token->len >= size)
		return false;
	memcpy(out, token->at, token->len);
	out[token->len] = '\0';
	return true;
}

static bool class_read(const struct token *token, uint16_t *out)
{
	char text[RR_CLASS_TEXT_SIZE];
	uint16_t rr_class = CLASS_IN;

	if (!token_is(token, "IN")) {
		if (!token_copy(token, text, sizeof(text)) || !rr_class_from_text(text, &rr_class))
			return false;
		if (rr_class == CLASS_NONE || rr_class == CLASS_ANY)      /* no classes of data */
			return false;
	}
	*out = rr_class;
	return true;
}

/* TTL and class in either order, then the type; *at ends behind it. */
bool reader_head(struct reader *reader, const struct lexer *lexer, size_t *at, struct record_head *head)
{
	bool has_class = false;
	size_t i = *at;

	head->has_ttl = false;
	for (; i < lexer->count; i++) {
		const struct token *token = &lexer->tokens[i];
		bool is_number = token->len > 0 && token->at[0] >= '0' && token->at[0] <= '9';
		if (!head->has_ttl && is_number) {
			if (!token_period(token, ZONEFILE_TTL_MAX, &head->ttl)) {
				reader_token_error(reader, token, "is no TTL; expected 0 to 2147483647 seconds, or units as in 1h30m");
				return false;
			}
			head->has_ttl = true;
		} else if (!has_class && class_read(token, &reader->rr_class)) {
			has_class = true;
		} else {
			break;
		}
	}
	if (i == lexer->count) {
		entry_error(reader, lexer->entry_line, "the record ends too early; expected [TTL] [CLASS] TYPE DATA");
		return false;
	}
	if (!rr_type_from_chars(lexer->tokens[i].at, lexer->tokens[i].len, &head->type)) {
		reader_token_error(reader, &lexer->tokens[i], "is no record type; expected one as A or MX, or TYPEnnn");
		return false;
	}
	if (rr_type_is_meta(head->type)) {
		reader_token_error(reader, &lexer->tokens[i], "cannot stand in a zone; expected a type that holds data");
		return false;
	}
	*at = i + 1;
	return true;
}

/* RFC 1035 section 5.1 and RFC 2308 section 4. False when there is none to be had. */
static bool ttl_settle(struct reader *reader, const struct record_head *head, size_t rdata_len, uint32_t *ttl)
{
	if (head->has_ttl) {
		*ttl = reader->last_ttl = head->ttl;
		reader->has_last_ttl = true;
	} else if (reader->has_default_ttl) {
		*ttl = reader->default_ttl;
	} else if (reader->has_last_ttl) {
		*ttl = reader->last_ttl;
	} else if (head->type == TYPE_SOA) {
		*ttl = wire_get_u32(reader->rdata + rdata_len - 4);
		if (*ttl > ZONEFILE_TTL_MAX)
			*ttl = 0;
		reader->last_ttl = *ttl;
		reader->has_last_ttl = true;
	} else {
		return false;
	}
	return true;
}

int reader_deliver(struct reader *reader, const struct record_head *head, size_t rdata_len, uint32_t line)
{
	struct zonefile_record record = {
		.owner = reader->source->owner,
		.type = head->type,
		.rr_class = reader->rr_class,
		.rdata = reader->rdata,
		.rdata_len = (uint16_t)rdata_len,
		.file = reader->source->name,
		.line = line,
		.owner_len = (uint8_t)reader->source->owner_len,
		.is_same_owner = !reader->is_owner_new,
	};

	if (!ttl_settle(reader, head, rdata_len, &record.ttl)) {
		entry_error(reader, line, "the record has no TTL; expected one before its type, or a $TTL line above");
		return ZT_OK;
	}
	reader->is_owner_new = false;
	reader->report->record_count++;
	return reader->sink->on_record(reader->sink->arg, &record);
}

/* Reads the rdata of the tokens from `at` on and hands the record over. Faults of the file are reported, and are no failure. */
int reader_record_finish(struct reader *reader, const struct lexer *lexer, size_t at, const struct record_head *head)
{
	struct source *source = reader->source;
	struct wcursor out = wcursor_over(reader->rdata, sizeof(reader->rdata));
	struct text_error error;
	uint32_t line = source->lexer.entry_line;
	struct rdata_source text = {
		.type = head->type,
		.origin = source->origin,
		.tokens = lexer->tokens + at,
		.count = lexer->count - at,
		.line = line,
	};
	int status = rdata_from_tokens(&text, &out, &error);
	if (status == ZT_ENOMEM)
		return status;
	if (status != ZT_OK) {
		entry_error(reader, error.line, "%s", error.text);
		return ZT_OK;
	}
	return reader_deliver(reader, head, out.pos, line);
}

/* The record's owner from its text; a broken one also breaks the lines that leave theirs out. */
bool reader_owner(struct reader *reader, const char *text, size_t len, uint32_t line)
{
	struct source *source = reader->source;
	uint8_t *owner = source_next_owner(source);

	int status = name_from_chars(owner, text, len, source->origin);
	if (status != ZT_OK) {
		struct token token = { .at = text, .len = (uint32_t)len, .line = line & 0x7fffffff };
		reader_token_error(reader, &token, status == ZT_ELIMIT ? "is no domain name: longer than 255 bytes, or a label longer than 63" :
							"is no domain name; expected labels separated by single dots");
		source->owner_state = OWNER_BROKEN;
		return false;
	}
	reader_set_owner(reader, name_len(owner));
	return true;
}

uint8_t *source_next_owner(struct source *source)
{
	return source->owners[source->owner == source->owners[0]];
}

void reader_set_owner(struct reader *reader, size_t len)
{
	struct source *source = reader->source;

	source->owner = source_next_owner(source);
	source->owner_len = len;
	source->owner_state = OWNER_KNOWN;
	reader->is_owner_new = true;
}

int reader_record_entry(struct reader *reader)
{
	struct source *source = reader->source;
	const struct lexer *lexer = &source->lexer;
	struct record_head head;
	size_t at = 0;

	if (!lexer->starts_blank) {
		if (!reader_owner(reader, lexer->tokens[0].at, lexer->tokens[0].len, lexer->tokens[0].line))
			return ZT_OK;
		at = 1;
	} else if (source->owner_state != OWNER_KNOWN) {
		if (source->owner_state == OWNER_NONE)
			entry_error(reader, lexer->entry_line, "the first record has no owner name; expected one at the start of the line");
		source->owner_state = OWNER_BROKEN;
		return ZT_OK;
	}
	return reader_head(reader, lexer, &at, &head) ? reader_record_finish(reader, lexer, at, &head) : ZT_OK;
}
