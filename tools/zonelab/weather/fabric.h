/* The thread around the switch: reads all nodes' TUN devices, waits for what is due to the microsecond, and writes it to the receivers.
 *
 * Also the lab's capture files and the messages seen on the way hang on it. All calls are for any thread; those that change something take effect between two batches
 * of packets. The thread is made by fabric_start, and attaches come before that.
 *
 *	fabric_new(&fabric, &config); fabric_attach(fabric, node, tun, addresses, count) for each node; fabric_start(fabric);
 *	fabric_set_weather(fabric, a, b, &weather); …; fabric_free(fabric);
 */
#pragma once

#include "tools/zonelab/weather/capture.h"
#include "tools/zonelab/weather/sniff.h"

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
/* Between the two no packet passes, so that several changes take effect as one: no packet slips through a partition that is set anew. By one thread. */
void fabric_hold(struct fabric *fabric);
void fabric_release(struct fabric *fabric);

void fabric_counts(struct fabric *fabric, struct switch_counts *counts, size_t *under_way);
void fabric_link_counts(struct fabric *fabric, unsigned from, unsigned to, struct switch_counts *counts);

enum { FABRIC_CAPTURES = 8, FABRIC_MESSAGES = 512 };

/* Begins a capture into the descriptor, which is taken also on failure; wall_offset is set here. ZT_ELIMIT with FABRIC_CAPTURES under way,
 * ZT_ENOMEM, ZT_ENOSPC and others where not even the file's beginning can be written. */
ZT_MUST_CHECK int fabric_capture(struct fabric *fabric, const struct capture_config *config, int fd, unsigned *id);
/* What it has written so far; a status other than ZT_OK says why it has come to its end. ZT_ENOENT. */
ZT_MUST_CHECK int fabric_capture_look(struct fabric *fabric, unsigned id, struct capture_result *result);
/* Ends it and frees the number. ZT_ENOENT. */
ZT_MUST_CHECK int fabric_capture_end(struct fabric *fabric, unsigned id, struct capture_result *result);

/* Takes up to `max` messages of replication seen since the last call, oldest first; their times are the clock's. *missed (may be NULL) counts those since the
 * fabric began for which there was no room, because nobody took the FABRIC_MESSAGES before them. */
size_t fabric_messages(struct fabric *fabric, struct sniff_message *out, size_t max, uint64_t *missed);
/* A descriptor that is readable when there are messages, or a capture has come to its end by itself. fabric_messages makes it quiet again. Borrowed. */
int fabric_news(const struct fabric *fabric);
