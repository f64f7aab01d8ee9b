/* Text of SVCB and HTTPS rdata (RFC 9460 section 2.1). Reading that text is ldns' business; writing it is not, because ldns 1.8 aborts on some
 * parameters that strangers can send. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* Appends the text of valid SVCB or HTTPS rdata. False, with `out` as it was, where the parameters are malformed (RFC 9460 section 2.2: keys
 * ascend, values have their key's form) or hold bytes that would need escapes: only the generic form says those. */
bool svcb_to_text(const uint8_t *rdata, size_t len, struct buf *out);
