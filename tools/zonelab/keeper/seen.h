/* What an answer shows of the thing that is watched: a serial, or the records of one name and type. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/dns/message.h"

/* A question that goes without recursion asks for ZONEVERSION (RFC 9660), too. */
struct seen_question {
	const uint8_t *name;
	uint16_t type;
	uint16_t id;
	bool recurse;
};

enum { SEEN_QUESTION_SIZE = 512 };

/* Returns the length; 0 only for a name that is not valid. */
size_t seen_question_write(const struct seen_question *question, uint8_t out[SEEN_QUESTION_SIZE]);

/* By whom a serial was told. */
enum seen_by { SEEN_BY_SOA, SEEN_BY_ZONEVERSION };

struct seen_serial {
	const char *trouble;      /* static text; NULL when there is a serial */
	uint32_t serial;
	enum seen_by by;
	uint32_t refresh, retry, expire, minimum, ttl;      /* of the SOA */
};

/* Of an answer to the question for the apex' SOA. */
struct seen_serial seen_serial_read(const struct message *message, const uint8_t *apex);

/* The records of a name and type, or a CNAME in their place, as sorted texts. */
struct seen_value {
	const char *trouble;      /* static text, such as "SERVFAIL" or "no answer"; NULL when it is an answer, also one that nothing is there */
	bool is_absent;           /* NXDOMAIN */
	uint32_t ttl;             /* the smallest; of an answer that nothing is there, that of its SOA */
	json_t *list;             /* of strings; NULL in a value that was never read */
};

/* ZT_ENOMEM. The value must have been zeroed or read before. */
int seen_value_read(struct seen_value *value, const struct message *message) ZT_MUST_CHECK;
/* A value that no answer has shown. */
void seen_value_fail(struct seen_value *value, const char *trouble);
void seen_value_clear(struct seen_value *value);
/* The same data, or the same trouble; whatever the TTLs. */
bool seen_value_equal(const struct seen_value *a, const struct seen_value *b);
