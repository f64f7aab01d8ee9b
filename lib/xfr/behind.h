/* Read repair: the message "that server is behind" to somebody who tells it of changes.
 *
 * Who sees that a zone's servers differ (zonesync verify, a resolver that gets zone versions with its answers) tells one that has the server in its notify
 * list, which then looks and tells it again, instead of waiting for the next attempt. A NOTIFY (RFC 1996) with a private option; who does not
 * know the option takes it for an ordinary NOTIFY, which is harmless.
 *
 *     version u8 (1) | family u8 (4 or 6) | port u16 | its serial u32 | the newest serial seen u32 | address, 4 or 16 bytes      network order
 *
 * It is hearsay: the receiver believes nothing of it before it has asked the server itself. Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/dns/message.h"

/* Of the range for local use (RFC 6891 section 9). */
enum { BEHIND_OPTION = 65379, BEHIND_MESSAGE_MAX = MESSAGE_HEADER_LEN + NAME_MAX_LEN + 4 + 11 + 4 + 28 };

struct behind {
	struct netaddr server;
	uint32_t serial;          /* that it has */
	uint32_t newest;          /* that another has */
};

/* The whole message. ZT_ESPACE: `size` is less than BEHIND_MESSAGE_MAX and too small; ZT_EINVAL: no address. */
int behind_write(const struct behind *behind, const uint8_t *apex, uint16_t id, struct wcursor *out) ZT_MUST_CHECK;
/* False: the message says nothing of the kind, or not in a way known here. */
bool behind_read(const struct edns *edns, struct behind *out);
