/* Random hierarchies: what the resolver answers equals what the zones say, over lossy links, past dead and lame servers, from cold and warm caches. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/resolver/world.h"
#include "tests/support/suite.h"

enum { ZONES = 14, NAMES_PER_ZONE = 12, QUESTIONS = 60 };

struct maker {
	struct world *world;
	uint64_t seed;                  /* ZT_SEED to begin with this world */
	char apexes[SIM_MAX_ZONES][128];
	struct sim_zone *zones[SIM_MAX_ZONES];
	/* Names of servers that others may be served by: resolvable without the zones made later. */
	char hosts[SIM_MAX_SERVERS][160];
	char host_ips[SIM_MAX_SERVERS][20];
	unsigned host_count;
	unsigned zone_count;
	char names[ZONES * (NAMES_PER_ZONE + 4)][200];
	unsigned name_count;
};

static unsigned pick(struct maker *m, unsigned bound)
{
	return (unsigned)rng_below(&m->world->rng, bound);
}

static void line(struct sim_zone *zone, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(struct sim_zone *zone, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	zone_add(zone, text);
}

static struct sim_server *new_server(struct maker *m, char ip[20])
{
	snprintf(ip, 20, "10.%u.%u.1", m->world->server_count / 200, m->world->server_count % 200);
	struct sim_server *server = world_server(m->world, ip);
	server->delay = (usec_t)(1 + pick(m, 80)) * USEC_PER_MSEC;
	server->loss = pick(m, 3) == 0 ? 0.1 : 0;
	server->no_edns = pick(m, 8) == 0;
	server->always_truncate = pick(m, 10) == 0;
	server->tells_version = pick(m, 2) == 0;
	return server;
}

/* One server of the zone, with a name inside it and glue, or a name elsewhere. Broken ones come beside good ones only. */
static void add_server(struct maker *m, unsigned z, unsigned parent, bool good)
{
	struct sim_zone *zone = m->zones[z], *above = m->zones[parent];
	char ip[20];
	struct sim_server *server;

	if (z > 1 && pick(m, 3) == 0) {
		/* An existing server takes this zone too; its name needs no glue. */
		unsigned h = pick(m, m->host_count);
		struct netaddr addr;
		line(zone, "@ %u NS %s", 60 + pick(m, 600), m->hosts[h]);
		line(above, "%s %u NS %s", m->apexes[z], 60 + pick(m, 600), m->hosts[h]);
		int status = netaddr_from_text(&addr, m->host_ips[h], 53);
		assert(status == ZT_OK);
		for (unsigned i = 0; i < m->world->server_count; i++) {
			server = &m->world->servers[i];
			if (netaddr_equal(&server->addr, &addr) && server->zone_count < SIM_MAX_ZONES)
				server_serve(server, zone);
		}
		return;
	}
	server = new_server(m, ip);
	const char *dot = strcmp(m->apexes[z], ".") == 0 ? "" : m->apexes[z];
	char host[160];
	snprintf(host, sizeof(host), "ns%u.%s%s", m->world->server_count, dot, *dot ? "" : "root.");
	unsigned ttl = 60 + pick(m, 600);
	line(zone, "@ %u NS %s", ttl, host);
	line(zone, "%s %u A %s", host, ttl, ip);
	if (z > 0) {
		line(above, "%s %u NS %s", m->apexes[z], ttl, host);
		line(above, "%s %u A %s", host, ttl, ip);
	}
	if (good) {
		server_serve(server, zone);
		snprintf(m->hosts[m->host_count], sizeof(m->hosts[0]), "%s", host);
		snprintf(m->host_ips[m->host_count++], sizeof(m->host_ips[0]), "%s", ip);
	} else if (pick(m, 2) == 0) {
		server->dead = true;
	}      /* else: it serves nothing, which is lame */
}

static void add_name(struct maker *m, unsigned z, unsigned i)
{
	struct sim_zone *zone = m->zones[z];
	const char *dot = strcmp(m->apexes[z], ".") == 0 ? "" : m->apexes[z];
	unsigned ttl = 1 + pick(m, 500);
	char name[200];

	snprintf(name, sizeof(name), pick(m, 4) == 0 ? "n%u.deep%u.er.%s" : "n%u-%u.%s", i, z, dot);
	memcpy(m->names[m->name_count++], name, sizeof(name));
	switch (pick(m, 6)) {
	case 0:
		line(zone, "%s %u CNAME %s", name, ttl, m->names[pick(m, m->name_count)]);
		break;
	case 1:
		line(zone, "%s %u DNAME %s", name, ttl, m->apexes[pick(m, m->zone_count)]);
		snprintf(m->names[m->name_count++], sizeof(m->names[0]), "n%u-%u.%.150s", pick(m, NAMES_PER_ZONE), pick(m, ZONES), name);
		break;
	case 2:
		line(zone, "%s %u TXT \"%u\"", name, ttl, pick(m, 1000));
		/* fall through */
	default:
		for (unsigned n = 1 + pick(m, 3); n > 0; n--)
			line(zone, "%s %u A 192.0.2.%u", name, ttl, n + 3 * pick(m, 80));
		break;
	}
}

static void make_zone(struct maker *m, unsigned z)
{
	unsigned parent = z == 0 ? 0 : pick(m, z);

	if (z == 0)
		snprintf(m->apexes[0], sizeof(m->apexes[0]), ".");
	else
		snprintf(m->apexes[z], sizeof(m->apexes[z]), pick(m, 4) ? "z%u.%s" : "z%u.gap.%s", z, parent == 0 ? "" : m->apexes[parent]);
	m->zones[z] = world_zone(m->world, m->apexes[z]);
	m->zone_count++;
	line(m->zones[z], "@ %u SOA ns. host. 1 1 1 1 %u", 1 + pick(m, 600), 1 + pick(m, 600));
	unsigned good = 1 + pick(m, 2), bad = z == 0 ? 0 : pick(m, 2);
	for (unsigned i = 0; i < good; i++)
		add_server(m, z, parent, true);
	for (unsigned i = 0; i < bad; i++)
		add_server(m, z, parent, false);
	for (unsigned i = 0; i < NAMES_PER_ZONE; i++)
		add_name(m, z, i);
}

static const char *make_question(struct maker *m, char out[256])
{
	const char *name = m->names[pick(m, m->name_count)];

	if (pick(m, 4) == 0)
		snprintf(out, 256, "nothing%u.%s", pick(m, 5), name);
	else if (pick(m, 6) == 0)
		snprintf(out, 256, "%s", m->apexes[pick(m, m->zone_count)]);
	else if (pick(m, 8) == 0)
		snprintf(out, 256, "%s", strchr(name, '.')[1] ? strchr(name, '.') + 1 : ".");
	else
		snprintf(out, 256, "%s", name);
	return out;
}

static void check_question(struct maker *m, struct sim_resolver *resolver, struct sim_client *client, struct buf *truth)
{
	static const uint16_t types[] = { TYPE_A, TYPE_A, TYPE_A, TYPE_TXT, TYPE_CNAME, TYPE_MX, TYPE_SOA, TYPE_AAAA };
	char name[256], type_text[RR_TYPE_TEXT_SIZE];
	uint16_t type = types[pick(m, sizeof(types) / sizeof(types[0]))];
	uint32_t ttl;

	make_question(m, name);
	world_truth(m->world, name, type, truth, &ttl);
	const char *got = world_resolve(client, resolver, name, type);
	/* Losses may pile up; a failure must not last. */
	for (int again = 0; again < 8 && client->rcode == RCODE_SERVFAIL && strcmp((char *)truth->data, "SERVFAIL\n") != 0; again++) {
		m->world->now += 60 * USEC_PER_SEC;
		got = world_resolve(client, resolver, name, type);
	}
	ck_assert_msg(strcmp(got, (char *)truth->data) == 0, "seed %llu: %s %s: got\n%sbut the truth is\n%s", (unsigned long long)m->seed, name, rr_type_to_text(type, type_text), got,
	              (char *)truth->data);
	if (client->rcode == RCODE_NOERROR && !client->negative)
		ck_assert_uint_le(client->max_ttl, ttl);
	m->world->now += (usec_t)pick(m, 30) * USEC_PER_SEC;
}

START_TEST(answers_are_what_the_zones_say)
{
	uint64_t seed = suite_seed("random hierarchies");

	for (unsigned long round = 0; round < suite_rounds(60); round++) {
		struct world world;
		struct maker *m = calloc(1, sizeof(*m));
		struct sim_client client = { 0 };
		struct buf truth;

		world_init(&world, seed + round);
		m->world = &world;
		m->seed = seed + round;
		buf_init(&client.text);
		buf_init(&truth);
		for (unsigned z = 0; z < ZONES; z++)
			make_zone(m, z);
		struct sim_resolver *resolver = world_resolver(&world, "10.99.0.1", m->host_ips[0], pick(m, 3) == 0 ? CACHE_MIN_SIZE : 1 << 20);
		resolver->policy.minimise = pick(m, 4) > 0;
		resolver->policy.local_zones = false;
		for (unsigned q = 0; q < QUESTIONS; q++)
			check_question(m, resolver, &client, &truth);
		world_drain(&world);
		ck_assert_uint_eq(resolver_task_count(resolver->machine), 0);
		buf_fini(&truth);
		client_fini(&client);
		world_fini(&world);
		free(m);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/resolver/random");
	TCase *tcase = tcase_create("random");

	tcase_add_test(tcase, answers_are_what_the_zones_say);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
