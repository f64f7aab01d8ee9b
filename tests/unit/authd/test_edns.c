/* authd/serve/respond and edns: options, extended errors, CHAOS, access and limits, as the bytes that leave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/serve/respond.h"
#include "lib/dns/writer.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

static const char zone_text[] =
	"$ORIGIN example.\n$TTL 300\n"
	"@ 3600 SOA ns1 hostmaster 7 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.10\n*.wild A 192.0.2.11\n"
	"child NS ns.child\nns.child A 192.0.2.12\nbig TXT \"0000000000000000000000000000000000000000000000000000000000000000000000000000000000\"\n";

struct fixture {
	struct zone *zone;
	struct served_zone served;
	struct view *view;
	struct manual_clock clock;
	struct moment moment;
	struct limiter *limiter;
	struct respond r;
	struct message reply;
	uint8_t query[1024];
	uint8_t out[65535];
};

static struct fixture f;

static const uint8_t client_half[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void set_up(void)
{
	static const uint8_t key[16] = { 5 };
	static struct netaddr peer;

	memset(&f, 0, sizeof(f));
	f.zone = zone_text_new("example.", zone_text);
	f.served = (struct served_zone){ .apex = zone_apex(f.zone), .zone = f.zone };
	atomic_init(&f.served.state, SERVED_OK);
	f.view = view_new(&(struct served_zone *){ &f.served }, 1, 99);
	manual_clock_init(&f.clock, 1000 * USEC_PER_SEC, 1700000000 * USEC_PER_SEC);
	ck_assert_int_eq(limiter_new(&f.limiter, LIMIT_TABLE_MIN, key), ZT_OK);
	ck_assert_int_eq(netaddr_from_text(&peer, "192.0.2.100", 4711), ZT_OK);
	f.r = (struct respond){ .view = f.view, .query = f.query, .peer = &peer, .moment = &f.moment, .limiter = f.limiter, .out = f.out, .out_size = 1232 };
}

static void tear_down(void)
{
	limiter_free(f.limiter);
	view_free(f.view);
	zone_free(f.zone);
}

static void cookies_set(enum cookie_mode mode)
{
	f.view->settings.cookies = mode;
	f.view->settings.secret_count = 2;
	memset(f.view->settings.secrets[0].bytes, 0xaa, COOKIE_SECRET_LEN);
	memset(f.view->settings.secrets[1].bytes, 0xbb, COOKIE_SECRET_LEN);
}

struct ask {
	const char *name;
	uint16_t type;
	uint16_t rr_class;             /* 0 = IN */
	uint16_t flags;
	uint16_t udp_size;             /* 0 = 1232 */
	uint8_t version;
	bool no_edns;
	bool no_question;
	const uint8_t *options;
	uint16_t options_len;
};

static enum respond_verdict ask(const struct ask *q)
{
	struct message_writer writer;

	message_writer_init(&writer, f.query, sizeof(f.query), 0x1234, q->flags);
	if (!q->no_question)
		ck_assert_int_eq(message_write_question(&writer, zone_text_name(q->name), q->type, q->rr_class ? q->rr_class : CLASS_IN), ZT_OK);
	if (!q->no_edns) {
		struct edns_out edns = { .udp_size = q->udp_size ? q->udp_size : 1232, .options = q->options, .options_len = q->options_len };
		ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
		f.query[writer.cur.pos - q->options_len - 5] = q->version;
	}
	f.r.query_len = message_writer_finish(&writer);
	moment_begin(&f.moment, &f.clock.clock);
	enum respond_verdict verdict = respond(&f.r);
	if (verdict == RESPOND_REPLY && f.r.out_len > 0) {
		ck_assert_int_eq(message_read(&f.reply, f.out, f.r.out_len), ZT_OK);
		ck_assert_uint_eq(f.reply.id, 0x1234);
		ck_assert_uint_eq(message_rcode(&f.reply), f.r.rcode);
		ck_assert(f.reply.edns.present != q->no_edns);
	}
	return verdict;
}

/* A query for www with one option. */
static void ask_option(uint16_t code, const void *data, uint16_t len)
{
	uint8_t options[128];
	struct wcursor cur = wcursor_over(options, sizeof(options));

	wcursor_u16(&cur, code);
	wcursor_u16(&cur, len);
	wcursor_put(&cur, data, len);
	ck_assert_int_eq(ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .options = options, .options_len = (uint16_t)cur.pos }), RESPOND_REPLY);
}

static const uint8_t *option(uint16_t code, uint16_t *len)
{
	const uint8_t *data = NULL;
	return edns_option(&f.reply.edns, code, &data, len) ? data : NULL;
}

/* The same where it must be there. */
static const uint8_t *option_data(uint16_t code, uint16_t *len)
{
	const uint8_t *data = option(code, len);
	if (!data) {
		ck_abort_msg("no option %u", code);
		abort();
	}
	return data;
}

static void assert_no_option(uint16_t code)
{
	uint16_t len;
	ck_assert_ptr_null(option(code, &len));
}

static void assert_error(unsigned rcode, unsigned code, const char *text)
{
	uint16_t len;
	const uint8_t *data = option_data(EDNS_EDE, &len);

	ck_assert_uint_eq(message_rcode(&f.reply), rcode);
	ck_assert_uint_eq(wire_get_u16(data), code);
	ck_assert_uint_eq(len - 2u, strlen(text));
	ck_assert_mem_eq(data + 2, text, strlen(text));
}

/* ---- EDNS ---------------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_later_version_gets_badvers)
{
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .version = 1 });
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_BADVERS);
	ck_assert_uint_eq(f.reply.edns.version, 0);
	ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 0);
	ask(&(struct ask){ .name = "example.", .type = TYPE_SOA, .flags = opcode_flags(OPCODE_NOTIFY), .version = 1 });
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_BADVERS);
}
END_TEST

START_TEST(unknown_options_are_passed_over)
{
	ask_option(65001, "abc", 3);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_NOERROR);
	ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 1);
	ck_assert_uint_eq(f.reply.edns.options_len, 0);
	ask_option(EDNS_CLIENT_SUBNET, "\0\1\x18\0\xc0\0\2", 7);
	ck_assert_uint_eq(f.reply.edns.options_len, 0);
}
END_TEST

START_TEST(the_payload_size_limits_answers_and_is_told)
{
	static const struct { uint16_t own, theirs; size_t limit; } cases[] = {
		{ 1232, 4096, 1232 }, { 1232, 900, 900 }, { 1232, 100, 512 }, { 600, 4096, 600 }, { 512, 4096, 512 }, { 4096, 2000, 1232 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.view->settings.udp_payload_size = cases[i].own;
		ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .udp_size = cases[i].theirs });
		ck_assert_uint_eq(respond_limit(&f.r), cases[i].limit);
		ck_assert_uint_eq(f.reply.edns.udp_size, cases[i].own);
	}
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .no_edns = true });
	ck_assert_uint_eq(respond_limit(&f.r), 512);
}
END_TEST

START_TEST(rd_comes_back_and_nothing_else)
{
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .flags = 0x07f0 });
	ck_assert_uint_eq(f.reply.flags, FLAG_QR | FLAG_AA | FLAG_RD);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A });
	ck_assert_uint_eq(f.reply.flags, FLAG_QR | FLAG_AA);
	ask(&(struct ask){ .name = "www.other.", .type = TYPE_A, .flags = 0x07f0 });
	ck_assert_uint_eq(f.reply.flags, FLAG_QR | FLAG_RD | RCODE_REFUSED);
	ask(&(struct ask){ .name = "www.other.", .type = TYPE_A, .flags = (uint16_t)(0x07f0 | opcode_flags(15)) });
	ck_assert_uint_eq(f.reply.flags, FLAG_QR | FLAG_RD | opcode_flags(15) | RCODE_NOTIMP);
}
END_TEST

START_TEST(nsid_is_told_to_who_asks_where_it_is_set)
{
	uint16_t len;

	ask_option(EDNS_NSID, NULL, 0);
	assert_no_option(EDNS_NSID);
	f.view->settings.nsid = (const uint8_t *)"ns1\0x";
	f.view->settings.nsid_len = 5;
	ask_option(EDNS_NSID, NULL, 0);
	ck_assert_mem_eq(option_data(EDNS_NSID, &len), "ns1\0x", 5);
	ck_assert_uint_eq(len, 5);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A });
	assert_no_option(EDNS_NSID);
}
END_TEST

START_TEST(expire_is_all_of_it_on_a_primary_and_the_rest_on_a_secondary)
{
	static const uint8_t options[] = { 0, EDNS_EXPIRE, 0, 0 };
	const struct ask soa = { .name = "EXAMPLE.", .type = TYPE_SOA, .options = options, .options_len = 4 };
	uint16_t len;

	ask(&soa);
	ck_assert_uint_eq(wire_get_u32(option_data(EDNS_EXPIRE, &len)), 86400);
	ck_assert_uint_eq(len, 4);
	atomic_store(&f.served.expires_at, f.clock.now + 1234 * USEC_PER_SEC + 1);
	ask(&soa);
	ck_assert_uint_eq(wire_get_u32(option_data(EDNS_EXPIRE, &len)), 1234);
	manual_clock_advance(&f.clock, 1300 * USEC_PER_SEC);
	ask(&soa);
	ck_assert_uint_eq(wire_get_u32(option_data(EDNS_EXPIRE, &len)), 0);
	ask_option(EDNS_EXPIRE, NULL, 0);      /* www A */
	assert_no_option(EDNS_EXPIRE);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_SOA, .options = options, .options_len = 4 });
	assert_no_option(EDNS_EXPIRE);
}
END_TEST

START_TEST(keepalive_is_for_tcp_and_padding_for_encrypted_transports)
{
	uint16_t len;

	f.r.keepalive = 300;
	ask_option(EDNS_KEEPALIVE, NULL, 0);
	assert_no_option(EDNS_KEEPALIVE);
	ask_option(EDNS_PADDING, "\0\0", 2);
	assert_no_option(EDNS_PADDING);
	f.r.is_tcp = true;
	f.r.out_size = sizeof(f.out);
	ask_option(EDNS_KEEPALIVE, NULL, 0);
	ck_assert_uint_eq(wire_get_u16(option_data(EDNS_KEEPALIVE, &len)), 300);
	ck_assert_uint_eq(len, 2);
	ask_option(EDNS_PADDING, "\0\0", 2);
	assert_no_option(EDNS_PADDING);
	f.r.is_encrypted = true;
	ask_option(EDNS_PADDING, "\0\0", 2);
	ck_assert_uint_eq(f.r.out_len, 468);
	ck_assert_ptr_nonnull(option_data(EDNS_PADDING, &len));
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A });
	ck_assert_uint_lt(f.r.out_len, 100);
}
END_TEST

START_TEST(a_zone_version_question_with_data_is_malformed)
{
	ask_option(EDNS_ZONEVERSION, "\0", 1);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_FORMERR);
	ask_option(EDNS_ZONEVERSION, NULL, 0);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_NOERROR);
}
END_TEST

START_TEST(room_for_options_is_kept_when_the_answer_is_large)
{
	static const uint8_t options[] = { 0, EDNS_NSID, 0, 0, 0, EDNS_ZONEVERSION, 0, 0, 0, EDNS_COOKIE, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	static uint8_t nsid[NSID_MAX_LEN];
	uint16_t len;

	cookies_set(COOKIES_ON);
	f.view->settings.nsid = nsid;
	f.view->settings.nsid_len = sizeof(nsid);
	zone_text_publish(f.zone, "+ big.example. 300 IN TXT \"1111111111111111111111111111111111111111111111111111111111111111111111111111111111\"\n"
				  "+ big.example. 300 IN TXT \"2222222222222222222222222222222222222222222222222222222222222222222222222222222222\"\n"
				  "+ big.example. 300 IN TXT \"3333333333333333333333333333333333333333333333333333333333333333333333333333333333\"\n= 8\n");
	ask(&(struct ask){ .name = "big.example.", .type = TYPE_TXT, .udp_size = 512, .options = options, .options_len = sizeof(options) });
	ck_assert_msg(f.reply.flags & FLAG_TC, "%zu %d", f.r.out_len, f.reply.count[1]);
	ck_assert_uint_le(f.r.out_len, 512);
	ck_assert(option(EDNS_NSID, &len) && option(EDNS_ZONEVERSION, &len) && option(EDNS_COOKIE, &len));
	ask(&(struct ask){ .name = "big.example.", .type = TYPE_TXT, .udp_size = 512 });
	ck_assert(!(f.reply.flags & FLAG_TC));
}
END_TEST

/* ---- cookies ------------------------------------------------------------------------------------------------------------------------ */

/* The cookie that a client of now has learned. */
static void cookie_learn(uint8_t out[COOKIE_LEN])
{
	uint16_t len;

	ask_option(EDNS_COOKIE, client_half, sizeof(client_half));
	const uint8_t *data = option_data(EDNS_COOKIE, &len);
	ck_assert_uint_eq(len, COOKIE_LEN);
	memcpy(out, data, COOKIE_LEN);
}

START_TEST(cookies_are_given_to_who_asks)
{
	uint8_t cookie[COOKIE_LEN];

	ask_option(EDNS_COOKIE, client_half, sizeof(client_half));
	assert_no_option(EDNS_COOKIE);
	cookies_set(COOKIES_ON);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A });
	assert_no_option(EDNS_COOKIE);
	ck_assert_int_eq(f.r.plan.cookie_kind, COOKIE_ABSENT);
	cookie_learn(cookie);
	ck_assert_int_eq(f.r.plan.cookie_kind, COOKIE_CLIENT);
	ask_option(EDNS_COOKIE, cookie, COOKIE_LEN);
	ck_assert_int_eq(f.r.plan.cookie_kind, COOKIE_GOOD);
	cookie[COOKIE_LEN - 1] ^= 1;
	ask_option(EDNS_COOKIE, cookie, COOKIE_LEN);
	ck_assert_int_eq(f.r.plan.cookie_kind, COOKIE_BAD);
	ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 1);
	/* Errors carry one too, so that the client does not throw them away. */
	uint8_t options[4 + 8] = { 0, EDNS_COOKIE, 0, 8 };
	ask(&(struct ask){ .name = "other.", .type = TYPE_A, .options = options, .options_len = sizeof(options) });
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_REFUSED);
	uint16_t len;
	ck_assert_ptr_nonnull(option_data(EDNS_COOKIE, &len));
}
END_TEST

START_TEST(a_malformed_cookie_gets_formerr)
{
	cookies_set(COOKIES_ON);
	ask_option(EDNS_COOKIE, client_half, 7);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_FORMERR);
	assert_no_option(EDNS_COOKIE);
}
END_TEST

START_TEST(the_first_of_two_cookies_counts)
{
	uint8_t options[4 + COOKIE_LEN + 4 + 3] = { 0, EDNS_COOKIE, 0, COOKIE_LEN }, cookie[COOKIE_LEN];

	cookies_set(COOKIES_ON);
	cookie_learn(cookie);
	memcpy(options + 4, cookie, COOKIE_LEN);
	memcpy(options + 4 + COOKIE_LEN, "\0\12\0\3abc", 7);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .options = options, .options_len = sizeof(options) });
	ck_assert_int_eq(f.r.plan.cookie_kind, COOKIE_GOOD);
}
END_TEST

START_TEST(a_query_without_question_asks_for_a_cookie)
{
	uint8_t options[] = { 0, EDNS_COOKIE, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct ask q = { .no_question = true, .options = options, .options_len = sizeof(options) };
	uint16_t len;

	ask(&q);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_FORMERR);
	cookies_set(COOKIES_ON);
	ask(&q);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_NOERROR);
	ck_assert_ptr_nonnull(option_data(EDNS_COOKIE, &len));
	q.options_len = 0;
	ask(&q);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_FORMERR);
}
END_TEST

START_TEST(where_cookies_are_required_udp_is_for_who_has_one)
{
	uint8_t cookie[COOKIE_LEN];

	cookies_set(COOKIES_REQUIRED);
	cookie_learn(cookie);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_BADCOOKIE);
	ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 0);
	ask_option(EDNS_COOKIE, cookie, COOKIE_LEN);
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_NOERROR);
	ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 1);
	for (int no_edns = 0; no_edns < 2; no_edns++) {
		ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .no_edns = no_edns });
		ck_assert_uint_eq(f.reply.flags, FLAG_QR | FLAG_TC);
		ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 0);
	}
	f.r.is_tcp = true;
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .no_edns = true });
	ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 1);
	cookie[COOKIE_LEN - 1] ^= 1;
	ask_option(EDNS_COOKIE, cookie, COOKIE_LEN);
	ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], 1);
}
END_TEST

/* ---- extended errors ------------------------------------------------------------------------------------------------------------------ */

START_TEST(refusals_say_why)
{
	struct acl acl;

	ask(&(struct ask){ .name = "www.other.", .type = TYPE_A });
	assert_error(RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "no such zone here");
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .rr_class = CLASS_HS });
	assert_error(RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "class not served");
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .flags = opcode_flags(OPCODE_UPDATE) });
	assert_error(RCODE_NOTAUTH, EDE_NOT_AUTHORITATIVE, "no such zone here");
	ask(&(struct ask){ .name = "example.", .type = TYPE_SOA, .flags = opcode_flags(OPCODE_UPDATE) });
	assert_error(RCODE_REFUSED, EDE_PROHIBITED, "allow-update");
	ask(&(struct ask){ .name = "www.example.", .type = 200 });
	assert_error(RCODE_NOTIMP, EDE_NOT_SUPPORTED, "query type");
	ask(&(struct ask){ .name = "example.", .type = TYPE_AXFR });
	assert_error(RCODE_FORMERR, EDE_NOT_SUPPORTED, "AXFR over UDP");
	atomic_store(&f.served.state, SERVED_LOADING);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A });
	assert_error(RCODE_SERVFAIL, EDE_NOT_READY, "zone not loaded");
	atomic_store(&f.served.state, SERVED_EXPIRED);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A });
	assert_error(RCODE_SERVFAIL, EDE_INVALID_DATA, "zone expired");
	acl_init(&acl);
	f.served.allow_query = &acl;
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A });
	assert_error(RCODE_REFUSED, EDE_PROHIBITED, "allow-query");
}
END_TEST

START_TEST(what_is_fine_needs_no_reason)
{
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A });
	assert_no_option(EDNS_EDE);
	ask(&(struct ask){ .name = "nowhere.example.", .type = TYPE_A });
	assert_no_option(EDNS_EDE);
}
END_TEST

START_TEST(only_who_is_listed_may_ask_for_a_zone_with_allow_query)
{
	const char *const lists[] = { "192.0.2.0/25", "192.0.2.128/25" };

	for (unsigned i = 0; i < 2; i++) {
		struct acl acl;
		acl_init(&acl);
		ck_assert_int_eq(acl_add_text(&acl, lists[i]), ZT_OK);
		f.served.allow_query = &acl;
		ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .no_edns = true });
		ck_assert_uint_eq(message_rcode(&f.reply), i == 0 ? RCODE_NOERROR : RCODE_REFUSED);
		ck_assert_uint_eq(f.reply.count[SECTION_ANSWER], i == 0);
		/* Transfers have a list of their own. */
		ck_assert_int_eq(ask(&(struct ask){ .name = "example.", .type = TYPE_IXFR }), RESPOND_TRANSFER);
		acl_fini(&acl);
	}
	f.served.allow_query = NULL;
}
END_TEST

/* ---- CHAOS ------------------------------------------------------------------------------------------------------------------------------ */

static const char *chaos(const char *name, uint16_t type)
{
	static char text[256];
	struct record_iter iter;
	struct record record;

	ask(&(struct ask){ .name = name, .type = type, .rr_class = CLASS_CH });
	record_iter_init(&iter, &f.reply, SECTION_ANSWER);
	if (!record_iter_next(&iter, &record))
		return rcode_to_text(message_rcode(&f.reply));
	ck_assert_uint_eq(record.rr_class, CLASS_CH);
	ck_assert_uint_eq(record.type, TYPE_TXT);
	ck_assert_uint_eq(record.ttl, 0);
	ck_assert(f.reply.flags & FLAG_AA);
	snprintf(text, sizeof(text), "%.*s", f.out[record.rdata_at], (char *)f.out + record.rdata_at + 1);
	return text;
}

START_TEST(chaos_names_tell_what_is_set)
{
	ck_assert_str_eq(chaos("version.bind.", TYPE_TXT), "REFUSED");
	f.view->settings.version = "one";
	f.view->settings.identity = "two";
	ck_assert_str_eq(chaos("version.bind.", TYPE_TXT), "one");
	ck_assert_str_eq(chaos("VERSION.server.", TYPE_ANY), "one");
	ck_assert_str_eq(chaos("hostname.bind.", TYPE_TXT), "two");
	ck_assert_str_eq(chaos("id.server.", TYPE_TXT), "two");
	ck_assert_str_eq(chaos("id.server.", TYPE_A), "NOERROR");
	ck_assert_str_eq(chaos("authors.bind.", TYPE_TXT), "REFUSED");
	ck_assert_str_eq(chaos("www.example.", TYPE_A), "REFUSED");
	ask(&(struct ask){ .name = "version.bind.", .type = TYPE_TXT });
	ck_assert_uint_eq(message_rcode(&f.reply), RCODE_REFUSED);
}
END_TEST

/* ---- rate limits ------------------------------------------------------------------------------------------------------------------------ */

struct tally {
	unsigned whole, truncated, none;
};

/* `count` queries at one time for names made from `format`. */
static struct tally flood(const char *format, unsigned count)
{
	struct tally tally = { 0 };

	for (unsigned i = 0; i < count; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%s%s", strncmp(format, "N.", 2) == 0 ? (i % 2 ? "x" : "y") : "", strncmp(format, "N.", 2) == 0 ? format + 1 : format);
		ck_assert_int_eq(ask(&(struct ask){ .name = name, .type = TYPE_A, .no_edns = true }), RESPOND_REPLY);
		if (f.r.out_len == 0)
			tally.none++;
		else if (f.reply.flags & FLAG_TC)
			tally.truncated++;
		else
			tally.whole++;
	}
	return tally;
}

START_TEST(answers_that_are_alike_are_limited)
{
	static const char *const names[] = { "www.example.", "N.example.", "N.wild.example.", "N.child.example." };

	f.view->settings.limit = (struct limit_rules){ .per_second = 10, .slip = 2, .ipv4_prefix = 24, .ipv6_prefix = 56, .workers = 1 };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tally tally = flood(names[i], 30);
		ck_assert_msg(tally.whole == 10 && tally.truncated == 10 && tally.none == 10, "%s: %u whole, %u truncated, %u none", names[i], tally.whole,
			      tally.truncated, tally.none);
	}
	/* Of errors that slip through nothing can be cut. */
	struct tally tally = flood("N.other.", 30);
	ck_assert_uint_eq(tally.whole, 20);
	ck_assert_uint_eq(tally.none, 10);
	f.view->settings.limit.per_second = 0;
	ck_assert_uint_eq(flood("www.example.", 30).whole, 30);
}
END_TEST

START_TEST(transfers_over_udp_and_questions_for_a_cookie_are_limited_too)
{
	static const uint8_t cookie[] = { 0, EDNS_COOKIE, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	unsigned transfers = 0, truncated = 0, replies = 0;

	cookies_set(COOKIES_ON);
	f.view->settings.limit = (struct limit_rules){ .per_second = 10, .slip = 2, .ipv4_prefix = 24, .ipv6_prefix = 56, .workers = 1 };
	for (unsigned i = 0; i < 30; i++) {
		if (ask(&(struct ask){ .name = "example.", .type = TYPE_IXFR }) == RESPOND_TRANSFER)
			transfers++;
		else
			truncated += f.r.out_len > 0 && f.reply.flags & FLAG_TC;
	}
	ck_assert_uint_eq(transfers, 10);
	ck_assert_uint_eq(truncated, 10);
	for (unsigned i = 0; i < 30; i++) {
		ck_assert_int_eq(ask(&(struct ask){ .no_question = true, .options = cookie, .options_len = sizeof(cookie) }), RESPOND_REPLY);
		replies += f.r.out_len > 0;
	}
	ck_assert_uint_eq(replies, 20);
	f.r.limiter = NULL;
	f.r.is_tcp = true;
	ck_assert_int_eq(ask(&(struct ask){ .name = "example.", .type = TYPE_IXFR }), RESPOND_TRANSFER);
}
END_TEST

START_TEST(a_good_cookie_and_tcp_are_not_limited)
{
	uint8_t cookie[COOKIE_LEN];

	cookies_set(COOKIES_ON);
	cookie_learn(cookie);
	f.view->settings.limit = (struct limit_rules){ .per_second = 1, .slip = 0, .ipv4_prefix = 24, .ipv6_prefix = 56, .workers = 1 };
	ck_assert_uint_eq(flood("www.example.", 30).none, 26);
	ask_option(EDNS_COOKIE, cookie, COOKIE_LEN);
	ck_assert_uint_gt(f.r.out_len, 0);
	cookie[COOKIE_LEN - 1] ^= 1;
	ask_option(EDNS_COOKIE, cookie, COOKIE_LEN);
	ck_assert_uint_eq(f.r.out_len, 0);
	f.r.limiter = NULL;
	f.r.is_tcp = true;
	ck_assert_uint_eq(flood("www.example.", 30).whole, 30);
}
END_TEST

/* ---- ZSYNC ----------------------------------------------------------------------------------------------------------------------------- */

static bool ask_zsync(const char *name, uint16_t type, const struct zsync *theirs, struct zsync *out)
{
	uint8_t options[ZSYNC_OPTION_LEN];

	zsync_write(theirs, options);
	ck_assert_int_eq(ask(&(struct ask){ .name = name, .type = type, .options = options, .options_len = sizeof(options) }), RESPOND_REPLY);
	return zsync_read(&f.reply.edns, out);
}

START_TEST(what_a_version_is_is_told_to_those_who_may_transfer_it)
{
	struct zsync ours = zsync_of_version(zone_current(f.zone), &zone_text_key), theirs = ours, told;
	struct acl acl;

	ck_assert(!ask_zsync("example.", TYPE_SOA, &theirs, &told));
	acl_init(&acl);
	ck_assert_int_eq(acl_add_text(&acl, "192.0.2.99"), ZT_OK);
	f.served.allow_transfer = &acl;
	ck_assert(!ask_zsync("example.", TYPE_SOA, &theirs, &told));
	ck_assert_int_eq(acl_add_text(&acl, "192.0.2.100"), ZT_OK);
	ck_assert(ask_zsync("example.", TYPE_SOA, &theirs, &told));
	ck_assert_uint_eq(told.serial, 7);
	ck_assert(zsync_is_same(&told, &ours));
	ck_assert(!(told.flags & ZSYNC_DIVERGED));
	/* About the zone alone, and only to who says what it has. */
	ck_assert(!ask_zsync("www.example.", TYPE_SOA, &theirs, &told));
	ck_assert(!ask_zsync("example.", TYPE_NS, &theirs, &told));
	ck_assert_int_eq(ask(&(struct ask){ .name = "example.", .type = TYPE_SOA }), RESPOND_REPLY);
	ck_assert(!zsync_read(&f.reply.edns, &told));
	acl_fini(&acl);
}
END_TEST

START_TEST(same_serial_with_other_content_is_told_to_have_diverged)
{
	struct zsync theirs = zsync_of_version(zone_current(f.zone), &zone_text_key), told;
	struct acl acl;

	acl_init(&acl);
	ck_assert_int_eq(acl_add_text(&acl, "192.0.2.100"), ZT_OK);
	f.served.allow_transfer = &acl;
	theirs.summary.fingerprint.lo ^= 1;
	ck_assert(ask_zsync("example.", TYPE_SOA, &theirs, &told));
	ck_assert(told.flags & ZSYNC_DIVERGED);
	/* Another serial may well have other content, and of another key's fingerprints nothing is known. */
	theirs.serial--;
	ck_assert(ask_zsync("example.", TYPE_SOA, &theirs, &told));
	ck_assert(!(told.flags & ZSYNC_DIVERGED));
	theirs.serial++;
	theirs.key_id ^= 1;
	ck_assert(ask_zsync("example.", TYPE_SOA, &theirs, &told));
	ck_assert(!(told.flags & ZSYNC_DIVERGED));
	acl_fini(&acl);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/edns");
	TCase *tc = tcase_create("edns");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_later_version_gets_badvers);
	tcase_add_test(tc, unknown_options_are_passed_over);
	tcase_add_test(tc, the_payload_size_limits_answers_and_is_told);
	tcase_add_test(tc, rd_comes_back_and_nothing_else);
	tcase_add_test(tc, nsid_is_told_to_who_asks_where_it_is_set);
	tcase_add_test(tc, expire_is_all_of_it_on_a_primary_and_the_rest_on_a_secondary);
	tcase_add_test(tc, keepalive_is_for_tcp_and_padding_for_encrypted_transports);
	tcase_add_test(tc, a_zone_version_question_with_data_is_malformed);
	tcase_add_test(tc, room_for_options_is_kept_when_the_answer_is_large);
	tcase_add_test(tc, cookies_are_given_to_who_asks);
	tcase_add_test(tc, a_malformed_cookie_gets_formerr);
	tcase_add_test(tc, the_first_of_two_cookies_counts);
	tcase_add_test(tc, a_query_without_question_asks_for_a_cookie);
	tcase_add_test(tc, where_cookies_are_required_udp_is_for_who_has_one);
	tcase_add_test(tc, refusals_say_why);
	tcase_add_test(tc, what_is_fine_needs_no_reason);
	tcase_add_test(tc, only_who_is_listed_may_ask_for_a_zone_with_allow_query);
	tcase_add_test(tc, chaos_names_tell_what_is_set);
	tcase_add_test(tc, answers_that_are_alike_are_limited);
	tcase_add_test(tc, transfers_over_udp_and_questions_for_a_cookie_are_limited_too);
	tcase_add_test(tc, a_good_cookie_and_tcp_are_not_limited);
	tcase_add_test(tc, what_a_version_is_is_told_to_those_who_may_transfer_it);
	tcase_add_test(tc, same_serial_with_other_content_is_told_to_have_diverged);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
