/* lib/dns/name, lib/dns/serial: domain names and serial numbers. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/dns/name.h"
#include "lib/dns/serial.h"
#include "tests/support/suite.h"

static const uint8_t *parse(const char *text, uint8_t out[NAME_MAX_LEN])
{
	ck_assert_msg(name_from_text(out, text, NULL) == ZT_OK, "%s", text);
	return out;
}

static int compare(const char *a, const char *b)
{
	uint8_t x[NAME_MAX_LEN], y[NAME_MAX_LEN];
	int order = name_cmp(parse(a, x), parse(b, y));
	return (order > 0) - (order < 0);
}

/* `count` letters, then `end`. */
static char *letters(char *p, size_t count, const char *end)
{
	memset(p, 'a', count);
	return (char *)memcpy(p + count, end, strlen(end) + 1) + strlen(end);
}

START_TEST(text_becomes_labels)
{
	uint8_t name[NAME_MAX_LEN], origin[NAME_MAX_LEN];
	ck_assert_uint_eq(name_len(parse("www.Example.", name)), 13);
	ck_assert_mem_eq(name, "\3www\7Example", 13);
	parse("example.", origin);
	ck_assert_int_eq(name_from_text(name, "a.b", origin), ZT_OK);
	ck_assert_mem_eq(name, "\1a\1b\7example", 13);
	ck_assert_int_eq(name_from_text(name, "@", origin), ZT_OK);
	ck_assert_mem_eq(name, origin, 9);
	ck_assert_int_eq(name_from_text(name, ".", origin), ZT_OK);
	ck_assert_uint_eq(name_len(name), 1);
	ck_assert_int_eq(name_from_text(name, "\\@", origin), ZT_OK);
	ck_assert_mem_eq(name, "\1@\7example", 11);
}
END_TEST

START_TEST(text_with_a_length_need_not_end_in_nul)
{
	uint8_t name[NAME_MAX_LEN], origin[NAME_MAX_LEN];
	parse("net.", origin);
	ck_assert_int_eq(name_from_chars(name, "www.x", 3, origin), ZT_OK);
	ck_assert_mem_eq(name, "\3www\3net", 9);
	/* An escape must not be completed by what follows the text. */
	ck_assert_int_eq(name_from_chars(name, "a\\065", 4, origin), ZT_ESYNTAX);
	ck_assert_int_eq(name_from_chars(name, "a\\b", 2, origin), ZT_ESYNTAX);
	ck_assert_int_eq(name_from_chars(name, "", 0, origin), ZT_ESYNTAX);
}
END_TEST

START_TEST(escapes_stand_for_bytes)
{
	uint8_t name[NAME_MAX_LEN];
	char text[NAME_TEXT_SIZE];
	parse("a\\.b.\\000\\255\\\\.", name);
	ck_assert_mem_eq(name, "\3a.b\3\0\377\\", 9);
	ck_assert_str_eq(name_to_text(name, text), "a\\.b.\\000\\255\\\\.");
	parse("\\032\\034\\040\\041\\059\\064\\036.", name);
	ck_assert_str_eq(name_to_text(name, text), "\\032\\\"\\(\\)\\;\\@\\$.");
	ck_assert_str_eq(name_to_text(name_root, text), ".");
}
END_TEST

START_TEST(bad_text_is_refused)
{
	static const char *const bad[] = { "", "..", ".a", "a..b", "a\\", "a\\25", "a\\256.", "a\\2x5", ".." };
	uint8_t name[NAME_MAX_LEN];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(name_from_text(name, bad[i], NULL) == ZT_ESYNTAX, "%s", bad[i]);
}
END_TEST

START_TEST(labels_have_at_most_63_bytes)
{
	uint8_t name[NAME_MAX_LEN];
	char text[300];
	letters(text, 63, ".");
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_OK);
	letters(text, 64, ".");
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_ELIMIT);
	letters(text, 64, "");
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_ELIMIT);
	letters(text, 290, "");
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_ELIMIT);
}
END_TEST

START_TEST(names_have_at_most_255_bytes)
{
	uint8_t name[NAME_MAX_LEN], origin[NAME_MAX_LEN];
	char text[300];
	/* 3 * 64 + 62 + 1 = 255 */
	letters(letters(letters(letters(text, 63, "."), 63, "."), 63, "."), 61, ".");
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_OK);
	ck_assert_uint_eq(name_len(name), NAME_MAX_LEN);
	letters(letters(letters(letters(text, 63, "."), 63, "."), 63, "."), 62, ".");
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_ELIMIT);
	/* The origin counts. */
	parse("example.", origin);
	letters(letters(letters(letters(text, 63, "."), 63, "."), 63, "."), 53, "");
	ck_assert_int_eq(name_from_text(name, text, origin), ZT_OK);
	ck_assert_uint_eq(name_len(name), NAME_MAX_LEN);
	letters(letters(letters(letters(text, 63, "."), 63, "."), 63, "."), 54, "");
	ck_assert_int_eq(name_from_text(name, text, origin), ZT_ELIMIT);
	/* 127 labels. */
	for (int i = 0; i < 127; i++)
		memcpy(text + 2 * i, "x.", 3);
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_OK);
	ck_assert_uint_eq(name_label_count(name), NAME_MAX_LABELS);
	memcpy(text + 254, "x.", 3);
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_ELIMIT);
}
END_TEST

START_TEST(canonical_order_is_that_of_rfc_4034)
{
	/* The example of RFC 4034 section 6.1. */
	static const char *const order[] = {
		"example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.", "z.example.", "\\001.z.example.",
		"*.z.example.", "\\200.z.example.",
	};
	size_t count = sizeof(order) / sizeof(order[0]);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++)
			ck_assert_msg(compare(order[i], order[j]) == (i > j) - (i < j), "%s and %s", order[i], order[j]);
	}
	ck_assert_int_eq(compare(".", "example."), -1);
	ck_assert_int_eq(compare("eXample.", "Example."), 0);
}
END_TEST

START_TEST(relations_fold_case)
{
	uint8_t a[NAME_MAX_LEN], b[NAME_MAX_LEN];
	ck_assert(name_equal(parse("wWw.Example.", a), parse("www.eXAMPLE.", b)));
	ck_assert(!name_equal(parse("www.example.", a), parse("www2.example.", b)));
	ck_assert(name_is_within(parse("a.B.c.", a), parse("b.C.", b)));
	ck_assert(name_is_within(parse("b.c.", a), b));
	ck_assert(name_is_within(a, name_root));
	ck_assert(!name_is_within(parse("ab.c.", a), b));
	ck_assert(!name_is_within(parse("c.", a), b));
	ck_assert_uint_eq(name_common_labels(parse("x.B.c.", a), parse("y.b.C.", b)), 2);
	ck_assert_uint_eq(name_common_labels(name_root, b), 0);
	ck_assert_uint_eq(name_hash(parse("AAAAAAAA.BBBB.example.", a), 5), name_hash(parse("aaaaaaaa.bbbb.EXAMPLE.", b), 5));
	ck_assert_uint_ne(name_hash(a, 5), name_hash(a, 6));
	ck_assert(name_is_wildcard(parse("*.a.", a)) && !name_is_wildcard(parse("**.a.", b)));
	/* Bytes beside the letters do not fold: [ and {, @ and `. */
	ck_assert(!name_equal(parse("\\091.", a), parse("\\123.", b)));
	ck_assert(!name_equal(parse("\\064.", a), parse("\\096.", b)));
}
END_TEST

START_TEST(names_are_taken_apart_and_joined)
{
	uint8_t a[NAME_MAX_LEN], b[NAME_MAX_LEN], out[NAME_MAX_LEN];
	char text[NAME_TEXT_SIZE];
	parse("a.b.c.", a);
	ck_assert_str_eq(name_to_text(name_parent(a), text), "b.c.");
	ck_assert_str_eq(name_to_text(name_strip(a, 3), text), ".");
	ck_assert_uint_eq(*name_parent(name_root), 0);
	parse("target.net.", b);
	uint8_t owner[NAME_MAX_LEN];
	ck_assert_int_eq(name_substitute(out, a, parse("C.", owner), b), ZT_OK);
	ck_assert_str_eq(name_to_text(out, text), "a.b.target.net.");
	/* 4 bytes of "a.b" and a target of 251, then one more. */
	char big[300];
	letters(letters(letters(letters(big, 63, "."), 63, "."), 63, "."), 57, ".");
	ck_assert_int_eq(name_substitute(out, a, owner, parse(big, b)), ZT_OK);
	ck_assert_uint_eq(name_len(out), NAME_MAX_LEN);
	letters(letters(letters(letters(big, 63, "."), 63, "."), 63, "."), 58, ".");
	ck_assert_int_eq(name_substitute(out, a, owner, parse(big, b)), ZT_ELIMIT);
}
END_TEST

/* ---- wire ----------------------------------------------------------------------------------------------------------------- */

static int read_at(const void *message, size_t len, size_t at, uint8_t out[NAME_MAX_LEN], size_t *end)
{
	struct rcursor cur = rcursor_over(message, len);
	cur.pos = at;
	size_t got = name_read(&cur, out);
	ck_assert((got == 0) == (cur.status != ZT_OK));
	*end = cur.pos;
	return cur.status;
}

START_TEST(pointers_lead_back_to_earlier_names)
{
	static const uint8_t message[] = "\0\0\0\0\0\0\0\0\0\0\0\0\7example\0\3www\xc0\x0c\1a\xc0\x15";
	uint8_t name[NAME_MAX_LEN];
	char text[NAME_TEXT_SIZE];
	size_t end;
	ck_assert_int_eq(read_at(message, sizeof(message) - 1, 21, name, &end), ZT_OK);
	ck_assert_str_eq(name_to_text(name, text), "www.example.");
	ck_assert_uint_eq(end, 27);
	ck_assert_int_eq(read_at(message, sizeof(message) - 1, 27, name, &end), ZT_OK);
	ck_assert_str_eq(name_to_text(name, text), "a.www.example.");
	ck_assert_uint_eq(end, 31);
}
END_TEST

struct bad_wire {
	const char *what;
	const char *bytes;
	size_t len;
	size_t at;
};

START_TEST(pointers_that_lead_nowhere_are_refused)
{
#define BYTES(text) (text), sizeof(text) - 1
	static const struct bad_wire bad[] = {
		{ "to itself", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\xc0\x0c"), 12 },
		{ "to its own label", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\1a\xc0\x0c"), 12 },
		{ "forward", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\xc0\x0e\1a\0"), 12 },
		{ "past the end", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff"), 12 },
		{ "loop of two", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\xc0\x0e\xc0\x0c"), 14 },
		{ "half a pointer", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\xc0"), 12 },
		{ "no end", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\1a"), 12 },
		{ "label past the end", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\5a"), 12 },
		{ "label type 01", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\x41" "a\0"), 12 },
		{ "label type 10", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\x81" "a\0"), 12 },
		{ "start past the end", BYTES("\0\0\0\0"), 4 },
	};
#undef BYTES
	uint8_t name[NAME_MAX_LEN];
	size_t end;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(read_at(bad[i].bytes, bad[i].len, bad[i].at, name, &end) != ZT_OK, "%s", bad[i].what);
	/* Into the header is legal where a name stands there. */
	ck_assert_int_eq(read_at("\1h\0\0\0\0\0\0\0\0\0\0\xc0\0", 14, 12, name, &end), ZT_OK);
}
END_TEST

START_TEST(a_chain_of_pointers_cannot_grow_a_name_past_255)
{
	uint8_t message[2048] = { 0 }, name[NAME_MAX_LEN];
	size_t pos = 12, previous = 0, end;
	int status = ZT_OK, hops = 0;
	/* Each name is a one-byte label and a pointer to the one before. */
	for (; status == ZT_OK && pos + 4 < sizeof(message); hops++) {
		size_t at = pos;
		message[pos++] = 1;
		message[pos++] = 'x';
		if (previous) {
			message[pos++] = (uint8_t)(0xc0 | previous >> 8);
			message[pos++] = (uint8_t)previous;
		} else {
			message[pos++] = 0;
		}
		status = read_at(message, pos, at, name, &end);
		previous = at;
	}
	ck_assert_int_eq(status, ZT_EMALFORMED);
	ck_assert_int_eq(hops, NAME_MAX_LABELS + 1);
}
END_TEST

START_TEST(plain_names_take_no_pointers)
{
	uint8_t name[NAME_MAX_LEN];
	struct rcursor cur = rcursor_over("\1a\0\xc0\0", 5);
	ck_assert_uint_eq(name_read_plain(&cur, name), 3);
	ck_assert_uint_eq(name_read_plain(&cur, name), 0);
	ck_assert_int_eq(cur.status, ZT_EMALFORMED);
	ck_assert(name_is_valid((const uint8_t *)"\1a", 3));
	ck_assert(!name_is_valid((const uint8_t *)"\1a", 2));
	ck_assert(!name_is_valid((const uint8_t *)"\1a\0", 4));
	ck_assert(!name_is_valid((const uint8_t *)"", 0));
}
END_TEST

START_TEST(random_names_survive_text_and_back)
{
	struct rng rng;
	rng_seed(&rng, suite_seed("random_names_survive_text_and_back"));
	for (unsigned long round = suite_rounds(20000); round > 0; round--) {
		uint8_t name[NAME_MAX_LEN], back[NAME_MAX_LEN];
		char text[NAME_TEXT_SIZE];
		size_t len = 0, most = rng_below(&rng, NAME_MAX_LEN - 1);
		while (len < most) {
			size_t label = 1 + rng_below(&rng, most - len > LABEL_MAX_LEN ? LABEL_MAX_LEN : most - len);
			if (len + label + 1 > NAME_MAX_LEN - 1)
				break;
			name[len] = (uint8_t)label;
			rng_fill(&rng, name + len + 1, label);
			len += label + 1;
		}
		name[len++] = 0;
		ck_assert(name_is_valid(name, len));
		ck_assert_int_eq(name_from_text(back, name_to_text(name, text), NULL), ZT_OK);
		ck_assert_uint_eq(name_len(back), len);
		ck_assert_mem_eq(back, name, len);
		ck_assert_int_eq(name_cmp(name, back), 0);
		name_lower(back);
		ck_assert(name_equal(name, back));
		ck_assert_uint_eq(name_hash(name, 1), name_hash(back, 1));
	}
}
END_TEST

/* ---- serials --------------------------------------------------------------------------------------------------------------- */

START_TEST(serials_compare_as_rfc_1982_says)
{
	/* Section 5.2 with 8 bits, moved to 32 bits. */
	ck_assert(serial_is_newer(1, 0) && !serial_is_newer(0, 1));
	ck_assert(serial_is_newer(44U << 24, 0));
	ck_assert(serial_is_newer(100U << 24, 0));
	ck_assert(serial_is_newer(100U << 24, 44U << 24));
	ck_assert(serial_is_newer(200U << 24, 100U << 24));
	ck_assert(serial_is_newer(255U << 24, 200U << 24));
	ck_assert(serial_is_newer(0, 255U << 24));
	ck_assert(serial_is_newer(100U << 24, 255U << 24));
	ck_assert(serial_is_newer(0, 200U << 24));
	ck_assert(serial_is_newer(44U << 24, 200U << 24));
	ck_assert(!serial_is_newer(7, 7));
	/* 2^31 apart there is no order. */
	ck_assert(!serial_is_newer(0x80000000, 0) && !serial_is_newer(0, 0x80000000));
	ck_assert(serial_is_newer(0x7fffffff, 0) && !serial_is_newer(0, 0x7fffffff));
	ck_assert_uint_eq(serial_next(41), 42);
	ck_assert_uint_eq(serial_next(0xffffffff), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("name");
	TCase *text = tcase_create("text"), *wire = tcase_create("wire"), *serial = tcase_create("serial");
	tcase_add_test(text, text_becomes_labels);
	tcase_add_test(text, text_with_a_length_need_not_end_in_nul);
	tcase_add_test(text, escapes_stand_for_bytes);
	tcase_add_test(text, bad_text_is_refused);
	tcase_add_test(text, labels_have_at_most_63_bytes);
	tcase_add_test(text, names_have_at_most_255_bytes);
	tcase_add_test(text, canonical_order_is_that_of_rfc_4034);
	tcase_add_test(text, relations_fold_case);
	tcase_add_test(text, names_are_taken_apart_and_joined);
	tcase_add_test(text, random_names_survive_text_and_back);
	suite_add_tcase(suite, text);
	tcase_add_test(wire, pointers_lead_back_to_earlier_names);
	tcase_add_test(wire, pointers_that_lead_nowhere_are_refused);
	tcase_add_test(wire, a_chain_of_pointers_cannot_grow_a_name_past_255);
	tcase_add_test(wire, plain_names_take_no_pointers);
	suite_add_tcase(suite, wire);
	tcase_add_test(serial, serials_compare_as_rfc_1982_says);
	suite_add_tcase(suite, serial);
	return suite_run(suite);
}
