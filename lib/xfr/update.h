/* Dynamic UPDATE (RFC 2136) without sockets, clock or files: read the message, judge it against a zone, apply it to an edit.
 *
 *     update_read -> update_check (prerequisites, then the update section as a whole) -> update_apply -> update_serial
 *
 * The first two change nothing. Once they are passed no record is at fault any more: what can't be done is silently passed over, as section
 * 3.4.2 has it; only room can run out.
 *
 * Not here: which zone a name means, who may (the caller asks its access list before update_check, so that strangers learn nothing from
 * prerequisites), the rules of the DNS (lib/zone/check.h), durability, several updates in one version.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/status.h"
#include "lib/dns/message.h"
#include "lib/zone/edit.h"
#include "lib/zone/zone.h"

/* One record of the prerequisite or update section. */
struct update_record {
	const uint8_t *owner;
	uint16_t type;
	uint16_t rr_class;
	uint32_t ttl;
	uint16_t rdata_len;
	bool rdata_is_valid;           /* not judged where the class says that there is none */
	const uint8_t *rdata;          /* uncompressed */
};

struct update {
	struct message message;
	uint8_t apex[NAME_MAX_LEN];    /* of the zone section; lower case */
	struct update_record *prerequisites;
	size_t prerequisite_count;
	struct update_record *changes;
	size_t change_count;
	struct arena arena;
};

/* Reads a whole message; `wire` must stay. The rcode is RCODE_NOERROR, FORMERR (the message or its zone section is broken, section 3.1.1), NOTAUTH
 * (a class we don't serve) or SERVFAIL (memory is out). Free with update_fini in every case. Whether the message has a
 * readable header (message.id) is the caller's to know: message_read gave more than ZT_ETRUNC. */
enum rcode update_read(struct update *update, const uint8_t *wire, size_t len);
void update_fini(struct update *update);

/* Sections 3.2 and 3.4.1. RCODE_NOERROR: all prerequisites hold and the update section is sound. */
enum rcode update_check(const struct update *update, const struct zone_version *version);

/* Section 3.4.2. ZT_ENOMEM, or ZT_ELIMIT for an RRset that would not fit into a message: abort the edit. */
int update_apply(const struct update *update, struct zone_edit *edit) ZT_MUST_CHECK;

/* Section 3.6: moves the serial on when the edit differs from `published` and no update has set a newer one. */
int update_serial(struct zone_edit *edit, const struct zone_version *published) ZT_MUST_CHECK;
