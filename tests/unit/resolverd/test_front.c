/* What clients get: from queries' bytes to replies' bytes, without a network. */
#include <string.h>

#include "lib/dns/writer.h"
#include "resolverd/serve/front.h"
#include "tests/support/suite.h"

#define S USEC_PER_SEC

static struct cache cache;
static struct view *view;
static struct front front;
static struct netaddr remote;
static uint8_t out[MESSAGE_MAX_LEN];
static struct message reply;

static void setup(void)
{
	ck_assert_int_eq(cache_init(&cache, 1 << 20, 1), ZT_OK);
	view = view_new();
	ck_assert_int_eq(acl_add_text(&view->allow_query, "192.0.2.0/24"), ZT_OK);
	view->policy.local_zones = true;
	ck_assert_int_eq(netaddr_from_text(&remote, "192.0.2.1@4000", 53), ZT_OK);
	front = (struct front){ .view = view, .cache = &cache, .responder = responder_new(), .now = 100 * S, .out = out, .out_size = sizeof(out) };
}

static void teardown(void)
{
	responder_free(front.responder);
	view_release(view);
	cache_fini(&cache);
}

struct query {
	const char *name;
	uint16_t type, flags;
	uint16_t udp_size;        /* 0: no EDNS */
	bool dnssec_ok, tcp;
	uint16_t rr_class;        /* 0: IN */
};

static enum front_verdict ask(struct query q)
{
	uint8_t name[NAME_MAX_LEN], wire[512];
	struct message_writer writer;

	ck_assert_int_eq(name_from_text(name, q.name, NULL), ZT_OK);
	message_writer_init(&writer, wire, sizeof(wire), 0x1234, q.flags);
	ck_assert_int_eq(message_write_question(&writer, name, q.type, q.rr_class ? q.rr_class : CLASS_IN), ZT_OK);
	if (q.udp_size) {
		struct edns_out edns = { .udp_size = q.udp_size, .flags = q.dnssec_ok ? EDNS_FLAG_DO : 0 };
		ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	}
	struct front_query query = { .wire = wire, .len = message_writer_finish(&writer), .remote = &remote, .is_tcp = q.tcp };
	enum front_verdict verdict = front_query(&front, &query);
	if (verdict == FRONT_REPLY) {
		ck_assert_int_eq(message_read(&reply, out, front.out_len), ZT_OK);
		ck_assert_uint_eq(reply.id, 0x1234);
		ck_assert(reply.flags & FLAG_QR);
		ck_assert_uint_eq(reply.edns.present, q.udp_size > 0);
	}
	return verdict;
}

/* `count` A records, and a signature that is none. */
static void remember(const char *owner, unsigned count, usec_t expires)
{
	uint8_t name[NAME_MAX_LEN], rdata[8192];
	struct wcursor cur = wcursor_over(rdata, sizeof(rdata));

	ck_assert_int_eq(name_from_text(name, owner, NULL), ZT_OK);
	for (unsigned i = 0; i < count; i++) {
		wcursor_u16(&cur, 4);
		wcursor_u32(&cur, 0xc0000200 + i);
	}
	static const uint8_t sig[] = { 0, 1, 8, 2, 0, 0, 0, 60, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 'x' };
	wcursor_u16(&cur, sizeof(sig));
	wcursor_put(&cur, sig, sizeof(sig));
	struct rrset set = { .owner = name, .type = TYPE_A, .trust = TRUST_ANSWER_AA, .count = (uint16_t)count, .sig_count = 1, .rdata = rdata,
		             .rdata_len = (uint32_t)cur.pos, .expires = expires };
	ck_assert(rrsets_put(&cache, &set, front.now));
}

static uint32_t first_ttl(void)
{
	struct record_iter iter;
	struct record record;

	record_iter_init(&iter, &reply, SECTION_ANSWER);
	ck_assert(record_iter_next(&iter, &record));
	return record.ttl;
}

START_TEST(answers_from_the_cache_and_then_from_the_ready_message)
{
	remember("www.example.", 2, 160 * S);
	ck_assert_int_eq(ask((struct query){ "WwW.eXample.", TYPE_A, .flags = FLAG_RD }), FRONT_REPLY);
	ck_assert(!front.hit);
	ck_assert_uint_eq(reply.flags, FLAG_QR | FLAG_RD | FLAG_RA);
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 2);
	ck_assert_uint_eq(first_ttl(), 60);
	front.now += 1;
	ck_assert_int_eq(ask((struct query){ "wWw.Example.", TYPE_A, .flags = FLAG_RD | FLAG_CD, .udp_size = 4096 }), FRONT_REPLY);
	ck_assert(front.hit);
	ck_assert_uint_eq(reply.flags, FLAG_QR | FLAG_RD | FLAG_RA | FLAG_CD);
	ck_assert_uint_eq(first_ttl(), 59);
	/* The question comes back letter for letter. */
	ck_assert_int_eq(memcmp(reply.qname, "\003wWw\007Example", 12), 0);
	front.now = 160 * S;
	ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .flags = FLAG_RD }), FRONT_RESOLVE);
	ck_assert(name_equal(front.asked.name, (const uint8_t *)"\003www\007example"));
}
END_TEST

START_TEST(gives_signatures_to_those_who_ask)
{
	remember("www.example.", 1, 160 * S);
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .udp_size = 1232, .dnssec_ok = true }), FRONT_REPLY);
		ck_assert_uint_eq(reply.count[SECTION_ANSWER], 2);
		ck_assert(reply.edns.flags & EDNS_FLAG_DO);
		ck_assert(!(reply.flags & FLAG_AD));
		ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .udp_size = 1232 }), FRONT_REPLY);
		ck_assert_uint_eq(reply.count[SECTION_ANSWER], 1);
	}
}
END_TEST

START_TEST(truncates_to_what_the_client_takes)
{
	remember("big.example.", 100, 160 * S);
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(ask((struct query){ "big.example.", TYPE_A, .flags = FLAG_RD }), FRONT_REPLY);
		ck_assert(reply.flags & FLAG_TC);
		ck_assert_uint_le(front.out_len, 512);
		ck_assert_int_eq(ask((struct query){ "big.example.", TYPE_A, .flags = FLAG_RD, .udp_size = 4096 }), FRONT_REPLY);
		ck_assert(reply.flags & FLAG_TC);
		ck_assert_uint_le(front.out_len, 1232);
		ck_assert_int_eq(ask((struct query){ "big.example.", TYPE_A, .flags = FLAG_RD, .tcp = true }), FRONT_REPLY);
		ck_assert(!(reply.flags & FLAG_TC));
		ck_assert_uint_eq(reply.count[SECTION_ANSWER], 100);
	}
	/* 70 records are 1,169 bytes: in 1,232 with OPT, not in 512. */
	remember("mid.example.", 70, 160 * S);
	ck_assert_int_eq(ask((struct query){ "mid.example.", TYPE_A, .udp_size = 1232 }), FRONT_REPLY);
	ck_assert(!(reply.flags & FLAG_TC));
	ck_assert_int_eq(ask((struct query){ "mid.example.", TYPE_A, .udp_size = 600 }), FRONT_REPLY);
	ck_assert(reply.flags & FLAG_TC);
	ck_assert_int_eq(ask((struct query){ "mid.example.", TYPE_A, .udp_size = 100 }), FRONT_REPLY);
	ck_assert(reply.flags & FLAG_TC);
}
END_TEST

START_TEST(without_rd_shows_the_cache_and_asks_nobody)
{
	uint8_t ns[] = { 0, 12, 2, 'n', 's', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };
	ns[1] = sizeof(ns) - 2;
	struct rrset set = { .owner = (const uint8_t *)"\007example", .type = TYPE_NS, .trust = TRUST_REFERRAL, .count = 1, .rdata = ns,
		             .rdata_len = sizeof(ns), .expires = 500 * S };

	ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .flags = 0 }), FRONT_REPLY);
	ck_assert_uint_eq(reply.flags, FLAG_QR | FLAG_RA);
	ck_assert_uint_eq(reply.count[SECTION_ANSWER] + reply.count[SECTION_AUTHORITY], 0);
	ck_assert(rrsets_put(&cache, &set, front.now));
	ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .flags = 0 }), FRONT_REPLY);
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 0);
	ck_assert_uint_eq(reply.count[SECTION_AUTHORITY], 1);
	/* Glue and referrals are no answers. */
	ck_assert_int_eq(ask((struct query){ "example.", TYPE_NS, .flags = FLAG_RD }), FRONT_RESOLVE);
	remember("www.example.", 1, 160 * S);
	ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .flags = 0 }), FRONT_REPLY);
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 1);
}
END_TEST

START_TEST(refuses_what_it_must)
{
	remember("www.example.", 1, 160 * S);
	ck_assert_int_eq(ask((struct query){ "version.bind.", TYPE_TXT, .rr_class = CLASS_CH }), FRONT_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_REFUSED);
	ck_assert_int_eq(ask((struct query){ "example.", TYPE_AXFR, .tcp = true }), FRONT_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_NOTIMP);
	ck_assert_int_eq(ask((struct query){ "example.", TYPE_SOA, .flags = opcode_flags(OPCODE_UPDATE) }), FRONT_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_NOTIMP);
	ck_assert_uint_eq(flags_opcode(reply.flags), OPCODE_UPDATE);
	ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .flags = FLAG_QR }), FRONT_DROP);
	ck_assert_int_eq(netaddr_from_text(&remote, "198.51.100.1", 53), ZT_OK);
	ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .flags = FLAG_RD, .udp_size = 1232 }), FRONT_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_REFUSED);
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 0);
}
END_TEST

START_TEST(answers_bad_forms_with_formerr_and_badvers)
{
	uint8_t wire[64] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w' };
	struct front_query query = { .wire = wire, .len = 15, .remote = &remote };

	ck_assert_int_eq(front_query(&front, &query), FRONT_REPLY);
	ck_assert_int_eq(message_read(&reply, out, front.out_len), ZT_OK);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_FORMERR);
	query.len = 11;
	ck_assert_int_eq(front_query(&front, &query), FRONT_DROP);
	uint8_t badvers[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 41, 4, 208, 0, 1, 0, 0, 0, 0 };
	query = (struct front_query){ .wire = badvers, .len = sizeof(badvers), .remote = &remote };
	ck_assert_int_eq(front_query(&front, &query), FRONT_REPLY);
	ck_assert_int_eq(message_read(&reply, out, front.out_len), ZT_OK);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_BADVERS);
}
END_TEST

START_TEST(answers_local_zones_with_authority)
{
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(ask((struct query){ "localhost.", TYPE_A, .flags = FLAG_RD }), FRONT_REPLY);
		ck_assert_uint_eq(reply.flags, FLAG_QR | FLAG_RD | FLAG_RA | FLAG_AA);
		ck_assert_uint_eq(reply.count[SECTION_ANSWER], 1);
		ck_assert_int_eq(ask((struct query){ "1.1.168.192.in-addr.arpa.", TYPE_PTR, .flags = FLAG_RD }), FRONT_REPLY);
		ck_assert_uint_eq(message_rcode(&reply), RCODE_NXDOMAIN);
		ck_assert_uint_eq(reply.count[SECTION_AUTHORITY], 1);
	}
	view->policy.local_zones = false;
	cache_messages_outdate(&cache);
	ck_assert_int_eq(ask((struct query){ "localhost.", TYPE_A, .flags = FLAG_RD }), FRONT_RESOLVE);
}
END_TEST

START_TEST(a_failure_is_servfail_and_does_not_stick)
{
	struct result failed = { .rcode = RCODE_SERVFAIL };

	ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .flags = FLAG_RD }), FRONT_RESOLVE);
	front_reply(&front, &failed);
	ck_assert_int_eq(message_read(&reply, out, front.out_len), ZT_OK);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_SERVFAIL);
	ck_assert_int_eq(ask((struct query){ "www.example.", TYPE_A, .flags = FLAG_RD }), FRONT_RESOLVE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unit/resolverd/front");
	TCase *tcase = tcase_create("front");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, answers_from_the_cache_and_then_from_the_ready_message);
	tcase_add_test(tcase, gives_signatures_to_those_who_ask);
	tcase_add_test(tcase, truncates_to_what_the_client_takes);
	tcase_add_test(tcase, without_rd_shows_the_cache_and_asks_nobody);
	tcase_add_test(tcase, refuses_what_it_must);
	tcase_add_test(tcase, answers_bad_forms_with_formerr_and_badvers);
	tcase_add_test(tcase, answers_local_zones_with_authority);
	tcase_add_test(tcase, a_failure_is_servfail_and_does_not_stick);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
