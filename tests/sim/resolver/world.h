/* A simulated DNS for resolver machines: authoritative servers made of naive record lists, a network with delay and loss, a manual clock.
 *
 * Nothing here shares code with what it tests but names, messages and rdata: zones are searched by walking all records. Resolvers can be servers of
 * other resolvers. Everything that is random comes from the world's seed.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/rng.h"
#include "lib/dns/message.h"
#include "lib/dns/writer.h"
#include "resolverd/resolve/iterate.h"

struct sim_record {
	uint8_t owner[NAME_MAX_LEN];
	uint16_t type;
	uint32_t ttl;
	uint16_t len;
	uint8_t *rdata;
};

struct sim_zone {
	uint8_t apex[NAME_MAX_LEN];
	uint32_t serial;
	struct sim_record *records;
	unsigned count;
};

struct world;
struct sim_server;

/* Takes over a server's answer: writes it and returns its length, 0 for silence, or SIZE_MAX to answer as usual. */
typedef size_t (*sim_hook)(struct world *world, struct sim_server *server, const struct message *query, uint8_t *out, size_t size);

enum { SIM_MAX_ZONES = 32, SIM_MAX_SERVERS = 128, SIM_MAX_RESOLVERS = 4 };

struct sim_server {
	struct netaddr addr;
	struct sim_zone *zones[SIM_MAX_ZONES];
	unsigned zone_count;
	usec_t delay;             /* round trip */
	double loss;              /* of UDP, each way */
	bool dead, unreachable, no_tcp, always_truncate, no_edns, tells_version;
	sim_hook hook;
	bool hook_udp_only;
	unsigned udp_queries, tcp_queries;
};

struct sim_resolver {
	struct world *world;
	struct netaddr addr;
	struct cache cache;
	struct policy policy;
	struct resolver *machine;
};

struct sim_client {
	struct asker asker;
	bool done;
	usec_t at;                /* of the answer */
	enum rcode rcode;
	bool negative;
	uint32_t max_ttl, min_ttl;      /* left, over all sets of the answer */
	struct buf text;          /* rcode, then one line a record: owner type rdata, sorted */
	struct sim_resolver *resolver;
	/* set when the asker is another resolver's question */
	struct flight *flight;
};

struct world {
	usec_t now;
	struct rng rng;
	struct secure_rng secure_rng;
	struct sim_zone *zones;
	unsigned zone_count;
	struct sim_server servers[SIM_MAX_SERVERS];
	unsigned server_count;
	struct sim_resolver resolvers[SIM_MAX_RESOLVERS];
	unsigned resolver_count;
	struct flight *flights;
	unsigned questions;       /* sent by resolvers, in all */
};

void world_init(struct world *world, uint64_t seed);
void world_fini(struct world *world);

struct sim_zone *world_zone(struct world *world, const char *apex);
/* "www 300 A 192.0.2.1": relative to the apex. */
void zone_add(struct sim_zone *zone, const char *line);
void zone_add_lines(struct sim_zone *zone, const char *const *lines);
/* Removes all records of owner and type. */
void zone_remove(struct sim_zone *zone, const char *owner, uint16_t type);

struct sim_server *world_server(struct world *world, const char *ip);
void server_serve(struct sim_server *server, struct sim_zone *zone);
/* `hint` NULL: a forwarder without hints. */
struct sim_resolver *world_resolver(struct world *world, const char *ip, const char *hint, uint64_t cache_size);
void resolver_forward_to(struct sim_resolver *resolver, const char *zone, const char *ip, enum route_kind kind);

/* Asks and returns at once. */
void client_ask(struct sim_client *client, struct sim_resolver *resolver, const char *name, uint16_t type);
/* Until the client is answered or nothing more can happen. */
void world_run_until(struct world *world, const struct sim_client *client);
/* Until nothing is under way. */
void world_drain(struct world *world);
/* Asks, runs, and returns the text of the answer (the client's buffer). */
const char *world_resolve(struct sim_client *client, struct sim_resolver *resolver, const char *name, uint16_t type);
void client_fini(struct sim_client *client);

/* What a resolver should say: computed from the zones, in the form of sim_client.text. The longest TTL of the answer goes to *ttl. */
void world_truth(struct world *world, const char *name, uint16_t type, struct buf *text, uint32_t *ttl);
