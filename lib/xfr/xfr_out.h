/* The messages of an outgoing zone transfer, one per call: AXFR (RFC 5936), IXFR (RFC 1995) over TCP and UDP.
 *
 * The caller pins the zone version for the life of the machine, gathers the differences (struct xfr_history), and asks for the next message
 * whenever its peer has taken the one before, so it sets the pace and a slow reader costs one buffer. Whether an IXFR question is answered by
 * differences, by the whole zone or by one SOA is decided once, in xfr_out_new.
 *
 * Not here: access control, sockets, the journal, TSIG.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/status.h"
#include "lib/dns/message.h"
#include "lib/zone/changeset.h"
#include "lib/zone/zone.h"

/* ---- the differences of an IXFR ------------------------------------------------------------------------------------------------ */

struct xfr_history {
	struct buf records;            /* removed, added, removed, added, … in the form of a changeset's lists */
	bool condense;
	uint64_t record_count;
	uint64_t record_limit;         /* may be lowered before xfr_out_new, which looks at what is left after condensing */
	uint32_t difference_count;
	uint32_t to_serial;
};

/* record_limit: more records than that make the whole zone the better answer (RFC 1995 section 4); commonly the zone's own count.
 * condense: join the differences into one (RFC 1995 section 5), so that what came and went is not sent. */
void xfr_history_init(struct xfr_history *history, uint64_t record_limit, bool condense);
void xfr_history_fini(struct xfr_history *history);
/* The next difference, which starts at the serial where the last one ended. ZT_ELIMIT: more than record_limit; ZT_EDIFF: it has no SOA or
 * does not continue the last. After a failure the history is of no use. */
int xfr_history_add(struct xfr_history *history, const struct changeset *change) ZT_MUST_CHECK;

/* ---- the machine ---------------------------------------------------------------------------------------------------------------- */

enum xfr_out_style {
	XFR_OUT_ZONE,             /* SOA, all records, SOA */
	XFR_OUT_DIFFERENCES,      /* new SOA, differences, new SOA */
	XFR_OUT_SOA,              /* the current SOA alone: the client has it, or must come back by TCP */
};

struct xfr_out_config {
	const struct message *query;           /* AXFR or IXFR; only looked at by xfr_out_new */
	const struct zone_version *version;    /* with a SOA; pinned by the caller until xfr_out_free */
	uint32_t client_serial;                /* IXFR: see xfr_client_serial */
	struct xfr_history *history;           /* IXFR: leads from client_serial to the version; NULL where the journal does not reach. Its
	                                        * records move into the machine; the caller calls xfr_history_fini all the same. */
	bool soa_only;                         /* IXFR: the client is not to get more than the current SOA now, whatever its serial */
	size_t message_size;                   /* most bytes of one message; 0 = 65,535 */
	const uint8_t *options;                /* EDNS options of the first message, ready-made; where the query had OPT. Copied */
	uint16_t options_len;                  /* at most XFR_OUT_OPTIONS_MAX */
};

enum { XFR_OUT_OPTIONS_MAX = 256 };

struct xfr_out;

/* The serial in the authority section of an IXFR query. ZT_EMALFORMED: there is no SOA of the question's name (answer FORMERR). */
int xfr_client_serial(const struct message *query, uint32_t *serial) ZT_MUST_CHECK;

/* Whether a client of that serial gets more than a SOA from a zone of `serial` (RFC 1982; serials without an order: it does). */
bool xfr_is_behind(uint32_t client_serial, uint32_t serial);

/* ZT_EINVAL: the version has no SOA; ZT_ENOMEM. */
int xfr_out_new(const struct xfr_out_config *config, struct xfr_out **out) ZT_MUST_CHECK;
void xfr_out_free(struct xfr_out *xfr);
enum xfr_out_style xfr_out_style(const struct xfr_out *xfr);

/* Writes the next message into `out` (room for message_size). ZT_EDONE: the last one was written before. ZT_ELIMIT: a record does not fit
 * into any message; the transfer can't go on (close the connection, so that the client does not take it for complete). */
int xfr_out_next(struct xfr_out *xfr, uint8_t *out, size_t *len) ZT_MUST_CHECK;
bool xfr_out_is_done(struct xfr_out *xfr);
uint64_t xfr_out_records(const struct xfr_out *xfr);
uint64_t xfr_out_messages(const struct xfr_out *xfr);
uint64_t xfr_out_bytes(const struct xfr_out *xfr);

/* The one reply to an IXFR over UDP: everything if it fits into `size` bytes, else the current SOA alone (RFC 1995 section 4), with the OPT
 * record that answers the query's. */
int xfr_out_udp(const struct xfr_out_config *config, uint8_t *out, size_t size, size_t *len) ZT_MUST_CHECK;
