/* The lab's IP switch: takes packets from nodes, finds the node that has the destination address, lets the link's weather decide, and keeps what is under way.
 *
 * A pure machine: no clock, no system call; the caller reads and writes the devices (fabric.h in the lab, a test by hand). Between any two nodes there is a directed
 * link with weather of its own. A packet larger than a link's MTU is treated as a router would: an IPv4 packet that may be fragmented is; another
 * one is answered by ICMP "fragmentation needed" or ICMPv6 "packet too big" (RFC 792, RFC 1191, RFC 4443). TTLs are left alone.
 *
 *	packet = switch_packet(sw); packet->len = read(tun, packet->bytes, sw->packet_size);
 *	switch_submit(sw, from, packet, now);
 *	while ((packet = switch_next(sw, now))) { write(tuns[packet->to], …); switch_delivered(sw, packet, true); }
 *
 * Invariant: received + made = delivered + lost, by all reasons + under way. Packets come from a pool that grows up to a limit and a link is made with its first
 * packet, so in the steady state nothing is allocated. One thread at a time.
 */
#pragma once

#include "lib/base/netaddr.h"
#include "tools/zonelab/weather/weather.h"

struct packet {
	usec_t due;
	uint64_t number;          /* ties are delivered in the order of sending */
	uint16_t from, to;
	uint32_t len;
	struct packet *next;      /* in the pool */
	uint8_t bytes[];          /* packet_size of the switch */
};

struct switch_counts {
	uint64_t received;        /* packets that nodes sent */
	uint64_t made;            /* duplicates, fragments and ICMP errors */
	uint64_t bytes;           /* delivered */
	uint64_t fates[FATE_COUNT];
};

/* What a tap sees of each packet that a node sent, and of fragments and ICMP errors that the switch makes: once, with its fate. */
struct sighting {
	const uint8_t *bytes;     /* the IP packet, borrowed for the call */
	size_t len;
	unsigned from, to;        /* to = SWITCH_NOBODY where there is no such node */
	enum fate fate;
	usec_t sent, due;         /* due: of the first copy; = sent when not delivered */
};

typedef void switch_tap(void *ctx, const struct sighting *sighting);

enum {
	SWITCH_NODES_MAX = 4096,
	SWITCH_NOBODY = UINT16_MAX,
	SWITCH_ANY = UINT16_MAX,          /* every node, as from or to of a link */
	SWITCH_PACKETS_MAX = 1 << 16,     /* under way at a time */
};

struct packet_switch;

struct switch_config {
	unsigned nodes;                   /* numbers 0 to nodes - 1 */
	unsigned packet_size;             /* the largest packet, that is the devices' MTU */
	unsigned packets_max;             /* 0 = SWITCH_PACKETS_MAX */
	uint64_t seed;
};

/* ZT_EINVAL for too many nodes, ZT_ENOMEM. */
ZT_MUST_CHECK int switch_new(struct packet_switch **sw, const struct switch_config *config);
void switch_free(struct packet_switch *sw);

/* Packets to the address go to the node from now on. ZT_EEXIST when another node has it, ZT_ENOMEM. */
ZT_MUST_CHECK int switch_route(struct packet_switch *sw, const struct netaddr *address, unsigned node);
/* At most one; NULL takes it away. */
void switch_set_tap(struct packet_switch *sw, switch_tap *tap, void *ctx);

/* The weather of the link, or of all that from and to (SWITCH_ANY) mean; what is under way goes on. ZT_ENOMEM. */
ZT_MUST_CHECK int switch_set_weather(struct packet_switch *sw, unsigned from, unsigned to, const struct weather *weather);
/* Of links that were never set: what the last switch_set_weather of all links said. */
struct weather switch_weather(const struct packet_switch *sw, unsigned from, unsigned to);

/* A free packet; NULL when the limit is reached or memory is out. */
struct packet *switch_packet(struct packet_switch *sw);
/* Takes the packet, whose bytes and len are set. `now` never goes back. */
void switch_submit(struct packet_switch *sw, unsigned from, struct packet *packet, usec_t now);
/* Gives a packet of switch_packet back that was not needed. */
void switch_return(struct packet_switch *sw, struct packet *packet);
/* A packet that could be received but not held (switch_packet gave none). */
void switch_overflow(struct packet_switch *sw);

/* When the next packet is due; INT64_MAX with none under way. */
usec_t switch_deadline(const struct packet_switch *sw);
/* The next packet with due <= now, the caller's until switch_delivered; NULL when there is none. */
struct packet *switch_next(struct packet_switch *sw, usec_t now);
/* Counts it and takes it back into the pool. */
void switch_delivered(struct packet_switch *sw, struct packet *packet, bool was_taken);

size_t switch_under_way(const struct packet_switch *sw);
void switch_counts(const struct packet_switch *sw, struct switch_counts *counts);
/* Of one link; fates that only the whole switch knows are 0. */
void switch_link_counts(const struct packet_switch *sw, unsigned from, unsigned to, struct switch_counts *counts);
