/* The OPT record of what we ask and tell other servers about a zone, and what their answers' OPT says: EXPIRE (RFC 7314) and ZSYNC (zsync.h).
 *
 * Who knows neither ignores them (RFC 6891 section 6.1.2). Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "lib/dns/message.h"
#include "lib/xfr/zsync.h"

enum { XFR_EDNS_LEN = 11 + 4 + ZSYNC_OPTION_LEN };      /* that xfr_edns_append adds at most */

/* What a message says. */
struct xfr_edns {
	bool has_zsync;
	struct zsync zsync;
	bool has_expire;
	uint32_t expire;          /* seconds */
};

/* Adds an OPT record to a finished message without one, which must not be signed yet: `ours` (may be NULL) is what we have, and `asks_expire` how long the
 * zone is good for at the other side is to be told. ZT_ESPACE: it does not fit into `size`. */
int xfr_edns_append(const struct zsync *ours, bool asks_expire, uint8_t *wire, size_t size, size_t *len) ZT_MUST_CHECK;
void xfr_edns_read(const struct message *message, struct xfr_edns *out);
