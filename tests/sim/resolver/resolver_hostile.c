/* Bad servers and bad zones: poison, forgery, loops, floods of work. What others own stays right, and work stays bounded. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/resolver/world.h"
#include "tests/support/suite.h"

/* A root that delegates evil. and victim.; the evil server does what its hook says. */
struct stage {
	struct world world;
	struct sim_zone *root, *victim, *evil;
	struct sim_server *root_server, *victim_server, *evil_server;
	struct sim_resolver *resolver;
	struct sim_client client;
};

static void stage_init(struct stage *s)
{
	world_init(&s->world, suite_seed("hostile"));
	s->root = world_zone(&s->world, ".");
	zone_add_lines(s->root, (const char *const[]){
		". 86400 SOA a.root. nobody. 1 1800 900 604800 60", ". 86400 NS a.root.", "a.root. 86400 A 10.0.0.1",
		"evil. 3600 NS ns.evil.", "ns.evil. 3600 A 10.6.6.6", "victim. 3600 NS ns.victim.", "ns.victim. 3600 A 10.0.1.1", NULL });
	s->victim = world_zone(&s->world, "victim.");
	zone_add_lines(s->victim, (const char *const[]){
		"@ 3600 SOA ns hostmaster 1 1800 900 604800 30", "@ 3600 NS ns", "ns 3600 A 10.0.1.1", "www 300 A 192.0.2.1", NULL });
	s->evil = world_zone(&s->world, "evil.");
	zone_add_lines(s->evil, (const char *const[]){ "@ 3600 SOA ns hostmaster 1 1800 900 604800 30", "@ 3600 NS ns", "ns 3600 A 10.6.6.6", NULL });
	s->root_server = world_server(&s->world, "10.0.0.1");
	server_serve(s->root_server, s->root);
	s->victim_server = world_server(&s->world, "10.0.1.1");
	server_serve(s->victim_server, s->victim);
	s->evil_server = world_server(&s->world, "10.6.6.6");
	server_serve(s->evil_server, s->evil);
	s->resolver = world_resolver(&s->world, "10.9.0.1", "10.0.0.1", 1 << 20);
	s->client = (struct sim_client){ 0 };
	buf_init(&s->client.text);
}

static void stage_fini(struct stage *s)
{
	ck_assert_uint_eq(resolver_task_count(s->resolver->machine), 0);
	client_fini(&s->client);
	world_fini(&s->world);
}

static const char *ask(struct stage *s, const char *name, uint16_t type)
{
	const char *text = world_resolve(&s->client, s->resolver, name, type);
	world_drain(&s->world);
	return text;
}

static void put(struct message_writer *writer, enum section section, const char *owner, uint16_t type, const char *target)
{
	uint8_t name[NAME_MAX_LEN], rdata[NAME_MAX_LEN];
	struct netaddr addr;
	struct record_out out = { .owner = name, .type = type, .rr_class = CLASS_IN, .ttl = 86400, .rdata = rdata };

	ck_assert_int_eq(name_from_text(name, owner, NULL), ZT_OK);
	if (type == TYPE_A) {
		ck_assert_int_eq(netaddr_from_text(&addr, target, 53), ZT_OK);
		memcpy(rdata, &addr.v4.sin_addr, 4);
		out.rdata_len = 4;
	} else {
		ck_assert_int_eq(name_from_text(rdata, target, NULL), ZT_OK);
		out.rdata_len = (uint16_t)name_len(rdata);
	}
	ck_assert_int_eq(message_write_record(writer, section, &out), ZT_OK);
}

static void begin(struct message_writer *writer, const struct message *query, uint16_t flags, uint8_t *out, size_t size)
{
	message_writer_init(writer, out, size, query->id, (uint16_t)(FLAG_QR | flags));
	ck_assert_int_eq(message_write_question(writer, query->qname, query->qtype, query->qclass), ZT_OK);
}

static size_t poison(struct world *world, struct sim_server *server, const struct message *query, uint8_t *out, size_t size)
{
	struct message_writer writer;
	char name[NAME_TEXT_SIZE];

	(void)world;
	(void)server;
	begin(&writer, query, FLAG_AA, out, size);
	put(&writer, SECTION_ANSWER, name_to_text(query->qname, name), TYPE_A, "10.6.6.1");
	put(&writer, SECTION_ANSWER, "www.victim.", TYPE_A, "10.6.6.2");
	put(&writer, SECTION_AUTHORITY, "victim.", TYPE_NS, "ns.evil.");
	put(&writer, SECTION_AUTHORITY, ".", TYPE_NS, "ns.evil.");
	put(&writer, SECTION_AUTHORITY, "evil.", TYPE_NS, "ns.victim.");
	put(&writer, SECTION_ADDITIONAL, "ns.victim.", TYPE_A, "10.6.6.6");
	put(&writer, SECTION_ADDITIONAL, "a.root.", TYPE_A, "10.6.6.6");
	return message_writer_finish(&writer);
}

START_TEST(records_about_others_go_nowhere)
{
	struct stage s;

	stage_init(&s);
	s.evil_server->hook = poison;
	ck_assert_str_eq(ask(&s, "www.evil.", TYPE_A), "NOERROR\nwww.evil. A 10.6.6.1\n");
	ck_assert_str_eq(ask(&s, "www.victim.", TYPE_A), "NOERROR\nwww.victim. A 192.0.2.1\n");
	ck_assert_str_eq(ask(&s, "ns.victim.", TYPE_A), "NOERROR\nns.victim. A 10.0.1.1\n");
	ck_assert_str_eq(ask(&s, "a.root.", TYPE_A), "NOERROR\na.root. A 10.0.0.1\n");
	stage_fini(&s);
}
END_TEST

static size_t refer_to_victim(struct world *world, struct sim_server *server, const struct message *query, uint8_t *out, size_t size)
{
	struct message_writer writer;

	(void)world;
	(void)server;
	begin(&writer, query, 0, out, size);
	put(&writer, SECTION_AUTHORITY, "sub.evil.", TYPE_NS, "ns.victim.");
	put(&writer, SECTION_ADDITIONAL, "ns.victim.", TYPE_A, "10.6.6.6");
	return message_writer_finish(&writer);
}

START_TEST(glue_for_other_zones_is_not_used)
{
	struct stage s;

	stage_init(&s);
	s.evil_server->hook = refer_to_victim;
	ask(&s, "a.sub.evil.", TYPE_A);
	ck_assert_uint_gt(s.victim_server->udp_queries, 0);
	ck_assert_str_eq(ask(&s, "ns.victim.", TYPE_A), "NOERROR\nns.victim. A 10.0.1.1\n");
	stage_fini(&s);
}
END_TEST

/* The NXNSAttack: a referral to many names of the victim, none with an address. */
static size_t refer_to_many(struct world *world, struct sim_server *server, const struct message *query, uint8_t *out, size_t size)
{
	struct message_writer writer;
	char owner[NAME_TEXT_SIZE], target[80];

	(void)server;
	begin(&writer, query, 0, out, size);
	name_to_text(name_strip(query->qname, name_label_count(query->qname) - 2), owner);
	for (int i = 0; i < 100; i++) {
		snprintf(target, sizeof(target), "n%llu.victim.", (unsigned long long)rng_u64(&world->rng));
		put(&writer, SECTION_AUTHORITY, owner, TYPE_NS, target);
	}
	return message_writer_finish(&writer);
}

START_TEST(a_referral_to_many_names_costs_little)
{
	struct stage s;
	char name[80];

	stage_init(&s);
	s.evil_server->hook = refer_to_many;
	ck_assert_str_eq(ask(&s, "x.warm.evil.", TYPE_A), "SERVFAIL\n");
	for (int i = 0; i < 20; i++) {
		unsigned before = s.victim_server->udp_queries;
		snprintf(name, sizeof(name), "x.a%d.evil.", i);
		ck_assert_str_eq(ask(&s, name, TYPE_A), "SERVFAIL\n");
		ck_assert_uint_le(s.victim_server->udp_queries - before, 6);
	}
	stage_fini(&s);
}
END_TEST

/* Each name server name leads to a zone whose name servers lie in yet another one. */
static size_t refer_on_and_on(struct world *world, struct sim_server *server, const struct message *query, uint8_t *out, size_t size)
{
	struct message_writer writer;
	char owner[NAME_TEXT_SIZE], target[80];

	(void)server;
	begin(&writer, query, 0, out, size);
	name_to_text(name_strip(query->qname, name_label_count(query->qname) - 2), owner);
	for (int i = 0; i < 3; i++) {
		snprintf(target, sizeof(target), "ns.z%llu.evil.", (unsigned long long)rng_u64(&world->rng));
		put(&writer, SECTION_AUTHORITY, owner, TYPE_NS, target);
	}
	return message_writer_finish(&writer);
}

START_TEST(name_servers_of_name_servers_end_somewhere)
{
	struct stage s;

	stage_init(&s);
	s.evil_server->hook = refer_on_and_on;
	unsigned before = s.world.questions;
	ck_assert_str_eq(ask(&s, "x.start.evil.", TYPE_A), "SERVFAIL\n");
	ck_assert_uint_le(s.world.questions - before, LIMIT_QUESTIONS + 3);
	stage_fini(&s);
}
END_TEST

/* Always one label further down, and always to itself. */
static size_t refer_deeper(struct world *world, struct sim_server *server, const struct message *query, uint8_t *out, size_t size)
{
	struct message_writer writer;
	char owner[NAME_TEXT_SIZE], target[NAME_TEXT_SIZE + 4];

	(void)world;
	(void)server;
	name_to_text(query->qname, owner);
	begin(&writer, query, 0, out, size);
	snprintf(target, sizeof(target), "ns.%s", owner);
	if (name_label_count(query->qname) < 100)
		put(&writer, SECTION_AUTHORITY, owner, TYPE_NS, target);
	if (name_label_count(query->qname) < 100)
		put(&writer, SECTION_ADDITIONAL, target, TYPE_A, "10.6.6.6");
	return message_writer_finish(&writer);
}

START_TEST(referrals_without_end_end)
{
	struct stage s;
	char name[300] = "";

	stage_init(&s);
	s.evil_server->hook = refer_deeper;
	for (int i = 0; i < 90; i++)
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "a.");
	snprintf(name + strlen(name), sizeof(name) - strlen(name), "evil.");
	unsigned before = s.world.questions;
	ck_assert_str_eq(ask(&s, name, TYPE_A), "SERVFAIL\n");
	ck_assert_uint_le(s.world.questions - before, LIMIT_TASK_QUESTIONS + 5);
	stage_fini(&s);
}
END_TEST

START_TEST(zones_that_need_each_other_fail_and_hurt_nobody)
{
	struct stage s;

	stage_init(&s);
	zone_add_lines(s.root, (const char *const[]){ "left. 300 NS ns.right.", "right. 300 NS ns.left.", NULL });
	unsigned before = s.world.questions;
	ck_assert_str_eq(ask(&s, "www.left.", TYPE_A), "SERVFAIL\n");
	ck_assert_str_eq(ask(&s, "www.right.", TYPE_A), "SERVFAIL\n");
	ck_assert_uint_le(s.world.questions - before, 20);
	ck_assert_str_eq(ask(&s, "www.victim.", TYPE_A), "NOERROR\nwww.victim. A 192.0.2.1\n");
	stage_fini(&s);
}
END_TEST

START_TEST(aliases_in_a_circle_and_without_end_fail)
{
	struct stage s;
	char line[80];

	stage_init(&s);
	zone_add_lines(s.evil, (const char *const[]){ "a 300 CNAME b.victim.", "self 300 CNAME self", NULL });
	zone_add(s.victim, "b 300 CNAME a.evil.");
	for (int i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "c%d 300 CNAME c%d", i, i + 1);
		zone_add(s.victim, line);
	}
	zone_add(s.victim, "c40 300 A 192.0.2.1");
	ck_assert_str_eq(ask(&s, "a.evil.", TYPE_A), "SERVFAIL\n");
	ck_assert_str_eq(ask(&s, "self.evil.", TYPE_A), "SERVFAIL\n");
	ck_assert_str_eq(ask(&s, "c0.victim.", TYPE_A), "SERVFAIL\n");
	ck_assert_uint_lt(s.world.questions, 60);
	/* The end of the chain is fine. */
	ask(&s, "c30.victim.", TYPE_A);
	ck_assert_int_eq(s.client.rcode, RCODE_NOERROR);
	stage_fini(&s);
}
END_TEST

static size_t lame(struct world *world, struct sim_server *server, const struct message *query, uint8_t *out, size_t size)
{
	struct message_writer writer;

	(void)server;
	switch (rng_below(&world->rng, 6)) {
	case 0:      /* upwards */
		begin(&writer, query, 0, out, size);
		put(&writer, SECTION_AUTHORITY, ".", TYPE_NS, "a.root.");
		break;
	case 1:
		begin(&writer, query, RCODE_REFUSED, out, size);
		break;
	case 2:
		begin(&writer, query, RCODE_SERVFAIL, out, size);
		break;
	case 3:      /* from a resolver's cache */
		begin(&writer, query, FLAG_RA, out, size);
		put(&writer, SECTION_ANSWER, "www.victim.", TYPE_A, "10.6.6.3");
		break;
	case 4:      /* garbage behind a good header */
		begin(&writer, query, FLAG_AA, out, size);
		wcursor_u32(&writer.cur, 0xffffffff);
		writer.count[SECTION_ANSWER] = 3;
		break;
	default:     /* itself */
		begin(&writer, query, 0, out, size);
		put(&writer, SECTION_AUTHORITY, "victim.", TYPE_NS, "ns.victim.");
		break;
	}
	return message_writer_finish(&writer);
}

static size_t refuse(struct world *world, struct sim_server *server, const struct message *query, uint8_t *out, size_t size)
{
	struct message_writer writer;

	(void)world;
	(void)server;
	begin(&writer, query, RCODE_REFUSED, out, size);
	return message_writer_finish(&writer);
}

START_TEST(lame_servers_are_passed_over)
{
	struct stage s;
	char name[80];

	stage_init(&s);
	zone_add_lines(s.root, (const char *const[]){ "victim. 3600 NS ns2.victim.", "ns2.victim. 3600 A 10.0.1.2", NULL });
	zone_add_lines(s.victim, (const char *const[]){ "@ 3600 NS ns2", "ns2 3600 A 10.0.1.2", NULL });
	struct sim_server *bad = world_server(&s.world, "10.0.1.2");
	bad->hook = lame;
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "n%d.victim.", i);
		ck_assert_str_eq(ask(&s, name, TYPE_A), "NXDOMAIN\n");
		s.world.now += 15 * USEC_PER_SEC;
	}
	ck_assert_uint_gt(bad->udp_queries, 10);
	/* Known to be lame, it is left alone for a while. */
	bad->hook = refuse;
	unsigned before = bad->udp_queries;
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "m%d.victim.", i);
		ask(&s, name, TYPE_A);
	}
	ck_assert_uint_le(bad->udp_queries - before, 1);
	stage_fini(&s);
}
END_TEST

/* Drives a machine by hand: the forger's replies come before the server's. */
START_TEST(forged_replies_are_ignored_and_many_lead_to_tcp)
{
	struct stage s;
	struct action action;
	struct asker asker;
	uint8_t name[NAME_MAX_LEN], forged[512];

	stage_init(&s);
	ck_assert_int_eq(name_from_text(name, "www.victim.", NULL), ZT_OK);
	ck_assert(resolver_ask(s.resolver->machine, name, TYPE_A, &asker, s.world.now));
	ck_assert(resolver_next(s.resolver->machine, &action));
	struct exchange *x = action.exchange;
	ck_assert_int_eq(action.kind, ACTION_SEND);
	ck_assert(!x->tcp);
	memcpy(forged, x->wire, x->wire_len);
	forged[2] |= 0x80;
	/* The right id with another question, and the right question with other ids. */
	forged[MESSAGE_HEADER_LEN + 1] ^= 1;
	ck_assert(!resolver_on_reply(s.resolver->machine, x, forged, x->wire_len, s.world.now));
	forged[MESSAGE_HEADER_LEN + 1] ^= 1;
	ck_assert(!resolver_on_reply(s.resolver->machine, x, x->wire, x->wire_len, s.world.now));
	ck_assert(!resolver_on_reply(s.resolver->machine, x, forged, 3, s.world.now));
	unsigned sent = 3;
	bool over = false;
	for (; !over && sent < 100; sent++) {
		forged[0] = (uint8_t)(x->wire[0] + 1 + sent);
		over = resolver_on_reply(s.resolver->machine, x, forged, x->wire_len, s.world.now);
	}
	ck_assert_uint_eq(sent, LIMIT_MISMATCHES);
	bool tcp = false;
	while (resolver_next(s.resolver->machine, &action))
		tcp |= action.kind == ACTION_SEND && action.exchange->tcp;
	ck_assert(tcp);
	client_fini(&s.client);
	world_fini(&s.world);
}
END_TEST

START_TEST(ids_are_hard_to_guess)
{
	struct stage s;
	struct action action;
	struct asker askers[64];
	uint8_t name[NAME_MAX_LEN];
	uint16_t ids[64];
	unsigned count = 0, equal = 0;
	char text[32];

	stage_init(&s);
	for (unsigned i = 0; i < 64; i++) {
		snprintf(text, sizeof(text), "n%u.victim.", i);
		ck_assert_int_eq(name_from_text(name, text, NULL), ZT_OK);
		ck_assert(resolver_ask(s.resolver->machine, name, TYPE_A, &askers[i], s.world.now));
		while (resolver_next(s.resolver->machine, &action)) {
			if (count < 64)
				ids[count++] = wire_get_u16(action.exchange->wire);
		}
	}
	for (unsigned i = 1; i < count; i++)
		equal += ids[i] == ids[i - 1] || ids[i] == (uint16_t)(ids[i - 1] + 1);
	ck_assert_uint_gt(count, 32);
	ck_assert_uint_le(equal, 2);
	client_fini(&s.client);
	world_fini(&s.world);
}
END_TEST

START_TEST(a_dead_zone_that_is_asked_for_many_names_takes_no_place_from_others)
{
	struct stage s;
	struct sim_client *flood = calloc(2 * LIMIT_TASKS, sizeof(*flood));
	char name[32];

	ck_assert_ptr_nonnull(flood);
	stage_init(&s);
	ck_assert_ptr_nonnull(strstr(ask(&s, "www.victim.", TYPE_A), "192.0.2.1"));
	ck_assert_ptr_nonnull(strstr(ask(&s, "www.evil.", TYPE_A), "NXDOMAIN"));
	s.evil_server->dead = true;
	for (unsigned i = 0; i < 2 * LIMIT_TASKS; i++) {
		buf_init(&flood[i].text);
		snprintf(name, sizeof(name), "n%u.evil.", i);
		client_ask(&flood[i], s.resolver, name, TYPE_A);
	}
	client_ask(&s.client, s.resolver, "other.victim.", TYPE_A);
	world_run_until(&s.world, &s.client);
	ck_assert_ptr_nonnull(strstr((const char *)s.client.text.data, "NXDOMAIN"));
	world_drain(&s.world);
	for (unsigned i = 0; i < 2 * LIMIT_TASKS; i++) {
		ck_assert(flood[i].done);
		client_fini(&flood[i]);
	}
	free(flood);
	stage_fini(&s);
}
END_TEST

START_TEST(clients_that_wait_are_limited)
{
	struct stage s;
	struct sim_client *clients = calloc(LIMIT_WAITING, sizeof(*clients));
	struct asker asker;
	char name[32];

	ck_assert_ptr_nonnull(clients);
	stage_init(&s);
	s.victim_server->dead = true;
	for (unsigned i = 0; i < LIMIT_WAITING; i++) {
		buf_init(&clients[i].text);
		snprintf(name, sizeof(name), "n%u.victim.", i / 500);
		client_ask(&clients[i], s.resolver, name, TYPE_A);
	}
	ck_assert(!resolver_ask(s.resolver->machine, (const uint8_t *)"\2n1\6victim", TYPE_A, &asker, s.world.now));
	world_drain(&s.world);
	for (unsigned i = 0; i < LIMIT_WAITING; i++) {
		ck_assert(clients[i].done);
		client_fini(&clients[i]);
	}
	free(clients);
	/* And then there is room again. */
	ck_assert_ptr_nonnull(strstr(ask(&s, "www.evil.", TYPE_A), "NXDOMAIN"));
	stage_fini(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/resolver/hostile");
	TCase *tcase = tcase_create("hostile");

	tcase_add_test(tcase, records_about_others_go_nowhere);
	tcase_add_test(tcase, glue_for_other_zones_is_not_used);
	tcase_add_test(tcase, a_referral_to_many_names_costs_little);
	tcase_add_test(tcase, name_servers_of_name_servers_end_somewhere);
	tcase_add_test(tcase, referrals_without_end_end);
	tcase_add_test(tcase, zones_that_need_each_other_fail_and_hurt_nobody);
	tcase_add_test(tcase, aliases_in_a_circle_and_without_end_fail);
	tcase_add_test(tcase, lame_servers_are_passed_over);
	tcase_add_test(tcase, forged_replies_are_ignored_and_many_lead_to_tcp);
	tcase_add_test(tcase, ids_are_hard_to_guess);
	tcase_add_test(tcase, a_dead_zone_that_is_asked_for_many_names_takes_no_place_from_others);
	tcase_add_test(tcase, clients_that_wait_are_limited);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
