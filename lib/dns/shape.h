/* Rdata text of the regular types, read and written field by field from a table of shapes.
 *
 * A shape is the presentation counterpart of a descriptor's fields: one token a field. Types without a shape belong to lib/dns/present.
 * Private to lib/dns.
 */
#pragma once

#include "lib/dns/present.h"

/* The fields' codes: a IPv4 address, A IPv6 address, n name, 1 2 4 numbers of that many bytes, p period in seconds (4 bytes),
 * s character string, S one or more of them. NULL for a type that has no shape. */
const char *shape_of(uint16_t type);

/* ZT_OK, ZT_ESYNTAX; space is left to the cursor's status. */
int shape_from_tokens(const char *shape, const struct rdata_source *source, struct wcursor *out, struct text_error *error) ZT_MUST_CHECK;
/* The rdata is valid for the shape's type. */
void shape_to_text(const char *shape, const uint8_t *rdata, size_t len, struct buf *out);

/* One name token in wire form. */
int shape_name(const struct token *token, const uint8_t *origin, uint8_t out[NAME_MAX_LEN], struct text_error *error) ZT_MUST_CHECK;

/* Sets `error` (which may be NULL) and returns ZT_ESYNTAX. */
int text_error_set(struct text_error *error, uint32_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same about a token: 'TOKEN' is no WHAT. */
int text_error_token(struct text_error *error, const struct token *token, const char *what);
