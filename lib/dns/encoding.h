/* The text encodings that rdata fields use: hexadecimal, base64, base32hex, times, type lists. Private to lib/dns.
 *
 * Readers take the tokens of one field, append bytes to a cursor (whose status tells about space) and return whether the text was right.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/cursor.h"
#include "lib/dns/lexer.h"

/* The values of hexadecimal digits, 255 for other characters. */
extern const uint8_t hex_values[256];

/* The values of base64 digits, 255 for other characters. */
extern const uint8_t base64_values[256];

/* Two digits a byte; a byte must not be split over two tokens. At least one byte. */
bool hex_from_tokens(const struct token *tokens, size_t count, struct wcursor *out);
void hex_to_text(const uint8_t *data, size_t len, struct buf *out);

/* RFC 4648 section 4, padded, over any number of tokens. At least one byte. */
bool base64_from_tokens(const struct token *tokens, size_t count, struct wcursor *out);
void base64_to_text(const uint8_t *data, size_t len, struct buf *out);

/* RFC 4648 section 7 without padding (RFC 5155 section 3.3). At least one byte. */
bool base32hex_from_token(const struct token *token, struct wcursor *out);
void base32hex_to_text(const uint8_t *data, size_t len, struct buf *out);

/* YYYYMMDDHHmmSS in UTC, or seconds since 1970 (RFC 4034 section 3.2); modulo 2^32. */
bool time_from_token(const struct token *token, uint32_t *out);
/* As a date of 1970 to 2106. */
void time_to_text(uint32_t time, struct buf *out);

/* Type mnemonics as the windows of RFC 4034 section 4.1.2. *bad is the index of a token that is no type. */
bool types_from_tokens(const struct token *tokens, size_t count, struct wcursor *out, size_t *bad);
void types_to_text(const uint8_t *data, size_t len, struct buf *out);

/* One type mnemonic. */
bool type_from_token(const struct token *token, uint16_t *out);
