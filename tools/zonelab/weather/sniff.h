/* Reads the DNS messages between nodes that replication is made of: NOTIFY, SOA queries, IXFR, AXFR, UPDATE, and zone sync (doc/protocol-zonesync.md).
 *
 * Fed with the switch's sightings, it reports each exchange once: a NOTIFY when it is sent, all else when the answer is whole. Over UDP question and
 * answer are matched by node, port and id. A TCP connection is followed on the sender's side, where segments pass in order and what the weather takes is sent again; of
 * the messages only the head and the tail are looked at. A transfer is whole with the SOA record it began with, or else when its connection ends, the same
 * id is asked again or nothing came for QUIET; the queries of a zone sync session, of which there are many, are one exchange, over when nothing came for QUIET.
 *
 * Memory is bounded: of too many exchanges under way the oldest is reported as not answered, of too many connections the oldest is forgotten. TLS can't be read.
 * Robust against any bytes. One thread at a time. Times are those of the sightings.
 */
#pragma once

#include "lib/dns/name.h"
#include "tools/zonelab/weather/switch.h"

enum sniff_kind { SNIFF_NOTIFY, SNIFF_SOA, SNIFF_IXFR, SNIFF_AXFR, SNIFF_UPDATE, SNIFF_ZSYNC, SNIFF_NOTHING };

/* "NOTIFY", "SOA" … */
const char *sniff_kind_text(enum sniff_kind kind);

struct sniff_message {
	enum sniff_kind kind;
	uint16_t from, to;                /* who asked whom */
	bool is_tcp;
	bool is_answered;                 /* false for NOTIFY, whose answer is not waited for */
	bool is_dropped;                  /* the weather took the question, or the answer; over TCP: some packet of an exchange that came to nothing */
	uint8_t zone_len;
	uint8_t zone[NAME_MAX_LEN];       /* wire form, lower case */
	uint64_t bytes;                   /* DNS messages of the answer; of the question where there is none, and of a NOTIFY */
	usec_t begin, end;                /* the question was sent, the last of the answer arrives (which may be a moment ahead) */
};

typedef void sniff_report(void *ctx, const struct sniff_message *message);

struct sniff;

/* ZT_ENOMEM. */
ZT_MUST_CHECK int sniff_new(struct sniff **sniff, sniff_report *report, void *ctx);
/* What is under way is not reported. */
void sniff_free(struct sniff *sniff);

void sniff_packet(struct sniff *sniff, const struct sighting *sighting);
/* Reports what is over because nothing came for a while. */
void sniff_tick(struct sniff *sniff, usec_t now);
/* When sniff_tick is wanted next; INT64_MAX when nothing is under way. */
usec_t sniff_deadline(const struct sniff *sniff);
