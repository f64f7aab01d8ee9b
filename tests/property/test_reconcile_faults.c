/* Reconciliation with bad messages, bad servers and zones made to be hard: it may fail, but it never ends in a wrong zone, and it ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/dns/writer.h"
#include "lib/xfr/reconcile_side.h"
#include "tests/support/reconcile_pair.h"
#include "tests/support/reconcile_zones.h"
#include "tests/support/suite.h"

enum { ROUNDS = 600, HOSTS = 3000 };

/* Two zones that differ here and there, and a client on the first. */
struct scene {
	struct rng rng;
	struct zone *ours, *theirs;
	struct zone_digest before, wanted;
	struct reconcile_client *client;
	unsigned countdown;              /* messages until the hand strikes */
	unsigned strikes;
};

static void client_make(struct scene *scene, const struct fingerprint_key *key, uint64_t max_bytes)
{
	struct reconcile_client_config config = {
		.zone = scene->ours, .key = key, .id = 1, .any_serial = true, .at_any_cost = true, .max_bytes = max_bytes,
	};
	ck_assert_int_eq(reconcile_client_new(&config, &scene->client), ZT_OK);
}

static void scene_make(struct scene *scene, unsigned hosts, unsigned differing)
{
	struct zone_edit *edit;

	scene->strikes = 0;
	scene->theirs = host_zone(hosts, NULL, &edit);
	random_records(&scene->rng, edit, 20);
	zone_edit_publish(edit);
	scene->ours = host_zone(hosts, zone_current(scene->theirs), &edit);
	for (unsigned i = 0; i < differing; i++)
		change_host(edit, (unsigned)((uint64_t)i * hosts / differing));
	random_step(&scene->rng, edit);
	put_soa(edit, 5);
	zone_edit_publish(edit);
	scene->before = reconcile_pair_digest(zone_current(scene->ours));
	scene->wanted = reconcile_pair_digest(zone_current(scene->theirs));
	client_make(scene, &reconcile_key, 0);
}

static void scene_drop(struct scene *scene)
{
	reconcile_client_free(scene->client);
	zone_free(scene->ours);
	zone_free(scene->theirs);
}

/* Done: exactly the server's zone. Not done: exactly ours, as it was. */
static void outcome_check(struct scene *scene, enum reconcile_result result)
{
	if (result == RECONCILE_DONE)
		zone_edit_publish(reconcile_client_take_edit(scene->client));
	struct zone_digest digest = reconcile_pair_digest(zone_current(scene->ours));
	ck_assert_mem_eq(digest.bytes, result == RECONCILE_DONE ? scene->wanted.bytes : scene->before.bytes, ZONE_DIGEST_LEN);
	if (result == RECONCILE_FAILED)
		ck_assert_msg(reconcile_client_failure(scene->client)->text[0] != '\0', "a failure without a word");
}

static void seed(struct scene *scene, const char *name)
{
	rng_seed(&scene->rng, suite_seed(name));
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------------------- */

static bool strikes_now(struct scene *scene)
{
	if (scene->countdown-- > 0)
		return false;
	scene->countdown = (unsigned)rng_below(&scene->rng, 30);
	scene->strikes++;
	return true;
}

static void flip(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t *len)
{
	struct scene *scene = pair->ctx;

	(void)to_server;
	if (strikes_now(scene))
		wire[rng_below(&scene->rng, *len)] ^= (uint8_t)(1 << rng_below(&scene->rng, 8));
}

static void cut(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t *len)
{
	struct scene *scene = pair->ctx;

	(void)wire;
	(void)to_server;
	if (strikes_now(scene))
		*len = rng_below(&scene->rng, *len);
}

/* Bytes of the option's entries, where all the meaning is, become others; the frame stays sound. */
static void scramble(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t *len)
{
	struct scene *scene = pair->ctx;
	size_t spread = *len > 120 ? *len - 90 : 0;

	(void)to_server;
	if (spread == 0 || !strikes_now(scene))
		return;
	for (unsigned i = 0; i < 1 + rng_below(&scene->rng, 3); i++)
		wire[90 + rng_below(&scene->rng, spread)] = (uint8_t)rng_u64(&scene->rng);
}

static void lose(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t *len)
{
	(void)wire;
	(void)to_server;
	if (strikes_now(pair->ctx))
		*len = 0;
}

static const struct { const char *name; void (*meddle)(struct reconcile_pair *, bool, uint8_t *, size_t *); } hands[] = {
	{ "flipped bits", flip }, { "cut messages", cut }, { "scrambled entries", scramble }, { "lost messages", lose },
};

START_TEST(bad_messages_never_make_a_wrong_zone)
{
	struct scene scene;
	unsigned failed = 0, struck = 0;

	seed(&scene, hands[_i].name);
	for (unsigned long i = suite_rounds(ROUNDS / 4); i > 0; i--) {
		scene_make(&scene, 200 + (unsigned)rng_below(&scene.rng, 800), 1 + (unsigned)rng_below(&scene.rng, 40));
		scene.countdown = (unsigned)rng_below(&scene.rng, 12);
		struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key, .meddle = hands[_i].meddle, .ctx = &scene };
		enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
		outcome_check(&scene, result);
		struck += scene.strikes > 0;
		failed += scene.strikes > 0 && result != RECONCILE_DONE;
		scene_drop(&scene);
	}
	printf("# %s: %u sessions were struck, %u of them failed\n", hands[_i].name, struck, failed);
	ck_assert_msg(failed * 4 >= struck, "it should have been noticed");
}
END_TEST

START_TEST(a_message_that_comes_twice_is_noticed)
{
	struct scene scene;

	seed(&scene, "twice");
	scene_make(&scene, HOSTS, 10);
	struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key, .copies = 1 };
	enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
	ck_assert_int_eq(result, RECONCILE_FAILED);
	outcome_check(&scene, result);
	scene_drop(&scene);
}
END_TEST

/* ---- servers ------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(a_server_with_another_key_is_told_apart)
{
	static const struct fingerprint_key other = { "another key" };
	struct zone_edit *edit;
	struct scene scene;

	seed(&scene, "key");
	scene_make(&scene, HOSTS, 10);
	struct zone *keyed;
	ck_assert_int_eq(zone_new(reconcile_apex, &other, &keyed), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(keyed, &edit), ZT_OK);
	put_soa(edit, 1);
	zone_edit_publish(edit);
	struct reconcile_pair pair = { .version = zone_current(keyed), .key = &other };
	enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
	ck_assert_int_eq(result, RECONCILE_FAILED);
	ck_assert_int_eq(reconcile_client_failure(scene.client)->reason, RECONCILE_KEY_DIFFERS);
	outcome_check(&scene, result);
	scene_drop(&scene);
	zone_free(keyed);
}
END_TEST

/* How often the server's version changes, and how the client takes it. */
struct changing {
	struct zone *zone;
	unsigned every, queries, left;
};

static void change_between(struct reconcile_pair *pair)
{
	struct changing *changing = pair->ctx;
	struct zone_edit *edit;

	if (++changing->queries % changing->every != 0 || changing->left == 0)
		return;
	changing->left--;
	ck_assert_int_eq(zone_edit_begin(changing->zone, &edit), ZT_OK);
	add_a(edit, (const uint8_t *)"\3new\7example", changing->queries);
	put_soa(edit, 100 + changing->queries);
	zone_edit_publish(edit);
	pair->version = zone_current(changing->zone);
}

START_TEST(a_version_that_goes_away_makes_it_begin_anew_and_a_restless_one_give_up)
{
	struct scene scene;

	for (unsigned restless = 0; restless < 2; restless++) {
		seed(&scene, "stale");
		scene_make(&scene, HOSTS, 10);
		struct changing changing = { .zone = scene.theirs, .every = 2, .left = restless ? 1000 : 2 };
		struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key, .on_query = change_between, .ctx = &changing };
		enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
		ck_assert_int_eq(result, restless ? RECONCILE_FAILED : RECONCILE_DONE);
		if (restless)
			ck_assert_int_eq(reconcile_client_failure(scene.client)->reason, RECONCILE_NO_VERSION);
		scene.wanted = reconcile_pair_digest(zone_current(scene.theirs));
		outcome_check(&scene, result);
		scene_drop(&scene);
	}
}
END_TEST

/* The last message's digest becomes another. */
static void lie_about_digest(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t *len)
{
	struct reconcile_answer answer;
	struct message message;

	(void)pair;
	if (to_server || message_read(&message, wire, *len) != ZT_OK || reconcile_answer_read(&message.edns, &answer) != ZT_OK || !(answer.flags & RECONCILE_HAS_DIGEST))
		return;
	const uint8_t *option;
	uint16_t option_len;
	ck_assert(edns_option(&message.edns, RECONCILE_OPTION, &option, &option_len));
	wire[option - wire + RECONCILE_ANSWER_HEAD] ^= 1;
}

START_TEST(what_agrees_by_fingerprints_and_not_by_digest_is_refused_and_worth_an_alarm)
{
	struct scene scene;

	seed(&scene, "digest");
	scene_make(&scene, HOSTS, 10);
	struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key, .meddle = lie_about_digest };
	enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
	ck_assert_int_eq(result, RECONCILE_FAILED);
	ck_assert_int_eq(reconcile_client_failure(scene.client)->reason, RECONCILE_MISMATCH);
	outcome_check(&scene, result);
	scene_drop(&scene);
}
END_TEST

START_TEST(limits_of_bytes_and_records_hold)
{
	struct scene scene;

	seed(&scene, "limits");
	scene_make(&scene, HOSTS, 500);
	reconcile_client_free(scene.client);
	client_make(&scene, &reconcile_key, 10000);
	struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key };
	enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
	ck_assert_int_eq(result, RECONCILE_FAILED);
	ck_assert_int_eq(reconcile_client_failure(scene.client)->reason, RECONCILE_OVER_BUDGET);
	ck_assert_uint_lt(pair.bytes, 10000 + 2 * MESSAGE_MAX_LEN);
	outcome_check(&scene, result);
	scene_drop(&scene);
}
END_TEST

START_TEST(a_server_that_has_nothing_newer_is_current_unless_any_serial_will_do)
{
	struct scene scene;

	seed(&scene, "current");
	scene_make(&scene, 100, 1);      /* ours is 5, the server's is 1 */
	reconcile_client_free(scene.client);
	struct reconcile_client_config config = { .zone = scene.ours, .key = &reconcile_key };
	ck_assert_int_eq(reconcile_client_new(&config, &scene.client), ZT_OK);
	struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key };
	enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
	ck_assert_int_eq(result, RECONCILE_CURRENT);
	ck_assert_uint_eq(reconcile_client_target(scene.client)->serial, 1);
	outcome_check(&scene, result);
	scene_drop(&scene);
}
END_TEST

START_TEST(a_zone_that_changed_meanwhile_is_not_edited)
{
	struct scene scene;
	struct zone_edit *edit;

	seed(&scene, "edited");
	scene_make(&scene, HOSTS, 3);
	ck_assert_int_eq(zone_edit_begin(scene.ours, &edit), ZT_OK);
	put_soa(edit, 6);
	zone_edit_publish(edit);
	scene.before = reconcile_pair_digest(zone_current(scene.ours));
	struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key };
	enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
	ck_assert_int_eq(result, RECONCILE_FAILED);
	ck_assert_int_eq(reconcile_client_failure(scene.client)->reason, RECONCILE_LOCAL);
	outcome_check(&scene, result);
	scene_drop(&scene);
}
END_TEST

START_TEST(what_costs_more_than_a_transfer_is_given_up_early)
{
	struct scene scene;

	struct zone_edit *edit;

	seed(&scene, "cost");
	scene.theirs = host_zone(20000, NULL, &edit);
	zone_edit_publish(edit);
	scene.ours = host_zone(20000, zone_current(scene.theirs), &edit);
	for (unsigned i = 0; i < 15000; i++)
		change_host(edit, i * 4 / 3);
	zone_edit_publish(edit);
	scene.before = reconcile_pair_digest(zone_current(scene.ours));
	scene.wanted = reconcile_pair_digest(zone_current(scene.theirs));
	struct reconcile_client_config config = { .zone = scene.ours, .key = &reconcile_key, .any_serial = true };
	ck_assert_int_eq(reconcile_client_new(&config, &scene.client), ZT_OK);
	struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key };
	enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
	ck_assert_int_eq(result, RECONCILE_FAILED);
	ck_assert_int_eq(reconcile_client_failure(scene.client)->reason, RECONCILE_TOO_DIFFERENT);
	printf("# given up after %llu bytes; a transfer has some %u\n", (unsigned long long)pair.bytes, 20000 * 26);
	ck_assert_uint_lt(pair.bytes, 20000 * 26 / 10);
	outcome_check(&scene, result);
	scene_drop(&scene);
}
END_TEST

/* ---- answers made by hand ------------------------------------------------------------------------------------------------------------------ */

/* A message of the answer to a first question about the zone, with these entries. */
struct made {
	const char *entries;
	size_t len;
	uint8_t flags;
	bool is_first;
};

static size_t made_write(const struct made *made, const struct zone_version *version, uint8_t *wire)
{
	struct message_writer writer;
	struct zsync zsync = zsync_of_version(version, &reconcile_key);
	uint8_t options[512] = { 0 };
	struct rrset soa;
	size_t at = 0;

	message_writer_init(&writer, wire, MESSAGE_MAX_LEN, 1, FLAG_QR | FLAG_AA);
	if (made->is_first) {
		struct record_out record = { .owner = reconcile_apex, .type = TYPE_SOA, .rr_class = CLASS_IN, .ttl = 60 };
		ck_assert(zone_version_soa(version, &soa));
		const uint8_t *next = soa.rdata;
		ck_assert(rrset_next(&soa, &next, &record.rdata, &record.rdata_len));
		ck_assert_int_eq(message_write_question(&writer, reconcile_apex, RECONCILE_TYPE, CLASS_IN), ZT_OK);
		ck_assert_int_eq(message_write_record(&writer, SECTION_ANSWER, &record), ZT_OK);
		zsync_write(&zsync, options);
		at = ZSYNC_OPTION_LEN;
	}
	wire_put_u16(options + at, RECONCILE_OPTION);
	wire_put_u16(options + at + 2, (uint16_t)(4 + made->len));
	options[at + 4] = RECONCILE_VERSION;
	options[at + 5] = made->flags;
	memcpy(options + at + 8, made->entries, made->len);
	struct edns_out edns = { .udp_size = 1232, .options = options, .options_len = (uint16_t)(at + 8 + made->len) };
	ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	return message_writer_finish(&writer);
}

static const struct {
	struct made first, second;
	const char *complaint;
} senseless[] = {
	{ { "\4\0\2\1\1\0", 6, RECONCILE_LAST, true }, { NULL, 0, 0, false }, "an entry of the wrong kind" },
	{ { "\3\0\2\1\1\0", 6, RECONCILE_LAST, true }, { NULL, 0, 0, false }, "an entry of the wrong kind" },
	{ { "\x82\0", 2, RECONCILE_LAST, true }, { NULL, 0, 0, false }, "it is about what was not asked" },      /* all of it at once: asked were parts */
	{ { "\0\0\1zz", 5, RECONCILE_LAST, true }, { NULL, 0, 0, false }, "broken entries" },
	{ { "\2\0\2\1\1\0", 6, 0, true }, { "\2\0\2\1\1\0", 6, RECONCILE_LAST, false }, "its entries go backwards" },
	{ { "\1\0\3a\0\0\0", 7, RECONCILE_LAST, true }, { NULL, 0, 0, false }, "broken entries" },
};

START_TEST(answers_that_make_no_sense_are_told_as_such)
{
	static uint8_t wire[MESSAGE_MAX_LEN];
	struct scene scene;
	size_t len;

	seed(&scene, "senseless");
	scene_make(&scene, 100, 3);
	ck_assert_int_eq(reconcile_client_query(scene.client, wire, sizeof(wire), &len), ZT_OK);
	len = made_write(&senseless[_i].first, zone_current(scene.theirs), wire);
	enum reconcile_result result = reconcile_client_message(scene.client, wire, len);
	if (senseless[_i].second.entries) {
		ck_assert_int_eq(result, RECONCILE_MORE);
		len = made_write(&senseless[_i].second, zone_current(scene.theirs), wire);
		result = reconcile_client_message(scene.client, wire, len);
	}
	while (result == RECONCILE_WORK)
		result = reconcile_client_work(scene.client);
	ck_assert_int_eq(result, RECONCILE_FAILED);
	ck_assert_int_eq(reconcile_client_failure(scene.client)->reason, RECONCILE_MALFORMED);
	ck_assert_msg(strstr(reconcile_client_failure(scene.client)->text, senseless[_i].complaint), "%s", reconcile_client_failure(scene.client)->text);
	outcome_check(&scene, result);
	scene_drop(&scene);
}
END_TEST

START_TEST(a_server_answers_no_question_about_a_list_that_it_never_sent)
{
	static uint8_t wire[MESSAGE_MAX_LEN];
	/* WANT, to the end, of three; the zone has more. */
	static const uint8_t option[] = { 0xff, 0x62, 0, RECONCILE_QUERY_HEAD + 3, RECONCILE_VERSION, 0, [4 + RECONCILE_QUERY_HEAD] = 0x83, 3, 0xe0 };
	struct reconcile_server *server;
	struct message_writer writer;
	struct message message;
	struct scene scene;
	size_t len;

	seed(&scene, "want");
	scene_make(&scene, 100, 3);
	message_writer_init(&writer, wire, sizeof(wire), 1, 0);
	ck_assert_int_eq(message_write_question(&writer, reconcile_apex, RECONCILE_TYPE, CLASS_IN), ZT_OK);
	ck_assert_int_eq(message_write_edns(&writer, &(struct edns_out){ .udp_size = 1232, .options = option, .options_len = sizeof(option) }), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, message_writer_finish(&writer)), ZT_OK);
	struct reconcile_server_config config = { zone_current(scene.theirs), &reconcile_key, &message };
	ck_assert_int_eq(reconcile_server_new(&config, &server), ZT_OK);
	ck_assert_int_eq(reconcile_server_next(server, wire, &len), ZT_EMALFORMED);
	reconcile_server_free(server);
	scene_drop(&scene);
}
END_TEST

/* ---- zones made to be hard ------------------------------------------------------------------------------------------------------------------ */

/* 125 labels of one byte, then the same path with other leaves. */
static void deep_names(struct zone_edit *edit, unsigned count)
{
	uint8_t owner[NAME_MAX_LEN];

	for (unsigned i = 0; i < count; i++) {
		unsigned labels = 1 + i % 122;
		uint8_t *at = owner;
		for (unsigned k = 0; k < labels; k++) {
			*at++ = 1;
			*at++ = k == 0 ? (uint8_t)('a' + i / 122 % 26) : 'a';
		}
		memcpy(at, reconcile_apex, sizeof(reconcile_apex));
		add_a(edit, owner, i);
	}
}

/* Labels of 63 bytes that differ in the last ones only. */
static void shared_beginnings(struct zone_edit *edit, unsigned count)
{
	uint8_t owner[NAME_MAX_LEN];

	for (unsigned i = 0; i < count; i++) {
		for (unsigned label = 0; label < 3; label++) {
			owner[64 * label] = 63;
			memset(owner + 64 * label + 1, 'x', 63);
		}
		char digits[16];
		snprintf(digits, sizeof(digits), "%06u", i);
		memcpy(owner + 64 * 2 + 1 + 57, digits, 6);
		memcpy(owner + 64 * 3, reconcile_apex, sizeof(reconcile_apex));
		add_a(edit, owner, i);
	}
}

/* Some names own all there can be, their neighbours one record. */
static void heavy_names(struct zone_edit *edit, unsigned count)
{
	uint8_t owner[32];

	for (unsigned i = 0; i < count; i++) {
		owner[0] = (uint8_t)snprintf((char *)owner + 1, 20, "n%u", i);
		memcpy(owner + 1 + owner[0], reconcile_apex, sizeof(reconcile_apex));
		add_a(edit, owner, i);
		for (uint16_t type = 1000; i % 100 == 0 && type < 1000 + 900; type++)
			add(edit, owner, &(struct change_record){ .type = type, .ttl = 60, .rdata = (const uint8_t *)"x", .rdata_len = 1 });
	}
}

static const struct hard {
	const char *name;
	void (*fill)(struct zone_edit *edit, unsigned count);
	unsigned count, bytes;           /* what it may cost: three times what a plain zone of as many RRsets does, or why not */
} hard[] = {
	{ "deep names", deep_names, 3000, 3 * 1600 },
	{ "names that begin alike", shared_beginnings, 5000, 3 * 1600 },
	{ "names that own 900 RRsets", heavy_names, 1000, 3 * 1600 + 8 * 900 },      /* such a name is listed whole */
};

START_TEST(zones_made_to_be_hard_cost_little_more)
{
	struct zone_edit *edit;
	struct scene scene;
	struct rrset set;

	seed(&scene, hard[_i].name);
	scene.theirs = zone_with_same(NULL, &edit);
	hard[_i].fill(edit, hard[_i].count);
	put_soa(edit, 1);
	zone_edit_publish(edit);
	scene.ours = zone_with_same(zone_current(scene.theirs), &edit);
	/* One RRset in the middle is another. */
	uint64_t count = zone_summary(zone_edit_view(edit)).count;
	const struct znode *node = zone_at_rank(zone_edit_view(edit), count / 2);
	uint8_t owner[NAME_MAX_LEN];
	name_copy(owner, znode_owner(node));
	ck_assert(znode_rrset(node, TYPE_A, 0, &set));
	ck_assert_int_eq(zone_edit_remove_rrset(edit, owner, TYPE_A, 0), ZT_OK);
	add_a(edit, owner, 0xffffffff);
	put_soa(edit, 2);
	zone_edit_publish(edit);
	scene.before = reconcile_pair_digest(zone_current(scene.ours));
	scene.wanted = reconcile_pair_digest(zone_current(scene.theirs));
	client_make(&scene, &reconcile_key, 0);
	struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key };
	enum reconcile_result result = reconcile_pair_run(&pair, scene.client);
	printf("# %s: %llu bytes, %u round trips\n", hard[_i].name, (unsigned long long)pair.bytes, reconcile_client_round_trips(scene.client));
	ck_assert_int_eq(result, RECONCILE_DONE);
	ck_assert_uint_le(pair.bytes, hard[_i].bytes);
	outcome_check(&scene, result);
	scene_drop(&scene);
}
END_TEST

START_TEST(a_name_with_more_rrsets_than_a_list_holds_is_left_to_axfr)
{
	struct zone_edit *edit;
	struct scene scene;

	seed(&scene, "too heavy");
	scene.theirs = zone_with_same(NULL, &edit);
	put_soa(edit, 1);
	for (uint16_t type = 1000; type < 1000 + RECONCILE_LIST_MAX + 1; type++)
		add(edit, (const uint8_t *)"\1h\7example", &(struct change_record){ .type = type, .ttl = 60, .rdata = (const uint8_t *)"x", .rdata_len = 1 });
	zone_edit_publish(edit);
	scene.ours = host_zone(100, NULL, &edit);
	zone_edit_publish(edit);
	scene.before = reconcile_pair_digest(zone_current(scene.ours));
	scene.wanted = reconcile_pair_digest(zone_current(scene.theirs));
	client_make(&scene, &reconcile_key, 0);
	struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key };
	outcome_check(&scene, reconcile_pair_run(&pair, scene.client));
	struct reconcile_client_config config = { .zone = scene.theirs, .key = &reconcile_key };
	struct reconcile_client *client = NULL;
	ck_assert_int_eq(reconcile_client_new(&config, &client), ZT_ELIMIT);
	scene_drop(&scene);
}
END_TEST

/* Hashes in a list that are one and the same, as somebody could make who grinds 2^32 records: all are taken for found, and the digest, or rather the
 * fingerprint of the outcome, tells. */
START_TEST(equal_short_hashes_are_all_found)
{
	uint8_t hashes[24];
	static struct reconcile_match match;

	for (unsigned i = 0; i < 3; i++)
		wire_put_u64(hashes + 8 * i, i == 2 ? 9 : 7);
	reconcile_match_init(&match, &(struct reconcile_entry){ .kind = RECONCILE_LIST, .count = 3, .data = hashes });
	ck_assert(!reconcile_match_find(&match, 8));
	ck_assert(reconcile_match_find(&match, 7));
	ck_assert_uint_eq(match.found[0], 0xc0);
	ck_assert_uint_eq(reconcile_match_invert(&match), 1);
	ck_assert_uint_eq(match.found[0], 0x20);
}
END_TEST

/* Every hash of the server's lists becomes one of ours: the client believes that it has what it has not. */
static void collide(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t *len)
{
	struct reconcile_query query;
	struct message message;
	struct reconcile_reader reader;

	(void)pair;
	if (!to_server || message_read(&message, wire, *len) != ZT_OK || reconcile_query_read(&message.edns, &query) != ZT_OK)
		return;
	/* A LIST of ours says less than we have: the server's GIVE then removes nothing of it. */
	reconcile_reader_init(&reader, query.entries, query.entries_len);
	while (reconcile_reader_next(&reader)) {
		if (reader.entry.kind == RECONCILE_LIST && reader.entry.count > 1)
			memcpy(wire + (reader.entry.data - wire), reader.entry.data + 8, 8);
	}
}

START_TEST(lists_with_colliding_hashes_end_in_no_wrong_zone)
{
	struct scene scene;

	seed(&scene, "collide");
	for (unsigned long i = suite_rounds(20); i > 0; i--) {
		scene_make(&scene, 500, 60);
		struct reconcile_pair pair = { .version = zone_current(scene.theirs), .key = &reconcile_key, .meddle = collide };
		outcome_check(&scene, reconcile_pair_run(&pair, scene.client));
		scene_drop(&scene);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reconcile faults");
	TCase *tc = tcase_create("faults");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, bad_messages_never_make_a_wrong_zone, 0, sizeof(hands) / sizeof(hands[0]));
	tcase_add_test(tc, a_message_that_comes_twice_is_noticed);
	tcase_add_test(tc, a_server_with_another_key_is_told_apart);
	tcase_add_test(tc, a_version_that_goes_away_makes_it_begin_anew_and_a_restless_one_give_up);
	tcase_add_test(tc, what_agrees_by_fingerprints_and_not_by_digest_is_refused_and_worth_an_alarm);
	tcase_add_test(tc, limits_of_bytes_and_records_hold);
	tcase_add_test(tc, a_server_that_has_nothing_newer_is_current_unless_any_serial_will_do);
	tcase_add_test(tc, a_zone_that_changed_meanwhile_is_not_edited);
	tcase_add_test(tc, what_costs_more_than_a_transfer_is_given_up_early);
	tcase_add_loop_test(tc, answers_that_make_no_sense_are_told_as_such, 0, sizeof(senseless) / sizeof(senseless[0]));
	tcase_add_test(tc, a_server_answers_no_question_about_a_list_that_it_never_sent);
	tcase_add_loop_test(tc, zones_made_to_be_hard_cost_little_more, 0, sizeof(hard) / sizeof(hard[0]));
	tcase_add_test(tc, a_name_with_more_rrsets_than_a_list_holds_is_left_to_axfr);
	tcase_add_test(tc, equal_short_hashes_are_all_found);
	tcase_add_test(tc, lists_with_colliding_hashes_end_in_no_wrong_zone);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
