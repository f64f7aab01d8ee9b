/* The simulated DNS. */
#include "tests/sim/resolver/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/present.h"

/* A question on its way: one of a resolver's exchanges. */
struct flight {
	struct flight *next;
	struct sim_resolver *from;
	struct exchange *exchange;
	usec_t deadline;
	usec_t arrival;            /* of the reply; INT64_MAX = none will come */
	uint8_t *reply;
	size_t reply_len;
	bool over;
	bool failed;               /* the arrival is that of a refusal */
	struct sim_client client;  /* where the server is a resolver */
};

void world_init(struct world *world, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->now = 1000 * USEC_PER_SEC;
	rng_seed(&world->rng, seed);
	secure_rng_init(&world->secure_rng);
	world->zones = calloc(SIM_MAX_ZONES, sizeof(*world->zones));
}

static void flight_free(struct flight *flight)
{
	free(flight->reply);
	buf_fini(&flight->client.text);
	free(flight);
}

void world_fini(struct world *world)
{
	for (unsigned i = 0; i < world->resolver_count; i++) {
		resolver_free(world->resolvers[i].machine);
		cache_fini(&world->resolvers[i].cache);
		policy_fini(&world->resolvers[i].policy);
	}
	while (world->flights) {
		struct flight *flight = world->flights;
		world->flights = flight->next;
		flight_free(flight);
	}
	for (unsigned i = 0; i < world->zone_count; i++) {
		for (unsigned j = 0; j < world->zones[i].count; j++)
			free(world->zones[i].records[j].rdata);
		free(world->zones[i].records);
	}
	free(world->zones);
}

static void name_of(uint8_t out[NAME_MAX_LEN], const char *text, const uint8_t *origin)
{
	int status = name_from_text(out, text, origin);
	assert(status == ZT_OK);
	name_lower(out);
}

struct sim_zone *world_zone(struct world *world, const char *apex)
{
	assert(world->zone_count < SIM_MAX_ZONES);
	struct sim_zone *zone = &world->zones[world->zone_count++];
	name_of(zone->apex, apex, NULL);
	zone->serial = 1;
	return zone;
}

void zone_add(struct sim_zone *zone, const char *line)
{
	char owner[256], type[32];
	unsigned ttl;
	int at = 0;
	uint8_t room[4096];
	struct wcursor out = wcursor_over(room, sizeof(room));
	struct sim_record record = { .len = 0 };

	int fields = sscanf(line, "%255s %u %31s %n", owner, &ttl, type, &at);
	assert(fields == 3);
	name_of(record.owner, owner, zone->apex);
	record.ttl = ttl;
	bool known = rr_type_from_text(type, &record.type);
	assert(known);
	int status = rdata_from_text(record.type, line + at, zone->apex, &out, NULL);
	assert(status == ZT_OK);
	record.len = (uint16_t)out.pos;
	record.rdata = malloc(out.pos + 1);
	memcpy(record.rdata, room, out.pos);
	zone->records = realloc(zone->records, (zone->count + 1) * sizeof(record));
	zone->records[zone->count++] = record;
	zone->serial++;
}

void zone_add_lines(struct sim_zone *zone, const char *const *lines)
{
	for (; *lines; lines++)
		zone_add(zone, *lines);
}

void zone_remove(struct sim_zone *zone, const char *owner, uint16_t type)
{
	uint8_t name[NAME_MAX_LEN];

	name_of(name, owner, zone->apex);
	for (unsigned i = 0; i < zone->count;) {
		if (zone->records[i].type == type && name_equal(zone->records[i].owner, name)) {
			free(zone->records[i].rdata);
			zone->records[i] = zone->records[--zone->count];
		} else {
			i++;
		}
	}
	zone->serial++;
}

static void addr_of(struct netaddr *addr, const char *ip)
{
	int status = netaddr_from_text(addr, ip, 53);
	assert(status == ZT_OK);
}

struct sim_server *world_server(struct world *world, const char *ip)
{
	assert(world->server_count < SIM_MAX_SERVERS);
	struct sim_server *server = &world->servers[world->server_count++];
	addr_of(&server->addr, ip);
	server->delay = 10 * USEC_PER_MSEC;
	server->tells_version = true;
	return server;
}

void server_serve(struct sim_server *server, struct sim_zone *zone)
{
	assert(server->zone_count < SIM_MAX_ZONES);
	server->zones[server->zone_count++] = zone;
}

struct sim_resolver *world_resolver(struct world *world, const char *ip, const char *hint, uint64_t cache_size)
{
	struct sim_resolver *self = &world->resolvers[world->resolver_count++];
	struct netaddr addr;

	self->world = world;
	addr_of(&self->addr, ip);
	int status = cache_init(&self->cache, cache_size, rng_u64(&world->rng));
	assert(status == ZT_OK);
	self->policy = (struct policy){ .upstream_port = 53, .minimise = true, .local_zones = true, .max_ttl = 86400, .max_negative_ttl = 3600 };
	if (hint) {
		addr_of(&addr, hint);
		status = policy_add_hint(&self->policy, &addr);
		assert(status == ZT_OK);
	}
	struct resolver_config config = { .cache = &self->cache, .policy = &self->policy, .rng = &world->rng, .secure_rng = &world->secure_rng };
	status = resolver_new(&self->machine, &config);
	assert(status == ZT_OK);
	return self;
}

void resolver_forward_to(struct sim_resolver *resolver, const char *zone, const char *ip, enum route_kind kind)
{
	struct policy *policy = &resolver->policy;

	policy->routes = realloc(policy->routes, (policy->route_count + 1) * sizeof(*policy->routes));
	struct route *route = &policy->routes[policy->route_count++];
	*route = (struct route){ .kind = kind, .server_count = 1, .servers = calloc(1, sizeof(*route->servers)) };
	name_of(route->zone, zone, NULL);
	addr_of(&route->servers[0], ip);
}

/* ---- authoritative answers, naively ---- */

static const struct sim_record *find(const struct sim_zone *zone, const uint8_t *owner, uint16_t type, unsigned *from)
{
	for (; *from < zone->count; (*from)++) {
		const struct sim_record *record = &zone->records[*from];
		if (record->type == type && name_equal(record->owner, owner)) {
			(*from)++;
			return record;
		}
	}
	return NULL;
}

static const struct sim_record *find_one(const struct sim_zone *zone, const uint8_t *owner, uint16_t type)
{
	unsigned from = 0;
	return find(zone, owner, type, &from);
}

static bool name_in_zone(const struct sim_zone *zone, const uint8_t *name)
{
	for (unsigned i = 0; i < zone->count; i++) {
		if (name_is_within(zone->records[i].owner, name))
			return true;
	}
	return false;
}

static void put(struct message_writer *writer, enum section section, const struct sim_record *record, const uint8_t *owner)
{
	struct record_out out = { .owner = owner, .type = record->type, .rr_class = CLASS_IN, .ttl = record->ttl,
		                  .rdata = record->rdata, .rdata_len = record->len };
	int status = message_write_record(writer, section, &out);
	assert(status == ZT_OK);
}

static bool put_all(struct message_writer *writer, enum section section, const struct sim_zone *zone, const uint8_t *owner, uint16_t type)
{
	unsigned from = 0;
	const struct sim_record *record;
	bool any = false;

	while ((record = find(zone, owner, type, &from))) {
		put(writer, section, record, owner);
		any = true;
	}
	return any;
}

/* The highest cut at or above the name, below the apex; a DS question at the cut is the parent's. */
static const uint8_t *cut_above(const struct sim_zone *zone, const uint8_t *name, uint16_t type)
{
	const uint8_t *cut = NULL;

	for (const uint8_t *at = name; !name_equal(at, zone->apex); at = name_parent(at)) {
		if (find_one(zone, at, TYPE_NS) && !(at == name && type == TYPE_DS))
			cut = at;
	}
	return cut;
}

static const struct sim_zone *zone_for(struct sim_zone *const *zones, unsigned count, const uint8_t *name, uint16_t type)
{
	const struct sim_zone *best = NULL;

	for (unsigned i = 0; i < count; i++) {
		bool parent_only = type == TYPE_DS && name_equal(zones[i]->apex, name) && *name;
		if (name_is_within(name, zones[i]->apex) && !parent_only && (!best || name_is_within(zones[i]->apex, best->apex)))
			best = zones[i];
	}
	return best;
}

static void put_referral(struct message_writer *writer, const struct sim_zone *zone, const uint8_t *cut)
{
	unsigned from = 0;
	const struct sim_record *ns;

	put_all(writer, SECTION_AUTHORITY, zone, cut, TYPE_NS);
	while ((ns = find(zone, cut, TYPE_NS, &from))) {
		put_all(writer, SECTION_ADDITIONAL, zone, ns->rdata, TYPE_A);
		put_all(writer, SECTION_ADDITIONAL, zone, ns->rdata, TYPE_AAAA);
	}
}

static const struct sim_record *dname_above(const struct sim_zone *zone, const uint8_t *name)
{
	for (const uint8_t *at = name; !name_equal(at, zone->apex);) {
		at = name_parent(at);
		const struct sim_record *dname = find_one(zone, at, TYPE_DNAME);
		if (dname)
			return dname;
	}
	return NULL;
}

/* Answers from one server's zones. Returns the flags, the rcode in them. */
static uint16_t answer(struct message_writer *writer, struct sim_zone *const *zones, unsigned count, const struct message *query)
{
	uint8_t name[NAME_MAX_LEN], next[NAME_MAX_LEN];
	uint16_t flags = FLAG_QR;

	name_copy(name, query->qname);
	name_lower(name);
	for (unsigned hops = 0; hops < 10; hops++) {
		const struct sim_zone *zone = zone_for(zones, count, name, query->qtype);
		if (!zone)
			return hops ? flags : (uint16_t)(flags | RCODE_REFUSED);
		const uint8_t *cut = cut_above(zone, name, query->qtype);
		if (cut) {
			if (hops == 0)
				put_referral(writer, zone, cut);
			return flags;
		}
		flags |= FLAG_AA;
		if (put_all(writer, SECTION_ANSWER, zone, name, query->qtype))
			return flags;
		const struct sim_record *cname = find_one(zone, name, TYPE_CNAME), *dname = cname ? NULL : dname_above(zone, name);
		if (dname) {
			put(writer, SECTION_ANSWER, dname, dname->owner);
			if (name_substitute(next, name, dname->owner, dname->rdata) != ZT_OK)
				return flags | RCODE_YXDOMAIN;
			struct sim_record made = { .type = TYPE_CNAME, .ttl = dname->ttl, .rdata = next, .len = (uint16_t)name_len(next) };
			put(writer, SECTION_ANSWER, &made, name);
			name_copy(name, next);
			name_lower(name);
			continue;
		}
		if (cname) {
			put(writer, SECTION_ANSWER, cname, name);
			name_copy(name, cname->rdata);
			name_lower(name);
			continue;
		}
		put_all(writer, SECTION_AUTHORITY, zone, zone->apex, TYPE_SOA);
		return name_in_zone(zone, name) ? flags : (uint16_t)(flags | RCODE_NXDOMAIN);
	}
	return flags;
}

static size_t server_answer(struct sim_server *server, const struct message *query, bool tcp, uint8_t *out, size_t size)
{
	struct message_writer writer;
	bool edns = query->edns.present && !server->no_edns;

	message_writer_init(&writer, out, size, query->id, FLAG_QR);
	int status = message_write_question(&writer, query->qname, query->qtype, query->qclass);
	assert(status == ZT_OK);
	if (query->edns.present && server->no_edns) {
		message_writer_set_flags(&writer, FLAG_QR | RCODE_FORMERR);
		return message_writer_finish(&writer);
	}
	struct message_mark mark = message_writer_mark(&writer);
	uint16_t flags = answer(&writer, server->zones, server->zone_count, query);
	size_t limit = tcp ? 65535 : edns ? 1232 : 512;
	if (!tcp && (server->always_truncate || writer.cur.pos > limit)) {
		message_writer_rollback(&writer, &mark);
		flags |= FLAG_TC;
	}
	message_writer_set_flags(&writer, flags);
	const struct sim_zone *zone = zone_for(server->zones, server->zone_count, query->qname, query->qtype);
	const uint8_t *asked;
	uint16_t asked_len;
	if (edns) {
		uint8_t version[10] = { 0, EDNS_ZONEVERSION, 0, 6 };
		bool tell = zone && server->tells_version && edns_option(&query->edns, EDNS_ZONEVERSION, &asked, &asked_len);
		if (tell) {
			version[4] = (uint8_t)name_label_count(zone->apex);
			wire_put_u32(version + 6, zone->serial);
		}
		struct edns_out opt = { .udp_size = 1232, .rcode = flags & FLAG_RCODE_MASK, .options = version, .options_len = tell ? sizeof(version) : 0 };
		status = message_write_edns(&writer, &opt);
		assert(status == ZT_OK);
	}
	return message_writer_finish(&writer);
}

/* ---- the network ---- */

static void fill_flight(struct world *world, struct flight *flight, struct sim_server *server)
{
	static uint8_t room[65535];
	struct exchange *x = flight->exchange;
	struct message query;

	if (x->tcp)
		server->tcp_queries++;
	else
		server->udp_queries++;
	usec_t trip = server->delay + (usec_t)rng_below(&world->rng, (uint64_t)server->delay / 8 + 1);
	if (server->dead || (!x->tcp && (rng_unit(&world->rng) < server->loss || rng_unit(&world->rng) < server->loss)))
		return;
	if (x->tcp && server->no_tcp) {
		flight->failed = true;
		flight->arrival = world->now + trip;
		return;
	}
	int status = message_read(&query, x->wire, x->wire_len);
	assert(status == ZT_OK);
	size_t len = SIZE_MAX;
	if (server->hook && !(server->hook_udp_only && x->tcp))
		len = server->hook(world, server, &query, room, sizeof(room));
	if (len == SIZE_MAX)
		len = server_answer(server, &query, x->tcp, room, sizeof(room));
	if (len == 0)
		return;
	flight->reply = malloc(len);
	memcpy(flight->reply, room, len);
	flight->reply_len = len;
	flight->arrival = world->now + trip * (x->tcp ? 2 : 1);
}

static void take_actions(struct sim_resolver *resolver);

/* A resolver asks a resolver. */
static void ask_resolver(struct world *world, struct flight *flight, struct sim_resolver *server)
{
	struct message query;
	uint8_t name[NAME_MAX_LEN];

	int status = message_read(&query, flight->exchange->wire, flight->exchange->wire_len);
	assert(status == ZT_OK && (query.flags & FLAG_RD));
	flight->client = (struct sim_client){ .resolver = server, .flight = flight };
	buf_init(&flight->client.text);
	name_copy(name, query.qname);
	name_lower(name);
	if (resolver_ask(server->machine, name, query.qtype, &flight->client.asker, world->now))
		take_actions(server);
}

static void send_out(struct sim_resolver *resolver, struct exchange *x)
{
	struct world *world = resolver->world;
	struct flight *flight = calloc(1, sizeof(*flight));

	*flight = (struct flight){ .from = resolver, .exchange = x, .deadline = x->deadline, .arrival = INT64_MAX, .next = world->flights };
	world->flights = flight;
	world->questions++;
	for (unsigned i = 0; i < world->server_count; i++) {
		if (!netaddr_equal(&world->servers[i].addr, &x->server))
			continue;
		flight->over = world->servers[i].unreachable;
		if (flight->over)
			resolver_on_unsent(resolver->machine, x, true, world->now);
		else
			fill_flight(world, flight, &world->servers[i]);
		return;
	}
	for (unsigned i = 0; i < world->resolver_count; i++) {
		if (netaddr_equal(&world->resolvers[i].addr, &x->server)) {
			ask_resolver(world, flight, &world->resolvers[i]);
			return;
		}
	}
}

static int line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted lines behind the rcode, so that texts can be compared. */
static void text_finish(struct buf *text, enum rcode rcode, char **lines, unsigned count)
{
	if (count > 0)
		qsort(lines, count, sizeof(*lines), line_cmp);
	buf_printf(text, "%s\n", rcode_to_text(rcode));
	for (unsigned i = 0; i < count; i++) {
		buf_printf(text, "%s\n", lines[i]);
		free(lines[i]);
	}
	buf_add_u8(text, 0);
	assert(text->status == ZT_OK);
}

static char *line_of(const uint8_t *owner, uint16_t type, const uint8_t *rdata, size_t len)
{
	char name[NAME_TEXT_SIZE], type_text[RR_TYPE_TEXT_SIZE];
	struct buf line;

	buf_init(&line);
	buf_printf(&line, "%s %s ", name_to_text(owner, name), rr_type_to_text(type, type_text));
	rdata_to_text(type, rdata, len, &line);
	buf_add_u8(&line, 0);
	size_t taken;
	return (char *)buf_take(&line, &taken);
}

enum { MAX_LINES = 2048 };

static void client_take(struct sim_client *client, const struct result *result, usec_t now)
{
	static char *lines[MAX_LINES];
	unsigned count = 0;

	client->done = true;
	client->at = now;
	client->rcode = result->rcode;
	client->negative = result->negative != NULL;
	client->max_ttl = 0;
	client->min_ttl = UINT32_MAX;
	for (unsigned i = 0; i < result->chain_count; i++) {
		const struct rrset *set = result->chain[i];
		uint32_t ttl = ttl_left(set->expires, now);
		if (ttl > client->max_ttl)
			client->max_ttl = ttl;
		if (ttl < client->min_ttl)
			client->min_ttl = ttl;
		const uint8_t *at = set->rdata;
		for (unsigned r = 0; r < set->count && count < MAX_LINES; r++) {
			uint16_t len;
			const uint8_t *rdata = rrset_rdata_next(&at, &len);
			lines[count++] = line_of(set->owner, set->type, rdata, len);
		}
	}
	if (result->negative)
		client->max_ttl = client->min_ttl = ttl_left(result->negative->expires, now);
	buf_clear(&client->text);
	text_finish(&client->text, result->rcode, lines, count);
}

/* A resolver's answer to a resolver, as a message. */
static void reply_to_resolver(struct world *world, struct flight *flight, const struct result *result)
{
	static uint8_t room[65535];
	struct message query;
	struct message_writer writer;

	flight->client.done = true;
	if (flight->over)
		return;
	int status = message_read(&query, flight->exchange->wire, flight->exchange->wire_len);
	assert(status == ZT_OK);
	message_writer_init(&writer, room, sizeof(room), query.id, (uint16_t)(FLAG_QR | FLAG_RD | FLAG_RA | result->rcode));
	status = message_write_question(&writer, query.qname, query.qtype, query.qclass);
	for (unsigned i = 0; i < result->chain_count + (result->negative ? result->negative->count : 0); i++) {
		bool answered = i < result->chain_count;
		const struct rrset *set = answered ? result->chain[i] : result->negative->sets[i - result->chain_count];
		const uint8_t *at = set->rdata;
		for (unsigned r = 0; r < set->count && status == ZT_OK; r++) {
			struct record_out out = { .owner = set->owner, .type = set->type, .rr_class = CLASS_IN, .ttl = ttl_left(set->expires, world->now) };
			out.rdata = rrset_rdata_next(&at, &out.rdata_len);
			status = message_write_record(&writer, answered ? SECTION_ANSWER : SECTION_AUTHORITY, &out);
		}
	}
	assert(status == ZT_OK);
	flight->reply_len = message_writer_finish(&writer);
	flight->reply = malloc(flight->reply_len);
	memcpy(flight->reply, room, flight->reply_len);
	flight->arrival = world->now + 5 * USEC_PER_MSEC;
}

static void take_actions(struct sim_resolver *resolver)
{
	struct action action;

	while (resolver_next(resolver->machine, &action)) {
		if (action.kind == ACTION_SEND) {
			send_out(resolver, action.exchange);
			continue;
		}
		struct sim_client *client = (struct sim_client *)action.asker;
		if (client->flight)
			reply_to_resolver(resolver->world, client->flight, action.result);
		else
			client_take(client, action.result, resolver->world->now);
	}
}

/* The next event; NULL when nothing is under way. */
static struct flight *next_flight(struct world *world)
{
	struct flight *best = NULL;
	usec_t best_at = INT64_MAX;

	for (struct flight *flight = world->flights; flight; flight = flight->next) {
		usec_t at = flight->arrival < flight->deadline ? flight->arrival : flight->deadline;
		if (!flight->over && at < best_at) {
			best = flight;
			best_at = at;
		}
	}
	return best;
}

static bool world_step(struct world *world)
{
	struct flight *flight = next_flight(world);

	if (!flight)
		return false;
	bool arrived = flight->arrival < flight->deadline;
	world->now = arrived ? flight->arrival : flight->deadline;
	if (arrived && flight->failed) {
		flight->over = true;
		resolver_on_failure(flight->from->machine, flight->exchange, world->now);
	} else if (arrived) {
		flight->over = resolver_on_reply(flight->from->machine, flight->exchange, flight->reply, flight->reply_len, world->now);
		flight->arrival = INT64_MAX;
	} else {
		flight->over = true;
		resolver_on_timeout(flight->from->machine, flight->exchange, world->now);
	}
	take_actions(flight->from);
	return true;
}

static void sweep(struct world *world)
{
	for (struct flight **at = &world->flights; *at;) {
		struct flight *flight = *at;
		if (flight->over && (!flight->client.resolver || flight->client.done)) {
			*at = flight->next;
			flight_free(flight);
		} else {
			at = &flight->next;
		}
	}
}

void client_ask(struct sim_client *client, struct sim_resolver *resolver, const char *name, uint16_t type)
{
	uint8_t wire[NAME_MAX_LEN];

	client->done = false;
	client->resolver = resolver;
	client->flight = NULL;
	name_of(wire, name, NULL);
	bool taken = resolver_ask(resolver->machine, wire, type, &client->asker, resolver->world->now);
	assert(taken);
	take_actions(resolver);
}

void world_run_until(struct world *world, const struct sim_client *client)
{
	while (!client->done && world_step(world))
		;
	sweep(world);
}

void world_drain(struct world *world)
{
	while (world_step(world))
		;
	sweep(world);
}

const char *world_resolve(struct sim_client *client, struct sim_resolver *resolver, const char *name, uint16_t type)
{
	client_ask(client, resolver, name, type);
	world_run_until(resolver->world, client);
	assert(client->done);
	return (const char *)client->text.data;
}

void client_fini(struct sim_client *client)
{
	buf_fini(&client->text);
}

/* ---- the truth ---- */

/* The zone a name's data is in: from the root down along the cuts. NULL where a cut leads to a zone nobody made. */
static const struct sim_zone *true_zone(const struct world *world, const uint8_t *name, uint16_t type)
{
	const struct sim_zone *zone = NULL;
	const uint8_t *apex = name_root;

	for (;;) {
		zone = NULL;
		for (unsigned i = 0; i < world->zone_count; i++) {
			if (name_equal(world->zones[i].apex, apex))
				zone = &world->zones[i];
		}
		const uint8_t *cut = zone ? cut_above(zone, name, type) : NULL;
		if (!cut)
			return zone;
		apex = cut;
	}
}

void world_truth(struct world *world, const char *text_name, uint16_t type, struct buf *text, uint32_t *ttl)
{
	static char *lines[MAX_LINES];
	uint8_t name[NAME_MAX_LEN], next[NAME_MAX_LEN];
	unsigned count = 0;
	enum rcode rcode = RCODE_SERVFAIL;

	*ttl = 0;
	name_of(name, text_name, NULL);
	for (unsigned hops = 0; hops <= CHAIN_MAX; hops++) {
		const struct sim_zone *zone = true_zone(world, name, type);
		if (!zone)
			break;
		unsigned from = 0, found = 0;
		const struct sim_record *record;
		for (; (record = find(zone, name, type, &from)); found++) {
			lines[count++] = line_of(name, type, record->rdata, record->len);
			if (record->ttl > *ttl)
				*ttl = record->ttl;
		}
		rcode = found || name_in_zone(zone, name) ? RCODE_NOERROR : RCODE_NXDOMAIN;
		const struct sim_record *alias = found ? NULL : find_one(zone, name, TYPE_CNAME);
		const struct sim_record *dname = found || alias ? NULL : dname_above(zone, name);
		if (!alias && !dname)
			break;
		rcode = RCODE_SERVFAIL;
		if (dname) {
			lines[count++] = line_of(dname->owner, TYPE_DNAME, dname->rdata, dname->len);
			if (name_substitute(next, name, dname->owner, dname->rdata) != ZT_OK) {
				rcode = RCODE_YXDOMAIN;
				break;
			}
		} else {
			name_copy(next, alias->rdata);
		}
		lines[count++] = line_of(name, TYPE_CNAME, next, name_len(next));
		uint32_t link_ttl = dname ? dname->ttl : alias->ttl;
		if (link_ttl > *ttl)
			*ttl = link_ttl;
		name_copy(name, next);
		name_lower(name);
	}
	if (rcode == RCODE_SERVFAIL) {
		while (count > 0)
			free(lines[--count]);
	}
	buf_clear(text);
	text_finish(text, rcode, lines, count);
}
