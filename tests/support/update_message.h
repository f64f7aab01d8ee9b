/* UPDATE messages of tests as text. Every failure fails the test. */
#pragma once

#include "lib/base/buf.h"

/* Lines: "p FORM NAME [TYPE [RDATA…]]" is a prerequisite, "u FORM NAME …" an update.
 *     p yxdomain NAME | p nxdomain NAME | p yxrrset NAME TYPE [RDATA] | p nxrrset NAME TYPE
 *     u add NAME TTL TYPE RDATA | u del NAME | u del NAME TYPE | u del NAME TYPE RDATA
 *     p raw / u raw NAME CLASS TTL TYPE [HEX]: any record
 * Names are absolute. `out` is initialised here. */
void update_message_make(struct buf *out, const char *apex, const char *script);
