/* What is believed of a reply: bailiwick, chains, referrals, negative answers, ranks. */
#include <stdio.h>
#include <string.h>

#include "lib/dns/present.h"
#include "resolverd/resolve/scrub.h"
#include "tests/support/suite.h"

#define NOW (1000 * USEC_PER_SEC)

static struct arena arena;
static struct policy policy = { .max_ttl = 86400, .max_negative_ttl = 3600 };

static void setup(void)
{
	arena_init(&arena, 4096);
	policy = (struct policy){ .max_ttl = 86400, .max_negative_ttl = 3600 };
}

static void teardown(void)
{
	arena_fini(&arena);
}

static uint8_t *name_of(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_OK);
	return arena_copy(&arena, name, name_len(name));
}

/* "ans www.example. 300 A 192.0.2.1": section, owner, TTL, type, rdata. */
static void add(struct message_writer *writer, const char *line)
{
	char section[8], owner[600], type[32];
	unsigned ttl;
	int at = 0;
	uint8_t room[4096];
	struct wcursor rdata = wcursor_over(room, sizeof(room));
	struct record_out out = { .rr_class = CLASS_IN };

	ck_assert_int_eq(sscanf(line, "%7s %599s %u %31s %n", section, owner, &ttl, type, &at), 4);
	ck_assert(rr_type_from_text(type, &out.type));
	ck_assert_int_eq(rdata_from_text(out.type, line + at, name_root, &rdata, NULL), ZT_OK);
	out.owner = name_of(owner);
	out.ttl = ttl;
	out.rdata = room;
	out.rdata_len = (uint16_t)rdata.pos;
	enum section where = strcmp(section, "ans") == 0 ? SECTION_ANSWER : strcmp(section, "aut") == 0 ? SECTION_AUTHORITY : SECTION_ADDITIONAL;
	ck_assert_int_eq(message_write_record(writer, where, &out), ZT_OK);
}

struct asked {
	const char *qname;
	uint16_t qtype;
	const char *zone;
	bool forwarded;
};

static struct reply scrub(struct asked asked, uint16_t flags, const char *const *lines)
{
	uint8_t wire[65535];
	struct message_writer writer;
	struct message message;
	struct reply reply;

	message_writer_init(&writer, wire, sizeof(wire), 7, (uint16_t)(FLAG_QR | flags));
	ck_assert_int_eq(message_write_question(&writer, name_of(asked.qname), asked.qtype, CLASS_IN), ZT_OK);
	for (; *lines; lines++)
		add(&writer, *lines);
	size_t len = message_writer_finish(&writer);
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	struct scrub_question question = {
		.qname = name_of(asked.qname), .qtype = asked.qtype, .zone = name_of(asked.zone), .forwarded = asked.forwarded, .with_edns = true,
		.origin = { .learned = NOW },
	};
	ck_assert_int_eq(scrub_reply(&reply, &message, &question, &policy, &arena), ZT_OK);
	return reply;
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct asked www = { "www.example.", TYPE_A, "example.", false };

static uint32_t ttl_of(const struct rrset *set)
{
	return ttl_left(set->expires, NOW);
}

START_TEST(takes_an_answer_and_nothing_beside_it)
{
	struct reply reply = scrub(www, FLAG_AA, LINES("ans www.example. 300 A 192.0.2.1", "ans www.example. 200 A 192.0.2.2", "ans www.example. 300 A 192.0.2.1",
	                                               "ans mail.example. 300 A 192.0.2.3", "ans www.victim. 300 A 192.0.2.4", "aut victim. 300 NS ns.evil.",
	                                               "aut example. 300 NS ns.example.", "add ns.example. 300 A 192.0.2.5", "add www.victim. 300 A 192.0.2.6",
	                                               "add mail.example. 300 A 192.0.2.7"));

	ck_assert_int_eq(reply.kind, REPLY_ANSWER);
	ck_assert_uint_eq(reply.chain_count, 1);
	ck_assert_uint_eq(reply.chain[0]->count, 2);
	ck_assert_uint_eq(reply.chain[0]->trust, TRUST_ANSWER_AA);
	ck_assert_uint_eq(ttl_of(reply.chain[0]), 200);
	ck_assert(name_equal(reply.ns->owner, name_of("example.")));
	ck_assert_uint_eq(reply.ns->trust, TRUST_AUTHORITY_AA);
	ck_assert_uint_eq(reply.glue_count, 1);
	ck_assert_uint_eq(reply.glue[0]->trust, TRUST_ADDITIONAL);
}
END_TEST

START_TEST(clamps_ttls_and_takes_negative_ones_for_zero)
{
	policy.max_ttl = 100;
	policy.min_ttl = 5;
	ck_assert_uint_eq(ttl_of(scrub(www, FLAG_AA, LINES("ans www.example. 300 A 192.0.2.1")).chain[0]), 100);
	ck_assert_uint_eq(ttl_of(scrub(www, FLAG_AA, LINES("ans www.example. 1 A 192.0.2.1")).chain[0]), 5);
	policy.min_ttl = 0;
	ck_assert_uint_eq(ttl_of(scrub(www, FLAG_AA, LINES("ans www.example. 2147483648 A 192.0.2.1")).chain[0]), 0);
}
END_TEST

START_TEST(follows_a_chain_as_far_as_the_bailiwick)
{
	struct reply reply = scrub(www, FLAG_AA, LINES("ans www.example. 300 CNAME a.example.", "ans a.example. 300 CNAME b.victim.", "ans b.victim. 300 A 192.0.2.1"));

	ck_assert_int_eq(reply.kind, REPLY_CNAME);
	ck_assert_uint_eq(reply.chain_count, 2);
	ck_assert_uint_eq(reply.chain[0]->trust, TRUST_ANSWER_AA);
	ck_assert_uint_eq(reply.chain[1]->trust, TRUST_ANSWER);
	ck_assert(name_equal(reply.target, name_of("b.victim.")));
	/* An rcode behind the chain speaks of a name that is none of this server's business. */
	reply = scrub(www, FLAG_AA | RCODE_NXDOMAIN, LINES("ans www.example. 300 CNAME b.victim.", "aut victim. 300 SOA a. b. 1 1 1 1 1"));
	ck_assert_int_eq(reply.kind, REPLY_CNAME);
	reply = scrub(www, FLAG_AA | RCODE_NXDOMAIN, LINES("ans www.example. 300 CNAME b.example.", "aut example. 300 SOA a. b. 1 1 1 1 60"));
	ck_assert_int_eq(reply.kind, REPLY_NXDOMAIN);
	ck_assert(name_equal(reply.target, name_of("b.example.")));
	/* Two CNAMEs at a name are no alias. */
	reply = scrub(www, FLAG_AA, LINES("ans www.example. 300 CNAME a.example.", "ans www.example. 300 CNAME b.example."));
	ck_assert_uint_eq(reply.chain_count, 0);
}
END_TEST

START_TEST(a_chain_in_a_circle_ends)
{
	struct reply reply = scrub(www, FLAG_AA, LINES("ans www.example. 300 CNAME a.example.", "ans a.example. 300 CNAME www.example."));
	ck_assert_int_eq(reply.kind, REPLY_CNAME);
	ck_assert_uint_le(reply.chain_count, CHAIN_MAX);
}
END_TEST

START_TEST(makes_the_cname_of_a_dname_itself)
{
	struct asked asked = { "a.b.old.example.", TYPE_A, "example.", false };
	struct reply reply = scrub(asked, FLAG_AA, LINES("ans old.example. 100 DNAME new.example.", "ans a.b.old.example. 300 CNAME evil.example.",
	                                                 "ans a.b.new.example. 300 A 192.0.2.1", "ans evil.example. 300 A 192.0.2.2"));

	ck_assert_int_eq(reply.kind, REPLY_ANSWER);
	ck_assert_uint_eq(reply.chain_count, 3);
	ck_assert_uint_eq(reply.chain[0]->type, TYPE_DNAME);
	ck_assert_uint_eq(reply.chain[1]->type, TYPE_CNAME);
	ck_assert_uint_eq(ttl_of(reply.chain[1]), 100);
	ck_assert(name_equal(reply.chain[2]->owner, name_of("a.b.new.example.")));
	/* A DNAME outside the bailiwick, or at the name itself, does nothing. */
	reply = scrub(asked, FLAG_AA, LINES("ans . 100 DNAME new.example."));
	ck_assert_uint_eq(reply.chain_count, 0);
	struct asked at_owner = { "old.example.", TYPE_A, "example.", false };
	reply = scrub(at_owner, FLAG_AA, LINES("ans old.example. 100 DNAME new.example."));
	ck_assert_uint_eq(reply.chain_count, 0);
}
END_TEST

START_TEST(a_dname_that_leads_too_far_is_yxdomain)
{
	char qname[256], line[400], target[256] = "";
	struct asked asked = { qname, TYPE_A, "example.", false };

	for (int i = 0; i < 3; i++)
		snprintf(target + strlen(target), sizeof(target) - strlen(target), "%s", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789.");
	snprintf(qname, sizeof(qname), "%.*s.old.example.", 62, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789");
	snprintf(line, sizeof(line), "ans old.example. 100 DNAME %sexample.", target);
	struct reply reply = scrub(asked, FLAG_AA | RCODE_YXDOMAIN, LINES(line));
	ck_assert_int_eq(reply.kind, REPLY_ANSWER);
	ck_assert_int_eq(reply.rcode, RCODE_YXDOMAIN);
	ck_assert_uint_eq(reply.chain_count, 1);
	reply = scrub(asked, FLAG_AA | RCODE_YXDOMAIN, LINES("aut example. 1 SOA a. b. 1 1 1 1 1"));
	ck_assert_int_eq(reply.kind, REPLY_FAILED);
}
END_TEST

START_TEST(takes_referrals_only_downwards)
{
	struct asked asked = { "www.sub.example.", TYPE_A, "example.", false };
	struct reply reply = scrub(asked, 0, LINES("aut sub.example. 300 NS ns.sub.example.", "aut sub.example. 300 NS ns.other.", "add ns.sub.example. 300 A 192.0.2.1",
	                                           "add ns.sub.example. 300 AAAA 2001:db8::1", "add ns.other. 300 A 192.0.2.2", "add www.victim. 300 A 192.0.2.3"));

	ck_assert_int_eq(reply.kind, REPLY_REFERRAL);
	ck_assert_uint_eq(reply.ns->trust, TRUST_REFERRAL);
	ck_assert_uint_eq(reply.glue_count, 2);
	ck_assert_int_eq(scrub(asked, 0, LINES("aut . 300 NS a.root.")).kind, REPLY_LAME);
	ck_assert_int_eq(scrub(asked, 0, LINES("aut example. 300 NS ns.example.")).kind, REPLY_LAME);
	ck_assert_int_eq(scrub(asked, 0, LINES("aut other.example. 300 NS ns.example.")).kind, REPLY_LAME);
	ck_assert_int_eq(scrub(asked, FLAG_RA, LINES("aut sub.example. 300 NS ns.sub.example.")).kind, REPLY_REFERRAL);
}
END_TEST

START_TEST(limits_negative_answers_by_soa_ttl_minimum_and_configuration)
{
	struct reply reply = scrub(www, FLAG_AA | RCODE_NXDOMAIN, LINES("aut example. 500 SOA a. b. 1 1 1 1 60"));
	ck_assert_int_eq(reply.kind, REPLY_NXDOMAIN);
	ck_assert_uint_eq(ttl_left(reply.negative.expires, NOW), 60);
	ck_assert_uint_eq(ttl_of(reply.negative.sets[0]), 60);
	reply = scrub(www, FLAG_AA, LINES("aut example. 30 SOA a. b. 1 1 1 1 60"));
	ck_assert_int_eq(reply.kind, REPLY_NODATA);
	ck_assert_uint_eq(ttl_left(reply.negative.expires, NOW), 30);
	reply = scrub(www, FLAG_AA, LINES("aut example. 80000 SOA a. b. 1 1 1 1 70000"));
	ck_assert_uint_eq(ttl_left(reply.negative.expires, NOW), 3600);
	/* Without an SOA it is believed, and not kept. */
	reply = scrub(www, FLAG_AA | RCODE_NXDOMAIN, LINES("aut example. 300 NS ns.example."));
	ck_assert_int_eq(reply.kind, REPLY_NXDOMAIN);
	ck_assert_int_eq(reply.negative.expires, NOW);
	ck_assert_uint_eq(reply.negative.count, 0);
}
END_TEST

START_TEST(takes_servers_without_authority_for_lame)
{
	ck_assert_int_eq(scrub(www, FLAG_RA, LINES("ans www.example. 300 A 192.0.2.1")).kind, REPLY_LAME);
	ck_assert_int_eq(scrub(www, 0, LINES("ans www.example. 300 A 192.0.2.1")).kind, REPLY_ANSWER);
	ck_assert_uint_eq(scrub(www, 0, LINES("ans www.example. 300 A 192.0.2.1")).chain[0]->trust, TRUST_ANSWER);
	ck_assert_int_eq(scrub(www, RCODE_NXDOMAIN, LINES("add x. 1 A 192.0.2.1")).kind, REPLY_LAME);
	ck_assert_int_eq(scrub(www, FLAG_AA | RCODE_NXDOMAIN, LINES("aut . 300 SOA a. b. 1 1 1 1 60")).kind, REPLY_LAME);
	ck_assert_int_eq(scrub(www, FLAG_AA, LINES("aut other. 300 SOA a. b. 1 1 1 1 60")).kind, REPLY_LAME);
	ck_assert_int_eq(scrub(www, RCODE_REFUSED, LINES("add x. 1 A 192.0.2.1")).kind, REPLY_LAME);
	ck_assert_int_eq(scrub(www, RCODE_SERVFAIL, LINES("add x. 1 A 192.0.2.1")).kind, REPLY_FAILED);
	ck_assert_int_eq(scrub(www, RCODE_FORMERR, LINES("add x. 1 A 192.0.2.1")).kind, REPLY_NO_EDNS);
	ck_assert_int_eq(scrub(www, FLAG_TC, LINES("add x. 1 A 192.0.2.1")).kind, REPLY_TRUNCATED);
}
END_TEST

START_TEST(believes_a_forwarder_within_its_zone_but_takes_no_delegation)
{
	struct asked asked = { "www.example.", TYPE_A, ".", true };
	struct reply reply = scrub(asked, FLAG_RA, LINES("ans www.example. 30 CNAME www.other.", "ans www.other. 20 A 192.0.2.1", "aut other. 30 NS ns.evil.",
	                                                 "add ns.evil. 30 A 192.0.2.9"));

	ck_assert_int_eq(reply.kind, REPLY_ANSWER);
	ck_assert_uint_eq(reply.chain_count, 2);
	ck_assert_uint_eq(reply.chain[1]->trust, TRUST_ANSWER);
	ck_assert_ptr_null(reply.ns);
	ck_assert_uint_eq(reply.glue_count, 0);
	ck_assert_int_eq(scrub(asked, FLAG_RA | RCODE_NXDOMAIN, LINES("aut example. 9 SOA a. b. 1 1 1 1 60")).kind, REPLY_NXDOMAIN);
	ck_assert_int_ne(scrub(asked, FLAG_RA, LINES("aut example. 9 NS ns.example.")).kind, REPLY_REFERRAL);
}
END_TEST

START_TEST(keeps_signatures_with_the_set_they_cover)
{
	struct reply reply = scrub(www, FLAG_AA, LINES("ans www.example. 300 A 192.0.2.1", "ans www.example. 300 RRSIG A 8 2 300 20300101000000 20200101000000 1 example. AAAA",
	                                               "ans www.example. 300 RRSIG AAAA 8 2 300 20300101000000 20200101000000 1 example. AAAA"));
	ck_assert_int_eq(reply.kind, REPLY_ANSWER);
	ck_assert_uint_eq(reply.chain[0]->count, 1);
	ck_assert_uint_eq(reply.chain[0]->sig_count, 1);
}
END_TEST

START_TEST(gives_any_all_that_is_there)
{
	struct asked asked = { "www.example.", TYPE_ANY, "example.", false };
	struct reply reply = scrub(asked, FLAG_AA, LINES("ans www.example. 300 A 192.0.2.1", "ans www.example. 300 TXT x", "ans www.example. 300 A 192.0.2.2",
	                                                 "ans other.example. 300 A 192.0.2.3"));
	ck_assert_int_eq(reply.kind, REPLY_ANSWER);
	ck_assert_uint_eq(reply.chain_count, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unit/resolverd/scrub");
	TCase *tcase = tcase_create("scrub");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, takes_an_answer_and_nothing_beside_it);
	tcase_add_test(tcase, clamps_ttls_and_takes_negative_ones_for_zero);
	tcase_add_test(tcase, follows_a_chain_as_far_as_the_bailiwick);
	tcase_add_test(tcase, a_chain_in_a_circle_ends);
	tcase_add_test(tcase, makes_the_cname_of_a_dname_itself);
	tcase_add_test(tcase, a_dname_that_leads_too_far_is_yxdomain);
	tcase_add_test(tcase, takes_referrals_only_downwards);
	tcase_add_test(tcase, limits_negative_answers_by_soa_ttl_minimum_and_configuration);
	tcase_add_test(tcase, takes_servers_without_authority_for_lame);
	tcase_add_test(tcase, believes_a_forwarder_within_its_zone_but_takes_no_delegation);
	tcase_add_test(tcase, keeps_signatures_with_the_set_they_cover);
	tcase_add_test(tcase, gives_any_all_that_is_there);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
