/* What authd answers from a zone that may be anything: chains of NSEC and NSEC3 with holes and wrong links, two at once, odd parameters, hashed names where they do not belong,
 * aliases in circles. The reply can be read, holds no record twice, and is told to be truncated whenever less fits than there would be.
 *
 * Input: a byte of circumstances (bits below), a byte that picks the question's type, the question's name, then records until the end. A name is a byte that
 * counts labels and a byte for each; a record is a byte that picks owner and type, a name, and what its rdata needs.
 */
#include <stdlib.h>
#include <string.h>

#include "authd/serve/answer.h"
#include "lib/zone/nsec3.h"
#include "lib/dns/rdata.h"
#include "lib/zone/check.h"
#include "lib/zone/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLAIN = 1, ON_TCP = 2, SMALL = 4, TINY = 8 };

static const uint8_t apex[] = "\1z";
static const uint8_t salts[] = { 0xab, 0xcd };
static const char *const labels[] = { "a", "b", "*", "ns", "www", "A", "mm", "zz" };
static const uint16_t types[] = { TYPE_A, TYPE_NS, TYPE_CNAME, TYPE_DNAME, TYPE_DS, TYPE_TXT, TYPE_MX, TYPE_NSEC, TYPE_NSEC3, TYPE_NSEC3PARAM, TYPE_RRSIG, TYPE_ANY,
				  TYPE_SOA, TYPE_DNSKEY, TYPE_HTTPS };

enum { LABELS = sizeof(labels) / sizeof(labels[0]), TYPES = sizeof(types) / sizeof(types[0]), OWN_NAME = 0x80, HASHED = 0x40 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct nsec3_params params_of(uint8_t choice)
{
	return (struct nsec3_params){ NSEC3_SHA1, choice & 1 ? 2 : 0, choice & 2 ? 3 : 0, salts };
}

/* A name in the zone, or its hashed form. */
static void name_take(struct rcursor *in, uint8_t out[NAME_MAX_LEN])
{
	uint8_t head = rcursor_u8(in), hash[NSEC3_HASH_LEN];
	struct wcursor cur = wcursor_over(out, NAME_MAX_LEN);

	for (unsigned left = head & 7; left > 0; left--) {
		const char *label = labels[rcursor_u8(in) % LABELS];
		wcursor_u8(&cur, (uint8_t)strlen(label));
		wcursor_put(&cur, label, strlen(label));
	}
	wcursor_put(&cur, apex, sizeof(apex));
	if (head & HASHED) {
		struct nsec3_params params = params_of(head >> 3);
		nsec3_hash(&params, out, hash);
		require(nsec3_owner(hash, apex, out));
	}
}

static void params_put(struct wcursor *cur, uint8_t choice)
{
	struct nsec3_params params = params_of(choice);

	wcursor_u8(cur, choice & 0x20 ? 2 : NSEC3_SHA1);
	wcursor_u8(cur, choice >> 2 & 1);
	wcursor_u16(cur, choice & 0x10 ? 2501 : params.iterations);
	wcursor_u8(cur, params.salt_len);
	wcursor_put(cur, salts, params.salt_len);
}

static void rdata_take(struct rcursor *in, uint16_t type, struct wcursor *cur)
{
	uint8_t name[NAME_MAX_LEN], choice, hash[NSEC3_HASH_LEN];
	struct nsec3_params params;

	switch (type) {
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_DNAME:
	case TYPE_NSEC:
		name_take(in, name);
		wcursor_put(cur, name, name_len(name));
		break;
	case TYPE_MX:
	case TYPE_HTTPS:
		wcursor_u16(cur, rcursor_u8(in) & 1);
		name_take(in, name);
		wcursor_put(cur, name, name_len(name));
		break;
	case TYPE_NSEC3PARAM:
		params_put(cur, rcursor_u8(in) & 0x37);
		break;
	case TYPE_NSEC3:
		choice = rcursor_u8(in);
		params_put(cur, choice);
		name_take(in, name);
		params = params_of(choice);
		nsec3_hash(&params, name, hash);
		wcursor_u8(cur, choice & 0x40 ? 3 : NSEC3_HASH_LEN);
		wcursor_put(cur, hash, choice & 0x40 ? 3 : NSEC3_HASH_LEN);
		break;
	case TYPE_RRSIG:
		wcursor_u16(cur, types[rcursor_u8(in) % TYPES]);
		wcursor_put(cur, "\15\1\0\0\0\1\0\0\0\2\0\0\0\1\0\1", 16);
		wcursor_put(cur, apex, sizeof(apex));
		wcursor_put(cur, "signature", 9);
		break;
	case TYPE_TXT:
		wcursor_put(cur, "\4text", 5);
		wcursor_put(cur, "\100aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 65);
		break;
	default:
		wcursor_u32(cur, (uint32_t)rcursor_u8(in) << 16 | 13 << 8);
		wcursor_u8(cur, 1);
		if (type == TYPE_A)
			cur->pos = 4;
		break;
	}
}

static void record_take(struct rcursor *in, struct zone_edit *edit)
{
	uint8_t owner[NAME_MAX_LEN], rdata[512], pick = rcursor_u8(in);
	struct wcursor cur = wcursor_over(rdata, sizeof(rdata));
	uint16_t type = types[(pick & 0x1f) % TYPES];

	name_take(in, owner);
	if (pick & OWN_NAME)
		name_copy(owner, apex);
	rdata_take(in, type, &cur);
	if (in->status != ZT_OK || type == TYPE_ANY || type == TYPE_SOA || !rdata_is_valid(type, rdata, cur.pos))
		return;
	int status = zone_edit_add(edit, &(struct change_record){ owner, type, 300, rdata, (uint16_t)cur.pos });
	require(status == ZT_OK || status == ZT_EEXIST);
}

static struct zone *zone_take(struct rcursor *in)
{
	static const struct fingerprint_key key = { "fuzz_answer" };
	static const uint8_t soa[] = "\2ns\1z\0\4mail\1z\0\0\0\0\1\0\0\16\20\0\0\2\130\0\1\121\200\0\0\1\54";
	struct zone_edit *edit = NULL;
	struct zone *zone;

	require(zone_new(apex, &key, &zone) == ZT_OK && zone_edit_begin(zone, &edit) == ZT_OK);
	require(zone_edit_add(edit, &(struct change_record){ apex, TYPE_SOA, 300, soa, sizeof(soa) - 1 }) == ZT_OK);
	for (int count = 0; count < 200 && rcursor_left(in) > 0; count++)
		record_take(in, edit);
	zone_edit_publish(edit);
	return zone;
}

/* What a reply is judged by. */
struct outcome {
	struct answer_result result;
	unsigned records;      /* of answer and authority */
};

/* No record stands twice in a section. */
static void section_check(const struct message *message, enum section section)
{
	static struct { struct record record; uint8_t rdata[600]; size_t len; } seen[400];
	unsigned count = 0;
	struct record_iter iter;

	record_iter_init(&iter, message, section);
	while (count < sizeof(seen) / sizeof(seen[0]) && record_iter_next(&iter, &seen[count].record)) {
		struct wcursor cur = wcursor_over(seen[count].rdata, sizeof(seen[count].rdata));
		require(record_rdata(message, &seen[count].record, &cur) == ZT_OK);
		seen[count].len = cur.pos;
		for (unsigned i = 0; i < count; i++)
			require(seen[i].record.type != seen[count].record.type || seen[i].len != seen[count].len ||
				memcmp(seen[i].rdata, seen[count].rdata, cur.pos) != 0 || !name_equal(seen[i].record.owner, seen[count].record.owner));
		count++;
	}
}

static struct outcome ask(const struct zone *zone, const uint8_t *name, const struct answer_question *question, size_t limit)
{
	static uint8_t out[MESSAGE_MAX_LEN];
	struct message_writer writer;
	struct message message;

	message_writer_init(&writer, out, sizeof(out), 1, FLAG_QR);
	require(message_write_question(&writer, name, question->type, CLASS_IN) == ZT_OK);
	message_writer_limit(&writer, limit);
	struct outcome outcome = { .result = answer_query(zone_current(zone), question, &writer) };
	size_t len = message_writer_finish(&writer);
	require(len <= limit && message_read(&message, out, len) == ZT_OK);
	for (int section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++)
		section_check(&message, (enum section)section);
	outcome.records = (unsigned)message.count[SECTION_ANSWER] + message.count[SECTION_AUTHORITY];
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rcursor in = rcursor_over(data, size);
	uint8_t bits = rcursor_u8(&in), name[NAME_MAX_LEN];
	struct answer_question question = { .type = types[rcursor_u8(&in) % TYPES], .dnssec_ok = !(bits & PLAIN), .is_tcp = bits & ON_TCP, .name = name };
	static struct zone_findings findings;
	struct zone_lookup look;

	name_take(&in, name);
	if (in.status != ZT_OK)
		return 0;
	struct zone *zone = zone_take(&in);
	int ignored = zone_check(zone_current(zone), &findings);
	(void)ignored;
	zone_find(zone_current(zone), name, &look);
	question.look = &look;
	struct outcome whole = ask(zone, name, &question, MESSAGE_MAX_LEN);
	struct outcome cut = ask(zone, name, &question, bits & TINY ? 100 : bits & SMALL ? 300 : 512);
	require(!whole.result.truncated);
	require(cut.result.truncated || (cut.records == whole.records && cut.result.rcode == whole.result.rcode));
	zone_free(zone);
	return 0;
}
