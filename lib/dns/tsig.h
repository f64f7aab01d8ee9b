/* Signed messages (TSIG, RFC 8945): the record, and the digests that tie the messages of one exchange together.
 *
 * Whoever signs or verifies keeps a struct tsig_chain from the question to the last message of its answer: each MAC covers the one before it, so an answer
 * fits no other question and no message of a transfer can be left out or moved.
 *
 *	who asks:     tsig_sign                          (the question)
 *	              tsig_verify_reply, …               (each message of the answer, by the struct tsig_check around the chain)
 *	who answers:  tsig_read, tsig_verify_query
 *	              tsig_sign, …                       (each message of the answer)
 *
 * Pure: time is an argument, in seconds of the wall clock. Nothing is allocated. Messages we send are all signed (section 5.3.1); of those we get, up to
 * 99 in a row may be without a signature, but not the first and not the last.
 */
#pragma once

#include "lib/dns/message.h"
#include "lib/dns/tsig_key.h"

enum {
	TSIG_FUDGE_S = 300,
	TSIG_UNSIGNED_MAX = 99,
};

/* As it stands in a message; borrowed but for the names, which are in lower case. */
struct tsig_record {
	uint8_t key[NAME_MAX_LEN];
	uint8_t algorithm[NAME_MAX_LEN];
	uint64_t time;                /* when it was signed, seconds; 48 bits */
	uint16_t fudge;
	uint16_t original_id;
	uint16_t error;               /* an enum rcode; 0 = none */
	uint16_t mac_len;
	uint16_t other_len;
	const uint8_t *mac;
	const uint8_t *other;
};

/* The TSIG record of a message that has one. ZT_EMALFORMED: it is none (answer FORMERR, section 5.2). */
int tsig_read(struct tsig_record *record, const struct message *message) ZT_MUST_CHECK;

/* What the next message is tied to. Plain value; all zero before a question is signed. */
struct tsig_chain {
	const struct tsig_key *key;      /* borrowed */
	const uint8_t *algorithm;        /* its name as it was first used in this exchange */
	bool is_continued;               /* a message of the answer was signed already: of the record only the time is covered from now on */
	uint8_t mac_len;                 /* of the message before; 0 = there was none */
	uint8_t mac[TSIG_MAC_MAX_LEN];
};

/* The fields of a record that we write. */
struct tsig_stamp {
	uint64_t time;
	uint16_t fudge;
	uint16_t error;
	uint64_t server_time;            /* sent with BADTIME */
};

/* A finished message, and the room it has to grow. */
struct tsig_message {
	uint8_t *wire;
	size_t len;
	size_t size;
};

/* The bytes that tsig_sign adds, at most. */
size_t tsig_room(const struct tsig_key *key);
/* Begins an exchange in which we ask. */
void tsig_chain_init(struct tsig_chain *chain, const struct tsig_key *key);
/* Signs a message and ties the next to it. ZT_ESPACE: the message stays as it was. */
int tsig_sign(struct tsig_chain *chain, struct tsig_message *message, const struct tsig_stamp *stamp) ZT_MUST_CHECK;

/* ---- who answers ------------------------------------------------------------------------------------------------------------------ */

/* RCODE_NOERROR, or what is wrong with the question's signature, in the order of section 5.2: RCODE_BADKEY (the algorithm is not the key's), RCODE_FORMERR,
 * RCODE_BADSIG; RCODE_BADTIME, RCODE_BADTRUNC. After the last two, and without an error, the chain is good for signing the answer. `key` is of the name
 * that the record says. */
enum rcode tsig_verify_query(struct tsig_chain *chain, const struct tsig_key *key, const struct message *query, const struct tsig_record *record, uint64_t now);
/* The bytes that tsig_refuse adds. */
size_t tsig_refuse_room(const struct tsig_record *record);
/* Ends an answer to a question whose signature cannot be checked or is wrong with a record of the same names that is not signed (section 5.3.2). */
int tsig_refuse(const struct tsig_record *record, struct tsig_message *message, enum rcode error) ZT_MUST_CHECK;

/* ---- who asks --------------------------------------------------------------------------------------------------------------------- */

/* Why a message of an answer is not believed. */
enum tsig_fault {
	TSIG_SOUND,
	TSIG_UNSIGNED,           /* it must be signed and is not */
	TSIG_GAP,                /* too many messages in a row without a signature */
	TSIG_GARBLED,            /* its record is none */
	TSIG_OTHER_KEY,          /* signed with another key or algorithm */
	TSIG_WRONG,              /* signed with another secret, changed on its way, or not in its place */
	TSIG_SHORT,              /* the MAC is cut shorter than we take */
	TSIG_CLOCK,              /* signed too long ago, or in the future */
	TSIG_REFUSED,            /* the other side says what it has against our question */
};

struct tsig_check {
	struct tsig_chain chain;         /* tsig_sign has signed the question with it */
	unsigned unsigned_count;         /* messages since the last signed one */
	enum tsig_fault fault;
	enum rcode error;                /* TSIG_REFUSED: what it says. Not authenticated, for people only */
	int64_t skew;                    /* TSIG_CLOCK, and TSIG_REFUSED with BADTIME: seconds that their clock is ahead of ours */
	union tsig_hmac running;         /* over the messages since the last signed one; while unsigned_count > 0 */
};

/* Begins an exchange in which we ask. */
void tsig_check_init(struct tsig_check *check, const struct tsig_key *key);
/* Whether the next message of the answer may be believed, so far: what comes before a signed message is proven by it alone. */
bool tsig_verify_reply(struct tsig_check *check, const struct message *reply, uint64_t now);
/* Whether the answer may end here: its last message was signed. */
bool tsig_verify_end(struct tsig_check *check);

enum { TSIG_FAULT_TEXT_SIZE = NAME_TEXT_SIZE + 256 };
/* The fault for people, with what to do about it; returns `out`. */
char *tsig_fault_text(const struct tsig_check *check, char out[TSIG_FAULT_TEXT_SIZE]);
