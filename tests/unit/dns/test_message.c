/* lib/dns/message, lib/dns/writer, lib/dns/edns: reading and writing messages, compared with ldns. */
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/message.h"
#include "lib/dns/padding.h"
#include "lib/dns/writer.h"
#include "tests/support/random_rdata.h"
#include "tests/support/suite.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static uint8_t wire[MESSAGE_MAX_LEN];

static const uint8_t *name(const char *text)
{
	static uint8_t names[8][NAME_MAX_LEN];
	static unsigned next;
	uint8_t *out = names[next++ % 8];
	ck_assert_int_eq(name_from_text(out, text, NULL), ZT_OK);
	return out;
}

static int write_a(struct message_writer *writer, enum section section, const char *owner)
{
	struct record_out record = { name(owner), TYPE_A, CLASS_IN, 60, (const uint8_t *)"\1\2\3\4", 4, false };
	return message_write_record(writer, section, &record);
}

/* ---- reading ----------------------------------------------------------------------------------------------------------- */

START_TEST(a_query_is_read)
{
	struct message message;
	const uint8_t *query = (const uint8_t *)"\x12\x34\1\0\0\1\0\0\0\0\0\0\3wWw\7example\0\0\34\0\1";
	ck_assert_int_eq(message_read(&message, query, 29), ZT_OK);
	ck_assert_uint_eq(message.id, 0x1234);
	ck_assert_uint_eq(message.flags, FLAG_RD);
	ck_assert_uint_eq(flags_opcode(message.flags), OPCODE_QUERY);
	ck_assert_mem_eq(message.qname, "\3wWw\7example", 13);
	ck_assert_uint_eq(message.qname_len, 13);
	ck_assert_uint_eq(message.qtype, TYPE_AAAA);
	ck_assert_uint_eq(message.qclass, CLASS_IN);
	ck_assert(!message.edns.present && message.tsig_at == 0);
	for (size_t len = 0; len < 29; len++)
		ck_assert_int_eq(message_read(&message, query, len), len < MESSAGE_HEADER_LEN ? ZT_ETRUNC : ZT_EMALFORMED);
}
END_TEST

struct bad_message {
	const char *what;
	const uint8_t *bytes;
	size_t len;
};

#define HEADER(counts) "\0\1\0\0" counts
#define OPT "\0\0\51\4\320\0\0\0\0\0\0"
#define TSIG "\1k\0\0\372\0\377\0\0\0\0\0\0"

START_TEST(malformed_messages_are_refused)
{
	static const struct bad_message bad[] = {
		{ "a byte too many", BYTES(HEADER("\0\0\0\0\0\0\0\0") "x") },
		{ "no question", BYTES(HEADER("\0\1\0\0\0\0\0\0")) },
		{ "question without a class", BYTES(HEADER("\0\1\0\0\0\0\0\0") "\0\0\1\0") },
		{ "question's name to itself", BYTES(HEADER("\0\1\0\0\0\0\0\0") "\300\14\0\1\0\1") },
		{ "a record that is not there", BYTES(HEADER("\0\0\0\1\0\0\0\0")) },
		{ "rdata past the end", BYTES(HEADER("\0\0\0\1\0\0\0\0") "\0\0\1\0\1\0\0\0\0\0\5\1\2\3\4") },
		{ "record cut in its TTL", BYTES(HEADER("\0\0\0\1\0\0\0\0") "\0\0\1\0\1\0\0") },
		{ "65535 records", BYTES(HEADER("\0\0\377\377\0\0\0\0") "\0\0\1\0\1\0\0\0\0\0\0") },
		{ "two OPT records", BYTES(HEADER("\0\0\0\0\0\0\0\2") OPT OPT) },
		{ "OPT below the root", BYTES(HEADER("\0\0\0\0\0\0\0\1") "\1a" OPT) },
		{ "an option past its OPT", BYTES(HEADER("\0\0\0\0\0\0\0\1") "\0\0\51\4\320\0\0\0\0\0\5\0\12\0\2x") },
		{ "half an option", BYTES(HEADER("\0\0\0\0\0\0\0\1") "\0\0\51\4\320\0\0\0\0\0\3\0\12\0") },
		{ "TSIG before another record", BYTES(HEADER("\0\0\0\0\0\0\0\2") TSIG OPT) },
		{ "label type 01 in an owner", BYTES(HEADER("\0\0\0\1\0\0\0\0") "\100\0\1\0\1\0\0\0\0\0\0") },
		{ "owner without an end", BYTES(HEADER("\0\0\0\1\0\0\0\0") "\3ab") },
	};
	struct message message;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(message_read(&message, bad[i].bytes, bad[i].len) == ZT_EMALFORMED, "%s", bad[i].what);
		ck_assert_uint_eq(message.id, 1);
		/* Iterating what was refused stays inside the message all the same. */
		for (int section = 0; section < 4; section++) {
			struct record_iter iter;
			struct record record;
			record_iter_init(&iter, &message, (enum section)section);
			while (record_iter_next(&iter, &record))
				ck_assert_uint_le(record.rdata_at + record.rdata_len, message.len);
		}
	}
	/* An OPT in the answer section is just a record, and TSIG may be last. */
	ck_assert_int_eq(message_read(&message, BYTES(HEADER("\0\0\0\1\0\0\0\2") OPT OPT TSIG)), ZT_OK);
	ck_assert(message.edns.present);
	ck_assert_uint_eq(message.tsig_at, 12 + 11 + 11);
}
END_TEST

START_TEST(an_owner_that_points_nowhere_ends_the_section)
{
	/* The boundaries are fine, so the message is; the second owner points forward. */
	static const uint8_t bytes[] = HEADER("\0\0\0\2\0\0\0\0") "\0\0\1\0\1\0\0\0\0\0\0" "\300\100\0\1\0\1\0\0\0\0\0\0";
	struct message message;
	struct record_iter iter;
	struct record record;
	ck_assert_int_eq(message_read(&message, bytes, sizeof(bytes) - 1), ZT_OK);
	record_iter_init(&iter, &message, SECTION_ANSWER);
	ck_assert(record_iter_next(&iter, &record));
	ck_assert(!record_iter_next(&iter, &record));
	ck_assert(!record_iter_next(&iter, &record));
}
END_TEST

/* ---- EDNS --------------------------------------------------------------------------------------------------------------- */

START_TEST(edns_is_written_and_read)
{
	struct message_writer writer;
	struct message message;
	const uint8_t *data;
	uint16_t code, len;
	static const uint8_t options[] = { 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 3, 0, 0 };
	struct edns_out edns = { 1232, RCODE_BADVERS, EDNS_FLAG_DO, options, sizeof(options) };
	message_writer_init(&writer, wire, sizeof(wire), 7, FLAG_QR | 5);
	ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	size_t size = message_writer_finish(&writer);
	ck_assert_int_eq(message_read(&message, wire, size), ZT_OK);
	ck_assert(message.edns.present);
	ck_assert_uint_eq(message.edns.udp_size, 1232);
	ck_assert_uint_eq(message.edns.version, 0);
	ck_assert_uint_eq(message.edns.flags, EDNS_FLAG_DO);
	ck_assert_uint_eq(message_rcode(&message), RCODE_BADVERS);
	ck_assert_uint_eq(message.flags, FLAG_QR);
	ck_assert(edns_option(&message.edns, EDNS_COOKIE, &data, &len));
	ck_assert_uint_eq(len, 8);
	ck_assert_mem_eq(data, options + 4, 8);
	ck_assert(edns_option(&message.edns, EDNS_NSID, &data, &len) && len == 0);
	ck_assert(!edns_option(&message.edns, EDNS_PADDING, &data, &len));
	size_t pos = 0, count = 0;
	while (edns_option_next(&message.edns, &pos, &code, &data, &len))
		count++;
	ck_assert_uint_eq(count, 2);
	message.edns.present = false;
	ck_assert(!edns_option(&message.edns, EDNS_COOKIE, &data, &len));
}
END_TEST

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

/* A query with or without OPT, padded: its length, and that it still is what it was. */
static size_t padded_len(bool with_edns, size_t size, size_t block, int expected)
{
	struct message_writer writer;
	struct message message;

	message_writer_init(&writer, wire, sizeof(wire), 7, 0);
	ck_assert_int_eq(message_write_question(&writer, name("www.example."), TYPE_SOA, CLASS_IN), ZT_OK);
	if (with_edns) {
		struct edns_out edns = { .udp_size = 1400, .options = (const uint8_t *)"\0\3\0\0", .options_len = 4 };
		ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	}
	size_t len = message_writer_finish(&writer), before = len;
	ck_assert_int_eq(message_pad(wire, &len, size, block), expected);
	if (expected != ZT_OK)
		ck_assert_uint_eq(len, before);
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert_uint_eq(message.qtype, TYPE_SOA);
	ck_assert_int_eq(message.edns.present, with_edns || expected == ZT_OK);
	ck_assert_int_eq(edns_has(&message.edns, EDNS_PADDING), expected == ZT_OK);
	ck_assert_int_eq(edns_has(&message.edns, EDNS_NSID), with_edns);
	return len;
}

START_TEST(padding_fills_a_block_or_what_there_is)
{
	for (int with_edns = 0; with_edns <= 1; with_edns++) {
		ck_assert_uint_eq(padded_len(with_edns, sizeof(wire), PADDING_QUERY_BLOCK, ZT_OK), PADDING_QUERY_BLOCK);
		ck_assert_uint_eq(padded_len(with_edns, sizeof(wire), PADDING_RESPONSE_BLOCK, ZT_OK), PADDING_RESPONSE_BLOCK);
		ck_assert_uint_eq(padded_len(with_edns, 100, PADDING_QUERY_BLOCK, ZT_OK), 100);
		padded_len(with_edns, 32, PADDING_QUERY_BLOCK, ZT_ESPACE);
	}
	size_t len = 5;      /* no message */
	ck_assert_int_eq(message_pad(wire, &len, sizeof(wire), 128), ZT_EMALFORMED);
}
END_TEST

START_TEST(names_are_compressed_case_insensitively)
{
	struct message_writer writer;
	message_writer_init(&writer, wire, sizeof(wire), 1, 0);
	ck_assert_int_eq(message_write_question(&writer, name("www.example."), TYPE_A, CLASS_IN), ZT_OK);
	ck_assert_int_eq(write_a(&writer, SECTION_ANSWER, "WWW.EXAMPLE."), ZT_OK);
	ck_assert_mem_eq(wire + 29, "\300\14", 2);
	struct record_out mx = { name("example."), TYPE_MX, CLASS_IN, 60, (const uint8_t *)"\0\12\4mail\7Example\0", 16, false };
	ck_assert_int_eq(message_write_record(&writer, SECTION_ANSWER, &mx), ZT_OK);
	ck_assert_mem_eq(wire + 45, "\300\20\0\17\0\1\0\0\0\74\0\11\0\12\4mail\300\20", 21);
	/* RFC 3597 section 4: names in the rdata of newer types stay whole. */
	struct record_out srv = { name("example."), TYPE_SRV, CLASS_IN, 60, (const uint8_t *)"\0\0\0\0\0\1\7example\0", 15, false };
	size_t before = writer.cur.pos;
	ck_assert_int_eq(message_write_record(&writer, SECTION_ADDITIONAL, &srv), ZT_OK);
	ck_assert_uint_eq(writer.cur.pos, before + 12 + 15);
	ck_assert_uint_eq(message_writer_finish(&writer), writer.cur.pos);
	ck_assert_mem_eq(wire, "\0\1\0\0\0\1\0\2\0\0\0\1", 12);
}
END_TEST

START_TEST(a_record_without_room_leaves_no_trace)
{
	struct message_writer writer;
	for (size_t size = 17; size < 80; size++) {
		memset(wire, 0xee, sizeof(wire));
		message_writer_init(&writer, wire, size, 1, 0);
		int first = write_a(&writer, SECTION_ANSWER, "a.example.");      /* 25 bytes */
		size_t pos = writer.cur.pos;
		unsigned slots = writer.slot_count;
		int second = write_a(&writer, SECTION_ANSWER, "b.c.example.");   /* 20 bytes */
		if (second != ZT_OK) {
			ck_assert_int_eq(second, ZT_ESPACE);
			ck_assert_uint_eq(writer.cur.pos, pos);
			ck_assert_uint_eq(writer.slot_count, slots);
			ck_assert_int_eq(writer.cur.status, ZT_OK);
		}
		size_t len = message_writer_finish(&writer);
		struct message message;
		ck_assert_uint_le(len, size);
		ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
		ck_assert_uint_eq(message.count[SECTION_ANSWER], (first == ZT_OK) + (second == ZT_OK));
		for (size_t i = size; i < 100; i++)
			ck_assert_uint_eq(wire[i], 0xee);
	}
}
END_TEST

/* With _i 1 writers have a table. */
static void begin(struct message_writer *writer, size_t size, int with_table)
{
	static struct compression_table table;

	message_writer_init(writer, wire, size, 1, 0);
	if (with_table)
		message_writer_use(writer, &table);
}

START_TEST(rollback_forgets_records_and_their_names)
{
	struct message_writer writer;
	struct message message;
	struct record_iter iter;
	struct record record;
	begin(&writer, 512, _i);
	ck_assert_int_eq(message_write_question(&writer, name("example."), TYPE_A, CLASS_IN), ZT_OK);
	struct message_mark mark = message_writer_mark(&writer);
	ck_assert_int_eq(write_a(&writer, SECTION_ANSWER, "gone.example."), ZT_OK);
	message_writer_rollback(&writer, &mark);
	ck_assert_int_eq(write_a(&writer, SECTION_ADDITIONAL, "x.gone.example."), ZT_OK);
	message_writer_set_flags(&writer, FLAG_TC);
	ck_assert_int_eq(message_read(&message, wire, message_writer_finish(&writer)), ZT_OK);
	ck_assert_uint_eq(message.count[SECTION_ANSWER], 0);
	ck_assert_uint_eq(message.flags, FLAG_TC);
	record_iter_init(&iter, &message, SECTION_ADDITIONAL);
	ck_assert(record_iter_next(&iter, &record));
	ck_assert_mem_eq(record.owner, "\1x\4gone\7example", 16);
	/* The limit can be moved while writing. */
	message_writer_limit(&writer, writer.cur.pos + 10);
	ck_assert_int_eq(write_a(&writer, SECTION_ADDITIONAL, "y."), ZT_ESPACE);
	message_writer_limit(&writer, 512);
	ck_assert_int_eq(write_a(&writer, SECTION_ADDITIONAL, "y."), ZT_OK);
}
END_TEST

START_TEST(names_past_16383_are_not_pointed_to)
{
	struct message_writer writer;
	struct message message;
	struct record_iter iter;
	struct record record;
	char owner[64];
	unsigned count = 0;
	begin(&writer, sizeof(wire), _i);
	for (;; count++) {
		snprintf(owner, sizeof(owner), "h%u.d%u.example.", count, count / 3);
		if (write_a(&writer, SECTION_ANSWER, owner) != ZT_OK)
			break;
	}
	ck_assert_int_eq(message_read(&message, wire, message_writer_finish(&writer)), ZT_OK);
	ck_assert_uint_eq(message.count[SECTION_ANSWER], count);
	ck_assert_uint_gt(count, 1500);
	record_iter_init(&iter, &message, SECTION_ANSWER);
	for (unsigned i = 0; i < count; i++) {
		snprintf(owner, sizeof(owner), "h%u.d%u.example.", i, i / 3);
		ck_assert(record_iter_next(&iter, &record));
		ck_assert(name_equal(record.owner, name(owner)));
	}
}
END_TEST

/* What a table is for: in a message of thousands of names even the last ones find what they have in common. */
START_TEST(a_table_keeps_what_all_names_share)
{
	struct message_writer writer;
	size_t len[2];
	char owner[64];

	for (int with_table = 0; with_table < 2; with_table++) {
		begin(&writer, sizeof(wire), with_table);
		for (unsigned i = 0; i < 2500; i++) {
			snprintf(owner, sizeof(owner), "h%u.sub%u.example.", i, i % 50);
			ck_assert_int_eq(write_a(&writer, SECTION_ANSWER, owner), ZT_OK);
		}
		len[with_table] = message_writer_finish(&writer);
	}
	/* Header; a label, a pointer and 14 bytes for each record; a few bytes where the names stand that are pointed to. */
	ck_assert_uint_le(len[1], 12 + 2500 * (1 + 5 + 2 + 14) + 8 + 50 * 6);
	ck_assert_uint_le(len[1], len[0] + len[0] / 50);      /* names that share a slot cost little */
}
END_TEST

START_TEST(names_after_a_large_record_are_not_pointed_to)
{
	static uint8_t zeroes[16384];      /* as TXT: empty strings */
	struct message_writer writer;
	struct message message;
	struct record_iter iter;
	struct record record;
	struct record_out large = { name("."), TYPE_TXT, CLASS_IN, 60, zeroes, sizeof(zeroes), false };
	begin(&writer, sizeof(wire), _i);
	ck_assert_int_eq(message_write_record(&writer, SECTION_ANSWER, &large), ZT_OK);
	ck_assert_int_eq(write_a(&writer, SECTION_ANSWER, "x.example."), ZT_OK);
	ck_assert_int_eq(write_a(&writer, SECTION_ANSWER, "x.example."), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, message_writer_finish(&writer)), ZT_OK);
	record_iter_init(&iter, &message, SECTION_ANSWER);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(record_iter_next(&iter, &record));
	ck_assert(name_equal(record.owner, name("x.example.")));
}
END_TEST

START_TEST(rdata_of_nothing_is_written_for_any_type)
{
	/* UPDATE deletes with empty rdata (RFC 2136 section 2.5.2). */
	struct message_writer writer;
	struct message message;
	struct record_out record = { name("example."), TYPE_MX, CLASS_ANY, 0, NULL, 0, false };
	message_writer_init(&writer, wire, sizeof(wire), 1, opcode_flags(OPCODE_UPDATE));
	ck_assert_int_eq(message_write_record(&writer, SECTION_AUTHORITY, &record), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, message_writer_finish(&writer)), ZT_OK);
	ck_assert_uint_eq(flags_opcode(message.flags), OPCODE_UPDATE);
}
END_TEST

/* ---- against ldns --------------------------------------------------------------------------------------------------------- */

struct random_record {
	uint8_t owner[NAME_MAX_LEN];
	uint16_t type;
	uint32_t ttl;
	uint8_t rdata[RANDOM_RDATA_MAX];
	size_t len;
};

enum { RECORDS_MAX = 30 };

static struct random_record records[RECORDS_MAX];
static unsigned record_count;

static struct record_out record_out_of(const struct random_record *record)
{
	return (struct record_out){ record->owner, record->type, CLASS_IN, record->ttl, record->rdata, (uint16_t)record->len, false };
}

/* One record as ldns sees it; NULL where it does not take the rdata. */
static ldns_rr *ldns_of(const struct random_record *record)
{
	struct message_writer writer;
	struct record_out out = record_out_of(record);
	uint8_t bytes[MESSAGE_HEADER_LEN + NAME_MAX_LEN + 10 + RANDOM_RDATA_MAX];
	size_t pos = MESSAGE_HEADER_LEN;
	ldns_rr *rr = NULL;
	message_writer_init(&writer, bytes, sizeof(bytes), 0, 0);
	ck_assert_int_eq(message_write_record(&writer, SECTION_ANSWER, &out), ZT_OK);
	size_t len = message_writer_finish(&writer);
	if (ldns_wire2rr(&rr, bytes, len, &pos, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
		return NULL;
	size_t at = 0;
	bool is_same = true;
	for (size_t i = 0; is_same && i < ldns_rr_rd_count(rr); i++) {
		size_t size = ldns_rdf_size(ldns_rr_rdf(rr, i));
		is_same = at + size <= record->len && memcmp(record->rdata + at, ldns_rdf_data(ldns_rr_rdf(rr, i)), size) == 0;
		at += size;
	}
	if (is_same && at == record->len)
		return rr;
	ldns_rr_free(rr);
	return NULL;
}

static void records_make(struct rng *rng)
{
	record_count = (unsigned)rng_below(rng, RECORDS_MAX + 1);
	for (unsigned i = 0; i < record_count;) {
		struct random_record *record = &records[i];
		random_name(rng, record->owner);
		record->type = random_type(rng);
		record->ttl = (uint32_t)rng_u64(rng) >> 1;
		record->len = random_rdata(rng, record->type, record->rdata);
		ldns_rr *rr = ldns_of(record);      /* what ldns cannot hold is no ground for comparison */
		if (!rr)
			continue;
		ldns_rr_free(rr);
		i++;
	}
}

/* The message holds the records, in order, in its three sections. */
static void expect_records(const uint8_t *bytes, size_t len)
{
	struct message message;
	unsigned i = 0;
	ck_assert_int_eq(message_read(&message, bytes, len), ZT_OK);
	for (int section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
		struct record_iter iter;
		struct record got;
		record_iter_init(&iter, &message, (enum section)section);
		while (record_iter_next(&iter, &got)) {
			uint8_t rdata[RANDOM_RDATA_MAX];
			struct wcursor out = wcursor_over(rdata, sizeof(rdata));
			ck_assert_uint_lt(i, record_count);
			ck_assert(name_equal(got.owner, records[i].owner));
			ck_assert_uint_eq(got.type, records[i].type);
			ck_assert_uint_eq(got.ttl, records[i].ttl);
			ck_assert_msg(record_rdata(&message, &got, &out) == ZT_OK, "type %u", got.type);
			ck_assert_msg(out.pos == records[i].len && rdata_cmp(got.type, rdata, out.pos, records[i].rdata, records[i].len) == 0,
				      "type %u", got.type);
			i++;
		}
	}
	ck_assert_uint_eq(i, record_count);
}

START_TEST(what_ldns_writes_is_read_the_same)
{
	struct rng rng;
	rng_seed(&rng, suite_seed("what_ldns_writes_is_read_the_same"));
	for (unsigned long round = suite_rounds(3000); round > 0; round--) {
		ldns_pkt *packet = ldns_pkt_new();
		uint8_t *bytes;
		size_t len;
		records_make(&rng);
		for (unsigned i = 0; i < record_count; i++)
			ck_assert(ldns_pkt_push_rr(packet, i < record_count / 2 ? LDNS_SECTION_ANSWER : LDNS_SECTION_ADDITIONAL, ldns_of(&records[i])));
		ck_assert_int_eq(ldns_pkt2wire(&bytes, packet, &len), LDNS_STATUS_OK);
		expect_records(bytes, len);
		free(bytes);
		ldns_pkt_free(packet);
	}
}
END_TEST

static void expect_ldns_list(const ldns_rr_list *list, unsigned *i)
{
	for (size_t j = 0; j < ldns_rr_list_rr_count(list); j++, ++*i) {
		ldns_rr *got = ldns_rr_list_rr(list, j), *want = ldns_of(&records[*i]);
		ck_assert_uint_lt(*i, record_count);
		ldns_rr2canonical(got);
		ldns_rr2canonical(want);
		ck_assert_msg(ldns_rr_compare(got, want) == 0, "type %u", records[*i].type);
		ck_assert_uint_eq(ldns_rr_ttl(got), records[*i].ttl);
		ldns_rr_free(want);
	}
}

START_TEST(what_we_write_is_read_the_same_by_ldns_and_by_us)
{
	struct rng rng;
	rng_seed(&rng, suite_seed("what_we_write_is_read_the_same_by_ldns_and_by_us"));
	for (unsigned long round = suite_rounds(3000); round > 0; round--) {
		struct message_writer writer;
		ldns_pkt *packet;
		records_make(&rng);
		begin(&writer, sizeof(wire), _i);
		for (unsigned i = 0; i < record_count; i++) {
			struct record_out out = record_out_of(&records[i]);
			enum section section = i < record_count / 3 ? SECTION_ANSWER : i < record_count / 2 ? SECTION_AUTHORITY : SECTION_ADDITIONAL;
			ck_assert_int_eq(message_write_record(&writer, section, &out), ZT_OK);
		}
		size_t len = message_writer_finish(&writer);
		expect_records(wire, len);
		ck_assert_int_eq(ldns_wire2pkt(&packet, wire, len), LDNS_STATUS_OK);
		unsigned i = 0;
		expect_ldns_list(ldns_pkt_answer(packet), &i);
		expect_ldns_list(ldns_pkt_authority(packet), &i);
		expect_ldns_list(ldns_pkt_additional(packet), &i);
		ck_assert_uint_eq(i, record_count);
		ldns_pkt_free(packet);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("message");
	TCase *reader = tcase_create("reader"), *writer = tcase_create("writer"), *oracle = tcase_create("ldns");
	tcase_add_test(reader, a_query_is_read);
	tcase_add_test(reader, malformed_messages_are_refused);
	tcase_add_test(reader, an_owner_that_points_nowhere_ends_the_section);
	tcase_add_test(reader, edns_is_written_and_read);
	suite_add_tcase(suite, reader);
	tcase_add_test(writer, padding_fills_a_block_or_what_there_is);
	tcase_add_test(writer, names_are_compressed_case_insensitively);
	tcase_add_test(writer, a_record_without_room_leaves_no_trace);
	tcase_add_loop_test(writer, rollback_forgets_records_and_their_names, 0, 2);
	tcase_add_loop_test(writer, names_past_16383_are_not_pointed_to, 0, 2);
	tcase_add_test(writer, a_table_keeps_what_all_names_share);
	tcase_add_loop_test(writer, names_after_a_large_record_are_not_pointed_to, 0, 2);
	tcase_add_test(writer, rdata_of_nothing_is_written_for_any_type);
	suite_add_tcase(suite, writer);
	tcase_add_test(oracle, what_ldns_writes_is_read_the_same);
	tcase_add_loop_test(oracle, what_we_write_is_read_the_same_by_ldns_and_by_us, 0, 2);
	suite_add_tcase(suite, oracle);
	return suite_run(suite);
}
