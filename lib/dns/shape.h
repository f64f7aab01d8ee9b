/* Rdata text of the types with a regular presentation form, read and written field by field.
 *
 * A shape is the presentation counterpart of a descriptor's fields, and stands beside them in its row: one token a field. Types without a
 * shape belong to lib/dns/syntax and lib/dns/present.
 * Private to lib/dns.
 */
#pragma once

#include "lib/dns/present.h"

/* The fields' codes, one token each:
 *   a A  IPv4 and IPv6 address      n  name      1 2 4 8  numbers of that many bytes      p  period in seconds (4 bytes)
 *   z  time (4 bytes)               t  type      g k y  DNSSEC algorithm (1 byte), certificate type (2), DSYNC scheme (1): number or mnemonic
 *   s  character string             w  the same, an unquoted word of letters and digits
 *   u  character string, written without quotes where it can be      d  the same, "-" for an empty one
 *   h  hex with a length byte, "-" for none      i  base32hex with a length byte
 *   l  64 bits as four groups of hex             e E  6 and 8 bytes of hex with dashes
 *   .  a lone dot, which stands for no bytes
 * and to the end of the record:
 *   S  character strings, one or more            o  one, or none at all         v  one string without a length byte      V  the same, or none
 *   x  hex         b  base64         c  base64, or nothing at all         B  base64, "-" for nothing         T  types, for a bitmap */

/* ZT_OK, ZT_ESYNTAX; space is left to the cursor's status. */
int shape_from_tokens(const char *shape, const struct rdata_source *source, struct wcursor *out, struct text_error *error) ZT_MUST_CHECK;
/* The rdata is valid for the shape's type. False, and nothing appended, when the shape cannot express it. */
bool shape_to_text(const char *shape, const uint8_t *rdata, size_t len, struct buf *out);

/* Names for small numbers; a table ends with a text of NULL. */
struct mnemonic {
	uint16_t value;
	const char *text;
};

extern const struct mnemonic mnemonics_dsync[];

/* At least one letter or digit, and nothing else. */
bool shape_is_word(const char *text, size_t len);

/* One name token in wire form. */
int shape_name(const struct token *token, const uint8_t *origin, uint8_t out[NAME_MAX_LEN], struct text_error *error) ZT_MUST_CHECK;

/* Sets `error` (which may be NULL) and returns ZT_ESYNTAX. */
int text_error_set(struct text_error *error, uint32_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same about a token: 'TOKEN' is no WHAT. */
int text_error_token(struct text_error *error, const struct token *token, const char *what);
