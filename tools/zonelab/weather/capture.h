/* A capture file of the packets on one link or many: pcapng (draft-ietf-opsawg-pcapng), raw IP, for tcpdump and Wireshark.
 *
 * Packets stand as their senders sent them, with the time of sending; those that the weather took have the reason as a comment. ICMP errors and
 * fragments that the switch makes are there too, duplicates are not. A write that fails, on a full disk say, ends the capture and nothing else.
 * Memory: one buffer. Where the descriptor is non-blocking and its reader slow, packets are left out and counted.
 */
#pragma once

#include "tools/zonelab/weather/switch.h"

struct capture_config {
	unsigned from, to;         /* SWITCH_ANY = every node */
	bool both_ways;
	usec_t wall_offset;        /* wall time minus the time of the sightings */
};

struct capture_result {
	uint64_t packets, bytes;   /* bytes of the file */
	uint64_t left_out;         /* no room in the buffer */
	int status;                /* ZT_OK, or why the capture has ended (ZT_ENOSPC …) */
};

struct capture;

/* Takes the descriptor, also when it fails. ZT_ENOMEM. */
ZT_MUST_CHECK int capture_new(struct capture **capture, const struct capture_config *config, int fd);
/* Writes what is left and closes; `result` may be NULL. */
void capture_free(struct capture *capture, struct capture_result *result);

void capture_packet(struct capture *capture, const struct sighting *sighting);
/* Writes what is in the buffer, as far as that is possible now. */
void capture_flush(struct capture *capture);
bool capture_has_more(const struct capture *capture);
struct capture_result capture_result(const struct capture *capture);
