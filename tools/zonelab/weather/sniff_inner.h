/* What the parts of the reader of messages share (private to it): the head of a DNS message, and connections. */
#pragma once

#include "tools/zonelab/weather/ip.h"
#include "tools/zonelab/weather/sniff.h"

enum {
	SNIFF_PORT = 53,
	SNIFF_CONNECTIONS = 512,
	SNIFF_HEAD = 640,                 /* of a message: header, question and a first SOA record, names of full length included */
	SNIFF_TAIL = 256,                 /* what may stand behind a last SOA record: OPT and TSIG */
	SNIFF_SOA_NUMBERS = 20,           /* the end of a SOA record's rdata */
};

/* For an exchange over TCP that may be whole, for one that may be not, and for an answer over UDP. */
static const usec_t SNIFF_QUIET_WHOLE = 10 * USEC_PER_MSEC, SNIFF_QUIET = USEC_PER_SEC, SNIFF_PATIENCE = 30 * USEC_PER_SEC,
		    SNIFF_UDP_PATIENCE = 5 * USEC_PER_SEC, SNIFF_TICK = 20 * USEC_PER_MSEC;

struct question {
	uint16_t id;
	bool is_response;
	bool has_question;
	bool is_alone;                    /* a response that has no more messages: an error, or at most one record */
	enum sniff_kind kind;             /* SNIFF_NOTHING also without a question */
	uint8_t zone_len;
	uint8_t zone[NAME_MAX_LEN];
	size_t end;                       /* of the question section */
};

/* Reads the head of a message; false when it is none. The message may go on behind `len`. */
bool sniff_question_read(struct question *question, const uint8_t *message, size_t len);

struct connections;

/* The callback gets what connections report. */
struct connections *sniff_tcp_new(sniff_report *report, void *ctx);
void sniff_tcp_free(struct connections *connections);
/* A TCP segment of a connection to port 53, in either direction. */
void sniff_tcp_segment(struct connections *connections, const struct sighting *sighting, const struct ip_header *ip);
void sniff_tcp_tick(struct connections *connections, usec_t now);
/* Exchanges under way. */
size_t sniff_tcp_open(const struct connections *connections);
