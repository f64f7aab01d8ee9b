/* lib/dns/rrtype, lib/dns/rdata, lib/dns/rcode: the descriptor table and its walkers. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rcode.h"
#include "lib/dns/rdata.h"
#include "tests/support/random_rdata.h"
#include "tests/support/suite.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

START_TEST(types_have_mnemonics_and_numbers)
{
	char text[RR_TYPE_TEXT_SIZE];
	uint16_t type;
	for (unsigned i = 0; i < 65536; i++) {
		ck_assert(rr_type_from_text(rr_type_to_text((uint16_t)i, text), &type));
		ck_assert_uint_eq(type, i);
	}
	ck_assert(rr_type_from_text("aaaa", &type) && type == TYPE_AAAA);
	ck_assert(rr_type_from_text("Type28", &type) && type == TYPE_AAAA);
	ck_assert_str_eq(rr_type_to_text(731, text), "TYPE731");
	ck_assert(!rr_type_from_text("TYPE", &type));
	ck_assert(!rr_type_from_text("TYPE65536", &type));
	ck_assert(!rr_type_from_text("TYPE1x", &type));
	ck_assert(!rr_type_from_text("TYPE-1", &type));
	ck_assert(!rr_type_from_text("", &type));
	ck_assert(!rr_type_from_text("BOGUS", &type));
	ck_assert(!rr_type_from_text("AAA", &type));
	ck_assert(!rr_type_from_text("NSEC3PARAMS", &type));
	ck_assert(rr_type_from_chars("MXX", 2, &type) && type == TYPE_MX);
	ck_assert(!rr_type_from_chars("A", 0, &type));
}
END_TEST

START_TEST(classes_have_mnemonics_and_numbers)
{
	char text[RR_CLASS_TEXT_SIZE];
	uint16_t rr_class;
	for (unsigned i = 0; i < 65536; i++) {
		ck_assert(rr_class_from_text(rr_class_to_text((uint16_t)i, text), &rr_class));
		ck_assert_uint_eq(rr_class, i);
	}
	ck_assert(!rr_class_from_text("CLASSx", &rr_class) && !rr_class_from_text("INN", &rr_class));
}
END_TEST

START_TEST(meta_types_are_told_apart)
{
	ck_assert(rr_type_is_meta(TYPE_OPT) && rr_type_is_meta(TYPE_ANY) && rr_type_is_meta(TYPE_TSIG) && rr_type_is_meta(TYPE_AXFR));
	ck_assert(rr_type_is_meta(0) && rr_type_is_meta(128));
	ck_assert(!rr_type_is_meta(TYPE_A) && !rr_type_is_meta(TYPE_CAA) && !rr_type_is_meta(4711) && !rr_type_is_meta(256));
}
END_TEST

START_TEST(codes_have_texts)
{
	ck_assert_str_eq(rcode_to_text(RCODE_NXDOMAIN), "NXDOMAIN");
	ck_assert_str_eq(rcode_to_text(RCODE_BADVERS), "BADVERS");
	ck_assert_ptr_nonnull(rcode_to_text(4000));
	ck_assert_str_eq(opcode_to_text(OPCODE_UPDATE), "UPDATE");
	ck_assert_ptr_nonnull(opcode_to_text(15));
}
END_TEST

struct example {
	uint16_t type;
	const uint8_t *rdata;
	size_t len;
};

START_TEST(well_formed_rdata_is_valid)
{
	static const struct example good[] = {
		{ TYPE_A, BYTES("\300\0\2\1") },
		{ TYPE_NS, BYTES("\1a\0") },
		{ TYPE_SOA, BYTES("\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5") },
		{ TYPE_TXT, BYTES("\0") },
		{ TYPE_TXT, BYTES("\1a\2bc\0") },
		{ TYPE_HINFO, BYTES("\1a\0") },
		{ TYPE_NSEC, BYTES("\0") },
		{ TYPE_NSEC, BYTES("\0\0\1\100\1\1\100") },
		{ TYPE_NSEC3, BYTES("\1\0\0\1\0\1a") },
		{ TYPE_CAA, BYTES("\0\5issue") },
		{ TYPE_NULL, BYTES("") },
		{ TYPE_ISDN, BYTES("\1a") },
		{ TYPE_ISDN, BYTES("\1a\1b") },
		{ TYPE_APL, BYTES("") },
		{ TYPE_APL, BYTES("\0\1\40\204\1\2\3\4\0\2\0\0\0\11\377\1\1") },
		{ TYPE_IPSECKEY, BYTES("\1\0\2") },
		{ TYPE_IPSECKEY, BYTES("\1\1\2\1\2\3\4key") },
		{ TYPE_IPSECKEY, BYTES("\1\3\2\1a\0key") },
		{ TYPE_IPSECKEY, BYTES("\1\4\2what") },
		{ TYPE_HIP, BYTES("\1\2\0\1tk\1a\0\0") },
		{ TYPE_AMTRELAY, BYTES("\1\200") },
		{ TYPE_AMTRELAY, BYTES("\1\203\1a\0") },
		{ TYPE_AMTRELAY, BYTES("\1\4what") },
		{ TYPE_SVCB, BYTES("\0\1\0") },
		{ TYPE_SVCB, BYTES("\0\1\0\0\1\0\3\2h2\0\3\0\2\0\65") },
		{ TYPE_UNECE, BYTES("\1a\0\1b") },
		{ 731, BYTES("anything") },
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(rdata_is_valid(good[i].type, good[i].rdata, good[i].len), "example %zu", i);
}
END_TEST

START_TEST(ill_formed_rdata_is_refused)
{
	static const struct example bad[] = {
		{ TYPE_A, BYTES("\300\0\2") },
		{ TYPE_A, BYTES("\300\0\2\1\1") },
		{ TYPE_A, BYTES("") },
		{ TYPE_AAAA, BYTES("\300\0\2\1") },
		{ TYPE_NS, BYTES("") },
		{ TYPE_NS, BYTES("\1a") },
		{ TYPE_NS, BYTES("\1a\0x") },
		{ TYPE_NS, BYTES("\300\0") },
		{ TYPE_MX, BYTES("\0\1") },
		{ TYPE_SOA, BYTES("\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0") },
		{ TYPE_TXT, BYTES("") },
		{ TYPE_TXT, BYTES("\2a") },
		{ TYPE_HINFO, BYTES("\1a") },
		{ TYPE_NSEC, BYTES("\0\0\0") },
		{ TYPE_NSEC, BYTES("\0\0\41") },
		{ TYPE_NSEC, BYTES("\0\0\1\0") },
		{ TYPE_NSEC, BYTES("\0\1\1\1\0\1\1") },
		{ TYPE_NSEC, BYTES("\0\1\1\1\1\1\1") },
		{ TYPE_DS, BYTES("\0\1\5\1") },
		{ TYPE_ANY, BYTES("x") },
		{ TYPE_ISDN, BYTES("\1a\1b\1c") },
		{ TYPE_ISDN, BYTES("\1a\2b") },
		{ TYPE_APL, BYTES("\0\1\30\5\1\2\3\4\5") },      /* five bytes of IPv4 */
		{ TYPE_APL, BYTES("\0\1\41\1\1") },                 /* a prefix of 33 bits */
		{ TYPE_APL, BYTES("\0\1\30\2\1\0") },              /* a zero byte at the end */
		{ TYPE_APL, BYTES("\0\1\30") },
		{ TYPE_APL, BYTES("\0\1\30\3\1\1") },
		{ TYPE_IPSECKEY, BYTES("\1\1") },
		{ TYPE_IPSECKEY, BYTES("\1\1\2\1\2\3") },
		{ TYPE_IPSECKEY, BYTES("\1\2\2\1\2\3\4") },
		{ TYPE_IPSECKEY, BYTES("\1\3\2\300\14") },
		{ TYPE_HIP, BYTES("\1\2\0\2tk") },
		{ TYPE_HIP, BYTES("\0\2\0\1k") },
		{ TYPE_HIP, BYTES("\1\2\0\0t") },
		{ TYPE_HIP, BYTES("\1\2\0\1tk\1a") },
		{ TYPE_AMTRELAY, BYTES("\1") },
		{ TYPE_AMTRELAY, BYTES("\1\0x") },
		{ TYPE_AMTRELAY, BYTES("\1\1\1\2\3") },
		{ TYPE_AMTRELAY, BYTES("\1\3\1a\0x") },
		{ TYPE_SVCB, BYTES("\0\1\0\0\3\0\2\0\65\0\1\0\3\2h2") },      /* keys that descend */
		{ TYPE_SVCB, BYTES("\0\1\0\0\3\0\2\0\65\0\3\0\2\0\65") },      /* a key twice */
		{ TYPE_SVCB, BYTES("\0\1\0\0\3\0\3\0\65") },
		{ TYPE_HTTPS, BYTES("\0\1\0\0\3\0") },
		{ TYPE_IPN, BYTES("\0\0\0\0\0\0\1") },
		{ TYPE_DSYNC, BYTES("\0\73\1\0\65\300\14") },
		{ TYPE_ATMA, BYTES("\0") },
		{ TYPE_HHIT, BYTES("") },
		{ TYPE_UNECE, BYTES("\1a\0") },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!rdata_is_valid(bad[i].type, bad[i].rdata, bad[i].len), "example %zu", i);
}
END_TEST

/* Walks the fields and returns the sum of their lengths. */
static size_t walked_len(uint16_t type, const uint8_t *rdata, size_t len, size_t *fields)
{
	struct rdata_walk walk;
	struct rdata_field field;
	size_t sum = 0;
	*fields = 0;
	rdata_walk_init(&walk, type, rdata, len);
	while (rdata_walk_next(&walk, &field)) {
		ck_assert_ptr_eq(field.data, rdata + sum);
		sum += field.len;
		++*fields;
	}
	return sum;
}

START_TEST(every_descriptor_row_walks_copies_and_truncates)
{
	struct rng rng;
	uint8_t rdata[RANDOM_RDATA_MAX], copy[RANDOM_RDATA_MAX];
	rng_seed(&rng, suite_seed("every_descriptor_row_walks_copies_and_truncates"));
	for (unsigned type = 0; type < 65536; type++) {
		const struct rr_descriptor *row = rr_descriptor((uint16_t)type);
		if (!row)
			continue;
		for (unsigned long round = suite_rounds(50); round > 0; round--) {
			size_t len = random_rdata(&rng, row->type, rdata), fields;
			ck_assert_msg(rdata_is_valid(row->type, rdata, len), "%s", row->mnemonic);
			ck_assert_uint_eq(walked_len(row->type, rdata, len, &fields), len);
			ck_assert_uint_eq(fields, strlen(row->fields));
			struct rcursor cur = rcursor_over(rdata, len);
			struct wcursor out = wcursor_over(copy, sizeof(copy));
			ck_assert_int_eq(rdata_read(&cur, row->type, (uint16_t)len, &out), ZT_OK);
			ck_assert_uint_eq(out.pos, len);
			ck_assert_uint_eq(cur.pos, len);
			ck_assert_mem_eq(copy, rdata, len);
			/* No room for the last byte. */
			if (len > 0) {
				cur = rcursor_over(rdata, len);
				out = wcursor_over(copy, len - 1);
				ck_assert_int_eq(rdata_read(&cur, row->type, (uint16_t)len, &out), ZT_ESPACE);
			}
			/* Canonical form compares equal and stays valid. */
			memcpy(copy, rdata, len);
			rdata_canonical(row->type, copy, len);
			ck_assert(rdata_is_valid(row->type, copy, len));
			ck_assert_int_eq(rdata_cmp(row->type, rdata, len, copy, len), 0);
		}
	}
}
END_TEST

static bool ends_openly(const char *fields)
{
	size_t count = strlen(fields);
	return count == 0 || strchr("bBStopahir", fields[count - 1]) != NULL;
}

START_TEST(rows_with_a_fixed_end_refuse_more_and_less)
{
	struct rng rng;
	uint8_t rdata[RANDOM_RDATA_MAX + 1] = { 0 };
	rng_seed(&rng, suite_seed("rows_with_a_fixed_end_refuse_more_and_less"));
	for (unsigned type = 0; type < 65536; type++) {
		const struct rr_descriptor *row = rr_descriptor((uint16_t)type);
		if (!row || ends_openly(row->fields))
			continue;
		size_t len = random_rdata(&rng, row->type, rdata);
		rdata[len] = 0;
		ck_assert_msg(!rdata_is_valid(row->type, rdata, len + 1), "%s", row->mnemonic);
		ck_assert_msg(!rdata_is_valid(row->type, rdata, len - 1), "%s", row->mnemonic);
	}
}
END_TEST

START_TEST(compressed_names_are_expanded_where_rfc_3597_allows)
{
	/* A name at 12, MX rdata at 21 that points to it. */
	static const uint8_t message[] = "\0\0\0\0\0\0\0\0\0\0\0\0\7EXAMPLE\0\0\12\2mx\300\14";
	uint8_t out_bytes[64];
	struct rcursor cur = rcursor_over(message, sizeof(message) - 1);
	struct wcursor out = wcursor_over(out_bytes, sizeof(out_bytes));
	cur.pos = 21;
	ck_assert_int_eq(rdata_read(&cur, TYPE_MX, 7, &out), ZT_OK);
	ck_assert_uint_eq(out.pos, 14);
	ck_assert_mem_eq(out_bytes, "\0\12\2mx\7EXAMPLE\0", 14);
	/* The next-name field of NSEC may not be compressed. */
	static const uint8_t nsec[] = "\0\0\0\0\0\0\0\0\0\0\0\0\7EXAMPLE\0\300\14";
	cur = rcursor_over(nsec, sizeof(nsec) - 1);
	cur.pos = 21;
	ck_assert_int_ne(rdata_read(&cur, TYPE_NSEC, 2, &out), ZT_OK);
	/* A name must end where the rdata ends, even when the message goes on. */
	cur = rcursor_over(message, sizeof(message) - 1);
	cur.pos = 21;
	ck_assert_int_ne(rdata_read(&cur, TYPE_MX, 6, &out), ZT_OK);
	cur = rcursor_over(message, sizeof(message) - 1);
	cur.pos = 21;
	ck_assert_int_ne(rdata_read(&cur, TYPE_MX, 200, &out), ZT_OK);
}
END_TEST

/* The order by definition: byte order of the canonical forms. */
static int naive_cmp(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	uint8_t x[RANDOM_RDATA_MAX], y[RANDOM_RDATA_MAX];
	memcpy(x, a, a_len);
	memcpy(y, b, b_len);
	rdata_canonical(type, x, a_len);
	rdata_canonical(type, y, b_len);
	int order = memcmp(x, y, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

START_TEST(canonical_order_is_byte_order_of_canonical_forms)
{
	struct rng rng;
	uint8_t a[RANDOM_RDATA_MAX], b[RANDOM_RDATA_MAX];
	rng_seed(&rng, suite_seed("canonical_order_is_byte_order_of_canonical_forms"));
	for (unsigned long round = suite_rounds(100000); round > 0; round--) {
		uint16_t type = random_type(&rng);
		size_t a_len = random_rdata(&rng, type, a), b_len = random_rdata(&rng, type, b);
		int expected = naive_cmp(type, a, a_len, b, b_len), got = rdata_cmp(type, a, a_len, b, b_len);
		ck_assert_msg((expected > 0) - (expected < 0) == (got > 0) - (got < 0), "type %u", type);
	}
}
END_TEST

START_TEST(only_the_types_of_rfc_6840_lower_their_names)
{
	uint8_t ns[] = "\2NS\0", nsec[] = "\2NS\0", rrsig[24] = { 0 };
	rdata_canonical(TYPE_NS, ns, 4);
	ck_assert_mem_eq(ns, "\2ns\0", 4);
	rdata_canonical(TYPE_NSEC, nsec, 4);
	ck_assert_mem_eq(nsec, "\2NS\0", 4);
	memcpy(rrsig + 18, "\1Z\0Z", 4);
	rdata_canonical(TYPE_RRSIG, rrsig, 22);
	ck_assert_mem_eq(rrsig + 18, "\1z\0Z", 4);
}
END_TEST

START_TEST(targets_and_soa_fields_are_found)
{
	ck_assert_mem_eq(rdata_target(TYPE_MX, BYTES("\0\1\1m\0")), "\1m\0", 3);
	ck_assert_mem_eq(rdata_target(TYPE_AFSDB, BYTES("\0\1\1a\0")), "\1a\0", 3);
	ck_assert_mem_eq(rdata_target(TYPE_RT, BYTES("\0\1\1r\0")), "\1r\0", 3);
	ck_assert_mem_eq(rdata_target(TYPE_KX, BYTES("\0\1\1k\0")), "\1k\0", 3);
	ck_assert_mem_eq(rdata_target(TYPE_SRV, BYTES("\0\1\0\1\0\1\1s\0")), "\1s\0", 3);
	ck_assert_ptr_null(rdata_target(TYPE_A, BYTES("\1\2\3\4")));
	struct soa soa;
	uint8_t rdata[] = "\2ns\0\1h\0\0\0\0\7\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5";
	ck_assert(soa_from_rdata(&soa, rdata, sizeof(rdata) - 1));
	ck_assert_mem_eq(soa.mname, "\2ns", 4);
	ck_assert_mem_eq(soa.rname, "\1h", 3);
	ck_assert_uint_eq(soa.serial, 7);
	ck_assert_uint_eq(soa.refresh, 2);
	ck_assert_uint_eq(soa.retry, 3);
	ck_assert_uint_eq(soa.expire, 4);
	ck_assert_uint_eq(soa.minimum, 5);
	soa_set_serial(rdata, sizeof(rdata) - 1, 0xfffffffe);
	ck_assert(soa_from_rdata(&soa, rdata, sizeof(rdata) - 1) && soa.serial == 0xfffffffe && soa.refresh == 2);
	ck_assert(!soa_from_rdata(&soa, rdata, sizeof(rdata) - 2));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rdata");
	TCase *types = tcase_create("types"), *rdata = tcase_create("rdata");
	tcase_add_test(types, types_have_mnemonics_and_numbers);
	tcase_add_test(types, classes_have_mnemonics_and_numbers);
	tcase_add_test(types, meta_types_are_told_apart);
	tcase_add_test(types, codes_have_texts);
	suite_add_tcase(suite, types);
	tcase_add_test(rdata, well_formed_rdata_is_valid);
	tcase_add_test(rdata, ill_formed_rdata_is_refused);
	tcase_add_test(rdata, every_descriptor_row_walks_copies_and_truncates);
	tcase_add_test(rdata, rows_with_a_fixed_end_refuse_more_and_less);
	tcase_add_test(rdata, compressed_names_are_expanded_where_rfc_3597_allows);
	tcase_add_test(rdata, canonical_order_is_byte_order_of_canonical_forms);
	tcase_add_test(rdata, only_the_types_of_rfc_6840_lower_their_names);
	tcase_add_test(rdata, targets_and_soa_fields_are_found);
	suite_add_tcase(suite, rdata);
	return suite_run(suite);
}
