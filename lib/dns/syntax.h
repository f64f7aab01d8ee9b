/* Rdata text of the types with a syntax of their own: IPSECKEY, HIP, AMTRELAY, NSAP, ATMA, SVCB, HTTPS. Private to lib/dns. */
#pragma once

#include "lib/dns/present.h"

/* What a type's text looks like, for error messages; NULL for a type that is not one of these. */
const char *syntax_form(uint16_t type);
/* As the readers of lib/dns/shape.h: space is left to the cursor's status. The type is one of these. */
int syntax_from_tokens(const struct rdata_source *source, struct wcursor *out, struct text_error *error) ZT_MUST_CHECK;
/* The rdata is valid for its type. False, with `out` as it was, when the syntax cannot express it. */
bool syntax_to_text(uint16_t type, const uint8_t *rdata, size_t len, struct buf *out);
