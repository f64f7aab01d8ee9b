/* Signed messages. */
#include "lib/dns/tsig.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

enum {
	/* Of a record behind its owner: type, class, TTL, length. */
	RECORD_HEAD_LEN = 10,
	/* Of its rdata but for the algorithm, the MAC and other data: time, fudge, the MAC's length, id, error, the other data's length. */
	FIXED_LEN = 16,
	TIME_LEN = 6,
	MESSAGE_COUNT_AT = 10,      /* of the additional section's count in a header */
};

/* ---- the record ---------------------------------------------------------------------------------------------------------------------- */

static uint64_t get_time(struct rcursor *cur)
{
	uint64_t high = rcursor_u16(cur);
	return high << 32 | rcursor_u32(cur);
}

static void put_time(struct wcursor *cur, uint64_t time)
{
	wcursor_u16(cur, (uint16_t)(time >> 32));
	wcursor_u32(cur, (uint32_t)time);
}

int tsig_read(struct tsig_record *record, const struct message *message)
{
	struct rcursor cur = rcursor_over(message->wire, message->len);

	cur.pos = message->tsig_at;
	name_read(&cur, record->key);
	uint16_t type = rcursor_u16(&cur), rr_class = rcursor_u16(&cur);
	uint32_t ttl = rcursor_u32(&cur);
	uint16_t rdata_len = rcursor_u16(&cur);
	size_t end = cur.pos + rdata_len;
	name_read_plain(&cur, record->algorithm);
	record->time = get_time(&cur);
	record->fudge = rcursor_u16(&cur);
	record->mac_len = rcursor_u16(&cur);
	record->mac = rcursor_take(&cur, record->mac_len);
	record->original_id = rcursor_u16(&cur);
	record->error = rcursor_u16(&cur);
	record->other_len = rcursor_u16(&cur);
	record->other = rcursor_take(&cur, record->other_len);
	if (cur.status != ZT_OK || type != TYPE_TSIG || rr_class != CLASS_ANY || ttl != 0 || cur.pos != end)
		return ZT_EMALFORMED;
	name_lower(record->key);
	name_lower(record->algorithm);
	return ZT_OK;
}

static size_t record_len(const uint8_t *key, const uint8_t *algorithm, size_t mac_len, size_t other_len)
{
	return name_len(key) + RECORD_HEAD_LEN + name_len(algorithm) + FIXED_LEN + mac_len + other_len;
}

size_t tsig_room(const struct tsig_key *key)
{
	const struct tsig_algorithm *algorithm = tsig_key_algorithm(key);
	const uint8_t *name = algorithm->cut_name ? algorithm->cut_name : algorithm->name;      /* the longer one */
	return record_len(tsig_key_name(key), name, algorithm->mac_len, TIME_LEN);
}

/* ---- digests ------------------------------------------------------------------------------------------------------------------------- */

/* What a MAC covers of a record, whoever wrote it. */
struct covered {
	const uint8_t *key;
	const uint8_t *algorithm;
	uint64_t time;
	uint16_t fudge;
	uint16_t error;
	uint16_t other_len;
	const uint8_t *other;
};

static void digest_update(const struct tsig_chain *chain, union tsig_hmac *hmac, const void *data, size_t len)
{
	tsig_key_algorithm(chain->key)->update(hmac, data, len);
}

/* The MAC of the message before, where there was one (sections 4.3.1, 5.3.1). */
static void digest_begin(const struct tsig_chain *chain, union tsig_hmac *hmac)
{
	uint8_t len[2];

	tsig_key_begin(chain->key, hmac);
	if (chain->mac_len == 0)
		return;
	wire_put_u16(len, chain->mac_len);
	digest_update(chain, hmac, len, sizeof(len));
	digest_update(chain, hmac, chain->mac, chain->mac_len);
}

/* A message as it was before its TSIG record was added: `len` bytes, with that record counted off where `has_record` (section 4.3.2). */
static void digest_message(const struct tsig_chain *chain, union tsig_hmac *hmac, const uint8_t *wire, size_t len, const uint16_t *original_id)
{
	uint8_t header[MESSAGE_HEADER_LEN];

	memcpy(header, wire, sizeof(header));
	if (original_id) {
		wire_put_u16(header, *original_id);
		wire_put_u16(header + MESSAGE_COUNT_AT, (uint16_t)(wire_get_u16(header + MESSAGE_COUNT_AT) - 1));
	}
	digest_update(chain, hmac, header, sizeof(header));
	digest_update(chain, hmac, wire + sizeof(header), len - sizeof(header));
}

/* The record's fields; in a message that continues an answer only its time (sections 4.3.3, 5.3.1). */
static void digest_record(const struct tsig_chain *chain, union tsig_hmac *hmac, const struct covered *covered)
{
	uint8_t bytes[2 * NAME_MAX_LEN + 32];
	struct wcursor cur = wcursor_over(bytes, sizeof(bytes));

	if (!chain->is_continued) {
		wcursor_put(&cur, covered->key, name_len(covered->key));
		wcursor_u16(&cur, CLASS_ANY);
		wcursor_u32(&cur, 0);
		wcursor_put(&cur, covered->algorithm, name_len(covered->algorithm));
	}
	put_time(&cur, covered->time);
	wcursor_u16(&cur, covered->fudge);
	if (!chain->is_continued) {
		wcursor_u16(&cur, covered->error);
		wcursor_u16(&cur, covered->other_len);
	}
	digest_update(chain, hmac, bytes, cur.pos);
	if (!chain->is_continued && covered->other_len > 0)
		digest_update(chain, hmac, covered->other, covered->other_len);
}

/* The MAC of `message`, whose record is `record`, is as it should be. */
static bool mac_is_right(const struct tsig_chain *chain, union tsig_hmac *hmac, const struct message *message, const struct tsig_record *record)
{
	struct covered covered = {
		.key = record->key, .algorithm = record->algorithm, .time = record->time, .fudge = record->fudge, .error = record->error,
		.other_len = record->other_len, .other = record->other,
	};
	uint8_t mac[TSIG_MAC_MAX_LEN];

	digest_message(chain, hmac, message->wire, message->tsig_at, &record->original_id);
	digest_record(chain, hmac, &covered);
	tsig_key_algorithm(chain->key)->digest(hmac, mac, record->mac_len);
	return sodium_memcmp(mac, record->mac, record->mac_len) == 0;
}

/* A whole MAC, or one that may have been cut to this (section 5.2.2.1). */
static bool mac_len_is_possible(const struct tsig_key *key, size_t len)
{
	size_t whole = tsig_key_algorithm(key)->hash_len;
	return len <= whole && len >= TSIG_MAC_MIN_LEN && 2 * len >= whole;
}

static bool is_timely(const struct tsig_record *record, uint64_t now)
{
	uint64_t apart = record->time > now ? record->time - now : now - record->time;
	return apart <= record->fudge;
}

static bool is_algorithm_of(const struct tsig_key *key, const uint8_t *name)
{
	const struct tsig_algorithm *algorithm = tsig_key_algorithm(key);
	return name_equal(name, algorithm->name) || (algorithm->cut_name && name_equal(name, algorithm->cut_name));
}

/* ---- signing --------------------------------------------------------------------------------------------------------------------------- */

static void record_write(struct tsig_message *message, const struct covered *covered, const uint8_t *mac, size_t mac_len)
{
	struct wcursor cur = wcursor_over(message->wire, message->size);
	size_t algorithm_len = name_len(covered->algorithm);

	cur.pos = message->len;
	wcursor_put(&cur, covered->key, name_len(covered->key));
	wcursor_u16(&cur, TYPE_TSIG);
	wcursor_u16(&cur, CLASS_ANY);
	wcursor_u32(&cur, 0);
	wcursor_u16(&cur, (uint16_t)(algorithm_len + FIXED_LEN + mac_len + covered->other_len));
	wcursor_put(&cur, covered->algorithm, algorithm_len);
	put_time(&cur, covered->time);
	wcursor_u16(&cur, covered->fudge);
	wcursor_u16(&cur, (uint16_t)mac_len);
	wcursor_put(&cur, mac, mac_len);
	wcursor_u16(&cur, wire_get_u16(message->wire));      /* the original id: nobody forwards our messages */
	wcursor_u16(&cur, covered->error);
	wcursor_u16(&cur, covered->other_len);
	wcursor_put(&cur, covered->other, covered->other_len);
	message->len = cur.pos;
	wire_put_u16(message->wire + MESSAGE_COUNT_AT, (uint16_t)(wire_get_u16(message->wire + MESSAGE_COUNT_AT) + 1));
}

void tsig_chain_init(struct tsig_chain *chain, const struct tsig_key *key)
{
	*chain = (struct tsig_chain){ .key = key, .algorithm = tsig_key_algorithm(key)->name };
}

int tsig_sign(struct tsig_chain *chain, struct tsig_message *message, const struct tsig_stamp *stamp)
{
	uint8_t other[TIME_LEN];
	struct wcursor time = wcursor_over(other, sizeof(other));
	struct covered covered = {
		.key = tsig_key_name(chain->key), .algorithm = chain->algorithm, .time = stamp->time, .fudge = stamp->fudge, .error = stamp->error,
		.other = other, .other_len = stamp->error == RCODE_BADTIME ? TIME_LEN : 0,
	};
	const struct tsig_algorithm *algorithm = tsig_key_algorithm(chain->key);
	bool is_answer = chain->mac_len > 0;
	union tsig_hmac hmac;

	if (message->size - message->len < record_len(covered.key, covered.algorithm, algorithm->mac_len, covered.other_len))
		return ZT_ESPACE;
	put_time(&time, stamp->server_time);
	digest_begin(chain, &hmac);
	digest_message(chain, &hmac, message->wire, message->len, NULL);
	digest_record(chain, &hmac, &covered);
	algorithm->digest(&hmac, chain->mac, algorithm->mac_len);
	chain->mac_len = algorithm->mac_len;
	chain->is_continued = is_answer;
	record_write(message, &covered, chain->mac, chain->mac_len);
	return ZT_OK;
}

/* ---- who answers --------------------------------------------------------------------------------------------------------------------- */

enum rcode tsig_verify_query(struct tsig_chain *chain, const struct tsig_key *key, const struct message *query, const struct tsig_record *record, uint64_t now)
{
	const struct tsig_algorithm *algorithm = tsig_key_algorithm(key);
	union tsig_hmac hmac;

	tsig_chain_init(chain, key);
	if (!is_algorithm_of(key, record->algorithm))
		return RCODE_BADKEY;
	if (algorithm->cut_name && name_equal(record->algorithm, algorithm->cut_name))
		chain->algorithm = algorithm->cut_name;
	if (!mac_len_is_possible(key, record->mac_len))
		return RCODE_FORMERR;
	digest_begin(chain, &hmac);
	if (!mac_is_right(chain, &hmac, query, record))
		return RCODE_BADSIG;
	chain->mac_len = (uint8_t)record->mac_len;
	memcpy(chain->mac, record->mac, record->mac_len);
	if (!is_timely(record, now))
		return RCODE_BADTIME;
	return record->mac_len < algorithm->mac_len ? RCODE_BADTRUNC : RCODE_NOERROR;
}

size_t tsig_refuse_room(const struct tsig_record *record)
{
	return record_len(record->key, record->algorithm, 0, 0);
}

int tsig_refuse(const struct tsig_record *record, struct tsig_message *message, enum rcode error)
{
	struct covered covered = {
		.key = record->key, .algorithm = record->algorithm, .time = record->time, .fudge = record->fudge, .error = (uint16_t)error,
	};

	if (message->size - message->len < tsig_refuse_room(record))
		return ZT_ESPACE;
	record_write(message, &covered, NULL, 0);
	return ZT_OK;
}

/* ---- who asks ------------------------------------------------------------------------------------------------------------------------ */

void tsig_check_init(struct tsig_check *check, const struct tsig_key *key)
{
	tsig_chain_init(&check->chain, key);
	check->unsigned_count = 0;
	check->fault = TSIG_SOUND;
	check->error = RCODE_NOERROR;
	check->skew = 0;
}

/* A message without a signature: fine behind a signed one, if a signed one follows. */
static enum tsig_fault unsigned_take(struct tsig_check *check, const struct message *reply)
{
	if (!check->chain.is_continued)
		return TSIG_UNSIGNED;
	if (check->unsigned_count == TSIG_UNSIGNED_MAX)
		return TSIG_GAP;
	if (check->unsigned_count == 0)
		digest_begin(&check->chain, &check->running);
	check->unsigned_count++;
	digest_message(&check->chain, &check->running, reply->wire, reply->len, NULL);
	return TSIG_SOUND;
}

static enum tsig_fault refusal_note(struct tsig_check *check, const struct tsig_record *record, uint64_t now)
{
	struct rcursor other = rcursor_over(record->other, record->other_len);

	check->error = (enum rcode)record->error;
	if (record->error == RCODE_BADTIME && record->other_len == TIME_LEN)
		check->skew = (int64_t)get_time(&other) - (int64_t)now;
	return TSIG_REFUSED;
}

static enum tsig_fault signed_take(struct tsig_check *check, const struct message *reply, const struct tsig_record *record, uint64_t now)
{
	struct tsig_chain *chain = &check->chain;
	union tsig_hmac hmac;

	if (check->unsigned_count > 0)
		hmac = check->running;
	else
		digest_begin(chain, &hmac);
	if (!mac_len_is_possible(chain->key, record->mac_len) || !mac_is_right(chain, &hmac, reply, record))
		return TSIG_WRONG;
	if (record->mac_len < tsig_key_algorithm(chain->key)->mac_len)
		return TSIG_SHORT;
	if (!is_timely(record, now)) {
		check->skew = (int64_t)record->time - (int64_t)now;
		return TSIG_CLOCK;
	}
	chain->mac_len = (uint8_t)record->mac_len;
	memcpy(chain->mac, record->mac, record->mac_len);
	chain->is_continued = true;
	check->unsigned_count = 0;
	return TSIG_SOUND;
}

bool tsig_verify_reply(struct tsig_check *check, const struct message *reply, uint64_t now)
{
	struct tsig_record record;

	if (reply->tsig_at == 0) {
		check->fault = unsigned_take(check, reply);
	} else if (tsig_read(&record, reply) != ZT_OK) {
		check->fault = TSIG_GARBLED;
	} else if (record.error != RCODE_NOERROR) {
		/* Never good news, so it need not be proven: an error is not believed more than a message that is not signed. */
		check->fault = refusal_note(check, &record, now);
	} else if (!name_equal(record.key, tsig_key_name(check->chain.key)) || !is_algorithm_of(check->chain.key, record.algorithm)) {
		check->fault = TSIG_OTHER_KEY;
	} else {
		check->fault = signed_take(check, reply, &record, now);
	}
	return check->fault == TSIG_SOUND;
}

bool tsig_verify_end(struct tsig_check *check)
{
	if (check->fault == TSIG_SOUND && check->unsigned_count > 0)
		check->fault = TSIG_UNSIGNED;
	return check->fault == TSIG_SOUND;
}

/* ---- texts --------------------------------------------------------------------------------------------------------------------------- */

static void refusal_text(const struct tsig_check *check, const char *key, char out[TSIG_FAULT_TEXT_SIZE])
{
	const char *algorithm = tsig_key_algorithm(check->chain.key)->text;

	switch (check->error) {
	case RCODE_BADKEY:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "BADKEY: the peer does not know key %s with algorithm %s; give it the same key, by name and algorithm", key, algorithm);
		break;
	case RCODE_BADSIG:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "BADSIG: the peer has another secret for key %s; compare the two", key);
		break;
	case RCODE_BADTIME:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "BADTIME: clocks differ by %" PRId64 " s (theirs is %s), key %s; set the clocks, and keep them with NTP",
			 check->skew < 0 ? -check->skew : check->skew, check->skew < 0 ? "behind" : "ahead", key);
		break;
	case RCODE_BADTRUNC:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "BADTRUNC: the peer wants longer signatures than those of %s, key %s; give the key the same algorithm on both sides",
			 algorithm, key);
		break;
	default:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "the peer has something against our signature with key %s (error %u); its log may say what", key,
			 (unsigned)check->error);
		break;
	}
}

char *tsig_fault_text(const struct tsig_check *check, char out[TSIG_FAULT_TEXT_SIZE])
{
	char key[NAME_TEXT_SIZE];

	name_to_text(tsig_key_name(check->chain.key), key);
	switch (check->fault) {
	case TSIG_SOUND:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "signed with key %s", key);
		break;
	case TSIG_UNSIGNED:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "the answer is not signed with key %s; does the peer have that key, or did somebody answer in its name?", key);
		break;
	case TSIG_GAP:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "more than %d messages in a row without a signature by key %s; RFC 8945 section 5.3.1 allows no more", TSIG_UNSIGNED_MAX, key);
		break;
	case TSIG_GARBLED:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "the answer's TSIG record is malformed, key %s", key);
		break;
	case TSIG_OTHER_KEY:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "the answer is signed with another key or algorithm than %s", key);
		break;
	case TSIG_WRONG:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "BADSIG: the answer's signature by key %s is wrong; has the peer the same secret? Else somebody changed the answer", key);
		break;
	case TSIG_SHORT:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "BADTRUNC: the answer's signature by key %s is shorter than %s makes them; give the key the same algorithm on both sides",
			 key, tsig_key_algorithm(check->chain.key)->text);
		break;
	case TSIG_CLOCK:
		snprintf(out, TSIG_FAULT_TEXT_SIZE, "BADTIME: the answer was signed %" PRId64 " s %s, key %s; set the clocks, and keep them with NTP",
			 check->skew < 0 ? -check->skew : check->skew, check->skew < 0 ? "ago" : "in our future", key);
		break;
	case TSIG_REFUSED:
		refusal_text(check, key, out);
		break;
	}
	return out;
}
