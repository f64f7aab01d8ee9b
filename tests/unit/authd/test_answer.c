/* authd/serve/answer and respond: every kind of answer, as the bytes that leave. */
#include <stdlib.h>
#include <string.h>

#include "authd/serve/respond.h"
#include "lib/dns/present.h"
#include "lib/dns/writer.h"
#include "lib/zone/edit.h"
#include "lib/zone/zonefile.h"
#include "tests/support/suite.h"

static const char zone_text[] =
	"$ORIGIN example.\n$TTL 300\n"
	"@ 3600 SOA ns1 hostmaster 7 3600 600 86400 60\n"
	"@ NS ns1\n@ NS ns.other.\n"
	"ns1 A 192.0.2.1\nns1 AAAA 2001:db8::1\n"
	"www A 192.0.2.10\nwww A 192.0.2.11\n"
	"alias CNAME www\nout CNAME www.other.\nloop1 CNAME loop2\nloop2 CNAME loop1\ndangling CNAME nowhere\n"
	"mail MX 10 www\n"
	"mails MX 10 www\nmails MX 20 ns1\nmails MX 30 www\n"
	"self CNAME self\n*.loop CNAME a.loop\none DNAME two\ntwo DNAME one\nx.there CNAME y.here\nhere DNAME there\ny.there A 192.0.2.50\nup.back DNAME back\n*.star DNAME star\n"
	"*.wild TXT \"any\"\n*.aliases CNAME www\n"
	"deep.empty.ent A 192.0.2.20\n"
	"child NS ns.child\nchild NS ns1\nchild DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000\n"
	"ns.child A 192.0.2.30\nbelow.child A 192.0.2.31\n"
	"gone DNAME new\nx.new A 192.0.2.40\ntoolong DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
	"_s._tcp SRV 0 0 53 ns1\n"
	"kx KX 5 www\nsvc HTTPS 0 svc.real\nsvc.real HTTPS 1 . alpn=h2\nsvc.real HTTPS 2 svc.real alpn=h3\nsvc.real A 192.0.2.60\n"
	"big TXT \"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\"\n"
	"big TXT \"1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111\"\n"
	"big TXT \"2222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222\"\n"
	"big TXT \"3333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333\"\n"
	"big TXT \"4444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444\"\n";

/* One zone behind a view. */
struct fixture {
	struct zone *zone;
	struct served_zone served;
	struct view *view;
	uint8_t apex[NAME_MAX_LEN];
	uint8_t out[65535];
	size_t out_len;
};

static struct fixture f;

static int add_record(void *arg, const struct zonefile_record *record)
{
	return zone_edit_add(arg, &(struct change_record){ record->owner, record->type, record->ttl, record->rdata, record->rdata_len });
}

static void set_up(void)
{
	struct fingerprint_key key = { { 1 } };
	struct zone_edit *edit;
	struct zonefile_report report;
	struct zonefile_text text = { "test", zone_text, strlen(zone_text) };

	ck_assert_int_eq(name_from_text(f.apex, "example.", NULL), ZT_OK);
	ck_assert_int_eq(zone_new(f.apex, &key, &f.zone), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(f.zone, &edit), ZT_OK);
	zonefile_report_init(&report);
	ck_assert_int_eq(zonefile_read_text(&text, f.apex, &(struct zonefile_sink){ add_record, edit }, &report), ZT_OK);
	zonefile_report_fini(&report);
	zone_edit_publish(edit);
	f.served = (struct served_zone){ .apex = f.apex, .zone = f.zone };
	atomic_init(&f.served.state, SERVED_OK);
	f.view = view_new(&(struct served_zone *){ &f.served }, 1, 99);
	ck_assert_ptr_nonnull(f.view);
}

static void tear_down(void)
{
	view_free(f.view);
	zone_free(f.zone);
}

/* The text of all records of a section, joined by " | ". */
static char *section_text(const struct message *message, enum section section)
{
	struct record_iter iter;
	struct record record;
	struct buf text;
	uint8_t rdata[65535];
	size_t len;

	buf_init(&text);
	record_iter_init(&iter, message, section);
	while (record_iter_next(&iter, &record)) {
		struct wcursor cur = wcursor_over(rdata, sizeof(rdata));
		if (record.type == TYPE_OPT)
			continue;
		ck_assert_int_eq(record_rdata(message, &record, &cur), ZT_OK);
		struct record_out out = {
			.owner = record.owner, .type = record.type, .rr_class = record.rr_class, .ttl = record.ttl, .rdata = rdata,
			.rdata_len = (uint16_t)cur.pos,
		};
		if (text.len > 0)
			buf_printf(&text, " | ");
		record_to_text(&out, &text);
	}
	buf_add_u8(&text, 0);
	return (char *)buf_take(&text, &len);
}

struct ask {
	const char *name;
	uint16_t type;
	bool is_tcp;
	bool with_edns;
	uint16_t udp_size;
	uint16_t flags;
	uint16_t edns_flags;
	const char *peer;
	const uint8_t *options;
	uint16_t options_len;
};

static enum respond_verdict ask(const struct ask *q, struct message *reply)
{
	uint8_t query[1024], name[NAME_MAX_LEN];
	struct message_writer writer;

	message_writer_init(&writer, query, sizeof(query), 0x1234, q->flags);
	ck_assert_int_eq(name_from_text(name, q->name, NULL), ZT_OK);
	ck_assert_int_eq(message_write_question(&writer, name, q->type, CLASS_IN), ZT_OK);
	if (q->with_edns) {
		struct edns_out edns = { .udp_size = q->udp_size, .flags = q->edns_flags, .options = q->options, .options_len = q->options_len };
		ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	}
	struct netaddr peer = { 0 };
	ck_assert_int_eq(netaddr_from_text(&peer, q->peer ? q->peer : "192.0.2.100", 53), ZT_OK);
	struct respond r = {
		.view = f.view, .query = query, .query_len = message_writer_finish(&writer), .peer = &peer, .is_tcp = q->is_tcp, .out = f.out,
		.out_size = sizeof(f.out),
	};
	enum respond_verdict verdict = respond(&r);
	f.out_len = r.out_len;
	if (verdict == RESPOND_REPLY) {
		ck_assert_int_eq(message_read(reply, f.out, r.out_len), ZT_OK);
		ck_assert_uint_eq(reply->id, 0x1234);
		ck_assert(reply->flags & FLAG_QR);
		ck_assert_uint_eq(message_rcode(reply), r.rcode);
	}
	return verdict;
}

#define SOA_NEGATIVE "example. 60 IN SOA ns1.example. hostmaster.example. 7 3600 600 86400 60"

struct expectation {
	const char *name;
	uint16_t type;
	unsigned rcode;
	bool authoritative;
	const char *answer, *authority, *additional;
};

static const struct expectation expectations[] = {
	{ "www.example.", TYPE_A, RCODE_NOERROR, true, "www.example. 300 IN A 192.0.2.10 | www.example. 300 IN A 192.0.2.11", "", "" },
	{ "www.example.", TYPE_AAAA, RCODE_NOERROR, true, "", SOA_NEGATIVE, "" },
	{ "nope.example.", TYPE_A, RCODE_NXDOMAIN, true, "", SOA_NEGATIVE, "" },
	{ "empty.ent.example.", TYPE_A, RCODE_NOERROR, true, "", SOA_NEGATIVE, "" },
	{ "ent.example.", TYPE_A, RCODE_NOERROR, true, "", SOA_NEGATIVE, "" },
	{ "x.ent.example.", TYPE_A, RCODE_NXDOMAIN, true, "", SOA_NEGATIVE, "" },
	{ "alias.example.", TYPE_A, RCODE_NOERROR, true,
	  "alias.example. 300 IN CNAME www.example. | www.example. 300 IN A 192.0.2.10 | www.example. 300 IN A 192.0.2.11", "", "" },
	{ "alias.example.", TYPE_CNAME, RCODE_NOERROR, true, "alias.example. 300 IN CNAME www.example.", "", "" },
	{ "alias.example.", TYPE_AAAA, RCODE_NOERROR, true, "alias.example. 300 IN CNAME www.example.", SOA_NEGATIVE, "" },
	{ "out.example.", TYPE_A, RCODE_NOERROR, true, "out.example. 300 IN CNAME www.other.", "", "" },
	/* RFC 6604: the code is that of the last name. */
	{ "dangling.example.", TYPE_A, RCODE_NXDOMAIN, true, "dangling.example. 300 IN CNAME nowhere.example.", SOA_NEGATIVE, "" },
	{ "mail.example.", TYPE_MX, RCODE_NOERROR, true, "mail.example. 300 IN MX 10 www.example.", "",
	  "www.example. 300 IN A 192.0.2.10 | www.example. 300 IN A 192.0.2.11" },
	{ "_s._tcp.example.", TYPE_SRV, RCODE_NOERROR, true, "_s._tcp.example. 300 IN SRV 0 0 53 ns1.example.", "",
	  "ns1.example. 300 IN A 192.0.2.1 | ns1.example. 300 IN AAAA 2001:db8::1" },
	/* RFC 4592: synthesis, no synthesis for the closest encloser itself, NODATA from the source. */
	{ "a.b.wild.example.", TYPE_TXT, RCODE_NOERROR, true, "a.b.wild.example. 300 IN TXT \"any\"", "", "" },
	{ "wild.example.", TYPE_TXT, RCODE_NOERROR, true, "", SOA_NEGATIVE, "" },
	{ "a.wild.example.", TYPE_A, RCODE_NOERROR, true, "", SOA_NEGATIVE, "" },
	{ "x.aliases.example.", TYPE_A, RCODE_NOERROR, true,
	  "x.aliases.example. 300 IN CNAME www.example. | www.example. 300 IN A 192.0.2.10 | www.example. 300 IN A 192.0.2.11", "", "" },
	/* Referrals: glue of the child first, then what else we know; DS is ours. */
	{ "child.example.", TYPE_A, RCODE_NOERROR, false, "",
	  "child.example. 300 IN NS ns.child.example. | child.example. 300 IN NS ns1.example.",
	  "ns.child.example. 300 IN A 192.0.2.30 | ns1.example. 300 IN A 192.0.2.1 | ns1.example. 300 IN AAAA 2001:db8::1" },
	{ "child.example.", TYPE_DS, RCODE_NOERROR, true,
	  "child.example. 300 IN DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000", "", "" },
	/* DNAME: the CNAME it implies, followed inside the zone. */
	{ "x.gone.example.", TYPE_A, RCODE_NOERROR, true,
	  "gone.example. 300 IN DNAME new.example. | x.gone.example. 300 IN CNAME x.new.example. | x.new.example. 300 IN A 192.0.2.40", "", "" },
	{ "x.gone.example.", TYPE_CNAME, RCODE_NOERROR, true,
	  "gone.example. 300 IN DNAME new.example. | x.gone.example. 300 IN CNAME x.new.example.", "", "" },
	{ "gone.example.", TYPE_A, RCODE_NOERROR, true, "", SOA_NEGATIVE, "" },
	{ "x.here.example.", TYPE_A, RCODE_NOERROR, true,
	  "here.example. 300 IN DNAME there.example. | x.here.example. 300 IN CNAME x.there.example. | x.there.example. 300 IN CNAME y.here.example. | "
	  "y.here.example. 300 IN CNAME y.there.example. | y.there.example. 300 IN A 192.0.2.50", "", "" },
	/* Loops: every record once. */
	{ "up.up.back.example.", TYPE_DNAME, RCODE_NOERROR, true,
	  "up.back.example. 300 IN DNAME back.example. | up.up.back.example. 300 IN CNAME up.back.example.", "", "" },
	{ "x.*.star.example.", TYPE_DNAME, RCODE_NOERROR, true,      /* under another name it is another RRset */
	  "*.star.example. 300 IN DNAME star.example. | x.*.star.example. 300 IN CNAME x.star.example. | x.star.example. 300 IN DNAME star.example.", "", "" },
	{ "up.up.back.example.", TYPE_ANY, RCODE_NOERROR, true,
	  "up.back.example. 300 IN DNAME back.example. | up.up.back.example. 300 IN CNAME up.back.example.", "", "" },
	{ "loop1.example.", TYPE_A, RCODE_NOERROR, true, "loop1.example. 300 IN CNAME loop2.example. | loop2.example. 300 IN CNAME loop1.example.",
	  "", "" },
	{ "self.example.", TYPE_A, RCODE_NOERROR, true, "self.example. 300 IN CNAME self.example.", "", "" },
	{ "b.loop.example.", TYPE_A, RCODE_NOERROR, true, "b.loop.example. 300 IN CNAME a.loop.example. | a.loop.example. 300 IN CNAME a.loop.example.",
	  "", "" },
	{ "x.one.example.", TYPE_A, RCODE_NOERROR, true,
	  "one.example. 300 IN DNAME two.example. | x.one.example. 300 IN CNAME x.two.example. | two.example. 300 IN DNAME one.example. | "
	  "x.two.example. 300 IN CNAME x.one.example.", "", "" },
	/* Addresses once, however many records point to a name. */
	{ "mails.example.", TYPE_MX, RCODE_NOERROR, true,
	  "mails.example. 300 IN MX 10 www.example. | mails.example. 300 IN MX 20 ns1.example. | mails.example. 300 IN MX 30 www.example.", "",
	  "www.example. 300 IN A 192.0.2.10 | www.example. 300 IN A 192.0.2.11 | ns1.example. 300 IN A 192.0.2.1 | "
	  "ns1.example. 300 IN AAAA 2001:db8::1" },
	{ "kx.example.", TYPE_KX, RCODE_NOERROR, true, "kx.example. 300 IN KX 5 www.example.", "",
	  "www.example. 300 IN A 192.0.2.10 | www.example. 300 IN A 192.0.2.11" },
	/* RFC 9460 section 4.1: the target's own records go along, but not those that the answer has already. */
	{ "svc.example.", TYPE_HTTPS, RCODE_NOERROR, true, "svc.example. 300 IN HTTPS 0 svc.real.example.", "",
	  "svc.real.example. 300 IN A 192.0.2.60 | svc.real.example. 300 IN HTTPS 1 . alpn=h2 | "
	  "svc.real.example. 300 IN HTTPS 2 svc.real.example. alpn=h3" },
	{ "svc.real.example.", TYPE_HTTPS, RCODE_NOERROR, true,
	  "svc.real.example. 300 IN HTTPS 1 . alpn=h2 | svc.real.example. 300 IN HTTPS 2 svc.real.example. alpn=h3", "",
	  "svc.real.example. 300 IN A 192.0.2.60" },
	{ "other.", TYPE_A, RCODE_REFUSED, false, "", "", "" },
};

START_TEST(answers_by_the_rules)
{
	const struct expectation *e = &expectations[_i];
	struct message reply;

	ck_assert_int_eq(ask(&(struct ask){ .name = e->name, .type = e->type, .is_tcp = true }, &reply), RESPOND_REPLY);
	char *answer = section_text(&reply, SECTION_ANSWER), *authority = section_text(&reply, SECTION_AUTHORITY),
	     *additional = section_text(&reply, SECTION_ADDITIONAL);
	ck_assert_uint_eq(message_rcode(&reply), e->rcode);
	ck_assert_int_eq((reply.flags & FLAG_AA) != 0, e->authoritative);
	ck_assert_str_eq(answer, e->answer);
	ck_assert_str_eq(authority, e->authority);
	ck_assert_str_eq(additional, e->additional);
	free(answer);
	free(authority);
	free(additional);
}
END_TEST

START_TEST(names_below_a_cut_are_referred_not_answered)
{
	struct message reply;
	ask(&(struct ask){ .name = "below.child.example.", .type = TYPE_A, .is_tcp = true }, &reply);
	ck_assert(!(reply.flags & FLAG_AA));
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 0);
	ck_assert_uint_eq(reply.count[SECTION_AUTHORITY], 2);
}
END_TEST

START_TEST(a_dname_whose_result_is_too_long_gives_yxdomain)
{
	struct message reply;
	const char *name = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
			   "cccccccccc.toolong.example.";
	ask(&(struct ask){ .name = name, .type = TYPE_A, .is_tcp = true }, &reply);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_YXDOMAIN);
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 1);
}
END_TEST

START_TEST(the_question_comes_back_in_its_own_case)
{
	struct message reply;
	ask(&(struct ask){ .name = "WwW.ExAmPlE.", .type = TYPE_A }, &reply);
	ck_assert_mem_eq(reply.qname + 1, "WwW", 3);
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 2);
}
END_TEST

START_TEST(what_does_not_fit_is_truncated_by_whole_rrsets)
{
	struct message reply;
	ask(&(struct ask){ .name = "big.example.", .type = TYPE_TXT }, &reply);
	ck_assert(reply.flags & FLAG_TC);
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 0);
	ck_assert_uint_le(f.out_len, 512);
	ask(&(struct ask){ .name = "big.example.", .type = TYPE_TXT, .with_edns = true, .udp_size = 4096 }, &reply);
	ck_assert(!(reply.flags & FLAG_TC));
	ck_assert_uint_eq(reply.count[SECTION_ANSWER], 5);
	ck_assert_uint_le(f.out_len, EDNS_UDP_SIZE);
	/* A size below 512 means 512 (RFC 6891 section 6.2.5). */
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .with_edns = true, .udp_size = 10 }, &reply);
	ck_assert(!(reply.flags & FLAG_TC));
	ask(&(struct ask){ .name = "big.example.", .type = TYPE_TXT, .is_tcp = true }, &reply);
	ck_assert(!(reply.flags & FLAG_TC));
}
END_TEST

START_TEST(edns_is_answered_with_edns_and_only_then)
{
	struct message reply;
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .with_edns = true, .udp_size = 1232 }, &reply);
	ck_assert(reply.edns.present);
	ck_assert_uint_eq(reply.edns.udp_size, EDNS_UDP_SIZE);
	ck_assert_uint_eq(reply.edns.flags, 0);
	/* DO is copied, in errors too (RFC 3225 section 3); other flags are not. */
	for (int i = 0; i < 2; i++) {
		ask(&(struct ask){ .name = i == 0 ? "www.example." : "other.", .type = TYPE_A, .with_edns = true, .udp_size = 1232, .edns_flags = 0xffff },
		    &reply);
		ck_assert_uint_eq(reply.edns.flags, EDNS_FLAG_DO);
	}
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A }, &reply);
	ck_assert(!reply.edns.present);
}
END_TEST

START_TEST(the_zone_version_is_told_to_who_asks)
{
	const uint8_t option[] = { 0, EDNS_ZONEVERSION, 0, 0 };
	struct message reply;
	const uint8_t *data;
	uint16_t len;

	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .with_edns = true, .udp_size = 1232, .options = option, .options_len = 4 }, &reply);
	ck_assert(edns_option(&reply.edns, EDNS_ZONEVERSION, &data, &len));
	ck_assert_uint_eq(len, 6);
	ck_assert_mem_eq(data, ((const uint8_t[]){ 1, 0, 0, 0, 0, 7 }), 6);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_A, .with_edns = true, .udp_size = 1232 }, &reply);
	ck_assert(!edns_option(&reply.edns, EDNS_ZONEVERSION, &data, &len));
}
END_TEST

START_TEST(zones_that_cannot_be_served_give_servfail)
{
	struct message reply;
	const int states[] = { SERVED_LOADING, SERVED_EXPIRED };
	for (int i = 0; i < 2; i++) {
		atomic_store(&f.served.state, states[i]);
		ask(&(struct ask){ .name = "www.example.", .type = TYPE_A }, &reply);
		ck_assert_uint_eq(message_rcode(&reply), RCODE_SERVFAIL);
	}
}
END_TEST

START_TEST(other_opcodes_and_types_are_sorted_out)
{
	struct message reply;
	ck_assert_int_eq(ask(&(struct ask){ .name = "example.", .type = TYPE_AXFR, .is_tcp = true }, &reply), RESPOND_TRANSFER);
	ck_assert_int_eq(ask(&(struct ask){ .name = "example.", .type = TYPE_IXFR }, &reply), RESPOND_TRANSFER);
	ask(&(struct ask){ .name = "example.", .type = TYPE_AXFR }, &reply);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_FORMERR);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_AXFR, .is_tcp = true }, &reply);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_NOTAUTH);
	ask(&(struct ask){ .name = "example.", .type = TYPE_SOA, .flags = opcode_flags(OPCODE_STATUS) }, &reply);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_NOTIMP);
	ck_assert_int_eq(ask(&(struct ask){ .name = "example.", .type = TYPE_SOA, .flags = FLAG_QR }, &reply), RESPOND_DROP);
}
END_TEST

START_TEST(notifies_reach_the_manage_thread_only_from_who_may_send_them)
{
	struct ask q = { .name = "example.", .type = TYPE_SOA, .flags = opcode_flags(OPCODE_NOTIFY), .peer = "192.0.2.7" };
	struct message reply;
	struct netprefix prefix;
	struct acl acl;

	ck_assert_int_eq(ask(&q, &reply), RESPOND_REPLY);      /* a primary zone */
	ck_assert_uint_eq(message_rcode(&reply), RCODE_NOTAUTH);
	f.served.is_secondary = true;
	ck_assert_int_eq(ask(&q, &reply), RESPOND_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_REFUSED);
	ck_assert_uint_eq(flags_opcode(reply.flags), OPCODE_NOTIFY);
	acl_init(&acl);
	ck_assert_int_eq(netprefix_from_text(&prefix, "192.0.2.0/28"), ZT_OK);
	ck_assert_int_eq(acl_add_prefix(&acl, &prefix), ZT_OK);
	f.served.allow_notify = &acl;
	ck_assert_int_eq(ask(&q, &reply), RESPOND_NOTIFY);
	q.peer = "192.0.2.16";
	ck_assert_int_eq(ask(&q, &reply), RESPOND_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_REFUSED);
	q.peer = "192.0.2.7";
	q.name = "sub.example.";
	ck_assert_int_eq(ask(&q, &reply), RESPOND_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_NOTAUTH);
	acl_fini(&acl);
}
END_TEST

START_TEST(updates_reach_the_manage_thread_only_from_who_may_send_them)
{
	struct ask q = { .name = "example.", .type = TYPE_SOA, .flags = opcode_flags(OPCODE_UPDATE), .peer = "192.0.2.7" };
	struct message reply;
	struct acl acl;

	ck_assert_int_eq(ask(&q, &reply), RESPOND_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_REFUSED);
	acl_init(&acl);
	ck_assert_int_eq(acl_add_text(&acl, "192.0.2.7"), ZT_OK);
	f.served.allow_update = &acl;
	ck_assert_int_eq(ask(&q, &reply), RESPOND_UPDATE);
	q.peer = "192.0.2.8";
	ck_assert_int_eq(ask(&q, &reply), RESPOND_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_REFUSED);
	q.name = "www.example.";      /* no zone's apex */
	ck_assert_int_eq(ask(&q, &reply), RESPOND_REPLY);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_NOTAUTH);
	f.served.allow_update = NULL;
	acl_fini(&acl);
}
END_TEST

START_TEST(bad_messages_get_formerr_or_silence)
{
	uint8_t query[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1 };
	struct respond r = { .view = f.view, .query = query, .query_len = 11, .out = f.out, .out_size = 512 };
	struct message reply;

	ck_assert_int_eq(respond(&r), RESPOND_DROP);
	r.query_len = sizeof(query) - 1;      /* the class is cut */
	ck_assert_int_eq(respond(&r), RESPOND_REPLY);
	ck_assert_int_eq(message_read(&reply, f.out, r.out_len), ZT_OK);
	ck_assert_uint_eq(message_rcode(&reply), RCODE_FORMERR);
	r.query_len = sizeof(query);
	query[5] = 0;      /* no question */
	ck_assert_int_eq(respond(&r), RESPOND_REPLY);
	ck_assert_uint_eq(r.rcode, RCODE_FORMERR);
	/* Other opcodes may look as they like: DSO (RFC 8490) has no question and ends in its own format. */
	query[2] = 6 << 3;
	ck_assert_int_eq(respond(&r), RESPOND_REPLY);
	ck_assert_uint_eq(r.rcode, RCODE_NOTIMP);
	ck_assert_int_eq(message_read(&reply, f.out, r.out_len), ZT_OK);
	ck_assert_uint_eq(flags_opcode(reply.flags), 6);
	query[2] = 1;
	query[5] = 1;
	query[12] = 0xc0;      /* a pointer to itself */
	query[13] = 12;
	ck_assert_int_eq(respond(&r), RESPOND_REPLY);
	ck_assert_uint_eq(r.rcode, RCODE_FORMERR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/answer");
	TCase *tc = tcase_create("answer");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, answers_by_the_rules, 0, sizeof(expectations) / sizeof(expectations[0]));
	tcase_add_test(tc, names_below_a_cut_are_referred_not_answered);
	tcase_add_test(tc, a_dname_whose_result_is_too_long_gives_yxdomain);
	tcase_add_test(tc, the_question_comes_back_in_its_own_case);
	tcase_add_test(tc, what_does_not_fit_is_truncated_by_whole_rrsets);
	tcase_add_test(tc, edns_is_answered_with_edns_and_only_then);
	tcase_add_test(tc, the_zone_version_is_told_to_who_asks);
	tcase_add_test(tc, zones_that_cannot_be_served_give_servfail);
	tcase_add_test(tc, other_opcodes_and_types_are_sorted_out);
	tcase_add_test(tc, notifies_reach_the_manage_thread_only_from_who_may_send_them);
	tcase_add_test(tc, updates_reach_the_manage_thread_only_from_who_may_send_them);
	tcase_add_test(tc, bad_messages_get_formerr_or_silence);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
