/* $GENERATE (BIND's directive): ranges and templates. Private to the zone-file reader.
 *
 * A template holds $ for the running number and ${OFFSET[,WIDTH[,BASE]]} for a changed one: BASE d, o, x, X, or n and N for reversed hex nibbles
 * separated by dots, where WIDTH counts the dots too. \$ and $$ are a plain dollar sign.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/dns/lexer.h"

struct generate_range {
	uint32_t start;
	uint32_t stop;      /* inclusive */
	uint32_t step;
	uint32_t count;
};

/* START-STOP[/STEP], numbers of 0 to 2^31-1. False when it is none. */
bool generate_range_read(const struct token *token, struct generate_range *out);

/* Appends the template's text for one number. ZT_ESYNTAX: a bad ${}, or a number below 0 or above 2^31-1. */
int generate_expand(const char *template, size_t len, uint32_t number, struct buf *out) ZT_MUST_CHECK;
