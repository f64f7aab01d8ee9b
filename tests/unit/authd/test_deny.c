/* authd/serve/answer and deny: signatures and proofs in answers from signed zones. A naive checker takes every NSEC and NSEC3 record of a reply and sees which
 * of the expected statements it proves: all of them, and no record is there for nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/serve/answer.h"
#include "authd/serve/deny.h"
#include "lib/base/buf.h"
#include "lib/dns/present.h"
#include "lib/zone/edit.h"
#include "tests/support/sign_zone.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

static const char zone_text[] =
	"$ORIGIN example.\n$TTL 300\n"
	"@ 3600 SOA ns1 hostmaster 7 3600 600 86400 60\n"
	"@ NS ns1\nns1 A 192.0.2.1\n"
	"www A 192.0.2.10\nwww A 192.0.2.11\nwww AAAA 2001:db8::10\nwww TXT \"t\"\n"
	"mail MX 10 www\n"
	"alias CNAME www\ndangling CNAME nowhere\nwildchain CNAME q.wcname\n"
	"*.wild TXT \"any\"\nstop.wild A 192.0.2.12\n*.wcname CNAME www\ndeep.*.ghost A 192.0.2.13\n"
	"leaf.empty.ent A 192.0.2.14\n"
	"insecure NS ns.insecure\nns.insecure A 192.0.2.20\nzz.insecure A 192.0.2.21\n"
	"secure NS ns.secure\nns.secure A 192.0.2.22\nsecure DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000\n"
	"hidden.nothing NS ns.other.\n"
	"gone DNAME new\nx.new A 192.0.2.30\n";

static struct zone *zone;
static uint8_t out[65535];

static void tear_down(void)
{
	if (zone)
		zone_free(zone);
	zone = NULL;
}

static void zone_make(enum sign_way way)
{
	zone = zone_text_new("example.", zone_text);
	sign_zone(zone, way);
}

/* ---- asking --------------------------------------------------------------------------------------------------------------------- */

struct ask {
	const char *name;
	uint16_t type;
	bool plain;           /* without DO */
	bool is_udp;
	size_t limit;         /* 0: none */
};

struct reply {
	struct message message;
	struct answer_result result;
	size_t len;
};

static void ask(const struct ask *q, struct reply *reply)
{
	const struct zone_version *version = zone_current(zone);
	struct message_writer writer;
	struct zone_lookup look;
	uint8_t name[NAME_MAX_LEN];

	name_copy(name, zone_text_name(q->name));
	zone_find(version, name, &look);
	struct answer_question question = { .name = name, .type = q->type, .dnssec_ok = !q->plain, .is_tcp = !q->is_udp, .look = &look };
	message_writer_init(&writer, out, sizeof(out), 1, FLAG_QR);
	ck_assert_int_eq(message_write_question(&writer, name, q->type, CLASS_IN), ZT_OK);
	if (q->limit > 0)
		message_writer_limit(&writer, writer.cur.pos + q->limit);
	reply->result = answer_query(version, &question, &writer);
	reply->len = message_writer_finish(&writer);
	ck_assert_int_eq(message_read(&reply->message, out, reply->len), ZT_OK);
}

/* ---- looking at what came --------------------------------------------------------------------------------------------------------- */

enum { RECORDS_MAX = 200 };

struct seen {
	struct record record;
	uint8_t rdata[1024];
	uint16_t rdata_len;
	uint16_t covers;
	bool is_used;
};

struct seen_list {
	struct seen list[RECORDS_MAX];
	unsigned count;
};

static void section_read(const struct reply *reply, enum section section, struct seen_list *out_list)
{
	struct record_iter iter;

	out_list->count = 0;
	record_iter_init(&iter, &reply->message, section);
	for (;;) {
		ck_assert_uint_lt(out_list->count, RECORDS_MAX);
		struct seen *seen = &out_list->list[out_list->count];
		if (!record_iter_next(&iter, &seen->record))
			return;
		struct wcursor cur = wcursor_over(seen->rdata, sizeof(seen->rdata));
		ck_assert_int_eq(record_rdata(&reply->message, &seen->record, &cur), ZT_OK);
		seen->rdata_len = (uint16_t)cur.pos;
		seen->covers = seen->record.type == TYPE_RRSIG ? wire_get_u16(seen->rdata) : 0;
		seen->is_used = false;
		out_list->count++;
	}
}

static bool has(const struct seen_list *list, const uint8_t *owner, uint16_t type, uint16_t covers)
{
	for (unsigned i = 0; i < list->count; i++) {
		const struct seen *seen = &list->list[i];
		if (seen->record.type == type && seen->covers == covers && name_equal(seen->record.owner, owner))
			return true;
	}
	return false;
}

static bool is_proof(const struct seen *seen)
{
	return seen->record.type == TYPE_NSEC || seen->record.type == TYPE_NSEC3;
}

/* Whether the record says that the name is in the chain (`matches`), or that it is not. */
static bool proves(const struct seen *seen, const uint8_t *name, bool matches)
{
	const uint8_t *owner = seen->record.owner;

	if (seen->record.type == TYPE_NSEC) {
		const uint8_t *next = seen->rdata;
		if (matches)
			return name_equal(owner, name);
		return name_cmp(owner, name) < 0 && (name_cmp(name, next) < 0 || name_equal(next, zone_apex(zone)));
	}
	uint8_t own[NSEC3_HASH_LEN], hash[NSEC3_HASH_LEN];
	struct nsec3_params params = { seen->rdata[0], seen->rdata[4], wire_get_u16(seen->rdata + 2), seen->rdata + 5 };
	struct nsec3 record = { .next = seen->rdata + 6 + params.salt_len };
	ck_assert(nsec3_owner_hash(owner, own));
	nsec3_hash(&params, name, hash);
	return matches ? memcmp(own, hash, NSEC3_HASH_LEN) == 0 : nsec3_covers(own, &record, hash);
}

/* `wanted`: statements "=name" (in the chain) and "<name" (not in it), separated by blanks. */
static void proofs_check(struct seen_list *authority, const char *wanted, const char *what)
{
	char word[300];

	for (const char *at = wanted; sscanf(at, " %299s", word) == 1; at = strstr(at, word) + strlen(word)) {
		bool is_proved = false;
		for (unsigned i = 0; i < authority->count; i++) {
			struct seen *seen = &authority->list[i];
			if (is_proof(seen) && proves(seen, zone_text_name(word + 1), word[0] == '=')) {
				is_proved = true;
				seen->is_used = true;
			}
		}
		ck_assert_msg(is_proved, "%s: nothing proves %s", what, word);
	}
	for (unsigned i = 0; i < authority->count; i++) {
		const struct seen *seen = &authority->list[i];
		char text[NAME_TEXT_SIZE];
		if (!is_proof(seen))
			continue;
		ck_assert_msg(seen->is_used, "%s: %s is there for nothing", what, name_to_text(seen->record.owner, text));
		for (unsigned k = 0; k < i; k++)
			ck_assert_msg(!is_proof(&authority->list[k]) || !name_equal(authority->list[k].record.owner, seen->record.owner), "%s: %s twice", what, text);
	}
}

/* Every RRset has its signature, but what nobody signs: NS at a cut, and CNAMEs that a DNAME implies. */
static void signatures_check(const struct seen_list *list, const char *what)
{
	for (unsigned i = 0; i < list->count; i++) {
		const struct record *record = &list->list[i].record;
		char text[NAME_TEXT_SIZE];
		if (record->type == TYPE_RRSIG || (record->type == TYPE_NS && !name_equal(record->owner, zone_apex(zone))))
			continue;
		if (record->type == TYPE_CNAME && strstr(name_to_text(record->owner, text), ".gone.example.")) {
			ck_assert(!has(list, record->owner, TYPE_RRSIG, TYPE_CNAME));
			continue;
		}
		ck_assert_msg(has(list, record->owner, TYPE_RRSIG, record->type), "%s: no signature of %s %u", what, name_to_text(record->owner, text), record->type);
	}
}

/* ---- the cases ------------------------------------------------------------------------------------------------------------------- */

struct expectation {
	const char *name;
	uint16_t type;
	unsigned rcode;
	const char *nsec, *nsec3;
	const char *opt_out;      /* NULL: as nsec3 */
};

static const struct expectation expectations[] = {
	{ "www.example.", TYPE_A, RCODE_NOERROR, "", "", NULL },
	{ "www.example.", TYPE_MX, RCODE_NOERROR, "=www.example.", "=www.example.", NULL },
	{ "mail.example.", TYPE_MX, RCODE_NOERROR, "", "", NULL },
	{ "example.", TYPE_TXT, RCODE_NOERROR, "=example.", "=example.", NULL },
	{ "example.", TYPE_DS, RCODE_NOERROR, "=example.", "=example.", NULL },
	{ "example.", TYPE_DNSKEY, RCODE_NOERROR, "", "", NULL },
	{ "WWW.example.", TYPE_NSEC, RCODE_NOERROR, "", "=www.example.", NULL },
	/* No such name. */
	{ "nope.example.", TYPE_A, RCODE_NXDOMAIN, "<nope.example. <*.example.", "=example. <nope.example. <*.example.", NULL },
	{ "aaa.example.", TYPE_A, RCODE_NXDOMAIN, "<aaa.example. <*.example.", "=example. <aaa.example. <*.example.", NULL },
	{ "a.b.nope.example.", TYPE_A, RCODE_NXDOMAIN, "<a.b.nope.example. <*.example.", "=example. <nope.example. <*.example.", NULL },
	{ "x.www.example.", TYPE_A, RCODE_NXDOMAIN, "<x.www.example. <*.www.example.", "=www.example. <x.www.example. <*.www.example.", NULL },
	{ "inside.example.", TYPE_A, RCODE_NXDOMAIN, "<inside.example. <*.example.", "=example. <inside.example. <*.example.", NULL },
	{ "insecurf.example.", TYPE_A, RCODE_NXDOMAIN, "<insecurf.example. <*.example.", "=example. <insecurf.example. <*.example.", NULL },      /* behind glue */
	{ "zzz.example.", TYPE_A, RCODE_NXDOMAIN, "<zzz.example. <*.example.", "=example. <zzz.example. <*.example.", NULL },                /* the last gap */
	/* Empty non-terminals. */
	{ "ent.example.", TYPE_A, RCODE_NOERROR, "<ent.example.", "=ent.example.", NULL },
	{ "empty.ent.example.", TYPE_A, RCODE_NOERROR, "<empty.ent.example.", "=empty.ent.example.", NULL },
	{ "x.ent.example.", TYPE_A, RCODE_NXDOMAIN, "<x.ent.example. <*.ent.example.", "=ent.example. <x.ent.example. <*.ent.example.", NULL },
	/* Wildcards: made answers, made denials, the wildcard itself, one that is an empty non-terminal. */
	{ "a.wild.example.", TYPE_TXT, RCODE_NOERROR, "<a.wild.example.", "<a.wild.example.", NULL },
	{ "a.b.wild.example.", TYPE_TXT, RCODE_NOERROR, "<a.b.wild.example.", "<b.wild.example.", NULL },
	{ "a.b.wild.example.", TYPE_A, RCODE_NOERROR, "<a.b.wild.example. =*.wild.example.", "=wild.example. <b.wild.example. =*.wild.example.", NULL },
	{ "*.wild.example.", TYPE_TXT, RCODE_NOERROR, "", "", NULL },
	{ "*.wild.example.", TYPE_A, RCODE_NOERROR, "=*.wild.example.", "=*.wild.example.", NULL },
	{ "x.stop.wild.example.", TYPE_TXT, RCODE_NXDOMAIN, "<x.stop.wild.example. <*.stop.wild.example.",
	  "=stop.wild.example. <x.stop.wild.example. <*.stop.wild.example.", NULL },
	{ "x.ghost.example.", TYPE_A, RCODE_NOERROR, "<x.ghost.example. <*.ghost.example.", "=ghost.example. <x.ghost.example. =*.ghost.example.", NULL },
	/* Chains: each name with its own proof. */
	{ "alias.example.", TYPE_A, RCODE_NOERROR, "", "", NULL },
	{ "alias.example.", TYPE_MX, RCODE_NOERROR, "=www.example.", "=www.example.", NULL },
	{ "dangling.example.", TYPE_A, RCODE_NXDOMAIN, "<nowhere.example. <*.example.", "=example. <nowhere.example. <*.example.", NULL },
	{ "q.wcname.example.", TYPE_A, RCODE_NOERROR, "<q.wcname.example.", "<q.wcname.example.", NULL },
	{ "q.wcname.example.", TYPE_MX, RCODE_NOERROR, "<q.wcname.example. =www.example.", "<q.wcname.example. =www.example.", NULL },
	{ "wildchain.example.", TYPE_AAAA, RCODE_NOERROR, "<q.wcname.example.", "<q.wcname.example.", NULL },
	{ "x.gone.example.", TYPE_A, RCODE_NOERROR, "", "", NULL },
	{ "y.gone.example.", TYPE_A, RCODE_NXDOMAIN, "<y.new.example. <*.new.example.", "=new.example. <y.new.example. <*.new.example.", NULL },
	{ "gone.example.", TYPE_A, RCODE_NOERROR, "=gone.example.", "=gone.example.", NULL },
	/* Delegations, and their DS from this side. */
	{ "secure.example.", TYPE_A, RCODE_NOERROR, "", "", NULL },
	{ "secure.example.", TYPE_DS, RCODE_NOERROR, "", "", NULL },
	{ "x.secure.example.", TYPE_DS, RCODE_NOERROR, "", "", NULL },
	{ "insecure.example.", TYPE_A, RCODE_NOERROR, "=insecure.example.", "=insecure.example.", "=example. <insecure.example." },
	{ "a.b.insecure.example.", TYPE_A, RCODE_NOERROR, "=insecure.example.", "=insecure.example.", "=example. <insecure.example." },
	{ "insecure.example.", TYPE_DS, RCODE_NOERROR, "=insecure.example.", "=insecure.example.", "=example. <insecure.example." },
	/* Under an empty non-terminal that leads only to an unsigned delegation. */
	{ "hidden.nothing.example.", TYPE_A, RCODE_NOERROR, "=hidden.nothing.example.", "=hidden.nothing.example.", "=example. <nothing.example." },
	{ "hidden.nothing.example.", TYPE_DS, RCODE_NOERROR, "=hidden.nothing.example.", "=hidden.nothing.example.", "=example. <nothing.example." },
	{ "nothing.example.", TYPE_A, RCODE_NOERROR, "<nothing.example.", "=nothing.example.", "=example. <nothing.example." },
	{ "x.nothing.example.", TYPE_A, RCODE_NXDOMAIN, "<x.nothing.example. <*.nothing.example.", "=nothing.example. <x.nothing.example. <*.nothing.example.",
	  "=example. <nothing.example. <*.example." },
};

enum { EXPECTATIONS = sizeof(expectations) / sizeof(expectations[0]) };

static void expectation_check(const struct expectation *e, const char *wanted)
{
	struct reply reply;
	struct seen_list section;

	ask(&(struct ask){ .name = e->name, .type = e->type }, &reply);
	ck_assert_uint_eq(reply.result.rcode, e->rcode);
	ck_assert(!reply.result.truncated);
	section_read(&reply, SECTION_ANSWER, &section);
	signatures_check(&section, e->name);
	section_read(&reply, SECTION_AUTHORITY, &section);
	signatures_check(&section, e->name);
	proofs_check(&section, wanted, e->name);
}

START_TEST(nsec_proves_it)
{
	zone_make(SIGN_NSEC);
	expectation_check(&expectations[_i], expectations[_i].nsec);
}
END_TEST

START_TEST(nsec3_proves_it)
{
	zone_make(SIGN_NSEC3);
	expectation_check(&expectations[_i], expectations[_i].nsec3);
}
END_TEST

START_TEST(nsec3_with_opt_out_proves_it)
{
	const struct expectation *e = &expectations[_i];

	zone_make(SIGN_OPT_OUT);
	expectation_check(e, e->opt_out ? e->opt_out : e->nsec3);
}
END_TEST

START_TEST(who_does_not_ask_for_dnssec_gets_none_of_it)
{
	struct reply reply;
	struct seen_list list;

	zone_make((enum sign_way)_i);
	for (unsigned i = 0; i < EXPECTATIONS; i++) {
		const struct expectation *e = &expectations[i];
		if (e->type == TYPE_NSEC)
			continue;
		ask(&(struct ask){ .name = e->name, .type = e->type, .plain = true }, &reply);
		for (int section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
			section_read(&reply, (enum section)section, &list);
			for (unsigned k = 0; k < list.count; k++) {
				uint16_t type = list.list[k].record.type;
				ck_assert_msg(type != TYPE_RRSIG && !is_proof(&list.list[k]) && (type != TYPE_DS || e->type == TYPE_DS), "%s", e->name);
			}
		}
	}
}
END_TEST

START_TEST(an_unsigned_zone_is_answered_without_proofs)
{
	struct reply reply;

	zone = zone_text_new("example.", zone_text);
	ask(&(struct ask){ .name = "nope.example.", .type = TYPE_A }, &reply);
	ck_assert_uint_eq(reply.result.rcode, RCODE_NXDOMAIN);
	ck_assert_uint_eq(reply.message.count[SECTION_AUTHORITY], 1);
	/* A DS record without signature proves nothing, so it does not go with the referral. */
	for (int i = 0; i < 2; i++) {
		ask(&(struct ask){ .name = i ? "secure.example." : "insecure.example.", .type = TYPE_A }, &reply);
		ck_assert_uint_eq(reply.message.count[SECTION_AUTHORITY], 1);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_whole_and_told)
{
	struct reply full, cut;

	zone_make((enum sign_way)_i);
	for (unsigned i = 0; i < EXPECTATIONS; i++) {
		const struct expectation *e = &expectations[i];
		ask(&(struct ask){ .name = e->name, .type = e->type }, &full);
		for (size_t limit = 1; limit <= full.len; limit++) {
			ask(&(struct ask){ .name = e->name, .type = e->type, .limit = limit }, &cut);
			if (cut.result.truncated)
				continue;
			/* Only addresses that nothing depends on may be missing. */
			ck_assert_uint_eq(cut.message.count[SECTION_ANSWER], full.message.count[SECTION_ANSWER]);
			ck_assert_uint_eq(cut.message.count[SECTION_AUTHORITY], full.message.count[SECTION_AUTHORITY]);
			if (e->type != TYPE_MX)
				ck_assert_uint_eq(cut.message.count[SECTION_ADDITIONAL], full.message.count[SECTION_ADDITIONAL]);
		}
	}
}
END_TEST

START_TEST(additional_addresses_lose_their_signatures_first)
{
	struct reply reply;
	struct seen_list list;
	unsigned sizes = 0;

	zone_make(SIGN_NSEC);
	for (size_t limit = 1; limit < 1000; limit++) {
		ask(&(struct ask){ .name = "mail.example.", .type = TYPE_MX, .limit = limit }, &reply);
		section_read(&reply, SECTION_ADDITIONAL, &list);
		bool has_address = has(&list, zone_text_name("www.example."), TYPE_A, 0);
		bool has_signature = has(&list, zone_text_name("www.example."), TYPE_RRSIG, TYPE_A);
		ck_assert(has_address || !has_signature);
		ck_assert(!has_address || !reply.result.truncated);
		sizes += has_address && !has_signature;
	}
	ck_assert_uint_gt(sizes, 0);
	ck_assert(has(&list, zone_text_name("www.example."), TYPE_RRSIG, TYPE_AAAA));
}
END_TEST

/* ---- ANY, RRSIG, owners of NSEC3 ---------------------------------------------------------------------------------------------------- */

START_TEST(any_and_rrsig_get_one_rrset_over_udp_and_all_over_tcp)
{
	struct reply reply;
	struct seen_list list;
	const uint8_t *www;

	zone_make(SIGN_NSEC);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_ANY, .is_udp = true }, &reply);
	section_read(&reply, SECTION_ANSWER, &list);
	www = zone_text_name("www.example.");
	ck_assert_uint_eq(list.count, 3);      /* two addresses, one signature */
	ck_assert(has(&list, www, TYPE_A, 0) && has(&list, www, TYPE_RRSIG, TYPE_A));
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_ANY, .is_udp = true, .plain = true }, &reply);
	ck_assert_uint_eq(reply.message.count[SECTION_ANSWER], 2);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_ANY }, &reply);
	section_read(&reply, SECTION_ANSWER, &list);
	ck_assert_uint_eq(list.count, 2 + 1 + 1 + 1 + 4);      /* A, AAAA, TXT, NSEC, and their signatures */
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_RRSIG, .is_udp = true }, &reply);
	ck_assert_uint_eq(reply.message.count[SECTION_ANSWER], 1);
	ask(&(struct ask){ .name = "www.example.", .type = TYPE_RRSIG }, &reply);
	ck_assert_uint_eq(reply.message.count[SECTION_ANSWER], 4);
	/* An alias is not followed, an empty non-terminal has nothing. */
	ask(&(struct ask){ .name = "alias.example.", .type = TYPE_ANY, .is_udp = true }, &reply);
	ck_assert_uint_eq(reply.message.count[SECTION_ANSWER], 2);
	ask(&(struct ask){ .name = "ent.example.", .type = TYPE_ANY, .is_udp = true }, &reply);
	ck_assert_uint_eq(reply.message.count[SECTION_ANSWER], 0);
	ck_assert_uint_eq(reply.result.rcode, RCODE_NOERROR);
	ask(&(struct ask){ .name = "a.wild.example.", .type = TYPE_ANY, .is_udp = true }, &reply);
	section_read(&reply, SECTION_AUTHORITY, &list);
	proofs_check(&list, "<a.wild.example.", "ANY at a wildcard");
}
END_TEST

/* The text of the name that owns the NSEC3 record of `name`, with `prefix` before it. */
static const char *hashed_text(const char *prefix, const char *name)
{
	static char text[2 * NAME_TEXT_SIZE];
	struct nsec3_params params = { NSEC3_SHA1, sizeof(sign_zone_salt), SIGN_ITERATIONS, sign_zone_salt };
	uint8_t hash[NSEC3_HASH_LEN], owner[NAME_MAX_LEN];
	char owner_text[NAME_TEXT_SIZE];

	nsec3_hash(&params, zone_text_name(name), hash);
	ck_assert(nsec3_owner(hash, zone_apex(zone), owner));
	snprintf(text, sizeof(text), "%s%s", prefix, name_to_text(owner, owner_text));
	return text;
}

START_TEST(owners_of_nsec3_are_no_names_of_the_zone)
{
	const uint16_t types[] = { TYPE_A, TYPE_NSEC3, TYPE_ANY, TYPE_RRSIG };
	const char *const prefixes[] = { "", "below." };
	struct reply reply;
	struct seen_list list;
	char wanted[4 * NAME_TEXT_SIZE];

	zone_make(SIGN_NSEC3);
	for (unsigned i = 0; i < 8; i++) {
		const char *name = hashed_text(prefixes[i / 4], "www.example.");
		ask(&(struct ask){ .name = name, .type = types[i % 4] }, &reply);
		ck_assert_uint_eq(reply.result.rcode, RCODE_NXDOMAIN);
		ck_assert_uint_eq(reply.message.count[SECTION_ANSWER], 0);
		snprintf(wanted, sizeof(wanted), "=example. <*.example. <%s", hashed_text("", "www.example."));
		section_read(&reply, SECTION_AUTHORITY, &list);
		proofs_check(&list, wanted, name);
	}
	/* Without proofs, too. */
	ask(&(struct ask){ .name = hashed_text("", "www.example."), .type = TYPE_A, .plain = true }, &reply);
	ck_assert_uint_eq(reply.result.rcode, RCODE_NXDOMAIN);
}
END_TEST

START_TEST(a_wildcard_stands_for_owners_of_nsec3_too)
{
	struct reply reply;

	zone = zone_text_new("example.", "@ 300 IN SOA ns1 h 1 2 3 4 5\n@ 300 NS ns1\nns1 300 A 192.0.2.1\n* 300 TXT \"any\"\n");
	sign_zone(zone, SIGN_NSEC3);
	for (int i = 0; i < 2; i++) {
		ask(&(struct ask){ .name = hashed_text(i ? "below." : "", "ns1.example."), .type = TYPE_TXT }, &reply);
		ck_assert_uint_eq(reply.result.rcode, RCODE_NOERROR);
		ck_assert_uint_eq(reply.message.count[SECTION_ANSWER], 2);
		ck_assert_uint_eq(reply.message.count[SECTION_AUTHORITY], 2);
	}
}
END_TEST

START_TEST(a_name_below_an_owner_of_nsec3_makes_it_an_empty_non_terminal)
{
	struct reply reply;
	char line[2 * NAME_TEXT_SIZE];

	zone_make(SIGN_NSEC3);
	snprintf(line, sizeof(line), "+ %s 300 A 192.0.2.99\n", hashed_text("real.", "www.example."));
	zone_text_publish(zone, line);
	ask(&(struct ask){ .name = hashed_text("", "www.example."), .type = TYPE_A }, &reply);
	ck_assert_uint_eq(reply.result.rcode, RCODE_NOERROR);
	ask(&(struct ask){ .name = hashed_text("other.", "www.example."), .type = TYPE_A }, &reply);
	ck_assert_uint_eq(reply.result.rcode, RCODE_NXDOMAIN);
}
END_TEST

/* ---- chains in trouble -------------------------------------------------------------------------------------------------------------- */

START_TEST(of_two_chains_the_complete_one_is_used)
{
	static const uint8_t salts[][2] = { { 0x00, 0x01 }, { 0xff, 0xfe } };      /* sorted before and behind the first chain's */
	const struct expectation *e;
	struct reply reply;
	struct seen_list list;

	zone_make(SIGN_NSEC3);
	sign_zone_again(zone, salts[_i / 2], _i % 2);
	for (unsigned i = 0; i < EXPECTATIONS; i++) {
		e = &expectations[i];
		expectation_check(e, e->nsec3);
		ask(&(struct ask){ .name = e->name, .type = e->type }, &reply);
		section_read(&reply, SECTION_AUTHORITY, &list);
		const uint8_t *salt = _i % 2 && _i / 2 == 0 ? salts[0] : sign_zone_salt;      /* the first complete one */
		for (unsigned k = 0; k < list.count; k++) {
			if (list.list[k].record.type == TYPE_NSEC3)
				ck_assert_mem_eq(list.list[k].rdata + 5, salt, 2);
		}
	}
}
END_TEST

/* Every second record of a type goes, or all. */
static void records_remove(uint16_t type, bool all)
{
	struct zone_edit *edit;
	struct zone_iter iter;
	const struct znode *node;
	const struct zone_version *before = zone_version_acquire(zone_current(zone));
	struct rrset set;
	unsigned count = 0;

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	zone_iter_init(&iter, before, NULL);
	while ((node = zone_iter_next(&iter)) != NULL) {
		for (size_t pos = 0; znode_next(node, &pos, &set);) {
			if (set.type == type && (all || count++ % 2))
				ck_assert_int_eq(zone_edit_remove_rrset(edit, znode_owner(node), type, set.covers), ZT_OK);
		}
	}
	zone_edit_publish(edit);
	zone_version_release(before);
}

START_TEST(a_broken_chain_changes_nothing_but_the_proofs)
{
	static const uint16_t removed[] = { TYPE_RRSIG, TYPE_NSEC, TYPE_NSEC3, TYPE_NSEC3PARAM };
	struct reply whole, broken;

	for (int way = SIGN_NSEC; way <= SIGN_OPT_OUT; way++) {
		zone_make((enum sign_way)way);
		records_remove(removed[_i / 2], _i % 2);
		struct zone *signed_zone = zone;
		struct zone *plain_zone = zone_text_new("example.", zone_text);
		for (unsigned i = 0; i < EXPECTATIONS; i++) {
			const struct expectation *e = &expectations[i];
			if (e->type == TYPE_NSEC || e->type == TYPE_DNSKEY)
				continue;
			zone = plain_zone;
			ask(&(struct ask){ .name = e->name, .type = e->type, .plain = true }, &whole);
			zone = signed_zone;
			ask(&(struct ask){ .name = e->name, .type = e->type }, &broken);
			ck_assert_uint_eq(broken.result.rcode, whole.result.rcode);
			ck_assert_uint_ge(broken.message.count[SECTION_ANSWER], whole.message.count[SECTION_ANSWER]);
			ck_assert_uint_ge(broken.message.count[SECTION_AUTHORITY], whole.message.count[SECTION_AUTHORITY]);
		}
		zone_free(plain_zone);
		tear_down();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/deny");
	TCase *tc = tcase_create("deny");
	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc, nsec_proves_it, 0, EXPECTATIONS);
	tcase_add_loop_test(tc, nsec3_proves_it, 0, EXPECTATIONS);
	tcase_add_loop_test(tc, nsec3_with_opt_out_proves_it, 0, EXPECTATIONS);
	tcase_add_loop_test(tc, who_does_not_ask_for_dnssec_gets_none_of_it, SIGN_NSEC, SIGN_OPT_OUT + 1);
	tcase_add_test(tc, an_unsigned_zone_is_answered_without_proofs);
	tcase_add_loop_test(tc, what_does_not_fit_is_left_out_whole_and_told, SIGN_NSEC, SIGN_OPT_OUT + 1);
	tcase_add_test(tc, additional_addresses_lose_their_signatures_first);
	tcase_add_test(tc, any_and_rrsig_get_one_rrset_over_udp_and_all_over_tcp);
	tcase_add_test(tc, owners_of_nsec3_are_no_names_of_the_zone);
	tcase_add_test(tc, a_wildcard_stands_for_owners_of_nsec3_too);
	tcase_add_test(tc, a_name_below_an_owner_of_nsec3_makes_it_an_empty_non_terminal);
	tcase_add_loop_test(tc, of_two_chains_the_complete_one_is_used, 0, 4);
	tcase_add_loop_test(tc, a_broken_chain_changes_nothing_but_the_proofs, 0, 8);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
