/* Asking many servers at once: a handful of questions go out together, answers are taken until all are there or the time is over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "tools/zonelab/lab/lab.h"

enum { PROBE_RDATA_SIZE = 512, PROBE_RDATA_MAX = 16, PROBE_QUERY_SIZE = 512 };

struct probe {
	/* the question */
	const struct topology_node *node;
	const uint8_t *name;
	uint16_t type;
	bool recurse;                          /* RD */

	/* the answer */
	bool answered;
	bool authoritative;
	unsigned rcode;
	usec_t rtt;
	uint32_t ttl;                          /* smallest of the records of the type */
	uint32_t serial;                       /* of the SOA, when that was the question */
	unsigned count;                        /* records of the type that follow */
	uint16_t rdata_len[PROBE_RDATA_MAX];
	const uint8_t *rdata[PROBE_RDATA_MAX]; /* into `bytes` */
	uint8_t bytes[PROBE_RDATA_SIZE];
};

/* Asks all, through doors (door.h); a question without an answer is repeated every 300 ms. Only a failure of our own sockets is an error. */
int probe_all(const struct lab *lab, struct probe *probes, uint32_t count, usec_t timeout) ZT_MUST_CHECK;
/* For who has sockets of its own: writes the question and returns its length (0: it does not fit); and takes a message as its answer, if it is one. */
size_t probe_query_write(const struct probe *probe, uint16_t id, uint8_t out[PROBE_QUERY_SIZE]);
bool probe_answer_read(struct probe *probe, uint16_t id, const uint8_t *wire, size_t len);
/* The answer's records as text, sorted as they came, separated by commas; "NXDOMAIN", "no data", "no answer" otherwise. Cut to fit; returns `out`. */
char *probe_to_text(const struct probe *probe, char *out, size_t size);
