/* authd/serve/signing: replies to signed queries are signed and within their limits, whatever the names and options. */
#include <string.h>

#include "authd/serve/respond.h"
#include "lib/dns/writer.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

enum { WALL = 1700000000 };

static const char zone_text[] = "$ORIGIN example.\n$TTL 300\n@ 3600 SOA ns1 hostmaster 7 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.10\n";

struct fixture {
	struct zone *zone;
	struct served_zone served;
	struct view *view;
	struct manual_clock clock;
	struct moment moment;
	struct respond r;
	struct tsig_key *key;
	struct tsig_keys keys;
	struct tsig_check check;
	struct message reply;
	uint8_t query[1024];
	uint8_t out[65535];
};

static struct fixture f;

static void set_up(void)
{
	static struct netaddr peer;

	memset(&f, 0, sizeof(f));
	f.zone = zone_text_new("example.", zone_text);
	f.served = (struct served_zone){ .apex = zone_apex(f.zone), .zone = f.zone };
	atomic_init(&f.served.state, SERVED_OK);
	f.view = view_new(&(struct served_zone *){ &f.served }, 1, 99);
	f.keys = (struct tsig_keys){ &f.key, 1 };
	f.view->settings.keys = &f.keys;
	manual_clock_init(&f.clock, 1000 * USEC_PER_SEC, WALL * USEC_PER_SEC);
	ck_assert_int_eq(netaddr_from_text(&peer, "192.0.2.100", 4711), ZT_OK);
	f.r = (struct respond){ .view = f.view, .query = f.query, .peer = &peer, .moment = &f.moment, .out = f.out, .out_size = 1232 };
}

static void tear_down(void)
{
	tsig_key_release(f.key);
	view_free(f.view);
	zone_free(f.zone);
}

/* A key whose name takes `len` bytes. */
static void key_of_length(const char *algorithm, size_t len)
{
	static const uint8_t secret[32] = { 7 };
	uint8_t name[NAME_MAX_LEN];
	size_t at = 0;

	while (len - at > 1) {
		size_t label = len - at - 2 > LABEL_MAX_LEN ? LABEL_MAX_LEN : len - at - 2;
		label -= len - at - 2 - label == 1;      /* no label of nothing at the end */
		name[at] = (uint8_t)label;
		memset(name + at + 1, 'k', label);
		at += 1 + label;
	}
	name[at] = 0;
	ck_assert_uint_eq(name_len(name), len);
	struct tsig_key_config config = { name, tsig_algorithm_from_text(algorithm), secret, sizeof(secret) };
	tsig_key_release(f.key);
	f.key = NULL;
	ck_assert_int_eq(tsig_key_new(&f.key, &config), ZT_OK);
}

struct ask {
	const char *name;
	uint16_t udp_size;             /* 0 = no EDNS */
	bool with_options;             /* NSID and a cookie */
};

static void query_write(const struct ask *q)
{
	static const uint8_t options[] = { 0, EDNS_NSID, 0, 0, 0, EDNS_COOKIE, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct edns_out edns = { .udp_size = q->udp_size, .options = options, .options_len = q->with_options ? sizeof(options) : 0 };
	uint8_t name[NAME_MAX_LEN];
	struct message_writer writer;

	ck_assert_int_eq(name_from_text(name, q->name, NULL), ZT_OK);
	message_writer_init(&writer, f.query, sizeof(f.query), 77, 0);
	ck_assert_int_eq(message_write_question(&writer, name, TYPE_A, CLASS_IN), ZT_OK);
	if (q->udp_size > 0)
		ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	f.r.query_len = message_writer_finish(&writer);
}

/* Asks signed, and verifies the answer. */
static void ask(const struct ask *q)
{
	struct tsig_message message = { f.query, 0, sizeof(f.query) };

	query_write(q);
	message.len = f.r.query_len;
	tsig_check_init(&f.check, f.key);
	ck_assert_int_eq(tsig_sign(&f.check.chain, &message, &(struct tsig_stamp){ .time = WALL, .fudge = TSIG_FUDGE_S }), ZT_OK);
	f.r.query_len = message.len;
	moment_begin(&f.moment, &f.clock.clock);
	ck_assert_int_eq(respond(&f.r), RESPOND_REPLY);
	ck_assert_uint_gt(f.r.out_len, 0);
	ck_assert_int_eq(message_read(&f.reply, f.out, f.r.out_len), ZT_OK);
	ck_assert_msg(tsig_verify_reply(&f.check, &f.reply, WALL), "fault %d", f.check.fault);
}

START_TEST(a_reply_to_the_longest_question_by_the_longest_key_fits_512_bytes)
{
	static const char *const algorithms[] = { "hmac-sha1", "hmac-sha256", "hmac-sha512", "hmac-sha512-256" };
	static const uint16_t sizes[] = { 0, 512, 600, 1232 };
	static uint8_t nsid[NSID_MAX_LEN];
	/* 255 bytes on the wire */
	static const char longest[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.example.";

	f.view->settings.nsid = nsid;
	f.view->settings.nsid_len = sizeof(nsid);
	f.view->settings.cookies = COOKIES_ON;
	f.view->settings.secret_count = 1;
	for (size_t a = 0; a < sizeof(algorithms) / sizeof(algorithms[0]); a++) {
		for (size_t len = 3; len <= TSIG_KEY_NAME_MAX_LEN; len += len < 120 ? 9 : 1) {
			key_of_length(algorithms[a], len);
			for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
				size_t limit = sizes[s] < 512 ? 512 : sizes[s];
				ask(&(struct ask){ .name = longest, .udp_size = sizes[s], .with_options = true });
				ck_assert_uint_le(f.r.out_len, limit);
				ck_assert_int_eq(f.r.rcode, RCODE_NXDOMAIN);
				ck_assert_uint_eq(f.reply.edns.present, sizes[s] > 0);
				ask(&(struct ask){ .name = "www.example.", .udp_size = sizes[s], .with_options = true });
				ck_assert_uint_le(f.r.out_len, limit);
				ck_assert_int_eq(f.r.rcode, RCODE_NOERROR);
				ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 1);
			}
		}
	}
}
END_TEST

START_TEST(who_asks_is_known_by_the_key)
{
	key_of_length("hmac-sha256", 20);
	ask(&(struct ask){ .name = "www.example." });
	ck_assert_ptr_eq(f.r.key, tsig_key_name(f.key));
	ck_assert_uint_eq(f.r.signing.until, WALL + TSIG_FUDGE_S);
	query_write(&(struct ask){ .name = "www.example." });
	ck_assert_int_eq(respond(&f.r), RESPOND_REPLY);
	ck_assert_ptr_null(f.r.key);
	ck_assert_int_eq(message_read(&f.reply, f.out, f.r.out_len), ZT_OK);
	ck_assert_uint_eq(f.reply.tsig_at, 0);
}
END_TEST

START_TEST(names_of_strangers_that_leave_no_room_are_not_repeated)
{
	static uint8_t name[NAME_MAX_LEN];
	struct tsig_message message = { f.query, 0, sizeof(f.query) };

	key_of_length("hmac-sha256", TSIG_KEY_NAME_MAX_LEN);
	struct tsig_keys none = { 0 };
	f.view->settings.keys = &none;
	for (size_t len = 10; len <= 250; len += 40) {
		struct tsig_record record = { .time = WALL, .fudge = 300 };
		for (size_t at = 0; at + 1 < len; at += 10)
			memcpy(name + at, "\11abcdefghi", 11);
		ck_assert_uint_le(name_len(name), len + 1);
		name_copy(record.key, name);
		name_copy(record.algorithm, name);
		query_write(&(struct ask){ .name = "www.example." });
		message.len = f.r.query_len;
		ck_assert_int_eq(tsig_refuse(&record, &message, RCODE_NOERROR), ZT_OK);
		f.r.query_len = message.len;
		ck_assert_int_eq(respond(&f.r), RESPOND_REPLY);
		ck_assert_int_eq(f.r.rcode, RCODE_NOTAUTH);
		ck_assert_uint_le(f.r.out_len, 512);
		ck_assert_int_eq(message_read(&f.reply, f.out, f.r.out_len), ZT_OK);
		ck_assert_uint_eq(f.reply.tsig_at > 0, 2 * name_len(name) + 26 <= 230);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/signing");
	TCase *tc = tcase_create("signing");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_reply_to_the_longest_question_by_the_longest_key_fits_512_bytes);
	tcase_add_test(tc, who_asks_is_known_by_the_key);
	tcase_add_test(tc, names_of_strangers_that_leave_no_room_are_not_repeated);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
