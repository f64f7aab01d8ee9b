/* Presentation format (RFC 1035 section 5.1) of rdata and records: text to wire and back.
 *
 * Types whose fields are names, numbers, addresses and character strings are scanned here (lib/dns/shape.h); the rest goes through ldns, and
 * what ldns returns is validated again. The generic form of RFC 3597 section 5 (\# LENGTH HEX) works for every type. Relative names
 * are completed with the origin given, wherever they stand in the rdata.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/cursor.h"
#include "lib/dns/lexer.h"
#include "lib/dns/writer.h"

/* What is wrong with a text and what was expected, for people. */
struct text_error {
	uint32_t line;             /* within the text, 1-based */
	char text[256];
};

/* Rdata text as tokens of a lexer. */
struct rdata_source {
	uint16_t type;
	const uint8_t *origin;     /* NULL: names without a final dot count as absolute */
	const struct token *tokens;
	size_t count;
	uint32_t line;             /* for errors about what is missing */
};

/* Appends the wire form to `out`; on failure `out` is unchanged. ZT_ESYNTAX (see error), ZT_ESPACE, ZT_ENOMEM. error may be NULL. */
int rdata_from_tokens(const struct rdata_source *source, struct wcursor *out, struct text_error *error) ZT_MUST_CHECK;
/* The same from one string. */
int rdata_from_text(uint16_t type, const char *text, const uint8_t *origin, struct wcursor *out, struct text_error *error) ZT_MUST_CHECK;

/* Appends the text of valid rdata, on one line, that rdata_from_text turns back into the same bytes. A failure shows in out->status. */
void rdata_to_text(uint16_t type, const uint8_t *rdata, size_t len, struct buf *out);
/* Appends "OWNER TTL CLASS TYPE RDATA", without a newline. */
void record_to_text(const struct record_out *record, struct buf *out);
