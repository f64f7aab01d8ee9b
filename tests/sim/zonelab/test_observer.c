/* The observer among simulated servers and caches, under a manual clock: every event it tells is checked with its time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/dns/present.h"
#include "lib/dns/writer.h"
#include "tests/support/suite.h"
#include "tools/zonelab/keeper/observer.h"

enum { ORIGIN = 7000000, DELIVERIES = 4096, WIRE_SIZE = 512, NODES = 5, ONE_WAY = 1000 };
enum { P, S2, S3, EDGE, FAR };

static const char topology_text[] =
	"nodes:\n"
	"  - {name: p, kind: authd}\n  - {name: s2, kind: nsd}\n  - {name: s3, kind: knot}\n"
	"  - {name: edge, kind: resolverd}\n  - {name: far, kind: unbound}\n"
	"zones:\n  - {name: ., primary: p, secondaries: [s2, s3]}\n";

/* One node: what it would say now. */
struct fake {
	uint32_t serial;
	unsigned rcode;
	bool is_mute;                 /* hears nothing */
	bool offers_version;
	int version_labels;           /* what its ZONEVERSION says; the root has none */
	uint32_t version;
	const char *address;          /* of www.; NULL: no such name */
	uint32_t ttl;
	usec_t one_way;
	unsigned asked;
};

/* A datagram on its way: to the node first, then back. */
struct delivery {
	usec_t at;
	uint32_t node;
	bool is_answer;
	size_t len;
	uint8_t wire[WIRE_SIZE];
};

struct world {
	struct topology topology;
	struct observer *observer;
	usec_t now;
	struct fake fakes[NODES];
	struct delivery deliveries[DELIVERIES];
	size_t count;
	struct buf told;              /* one event a line, without the quotes */
};

static void on_ask(void *ctx, uint32_t node, const uint8_t *wire, size_t len)
{
	struct world *world = ctx;

	ck_assert_uint_lt(world->count, DELIVERIES);
	struct delivery *delivery = &world->deliveries[world->count++];
	*delivery = (struct delivery){ .at = world->now + world->fakes[node].one_way, .node = node, .len = len };
	memcpy(delivery->wire, wire, len);
	world->fakes[node].asked++;
}

static void on_tell(void *ctx, json_t *event)
{
	struct world *world = ctx;

	ck_assert_ptr_nonnull(event);
	char *text = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(6));
	buf_printf(&world->told, "%.3f ", (double)(world->now - ORIGIN) / USEC_PER_SEC);
	for (const char *c = text; *c; c++) {
		if (*c != '"' && *c != '{' && *c != '}')
			buf_add_u8(&world->told, (uint8_t)*c);
	}
	buf_add_u8(&world->told, '\n');
	free(text);
	json_decref(event);
}

static void world_init(struct world *world, double client_rate)
{
	struct topology_text source = { "lab.yaml", topology_text, sizeof(topology_text) - 1 };
	struct problems problems;

	*world = (struct world){ .now = ORIGIN };
	buf_init(&world->told);
	problems_init(&problems, "lab.yaml");
	ck_assert_int_eq(topology_parse(&world->topology, &source, &problems), ZT_OK);
	problems_fini(&problems);
	for (size_t i = 0; i < NODES; i++)
		world->fakes[i] = (struct fake){ .serial = 1, .address = "192.0.2.1", .ttl = 10, .one_way = ONE_WAY };
	struct observer_config config = {
		.topology = &world->topology, .out = { on_ask, on_tell, world }, .origin = ORIGIN, .client_rate = client_rate, .seed = 1, .speed = 1,
	};
	ck_assert_int_eq(observer_new(&world->observer, &config), ZT_OK);
	for (uint32_t i = 0; i < NODES; i++)
		observer_on_node(world->observer, i, true, world->now);
}

static void world_fini(struct world *world)
{
	observer_free(world->observer);
	topology_free(&world->topology);
	buf_fini(&world->told);
}

static void answer_write(const struct fake *fake, const struct message *question, struct delivery *out)
{
	struct message_writer writer;
	uint8_t rdata[256];
	char soa[100];
	struct wcursor cursor = wcursor_over(rdata, sizeof(rdata));
	const bool is_soa = question->qtype == TYPE_SOA, has_record = fake->rcode == RCODE_NOERROR && (is_soa || fake->address);
	uint16_t rcode = (uint16_t)(fake->rcode != RCODE_NOERROR || is_soa || fake->address ? fake->rcode : RCODE_NXDOMAIN);
	uint8_t version[] = { 0, EDNS_ZONEVERSION, 0, 6, (uint8_t)fake->version_labels, 0, 0, 0, 0, (uint8_t)fake->version };
	struct edns_out edns = { .udp_size = 1232, .rcode = rcode };

	snprintf(soa, sizeof(soa), "p. host. %u 30 10 3600 5", fake->serial);
	ck_assert_int_eq(rdata_from_text(is_soa ? TYPE_SOA : TYPE_A, is_soa ? soa : fake->address ? fake->address : "192.0.2.0", NULL, &cursor, NULL),
			 ZT_OK);
	message_writer_init(&writer, out->wire, WIRE_SIZE, question->id, (uint16_t)(FLAG_QR | FLAG_AA | rcode));
	ck_assert_int_eq(message_write_question(&writer, question->qname, question->qtype, CLASS_IN), ZT_OK);
	struct record_out record = { question->qname, question->qtype, CLASS_IN, fake->ttl, rdata, (uint16_t)cursor.pos, false };
	if (has_record)
		ck_assert_int_eq(message_write_record(&writer, SECTION_ANSWER, &record), ZT_OK);
	if (fake->offers_version && edns_has(&question->edns, EDNS_ZONEVERSION)) {
		edns.options = version;
		edns.options_len = sizeof(version);
	}
	ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	out->len = message_writer_finish(&writer);
}

static void deliver(struct world *world, size_t at)
{
	struct delivery delivery = world->deliveries[at];
	struct message question;

	world->deliveries[at] = world->deliveries[--world->count];
	if (delivery.is_answer) {
		observer_on_answer(world->observer, delivery.node, delivery.wire, delivery.len, world->now);
		return;
	}
	struct fake *fake = &world->fakes[delivery.node];
	if (fake->is_mute)
		return;
	struct delivery *answer = &world->deliveries[world->count++];
	ck_assert_int_eq(message_read(&question, delivery.wire, delivery.len), ZT_OK);
	*answer = (struct delivery){ .at = world->now + fake->one_way, .node = delivery.node, .is_answer = true };
	answer_write(fake, &question, answer);
}

static size_t earliest(const struct world *world)
{
	size_t best = 0;

	for (size_t i = 1; i < world->count; i++) {
		if (world->deliveries[i].at < world->deliveries[best].at)
			best = i;
	}
	return best;
}

/* Runs until the moment `at` milliseconds after the origin; what happens right then is still to come. */
static void run_to(struct world *world, usec_t at_ms)
{
	usec_t until = ORIGIN + at_ms * USEC_PER_MSEC;

	for (;;) {
		size_t first = earliest(world);
		usec_t next = observer_deadline(world->observer);
		bool is_delivery = world->count > 0 && world->deliveries[first].at <= next;
		next = is_delivery ? world->deliveries[first].at : next;
		if (next >= until)
			break;
		world->now = next;
		if (is_delivery)
			deliver(world, first);
		else
			observer_on_time(world->observer, world->now);
	}
	world->now = until;
}

static void check_told(struct world *world, const char *expected)
{
	buf_add_u8(&world->told, '\0');
	ck_assert_str_eq((const char *)world->told.data, expected);
	buf_clear(&world->told);
}

/* Without the ones about how it was found. */
static void forget(struct world *world)
{
	buf_clear(&world->told);
}

static void watch(struct world *world)
{
	struct observer_watch what = { .zone = &world->topology.zones[0], .type = TYPE_A };

	ck_assert_int_eq(name_from_text(what.name, "www.", NULL), ZT_OK);
	observer_watch(world->observer, &what, world->now);
}

START_TEST(tells_who_serves_what_when_it_finds_them)
{
	struct world world;

	world_init(&world, 0);
	world.fakes[S2].offers_version = true;
	world.fakes[S2].version = 1;
	run_to(&world, 1000);
	check_told(&world, "0.002 event:serial,zone:.,node:p,serial:1,by:soa\n"
			   "0.002 event:serial,zone:.,node:s2,serial:1,by:zoneversion\n"
			   "0.002 event:serial,zone:.,node:s3,serial:1,by:soa\n");
	world_fini(&world);
}
END_TEST

START_TEST(tells_when_each_serial_was_first_served_and_not_before_when)
{
	struct world world;

	world_init(&world, 0);
	run_to(&world, 3010);
	forget(&world);
	world.fakes[P].serial = 2;
	run_to(&world, 3057);      /* the primary was seen at 3.052, and the others asked at once */
	world.fakes[S2].serial = 2;
	run_to(&world, 3210);
	world.fakes[S3].serial = 2;
	run_to(&world, 9000);
	check_told(&world, "3.052 event:change,zone:.,serial:2,node:p,since:3.0,backward:false,was:1\n"
			   "3.052 event:serial,zone:.,node:p,serial:2,by:soa,since:3.0,was:1\n"
			   "3.102 event:serial,zone:.,node:s2,serial:2,by:soa,since:3.052,was:1\n"
			   "3.252 event:serial,zone:.,node:s3,serial:2,by:soa,since:3.2,was:1\n"
			   "3.252 event:converged,zone:.,serial:2,servers_s:0.2,caches_s:null,down:[]\n");
	world_fini(&world);
}
END_TEST

START_TEST(asks_the_primary_each_tick_and_the_others_once_a_second_at_rest)
{
	struct world world;

	world_init(&world, 0);
	run_to(&world, 4000);
	for (size_t i = 0; i < NODES; i++)
		world.fakes[i].asked = 0;
	run_to(&world, 14000);
	ck_assert_uint_eq(world.fakes[P].asked, 200);
	ck_assert_uint_eq(world.fakes[S2].asked, 10);
	ck_assert_uint_eq(world.fakes[S3].asked, 10);
	ck_assert_uint_eq(world.fakes[EDGE].asked, 0);      /* nothing is watched */
	world.fakes[P].serial = 2;
	run_to(&world, 14100);
	ck_assert(!observer_is_at_rest(world.observer, world.now));
	world.fakes[S2].asked = 0;
	run_to(&world, 24100);
	ck_assert_uint_eq(world.fakes[S2].asked, 200);      /* as long as it has not got it */
	world_fini(&world);
}
END_TEST

START_TEST(a_serial_that_goes_backwards_is_a_change_that_says_so)
{
	struct world world;

	world_init(&world, 0);
	for (size_t i = P; i <= S3; i++)
		world.fakes[i].serial = 5;
	run_to(&world, 3010);
	forget(&world);
	world.fakes[P].serial = 3;
	run_to(&world, 4000);
	check_told(&world, "3.052 event:change,zone:.,serial:3,node:p,since:3.0,backward:true,was:5\n"
			   "3.052 event:serial,zone:.,node:p,serial:3,by:soa,since:3.0,was:5,backward:true\n");
	world.fakes[S2].serial = 3;
	run_to(&world, 4500);
	check_told(&world, "4.002 event:serial,zone:.,node:s2,serial:3,by:soa,since:3.95,was:5,backward:true\n");
	world.fakes[P].serial = 4;      /* not newer than what s3 has had all the time, but a change */
	run_to(&world, 5000);
	check_told(&world, "4.502 event:change,zone:.,serial:4,node:p,since:4.45,backward:false,was:3\n"
			   "4.502 event:serial,zone:.,node:p,serial:4,by:soa,since:4.45,was:3\n");
	world_fini(&world);
}
END_TEST

START_TEST(a_zone_that_expires_at_a_server_and_a_server_that_is_silent_are_told)
{
	struct world world;

	world_init(&world, 0);
	run_to(&world, 4990);
	forget(&world);
	world.fakes[S2].rcode = RCODE_SERVFAIL;      /* its turn is each twentieth tick: at 5.900 */
	run_to(&world, 6010);
	check_told(&world, "5.902 event:serial,zone:.,node:s2,serial:null,trouble:SERVFAIL,since:4.9,was:1\n");
	world.fakes[S2].rcode = RCODE_NOERROR;
	run_to(&world, 6990);
	check_told(&world, "6.052 event:serial,zone:.,node:s2,serial:1,by:soa,since:6.0\n");
	run_to(&world, 12010);
	world.fakes[P].is_mute = true;      /* the questions of 12.050, 12.550 and 13.050 are given up */
	run_to(&world, 13540);
	check_told(&world, "");
	run_to(&world, 14010);
	check_told(&world, "13.550 event:serial,zone:.,node:p,serial:null,trouble:no answer,since:12.0,was:1\n");
	world_fini(&world);
}
END_TEST

START_TEST(a_node_that_is_down_is_not_asked_and_not_waited_for)
{
	struct world world;

	world_init(&world, 0);
	run_to(&world, 3010);
	forget(&world);
	observer_on_node(world.observer, S3, false, world.now);
	world.fakes[S3].asked = 0;
	world.fakes[P].serial = world.fakes[S2].serial = 2;
	run_to(&world, 9010);
	check_told(&world, "3.052 event:change,zone:.,serial:2,node:p,since:3.0,backward:false,was:1\n"
			   "3.052 event:serial,zone:.,node:p,serial:2,by:soa,since:3.0,was:1\n"
			   "3.054 event:serial,zone:.,node:s2,serial:2,by:soa,since:2.9,was:1\n"
			   "3.054 event:converged,zone:.,serial:2,servers_s:0.002,caches_s:null,down:[s3]\n");
	ck_assert_uint_eq(world.fakes[S3].asked, 0);
	observer_on_node(world.observer, S3, true, world.now);      /* with what it had stored; it catches up */
	run_to(&world, 9090);
	world.fakes[S3].serial = 2;
	run_to(&world, 10000);
	check_told(&world, "9.052 event:serial,zone:.,node:s3,serial:1,by:soa\n"
			   "9.102 event:serial,zone:.,node:s3,serial:2,by:soa,since:9.05,was:1\n"
			   "9.102 event:converged,zone:.,serial:2,servers_s:6.05,caches_s:null,down:[]\n");
	world_fini(&world);
}
END_TEST

START_TEST(an_answer_that_comes_after_its_question_was_given_up_is_not_the_next_ones)
{
	struct world world;

	world_init(&world, 0);
	run_to(&world, 3010);
	forget(&world);
	world.fakes[P].one_way = 260 * USEC_PER_MSEC;      /* 520 ms to and fro: half a second is too short */
	world.fakes[P].serial = 2;
	run_to(&world, 4560);
	check_told(&world, "4.550 event:serial,zone:.,node:p,serial:null,trouble:no answer,since:3.0,was:1\n");
	world_fini(&world);
}
END_TEST

START_TEST(a_version_of_another_zone_does_not_count)
{
	struct world world;

	world_init(&world, 0);
	world.fakes[P].offers_version = true;
	world.fakes[P].version = 9;
	world.fakes[P].version_labels = 1;
	run_to(&world, 40);
	ck_assert_ptr_nonnull(strstr((const char *)world.told.data, "node:p,serial:1,by:soa"));
	world_fini(&world);
}
END_TEST

/* Gives the caches the old record with so many seconds left. */
static void caches_hold(struct world *world, const char *address, uint32_t ttl)
{
	for (size_t i = EDGE; i <= FAR; i++) {
		world->fakes[i].address = address;
		world->fakes[i].ttl = ttl;
	}
}

/* Times of caches follow the clients' Poisson process; so they are checked by what must hold, not by their digits. */
static void check_order(struct world *world, const char *const expected[])
{
	buf_add_u8(&world->told, '\0');
	const char *text = (const char *)world->told.data;
	for (size_t i = 0; expected[i]; i++) {
		const char *space = strchr(text, ' ');
		ck_assert_msg(space && strncmp(space + 1, expected[i], strlen(expected[i])) == 0, "expected \"%s\" next in\n%s", expected[i], text);
		text = strchr(text, '\n') + 1;
	}
	ck_assert_msg(*text == '\0', "nothing more expected:\n%s", text);
	buf_clear(&world->told);
}

START_TEST(tells_what_clients_are_given_until_the_last_cache_has_the_change)
{
	struct world world;

	world_init(&world, 50);
	world.fakes[FAR].is_mute = true;
	run_to(&world, 1000);
	forget(&world);
	watch(&world);
	run_to(&world, 2000);
	/* The first clients come at once; what is true is known as soon. */
	check_order(&world, (const char *const[]){ "event:watched,zone:.,name:www.,type:A,target:null,ttl:0,serial:1,stale:[]\n",
		"event:watched,zone:.,name:www.,type:A,target:[192.0.2.1],ttl:10,serial:1,stale:[]\n",
		"event:answer,node:edge,name:www.,type:A,value:[192.0.2.1],ttl:10,fresh:true\n",
		"event:answer,node:far,name:www.,type:A,value:[],ttl:0,fresh:null,trouble:no answer\n", NULL });
	world.fakes[FAR].is_mute = false;
	caches_hold(&world, "192.0.2.1", 9);
	run_to(&world, 3010);
	forget(&world);
	ck_assert(observer_is_at_rest(world.observer, world.now));

	for (size_t i = P; i <= S3; i++)
		world.fakes[i].serial = 2;
	world.fakes[P].address = "192.0.2.2";
	run_to(&world, 4000);
	check_order(&world, (const char *const[]){ "event:change,zone:.,serial:2,node:p,since:3.0,", "event:serial,zone:.,node:p,serial:2,",
		"event:watched,zone:.,name:www.,type:A,target:[192.0.2.2],ttl:10,serial:2,stale:[edge,far]",
		"event:serial,zone:.,node:s2,serial:2,by:soa,since:2.9,was:1", "event:serial,zone:.,node:s3,serial:2,by:soa,since:2.85,was:1",
		NULL });
	ck_assert(!observer_is_at_rest(world.observer, world.now));
	world.fakes[EDGE].address = "192.0.2.2";      /* fresh, stale again, fresh */
	run_to(&world, 5000);
	world.fakes[EDGE].address = "192.0.2.1";
	run_to(&world, 6000);
	caches_hold(&world, "192.0.2.2", 10);
	run_to(&world, 7000);
	world.fakes[FAR].address = "192.0.2.1";      /* all had it, and one falls back */
	run_to(&world, 8000);
	world.fakes[FAR].address = "192.0.2.2";
	run_to(&world, 9000);
	ck_assert(observer_is_at_rest(world.observer, world.now));
	check_order(&world, (const char *const[]){
		"event:answer,node:edge,name:www.,type:A,value:[192.0.2.2],ttl:9,fresh:true,since:",
		"event:answer,node:edge,name:www.,type:A,value:[192.0.2.1],ttl:9,fresh:false,since:",
		"event:answer,node:far,name:www.,type:A,value:[192.0.2.2],ttl:10,fresh:true,since:",
		"event:answer,node:edge,name:www.,type:A,value:[192.0.2.2],ttl:10,fresh:true,since:",
		"event:converged,zone:.,serial:2,servers_s:0.002,caches_s:2.",
		"event:answer,node:far,name:www.,type:A,value:[192.0.2.1],ttl:10,fresh:false,since:",
		"event:answer,node:far,name:www.,type:A,value:[192.0.2.2],ttl:10,fresh:true,since:",
		"event:converged,zone:.,serial:2,servers_s:0.002,caches_s:4.", NULL });
	world_fini(&world);
}
END_TEST

START_TEST(a_copy_that_was_fetched_again_is_told_and_one_that_grows_old_is_not)
{
	struct world world;

	world_init(&world, 50);
	watch(&world);
	for (uint32_t ttl = 10; ttl > 0; ttl--) {
		caches_hold(&world, "192.0.2.1", ttl);
		run_to(&world, (11 - ttl) * 1000);
	}
	forget(&world);
	caches_hold(&world, "192.0.2.1", 10);
	run_to(&world, 10900);
	check_order(&world, (const char *const[]){ "event:answer,node:far,name:www.,type:A,value:[192.0.2.1],ttl:10,fresh:true,since:",
		"event:answer,node:edge,name:www.,type:A,value:[192.0.2.1],ttl:10,fresh:true,since:", NULL });
	world_fini(&world);
}
END_TEST

START_TEST(a_name_that_goes_away_is_a_change_of_its_own)
{
	struct world world;

	world_init(&world, 50);
	watch(&world);
	run_to(&world, 3010);
	forget(&world);
	for (size_t i = P; i <= S3; i++) {
		world.fakes[i].serial = 2;
		world.fakes[i].address = NULL;
	}
	run_to(&world, 3500);
	ck_assert_ptr_nonnull(strstr((const char *)world.told.data, "target:[],ttl:0,serial:2,stale:[edge,far]"));
	forget(&world);
	caches_hold(&world, NULL, 0);
	run_to(&world, 4000);
	buf_add_u8(&world.told, '\0');
	ck_assert_ptr_nonnull(strstr((const char *)world.told.data, "node:far,name:www.,type:A,value:[],ttl:0,fresh:true,absent:true,since:"));
	ck_assert_ptr_nonnull(strstr((const char *)world.told.data, "event:converged,zone:.,serial:2"));
	world_fini(&world);
}
END_TEST

/* Mean and variance of a Poisson process are the same; five sigmas. */
START_TEST(clients_are_a_poisson_process_of_the_rate_and_the_same_for_a_seed)
{
	enum { SECONDS = 1000, RATE = 3 };
	unsigned counts[2][2];

	for (size_t run = 0; run < 2; run++) {
		struct world world;
		double squares = 0;
		world_init(&world, RATE);
		watch(&world);
		run_to(&world, 1);
		world.fakes[EDGE].asked = world.fakes[FAR].asked = 0;
		unsigned before = 0;
		for (unsigned s = 0; s < SECONDS; s++) {
			run_to(&world, 1 + (s + 1) * 1000);
			double off = (double)(world.fakes[EDGE].asked - before) - RATE;
			squares += off * off;
			before = world.fakes[EDGE].asked;
		}
		counts[run][0] = world.fakes[EDGE].asked;
		counts[run][1] = world.fakes[FAR].asked;
		ck_assert_uint_gt(counts[run][0], 2726);      /* 3000 - 5 sqrt(3000) */
		ck_assert_uint_lt(counts[run][0], 3274);
		ck_assert_msg(squares / SECONDS > 2.3 && squares / SECONDS < 3.7, "variance %.2f", squares / SECONDS);
		world_fini(&world);
	}
	ck_assert_uint_eq(counts[0][0], counts[1][0]);
	ck_assert_uint_eq(counts[0][1], counts[1][1]);
	ck_assert_uint_ne(counts[0][0], counts[0][1]);
}
END_TEST

START_TEST(the_state_says_what_was_told)
{
	struct world world;

	world_init(&world, 50);
	watch(&world);
	world.fakes[S3].rcode = RCODE_REFUSED;
	run_to(&world, 3000);
	json_t *state = json_object();
	observer_state_add(world.observer, state);
	json_t *expected = json_pack("{s:{s:i, s:i, s:n}}", ".", "p", 1, "s2", 1, "s3");
	ck_assert(json_equal(json_object_get(state, "serials"), expected));
	json_decref(expected);
	const json_t *edge = json_object_get(json_object_get(state, "answers"), "edge");
	ck_assert(json_is_true(json_object_get(edge, "fresh")));
	ck_assert_double_gt(json_real_value(json_object_get(edge, "t")), 2.5);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(state, "watched"), "name")), "www.");
	json_decref(state);
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("observer");
	TCase *tcase = tcase_create("observer");

	tcase_add_test(tcase, tells_who_serves_what_when_it_finds_them);
	tcase_add_test(tcase, tells_when_each_serial_was_first_served_and_not_before_when);
	tcase_add_test(tcase, asks_the_primary_each_tick_and_the_others_once_a_second_at_rest);
	tcase_add_test(tcase, a_serial_that_goes_backwards_is_a_change_that_says_so);
	tcase_add_test(tcase, a_zone_that_expires_at_a_server_and_a_server_that_is_silent_are_told);
	tcase_add_test(tcase, a_node_that_is_down_is_not_asked_and_not_waited_for);
	tcase_add_test(tcase, an_answer_that_comes_after_its_question_was_given_up_is_not_the_next_ones);
	tcase_add_test(tcase, a_version_of_another_zone_does_not_count);
	tcase_add_test(tcase, tells_what_clients_are_given_until_the_last_cache_has_the_change);
	tcase_add_test(tcase, a_copy_that_was_fetched_again_is_told_and_one_that_grows_old_is_not);
	tcase_add_test(tcase, a_name_that_goes_away_is_a_change_of_its_own);
	tcase_add_test(tcase, clients_are_a_poisson_process_of_the_rate_and_the_same_for_a_seed);
	tcase_add_test(tcase, the_state_says_what_was_told);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
