/* Padding of messages, so that an observer of encrypted traffic learns little from their lengths (RFC 7830, RFC 8467). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

enum { PADDING_QUERY_BLOCK = 128, PADDING_RESPONSE_BLOCK = 468 };      /* RFC 8467 section 4.1 */

/* Makes a message of *len bytes in a buffer of `size` as long as the next multiple of `block`, or as the buffer is: by the padding option, in the message's OPT
 * record, which must be its end, or in a new one where it has none. ZT_ESPACE: there is no room for the option; ZT_EMALFORMED: no message, or another
 * end. Then all is as it was. Before a signature. */
ZT_MUST_CHECK int message_pad(uint8_t *wire, size_t *len, size_t size, size_t block);
