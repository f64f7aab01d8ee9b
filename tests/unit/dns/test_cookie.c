/* lib/dns/cookie: the vectors of RFC 9018 appendix A, and what is accepted when. */
#include <sodium.h>
#include <string.h>

#include "lib/dns/cookie.h"
#include "tests/support/suite.h"

struct vector {
	const char *what;
	const char *secrets;           /* hexadecimal, one after another; the first makes */
	const char *client;
	const char *option;            /* as the client sends it */
	uint32_t sent;                 /* when the option's server half was made */
	uint32_t now;
	enum cookie_kind kind;         /* at `now` */
	const char *reply;
};

static const struct vector vectors[] = {
	{ "A.1 a new cookie", "e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100", "2464c4abcf10c957", 0, 1559731985, COOKIE_CLIENT,
	  "2464c4abcf10c957010000005cf79f111f8130c3eee29480" },
	{ "A.2 the same client, 40 minutes later", "e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100",
	  "2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559731985, 1559734385, COOKIE_GOOD, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77" },
	/* Made 112 minutes before, so no longer good when it comes. */
	{ "A.3 another client, reserved bytes set", "e5e973e5a6b2a43f48e7dc849e37bfcf", "203.0.113.203",
	  "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559727985, 1559734700, COOKIE_BAD, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e" },
	{ "A.4 IPv6, the secret rolled over", "445536bcd2513298075a5d379663c962dd3bdf9344b678b185a6f5cb60fca715", "2001:db8:220:1:59de:d0f4:8769:82b8",
	  "22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1559741817, 1559741961, COOKIE_GOOD, "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
};

static size_t bytes_of(uint8_t *out, size_t room, const char *hex)
{
	size_t len;
	ck_assert_int_eq(sodium_hex2bin(out, room, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

struct situation {
	struct cookie_secret list[4];
	struct cookie_secrets secrets;
	uint8_t option[64];
	struct netaddr client;
	struct cookie_query query;
	uint8_t reply[COOKIE_LEN];
};

static void situation_make(struct situation *s, const struct vector *vector)
{
	s->secrets = (struct cookie_secrets){ s->list, (unsigned)(bytes_of(s->list[0].bytes, sizeof(s->list), vector->secrets) / COOKIE_SECRET_LEN) };
	ck_assert_int_eq(netaddr_from_text(&s->client, vector->client, 53), ZT_OK);
	s->query = (struct cookie_query){ s->option, bytes_of(s->option, sizeof(s->option), vector->option), &s->client, vector->now };
}

static enum cookie_kind judge(struct situation *s)
{
	return cookie_judge(&s->secrets, &s->query, s->reply);
}

START_TEST(the_vectors_of_rfc_9018_hold)
{
	const struct vector *vector = &vectors[_i];
	struct situation s;
	uint8_t reply[COOKIE_LEN];

	situation_make(&s, vector);
	ck_assert_msg(judge(&s) == vector->kind, "%s", vector->what);
	bytes_of(reply, sizeof(reply), vector->reply);
	ck_assert_msg(memcmp(s.reply, reply, sizeof(reply)) == 0, "%s", vector->what);
	if (vector->sent) {
		s.query.now = vector->sent;
		ck_assert_msg(judge(&s) == COOKIE_GOOD, "%s, when it was made", vector->what);
	}
}
END_TEST

START_TEST(a_cookie_is_good_for_an_hour_and_for_clocks_that_differ_by_five_minutes)
{
	static const struct { int32_t age; enum cookie_kind kind; } cases[] = {
		{ 0, COOKIE_GOOD }, { 3600, COOKIE_GOOD }, { 3601, COOKIE_BAD }, { -300, COOKIE_GOOD }, { -301, COOKIE_BAD }, { INT32_MAX, COOKIE_BAD },
	};
	struct situation s;

	situation_make(&s, &vectors[1]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s.query.now = vectors[1].sent + (uint32_t)cases[i].age;
		ck_assert_int_eq(judge(&s), cases[i].kind);
	}
	/* The clock's 32 bits run over. */
	s.query.now = UINT32_MAX - 10;
	s.query.len = COOKIE_CLIENT_LEN;
	judge(&s);
	memcpy(s.option, s.reply, COOKIE_LEN);
	s.query.len = COOKIE_LEN;
	s.query.now = 600;
	ck_assert_int_eq(judge(&s), COOKIE_GOOD);
}
END_TEST

START_TEST(a_young_cookie_comes_back_as_it_was)
{
	struct situation s;

	situation_make(&s, &vectors[1]);
	s.query.now = vectors[1].sent + 1800;
	ck_assert_int_eq(judge(&s), COOKIE_GOOD);
	ck_assert_mem_eq(s.reply, s.option, COOKIE_LEN);
	s.query.now++;
	ck_assert_int_eq(judge(&s), COOKIE_GOOD);
	ck_assert_mem_ne(s.reply, s.option, COOKIE_LEN);
	/* Of the secret before, or with reserved bytes: good, but a fresh one of ours goes back. */
	for (int i = 2; i < 4; i++) {
		situation_make(&s, &vectors[i]);
		s.query.now = vectors[i].sent;
		ck_assert_int_eq(judge(&s), COOKIE_GOOD);
		ck_assert_mem_ne(s.reply, s.option, COOKIE_LEN);
		memcpy(s.option, s.reply, COOKIE_LEN);
		ck_assert_int_eq(judge(&s), COOKIE_GOOD);
		ck_assert_mem_eq(s.reply, s.option, COOKIE_LEN);
	}
}
END_TEST

START_TEST(every_byte_and_the_address_matter)
{
	struct situation s;

	situation_make(&s, &vectors[1]);
	for (size_t i = 0; i < COOKIE_LEN; i++) {
		s.option[i] ^= 1;
		ck_assert_int_eq(judge(&s), COOKIE_BAD);
		s.option[i] ^= 1;
	}
	ck_assert_int_eq(judge(&s), COOKIE_GOOD);
	netaddr_set_port(&s.client, 4711);
	ck_assert_int_eq(judge(&s), COOKIE_GOOD);
	ck_assert_int_eq(netaddr_from_text(&s.client, "198.51.100.101", 53), ZT_OK);
	ck_assert_int_eq(judge(&s), COOKIE_BAD);
}
END_TEST

START_TEST(lengths_that_no_cookie_has_are_malformed)
{
	struct situation s;

	situation_make(&s, &vectors[0]);
	for (s.query.len = 0; s.query.len <= 64; s.query.len++) {
		size_t len = s.query.len;
		enum cookie_kind expected = len == 8 ? COOKIE_CLIENT : len >= 16 && len <= 40 ? COOKIE_BAD : COOKIE_MALFORMED;
		ck_assert_msg(judge(&s) == expected, "%zu", len);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dns/cookie");
	TCase *tc = tcase_create("cookie");
	tcase_add_loop_test(tc, the_vectors_of_rfc_9018_hold, 0, sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_test(tc, a_cookie_is_good_for_an_hour_and_for_clocks_that_differ_by_five_minutes);
	tcase_add_test(tc, a_young_cookie_comes_back_as_it_was);
	tcase_add_test(tc, every_byte_and_the_address_matter);
	tcase_add_test(tc, lengths_that_no_cookie_has_are_malformed);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
