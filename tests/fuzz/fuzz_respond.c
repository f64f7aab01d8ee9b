/* What authd makes of a client's bytes: silence, a request for somebody else, or a reply that keeps the rules: it can be read, fits, answers the question asked,
 * has OPT exactly where the query had, is signed where the query is signed with a good key, and is the same for the same query.
 *
 * Input: a byte of circumstances (bits below), then the message, which is signed before it is asked where its id is odd.
 */
#include <stdlib.h>
#include <string.h>

#include "authd/serve/respond.h"
#include "lib/zone/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ON_TCP = 1, ENCRYPTED = 2, LIMITED = 4, WITH_COOKIES = 8, COOKIES_NEEDED = 16, EXPIRED = 32, NOT_ALLOWED = 64, SMALL = 128 };

static const uint8_t apex[] = "\7example", www[] = "\3www\7example", alias[] = "\5alias\7example", any[] = "\1*\7example", sub[] = "\3sub\7example",
		     ns_sub[] = "\2ns\3sub\7example", dname[] = "\1d\7example";
static const uint8_t soa[] = "\2ns\7example\0\4mail\7example\0\0\0\0\1\0\0\16\20\0\0\2\130\0\1\121\200\0\0\1\54";
static const uint8_t text[] = "\77aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct zone *zone_make(void)
{
	static const struct fingerprint_key key = { "fuzz_respond" };
	const struct change_record records[] = {
		{ apex, TYPE_SOA, 300, soa, sizeof(soa) - 1 }, { apex, TYPE_NS, 300, ns_sub, sizeof(ns_sub) }, { www, TYPE_A, 300, (const uint8_t *)"\12\0\0\1", 4 },
		{ any, TYPE_TXT, 300, text, sizeof(text) - 1 }, { alias, TYPE_CNAME, 300, www, sizeof(www) }, { sub, TYPE_NS, 300, ns_sub, sizeof(ns_sub) },
		{ ns_sub, TYPE_A, 300, (const uint8_t *)"\12\0\0\2", 4 }, { dname, TYPE_DNAME, 300, apex, sizeof(apex) },
	};
	struct zone_edit *edit;
	struct zone *zone;

	require(zone_new(apex, &key, &zone) == ZT_OK && zone_edit_begin(zone, &edit) == ZT_OK);
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		require(zone_edit_add(edit, &records[i]) == ZT_OK);
	for (uint8_t i = 0; i < 20; i++)      /* more than fits a datagram */
		require(zone_edit_add(edit, &(struct change_record){ www, TYPE_TXT, 300, (const uint8_t[]){ 40, i, [40] = 0 }, 41 }) == ZT_OK);
	zone_edit_publish(edit);
	return zone;
}

static void settings_make(struct serve_settings *settings, unsigned bits)
{
	settings->cookies = bits & COOKIES_NEEDED ? COOKIES_REQUIRED : bits & WITH_COOKIES ? COOKIES_ON : COOKIES_OFF;
	settings->secret_count = 1;
	settings->nsid = (const uint8_t *)"nsid";
	settings->nsid_len = 4;
	settings->version = "version";
	settings->udp_payload_size = bits & SMALL ? 512 : 1232;
	settings->limit = (struct limit_rules){ .per_second = bits & LIMITED ? 1 : 0, .slip = 2, .ipv4_prefix = 24, .ipv6_prefix = 56, .workers = 1 };
}

enum { WALL = 1700000000 };

/* Signs the message where its id is odd, into a buffer of its own; the check is what the reply must pass. */
static bool query_sign(struct respond *r, const struct tsig_key *key, struct tsig_check *check)
{
	static uint8_t wire[MESSAGE_MAX_LEN];
	struct tsig_message signed_message = { wire, r->query_len, sizeof(wire) };
	struct message message;

	if (r->query_len > MESSAGE_MAX_LEN || message_read(&message, r->query, r->query_len) != ZT_OK || message.tsig_at > 0 || message.id % 2 == 0 ||
	    message.count[SECTION_ADDITIONAL] == UINT16_MAX)
		return false;
	memcpy(wire, r->query, r->query_len);
	tsig_check_init(check, key);
	if (tsig_sign(&check->chain, &signed_message, &(struct tsig_stamp){ .time = WALL, .fudge = TSIG_FUDGE_S }) != ZT_OK)
		return false;
	r->query = wire;
	r->query_len = signed_message.len;
	return true;
}

static void check_reply(const struct respond *r, const struct tsig_check *check)
{
	const struct message *query = &r->message;
	struct message reply;

	if (r->out_len == 0) {
		require(r->limited == LIMIT_DROP);
		return;
	}
	require(message_read(&reply, r->out, r->out_len) == ZT_OK);
	require(r->out_len <= respond_limit(r) + r->signing.room);
	if (check) {
		struct tsig_check once = *check;
		require(tsig_verify_reply(&once, &reply, WALL) && tsig_verify_end(&once));
	} else {
		require(reply.tsig_at == 0 || query->tsig_at > 0);
	}
	require(reply.id == query->id && reply.flags & FLAG_QR && flags_opcode(reply.flags) == flags_opcode(query->flags));
	require((reply.flags & (FLAG_RA | FLAG_AD | 0x0040)) == 0 && message_rcode(&reply) == r->rcode);
	require(reply.edns.present == query->edns.present && (!reply.edns.present || reply.edns.version == 0));
	require(!reply.edns.present || (reply.edns.flags & ~EDNS_FLAG_DO) == 0);
	if (reply.count[SECTION_QUESTION] > 0) {
		require(reply.qname_len == query->qname_len && memcmp(reply.qname, query->qname, query->qname_len) == 0);
		require(reply.qtype == query->qtype && reply.qclass == query->qclass);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[MESSAGE_MAX_LEN], out[MESSAGE_MAX_LEN];
	static const uint8_t key[16] = { 1 };
	struct served_zone served = { .apex = apex };
	struct acl nobody = { 0 };
	struct netaddr peer;
	struct manual_clock clock;
	struct moment moment;
	struct limiter *limiter;
	struct tsig_key *tsig_key = NULL;
	struct tsig_check check;
	const char *why;
	unsigned bits = size > 0 ? data[0] : 0;

	if (size == 0)
		return 0;
	struct zone *zone = zone_make();
	served.zone = zone;
	served.allow_query = bits & NOT_ALLOWED ? &nobody : NULL;
	atomic_init(&served.state, bits & EXPIRED ? SERVED_EXPIRED : SERVED_OK);
	manual_clock_init(&clock, USEC_PER_SEC, WALL * USEC_PER_SEC);
	moment_begin(&moment, &clock.clock);
	struct view *view = view_new(&(struct served_zone *){ &served }, 1, 5);
	require(view && limiter_new(&limiter, LIMIT_TABLE_MIN, key) == ZT_OK && netaddr_from_text(&peer, "192.0.2.1", 53) == ZT_OK);
	settings_make(&view->settings, bits);
	require(tsig_key_from_text(&tsig_key, "a-key-of-some-length.example:bm90IHRvIGJlIGd1ZXNzZWQ=", &why) == ZT_OK);
	struct tsig_keys keys = { &tsig_key, 1 };
	view->settings.keys = &keys;
	struct respond r = {
		.view = view, .query = data + 1, .query_len = size - 1, .peer = &peer, .moment = &moment, .limiter = bits & ON_TCP ? NULL : limiter,
		.out = out, .out_size = bits & ON_TCP ? sizeof(out) : 1232, .keepalive = 100, .is_tcp = bits & ON_TCP,
		.is_encrypted = bits & ON_TCP && bits & ENCRYPTED,
	};
	bool is_signed = query_sign(&r, tsig_key, &check);
	size_t first_len = 0;
	for (int round = 0; round < 8; round++) {
		enum respond_verdict verdict = respond(&r);
		require(verdict != RESPOND_LOOKUP);
		if (verdict != RESPOND_REPLY)
			break;
		check_reply(&r, is_signed ? &check : NULL);
		if (round == 0) {
			first_len = r.out_len;
			memcpy(first, out, first_len);
		} else if (r.limited == LIMIT_PASS) {
			require(r.out_len == first_len && memcmp(first, out, first_len) == 0);
		}
	}
	limiter_free(limiter);
	view_free(view);
	zone_free(zone);
	tsig_key_release(tsig_key);
	return 0;
}
