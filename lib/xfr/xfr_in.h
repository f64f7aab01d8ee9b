/* The receiving side of a zone transfer: messages in, an edit on the zone out (RFC 5936, RFC 1995).
 *
 * Life: xfr_in_new -> xfr_in_query (send it) -> xfr_in_message for each message that comes -> XFR_IN_DONE -> xfr_in_take_edit -> xfr_in_free.
 * Nothing of it shows in the zone before its edit is published: differences are gathered and applied strictly, in order, to one edit at the end; the
 * records of a whole zone go into an edit as they come (xfr_whole.h), which keeps others from changing the zone until the transfer ends.
 *
 * Not here: who to ask and when (refresh.h), the rules a zone must keep (lib/zone/check.h), sockets, the journal.
 * Every message is a stranger's: nothing in it can crash, loop or take more than the limits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "lib/dns/message.h"
#include "lib/zone/edit.h"
#include "lib/zone/zone.h"

struct xfr_in_config {
	struct zone *zone;                      /* borrowed; nobody else edits it between the last message and the edit's publication */
	uint16_t type;                          /* TYPE_AXFR or TYPE_IXFR (needs a zone with a SOA) */
	uint16_t id;
	bool udp;                               /* one message is all there is */
	bool any_serial;                        /* AXFR: take a serial that is not newer than ours; otherwise it is XFR_IN_CURRENT */
	uint64_t max_records;                   /* received in all; 0 = 50 million */
	uint64_t max_bytes;                     /* of all messages; 0 = 4 GiB */
};

enum xfr_in_result {
	XFR_IN_MORE,             /* feed the next message */
	XFR_IN_DONE,             /* xfr_in_take_edit */
	XFR_IN_CURRENT,          /* the primary has nothing newer than we: its serial is xfr_in_serial */
	XFR_IN_RETRY_TCP,        /* UDP only: the answer did not fit */
	XFR_IN_FAILED,           /* xfr_in_failure says why */
};

/* Why a transfer failed, in the detail the ladder of refresh.h needs and a log line shows. */
struct xfr_in_failure {
	int status;              /* ZT_EDIFF: the differences do not fit our zone; ZT_EREFUSED: a response code; ZT_EMALFORMED, ZT_EOUTOFZONE,
	                          * ZT_ELIMIT; ZT_ENOMEM, ZT_EBUSY: our side */
	unsigned rcode;          /* with ZT_EREFUSED */
	char text[256];          /* what was wrong, for people */
};

enum xfr_in_style { XFR_IN_UNKNOWN, XFR_IN_WHOLE, XFR_IN_DIFFERENCES };

struct xfr_in;

int xfr_in_new(const struct xfr_in_config *config, struct xfr_in **out) ZT_MUST_CHECK;
/* Aborts what has not been taken. NULL is fine. */
void xfr_in_free(struct xfr_in *xfr);
/* Writes the question; 512 bytes are always enough. */
int xfr_in_query(const struct xfr_in *xfr, uint8_t *out, size_t size, size_t *len) ZT_MUST_CHECK;
/* After any result but XFR_IN_MORE nothing may follow but XFR_IN_FAILED. */
enum xfr_in_result xfr_in_message(struct xfr_in *xfr, const uint8_t *wire, size_t len);
/* The edit that leads to the received version, ready for the commit pipeline; the caller's from now on. May be empty of changes but for
 * the SOA. Once, after XFR_IN_DONE. */
struct zone_edit *xfr_in_take_edit(struct xfr_in *xfr);

const struct xfr_in_failure *xfr_in_failure(const struct xfr_in *xfr);
enum xfr_in_style xfr_in_style(const struct xfr_in *xfr);
/* Whether the answer has been read to its end, so that the connection can carry another question. */
bool xfr_in_is_complete(const struct xfr_in *xfr);
/* Of the SOA the answer began with; 0 before. */
uint32_t xfr_in_serial(const struct xfr_in *xfr);
uint64_t xfr_in_bytes(const struct xfr_in *xfr);
uint64_t xfr_in_records(const struct xfr_in *xfr);
uint32_t xfr_in_differences(const struct xfr_in *xfr);

/* ---- SOA queries ------------------------------------------------------------------------------------------------------------------ */

int soa_query_write(uint8_t *out, size_t size, uint16_t id, const uint8_t *apex, size_t *len) ZT_MUST_CHECK;
/* The serial in an authoritative answer to that question. ZT_EMALFORMED: not an answer to it at all (ignore it); ZT_EREFUSED: a response code
 * or a lame answer, *rcode tells. */
int soa_reply_read(const struct message *reply, uint16_t id, const uint8_t *apex, uint32_t *serial, unsigned *rcode) ZT_MUST_CHECK;
