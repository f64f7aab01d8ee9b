/* Plain lines of a zone file, read straight from text: [OWNER] [TTL] [CLASS] TYPE DATA [; COMMENT] on one line (lib/dns/quick.h).
 *
 * A line is read whole before anything of the reader changes. What is not plain stays where it is, for the lexer.
 */
#include <string.h>

#include "lib/dns/quick.h"
#include "lib/zone/zonefile_reader.h"

/* A line's parts before its data. */
struct line {
	bool has_owner;
	size_t owner_len;
	bool has_class;
	struct record_head head;
	const struct rr_descriptor *type;
	uint64_t type_word;
};

enum { WORD_MAX = 8, PACKED_IN = 'I' << 8 | 'N', PACKED_UPPER = 0xdfdf };

/* A word of at most eight characters as one number, its first character in the highest byte used; 0 for another. */
static uint64_t word_pack(struct quick *quick)
{
	const char *at = quick->at;
	uint64_t word = 0;

	while (quick_is(*at, QUICK_WORD)) {
		word = word << 8 | (uint8_t)*at;
		if (++at - quick->at > WORD_MAX)
			return 0;
	}
	quick->at = at;
	return quick_is(*at, QUICK_STOP) ? word : 0;
}

static bool type_read(const struct reader *reader, const char *text, size_t len, struct line *line)
{
	uint16_t type;

	line->type = reader->type;
	if (line->type_word != reader->type_word) {
		if (!rr_type_from_chars(text, len, &type) || rr_type_is_meta(type))
			return false;
		line->type = rr_descriptor(type);
	}
	if (!line->type || !line->type->text)
		return false;
	line->head.type = line->type->type;
	return true;
}

/* As reader_head: TTL and class in either order, then the type. */
static bool head_read(const struct reader *reader, struct quick *quick, struct line *line)
{
	for (;;) {
		quick_skip_blanks(quick);
		if (*quick->at >= '0' && *quick->at <= '9') {
			if (line->head.has_ttl || !quick_number(quick, ZONEFILE_TTL_MAX, &line->head.ttl))
				return false;
			line->head.has_ttl = true;
			continue;
		}
		const char *text = quick->at;
		uint64_t word = word_pack(quick);
		if (word == 0)
			return false;
		if (line->has_class || (word & PACKED_UPPER) != PACKED_IN || word > PACKED_UPPER) {
			line->type_word = word;
			return type_read(reader, text, (size_t)(quick->at - text), line);
		}
		line->has_class = true;
	}
}

/* Reads a line with a record; false, and nothing changed, where it is not plain. */
static bool line_read(struct reader *reader, struct quick *quick, struct line *line)
{
	struct source *source = reader->source;

	*line = (struct line){ .has_owner = !quick_is(*quick->at, QUICK_BLANK) };
	if (line->has_owner ? *quick->at == '$' || !quick_name(quick, source_next_owner(source), &line->owner_len) : source->owner_state != OWNER_KNOWN)
		return false;
	return head_read(reader, quick, line) && quick_rdata(quick, line->type->text) && quick_line_end(quick);
}

/* Blank lines and comments. */
static bool is_empty_line(struct quick *quick)
{
	const char *start = quick->at;

	quick_skip_blanks(quick);
	if (quick_is(*quick->at, QUICK_END) && quick_line_end(quick))
		return true;
	quick->at = start;
	return false;
}

static int line_deliver(struct reader *reader, const struct line *line, size_t rdata_len, uint32_t number)
{
	if (line->has_owner)
		reader_set_owner(reader, line->owner_len);
	if (line->has_class)
		reader->rr_class = CLASS_IN;
	reader->type = line->type;
	reader->type_word = line->type_word;
	return reader_deliver(reader, &line->head, rdata_len, number);
}

int reader_quick_lines(struct reader *reader)
{
	struct source *source = reader->source;
	struct lexer *lexer = &source->lexer;
	const char *last = source->last_newline;
	struct quick quick = { .at = lexer->at, .end = lexer->end, .origin = source->origin, .origin_len = source->origin_len };
	struct line line;
	int status = ZT_OK;

	while (status == ZT_OK && last && lexer->at <= last && reader->report->error_count < ZONEFILE_ERRORS_MAX) {
		bool is_empty = is_empty_line(&quick);
		quick.out = wcursor_over(reader->rdata, sizeof(reader->rdata));
		if (!is_empty && !line_read(reader, &quick, &line))
			break;
		lexer->at = quick.at;
		uint32_t number = lexer->line++;
		if (!is_empty)
			status = line_deliver(reader, &line, quick.out.pos, number);
	}
	return status;
}
