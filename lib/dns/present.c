/* Rdata and records as text: shapes first, then the types with a syntax of their own, ldns for the rest of what has a text, RFC 3597 for what
 * nobody knows.
 *
 * ldns 1.8 takes numbers modulo their size, unknown types for TYPE0 and odd hex digits, leaks memory on some bad input, and takes microseconds;
 * so it reads only what is left (WKS, LOC, APL), one line of printable characters, and what it returns counts after rdata_is_valid. In
 * the other direction its text is read back before it is believed, since it rounds or renames some fields; what does not come back as the same bytes
 * is written in the generic form.
 */
#include "lib/dns/present.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/encoding.h"
#include "lib/dns/shape.h"
#include "lib/dns/syntax.h"

/* ---- the generic form ------------------------------------------------------------------------------------------------- */

static int generic_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	uint32_t len;
	size_t start = out->pos;

	if (source->count < 2 || !token_number(&source->tokens[1], RDATA_MAX_LEN, &len))
		return text_error_set(error, source->line, "\\# without a length; expected \\# LENGTH HEX, LENGTH being 0 to 65535 bytes");
	if (source->count > 2 && !hex_from_tokens(source->tokens + 2, source->count - 2, out))
		return text_error_token(error, &source->tokens[2], "hexadecimal data; expected two digits a byte");
	if (out->status == ZT_OK && out->pos - start != len)
		return text_error_set(error, source->line, "\\# says %u bytes and %zu follow; expected two digits a byte", len, out->pos - start);
	return ZT_OK;
}

static void generic_write(const uint8_t *rdata, size_t len, struct buf *out)
{
	buf_printf(out, "\\# %zu%s", len, len > 0 ? " " : "");
	hex_to_text(rdata, len, out);
}

/* ---- ldns -------------------------------------------------------------------------------------------------------------- */

struct type_form {
	uint16_t type;
	const char *form;
};

/* What a person should have written; for error messages. */
static const struct type_form forms[] = {
	{ TYPE_WKS, "ADDRESS PROTOCOL SERVICE..." },
	{ TYPE_LOC, "DEGREES [MINUTES [SECONDS]] N|S DEGREES [MINUTES [SECONDS]] E|W ALTITUDE [SIZE [HORIZONTAL [VERTICAL]]]" },
	{ TYPE_APL, "[!]FAMILY:ADDRESS/PREFIX..." },
};

static const char *form_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].type == type)
			return forms[i].form;
	}
	const char *form = syntax_form(type);
	return form ? form : "the fields of the type, or the generic form \\# LENGTH HEX";
}

/* The types left to ldns. */
static bool ldns_reads(uint16_t type)
{
	return type == TYPE_WKS || type == TYPE_LOC || type == TYPE_APL;
}

/* Letters that ldns would take for zero. */
static bool is_sound(const struct rdata_source *source, const struct token *token)
{
	for (uint32_t i = 0; source->type == TYPE_LOC && i < token->len; i++) {
		if (!strchr("0123456789.-+mNSEWnsew", token->at[i]))
			return false;
	}
	return true;
}

static int line_add_token(const struct rdata_source *source, size_t i, struct buf *line, struct text_error *error)
{
	const struct token *token = &source->tokens[i];

	for (uint32_t j = 0; j < token->len; j++) {
		if ((uint8_t)token->at[j] < 0x20 || (uint8_t)token->at[j] == 0x7f)
			return text_error_token(error, token, "printable text; write other bytes as \\DDD");
	}
	if (!is_sound(source, token))
		return text_error_token(error, token, "part of the data of this type");
	buf_add_u8(line, ' ');
	if (token->quoted)
		buf_add_u8(line, '"');
	buf_add(line, token->at, token->len);
	if (token->quoted)
		buf_add_u8(line, '"');
	return ZT_OK;
}

/* The one line that ldns parses, NUL-terminated. */
static int line_make(const struct rdata_source *source, struct buf *line, struct text_error *error)
{
	char type[RR_TYPE_TEXT_SIZE];
	buf_printf(line, ". 0 IN %s", rr_type_to_text(source->type, type));
	for (size_t i = 0; i < source->count; i++) {
		int status = line_add_token(source, i, line, error);
		if (status != ZT_OK)
			return status;
	}
	buf_add_u8(line, '\0');
	return line->status;
}

static int line_parse(const struct rdata_source *source, const char *line, struct wcursor *out, struct text_error *error)
{
	char type[RR_TYPE_TEXT_SIZE];
	ldns_rr *rr = NULL;
	size_t start = out->pos;
	ldns_status status = ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL);
	bool is_valid = status == LDNS_STATUS_OK && rr && ldns_rr_get_type(rr) == source->type;

	for (size_t i = 0; is_valid && i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *field = ldns_rr_rdf(rr, i);
		if (field)
			wcursor_put(out, ldns_rdf_data(field), ldns_rdf_size(field));
	}
	ldns_rr_free(rr);
	if (status == LDNS_STATUS_MEM_ERR)
		return ZT_ENOMEM;
	if (is_valid && (out->status != ZT_OK || rdata_is_valid(source->type, out->base + start, out->pos - start)))
		return ZT_OK;
	return text_error_set(error, source->line, "bad data of %s; expected %s", rr_type_to_text(source->type, type), form_of(source->type));
}

static int ldns_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	struct buf line;
	buf_init(&line);
	int status = line_make(source, &line, error);
	if (status == ZT_OK)
		status = line_parse(source, (const char *)line.data, out, error);
	buf_fini(&line);
	return status;
}

/* The record as a message would carry it, for ldns to take apart. */
static ldns_rr *ldns_from_wire(uint16_t type, const uint8_t *rdata, size_t len)
{
	struct buf wire;
	size_t pos = 0;
	ldns_rr *rr = NULL;

	buf_init(&wire);
	buf_add_u8(&wire, 0);
	buf_add_u16(&wire, type);
	buf_add_u16(&wire, CLASS_IN);
	buf_add_u32(&wire, 0);
	buf_add_u16(&wire, (uint16_t)len);
	buf_add(&wire, rdata, len);
	if (wire.status == ZT_OK && ldns_wire2rr(&rr, wire.data, wire.len, &pos, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
		rr = NULL;
	buf_fini(&wire);
	return rr;
}

static bool ldns_fields_print(const ldns_rr *rr, ldns_buffer *text)
{
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		if (i > 0)
			ldns_buffer_printf(text, " ");
		if (ldns_rdf2buffer_str(text, ldns_rr_rdf(rr, i)) != LDNS_STATUS_OK)
			return false;
	}
	return ldns_buffer_status_ok(text);
}

static bool reads_back(uint16_t type, const char *text, const uint8_t *rdata, size_t len)
{
	bool is_same = false;
	uint8_t *bytes = malloc(RDATA_MAX_LEN);
	if (bytes) {
		struct wcursor cur = wcursor_over(bytes, RDATA_MAX_LEN);
		is_same = rdata_from_text(type, text, NULL, &cur, NULL) == ZT_OK && cur.pos == len && memcmp(bytes, rdata, len) == 0;
	}
	free(bytes);
	return is_same;
}

/* False where the generic form must be used. */
static bool ldns_write(uint16_t type, const uint8_t *rdata, size_t len, struct buf *out)
{
	bool is_written = false;
	ldns_rr *rr = ldns_from_wire(type, rdata, len);
	ldns_buffer *buffer = rr ? ldns_buffer_new(LDNS_MIN_BUFLEN) : NULL;

	if (buffer && ldns_fields_print(rr, buffer)) {
		char *text = ldns_buffer_export2str(buffer);
		if (text && reads_back(type, text, rdata, len)) {
			size_t text_len = strlen(text);
			while (text_len > 0 && text[text_len - 1] == ' ')
				text_len--;
			buf_add(out, text, text_len);
			is_written = true;
		}
		free(text);
	}
	if (buffer)
		ldns_buffer_free(buffer);
	ldns_rr_free(rr);
	return is_written;
}

/* ---- public ------------------------------------------------------------------------------------------------------------- */

static bool is_generic(const struct rdata_source *source)
{
	const struct token *first = source->tokens;
	return source->count > 0 && first->len == 2 && !first->quoted && memcmp(first->at, "\\#", 2) == 0;
}

static int source_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	const struct rr_descriptor *row = rr_descriptor(source->type);
	const char *shape = row ? row->text : NULL;
	char type[RR_TYPE_TEXT_SIZE];
	bool has_generic = is_generic(source);
	size_t start = out->pos;
	int status;

	if (has_generic)
		status = generic_read(source, out, error);
	else if (shape)
		status = shape_from_tokens(shape, source, out, error);
	else if (syntax_form(source->type))
		status = syntax_from_tokens(source, out, error);
	else if (ldns_reads(source->type))
		status = ldns_read(source, out, error);
	else
		return text_error_set(error, source->line, "the data of %s is known in generic form only; expected \\# LENGTH HEX",
				      rr_type_to_text(source->type, type));
	if (status != ZT_OK || out->status != ZT_OK)
		return status;
	bool is_simple = !has_generic && shape && shape[1] == '\0';      /* one field has been looked at enough; this is the common case */
	if (is_simple || rdata_is_valid(source->type, out->base + start, out->pos - start))
		return ZT_OK;
	return text_error_set(error, source->line, "these are no data of %s; expected %s", rr_type_to_text(source->type, type),
			      has_generic ? "its uncompressed wire form" : form_of(source->type));
}

int rdata_from_tokens(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	size_t start = out->pos;
	if (out->status != ZT_OK)
		return out->status;
	int status = source_read(source, out, error);
	if (status == ZT_OK && out->status == ZT_OK && out->pos - start <= RDATA_MAX_LEN)
		return ZT_OK;
	if (status == ZT_OK) {
		text_error_set(error, source->line, "the data is longer than %d bytes", RDATA_MAX_LEN);
		status = ZT_ESPACE;
	}
	out->pos = start;
	out->status = ZT_OK;
	return status;
}

int rdata_from_text(uint16_t type, const char *text, const uint8_t *origin, struct wcursor *out, struct text_error *error)
{
	struct lexer lexer;
	lexer_init(&lexer);
	lexer_set_text(&lexer, text, strlen(text), true);
	int status = lexer_next(&lexer);
	if (status == ZT_ESYNTAX)
		text_error_set(error, lexer.error_line, "%s", lexer.error);
	if (status == ZT_OK || status == ZT_EDONE) {
		struct rdata_source source = { .type = type, .origin = origin, .tokens = lexer.tokens, .count = lexer.count, .line = 1 };
		bool has_more = lexer.at < lexer.end;
		if (has_more && lexer_next(&lexer) != ZT_EDONE)
			status = text_error_set(error, lexer.entry_line, "text after the first line; expected one record's data");
		else
			status = rdata_from_tokens(&source, out, error);
	}
	lexer_fini(&lexer);
	return status;
}

/* False where only the generic form says it. */
static bool plain_write(uint16_t type, const uint8_t *rdata, size_t len, struct buf *out)
{
	const struct rr_descriptor *row = rr_descriptor(type);

	if (len == 0)
		return false;
	if (row && row->text)
		return shape_to_text(row->text, rdata, len, out);
	if (syntax_form(type))
		return syntax_to_text(type, rdata, len, out);
	return ldns_reads(type) && ldns_write(type, rdata, len, out);
}

void rdata_to_text(uint16_t type, const uint8_t *rdata, size_t len, struct buf *out)
{
	if (!plain_write(type, rdata, len, out))
		generic_write(rdata, len, out);
}

void record_to_text(const struct record_out *record, struct buf *out)
{
	char owner[NAME_TEXT_SIZE], rr_class[RR_CLASS_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE];
	buf_printf(out, "%s %u %s %s ", name_to_text(record->owner, owner), record->ttl, rr_class_to_text(record->rr_class, rr_class),
		   rr_type_to_text(record->type, type));
	rdata_to_text(record->type, record->rdata, record->rdata_len, out);
}
