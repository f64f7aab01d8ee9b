/* The thread around the switch: reads all nodes' TUN devices, waits for what is due to the microsecond, and writes it to the receivers.
 *
 * Also the lab's capture files and the messages seen on the way hang on it. All calls are for any thread; those that change something take effect between two batches
 * of packets. The thread is made by fabric_start, and attaches come before that.
 *
 *	fabric_new(&fabric, &config); fabric_attach(fabric, node, tun, addresses, count) for each node; fabric_start(fabric);
 *	fabric_set_weather(fabric, a, b, &weather); …; fabric_free(fabric);
 */
#pragma once

#include "tools/zonelab/weather/switch.h"

struct fabric;

struct fabric_config {
	const struct clock *clock;        /* borrowed; the system's monotonic clock, since the waits follow it */
	unsigned nodes;
	unsigned mtu;                     /* of the devices */
	uint64_t seed;
};

/* ZT_EINVAL, ZT_ENOMEM, ZT_ESYSTEM. */
ZT_MUST_CHECK int fabric_new(struct fabric **fabric, const struct fabric_config *config);
/* Takes the descriptor (non-blocking, nodenet.h), also when it fails. ZT_EEXIST when another node has one of the addresses. Before fabric_start. */
ZT_MUST_CHECK int fabric_attach(struct fabric *fabric, unsigned node, int tun, const struct netaddr *addresses, size_t count);
ZT_MUST_CHECK int fabric_start(struct fabric *fabric);
/* Ends the thread and closes all. What was under way is gone. NULL is harmless. */
void fabric_free(struct fabric *fabric);

/* See switch_set_weather; SWITCH_ANY is every node. A partition is a cut of its links. */
ZT_MUST_CHECK int fabric_set_weather(struct fabric *fabric, unsigned from, unsigned to, const struct weather *weather);
struct weather fabric_weather(struct fabric *fabric, unsigned from, unsigned to);

void fabric_counts(struct fabric *fabric, struct switch_counts *counts, size_t *under_way);
void fabric_link_counts(struct fabric *fabric, unsigned from, unsigned to, struct switch_counts *counts);
