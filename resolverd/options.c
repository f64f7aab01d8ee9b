/* The option table of resolverd.yaml, and the step from its text values to what the daemon works with. */
#include "resolverd/options.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "lib/zone/zonefile.h"
#include "resolverd/cache/cache.h"
#include "resolverd/option_table.h"

struct server_conf {
	const struct yaml_node *node;
	struct schema_list listen;
	int64_t workers;
	const char *control;
	struct netaddr metrics;
	struct schema_list allow_query;
};

struct resolver_conf {
	const struct yaml_node *node;
	const char *root_hints;
	int64_t upstream_port;
	struct schema_list outgoing_interface;
	bool validate;
	bool qname_minimisation;
	bool builtin_local_zones;
	bool allow_loopback_upstream;
};

struct route_conf {
	const struct yaml_node *node;
	const char *name;
	struct schema_list addresses;
};

struct repair_conf {
	const struct yaml_node *node;
	const char *name;
	struct netaddr report_to;
};

struct cache_conf {
	const struct yaml_node *node;
	uint64_t size;
	usec_t min_ttl, max_ttl, max_negative_ttl;
};

struct root_conf {
	const struct yaml_node *node;
	struct server_conf server;
	struct resolver_conf resolver;
	struct schema_list stubs;
	struct schema_list forwards;
	struct schema_list repairs;
	struct cache_conf cache;
};

static const char *domain_name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	return name_from_text(name, text, NULL) == ZT_OK ? NULL : "a domain name, such as example.org.";
}

static const struct schema_row server_rows[] = {
	{ "listen", SCHEMA_ADDRESS, offsetof(struct server_conf, listen), SCHEMA_LIST | SCHEMA_RESTART, .fallback = "127.0.0.1@53", .port = 53,
	  .help = "Addresses to serve on, by UDP and TCP." },
	{ "workers", SCHEMA_INT, offsetof(struct server_conf, workers), SCHEMA_RESTART, .fallback = "0", .min = 0, .max = 256,
	  .help = "Threads that answer queries; 0 means one for each core." },
	{ "control", SCHEMA_PATH, offsetof(struct server_conf, control), SCHEMA_RESTART, .fallback = "state/resolverd.sock",
	  .help = "Socket through which zonectl reaches the daemon. Its folder is created when missing." },
	{ "metrics", SCHEMA_ADDRESS, offsetof(struct server_conf, metrics), SCHEMA_RESTART, .port = 9153,
	  .help = "Address of the Prometheus metrics (HTTP, /metrics); absent means off." },
	{ "allow-query", SCHEMA_ACCESS, offsetof(struct server_conf, allow_query), SCHEMA_LIST, .fallback = "127.0.0.0/8",
	  .help = "Who may ask; others get REFUSED." },
};

static const struct schema server_schema = { .what = "server", .size = sizeof(struct server_conf), .rows = server_rows,
					     .row_count = SCHEMA_COUNT(server_rows) };

static const struct schema_row resolver_rows[] = {
	{ "root-hints", SCHEMA_PATH, offsetof(struct resolver_conf, root_hints),
	  .help = "Names and addresses of the root servers, as a zone file; absent means those of the public root." },
	{ "upstream-port", SCHEMA_INT, offsetof(struct resolver_conf, upstream_port), .fallback = "53", .min = 1, .max = 65535,
	  .help = "Port of servers found in delegations and root hints; a lab may use another." },
	{ "outgoing-interface", SCHEMA_ADDRESS, offsetof(struct resolver_conf, outgoing_interface), SCHEMA_LIST,
	  .help = "Addresses (one IPv4, one IPv6) that questions to other servers leave from; absent means the system chooses. The port is always random." },
	{ "validate", SCHEMA_BOOL, offsetof(struct resolver_conf, validate), .fallback = "no",
	  .help = "DNSSEC validation. Not available in this version: only no is accepted." },
	{ "qname-minimisation", SCHEMA_BOOL, offsetof(struct resolver_conf, qname_minimisation), .fallback = "yes",
	  .help = "Ask each server for no more of a name than it needs to know (RFC 9156)." },
	{ "builtin-local-zones", SCHEMA_BOOL, offsetof(struct resolver_conf, builtin_local_zones), .fallback = "yes",
	  .help = "Answer the zones of RFC 6303 and RFC 6761 (localhost, private reverse zones, test, invalid, onion and so on) here; no means they are "
		  "resolved like others. A stub or forward zone at or below one of them goes first." },
	{ "allow-loopback-upstream", SCHEMA_BOOL, offsetof(struct resolver_conf, allow_loopback_upstream), .fallback = "no",
	  .help = "Whether a delegation may lead to a loopback address. Hints, stub and forward zones always may." },
};

static const struct schema resolver_schema = { .what = "resolver", .size = sizeof(struct resolver_conf), .rows = resolver_rows,
					       .row_count = SCHEMA_COUNT(resolver_rows) };

static const struct schema_row route_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct route_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = domain_name_check,
	  .help = "The zone's apex." },
	{ "addresses", SCHEMA_ADDRESS, offsetof(struct route_conf, addresses), SCHEMA_LIST | SCHEMA_REQUIRED, .port = 53,
	  .help = "The servers to ask." },
};

static const struct schema stub_schema = { .what = "stub", .size = sizeof(struct route_conf), .rows = route_rows,
					   .row_count = SCHEMA_COUNT(route_rows) };
static const struct schema forward_schema = { .what = "forward", .size = sizeof(struct route_conf), .rows = route_rows,
					      .row_count = SCHEMA_COUNT(route_rows) };

static const struct schema_row repair_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct repair_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = domain_name_check,
	  .help = "The zone's apex." },
	{ "report-to", SCHEMA_ADDRESS, offsetof(struct repair_conf, report_to), SCHEMA_REQUIRED, .port = 53,
	  .help = "An authd that has the zone's servers in its notify list, and this server in its allow-notify." },
};

static const struct schema repair_schema = { .what = "read-repair", .size = sizeof(struct repair_conf), .rows = repair_rows,
					     .row_count = SCHEMA_COUNT(repair_rows) };

#define YEAR (INT64_C(31536000) * USEC_PER_SEC)

static const struct schema_row cache_rows[] = {
	{ "size", SCHEMA_SIZE, offsetof(struct cache_conf, size), .fallback = "256M", .min = CACHE_MIN_SIZE, .max = INT64_C(1) << 40,
	  .help = "Most memory the cache takes, in bytes." },
	{ "min-ttl", SCHEMA_DURATION, offsetof(struct cache_conf, min_ttl), .fallback = "0", .max = 86400 * USEC_PER_SEC,
	  .help = "Shorter lives are raised to this. Anything above 0 serves data for longer than its owner allows." },
	{ "max-ttl", SCHEMA_DURATION, offsetof(struct cache_conf, max_ttl), .fallback = "1d", .max = YEAR, .help = "Longer lives are cut to this." },
	{ "max-negative-ttl", SCHEMA_DURATION, offsetof(struct cache_conf, max_negative_ttl), .fallback = "1h", .max = YEAR,
	  .help = "The same for negative answers." },
};

static const struct schema cache_schema = { .what = "cache", .size = sizeof(struct cache_conf), .rows = cache_rows,
					    .row_count = SCHEMA_COUNT(cache_rows) };

static const struct schema_row root_rows[] = {
	{ "server", SCHEMA_MAPPING, offsetof(struct root_conf, server), .mapping = &server_schema, .help = "The daemon." },
	{ "resolver", SCHEMA_MAPPING, offsetof(struct root_conf, resolver), .mapping = &resolver_schema, .help = "How questions are resolved." },
	{ "stub", SCHEMA_MAPPING, offsetof(struct root_conf, stubs), SCHEMA_LIST, .mapping = &stub_schema,
	  .help = "Zones whose authoritative servers are named here." },
	{ "forward", SCHEMA_MAPPING, offsetof(struct root_conf, forwards), SCHEMA_LIST, .mapping = &forward_schema,
	  .help = "Zones that other resolvers are asked about, with all that lies below them; \".\" forwards everything." },
	{ "read-repair", SCHEMA_MAPPING, offsetof(struct root_conf, repairs), SCHEMA_LIST, .mapping = &repair_schema,
	  .help = "Zones of your own, 64 at most, whose servers are watched: one that answers with an older version of the zone (RFC 9660) than another is reported to "
		  "the server that notifies it, which tells it again at once." },
	{ "cache", SCHEMA_MAPPING, offsetof(struct root_conf, cache), .mapping = &cache_schema, .help = "What is remembered." },
};

const struct schema resolverd_schema = { .what = "configuration", .size = sizeof(struct root_conf), .rows = root_rows,
					 .row_count = SCHEMA_COUNT(root_rows) };

/* Everything that can go wrong below is memory, or a rule that spans several keys. */
struct reader {
	struct resolverd_options *options;
	struct problems *problems;
	struct buf *errors;
	int status;
};

static void problem_at(struct reader *reader, const struct yaml_node *node, const char *what)
{
	problems_add(reader->problems, node ? node->line : 0, node ? node->column : 0, "%s", what);
}

static void acl_read(struct reader *reader, const struct server_conf *conf)
{
	const struct schema_access *entries = SCHEMA_ITEMS(conf->allow_query, struct schema_access);
	const struct yaml_node *node = yaml_node_get(conf->node, "allow-query");
	struct acl *acl = &reader->options->view->allow_query;

	for (size_t i = 0; i < conf->allow_query.count; i++) {
		if (entries[i].key || entries[i].tls || entries[i].pin)
			problem_at(reader, node, "keys are not for queries; expected an address or a prefix");
		else if (acl_add_prefix(acl, &entries[i].prefix) != ZT_OK)
			reader->status = ZT_ENOMEM;
	}
	/* The default is loopback, of both kinds. */
	if (!node && acl_add_text(acl, "::1") != ZT_OK)
		reader->status = ZT_ENOMEM;
}

static bool has_route(const struct policy *policy, const uint8_t *zone)
{
	for (uint32_t i = 0; i < policy->route_count; i++) {
		if (name_equal(policy->routes[i].zone, zone))
			return true;
	}
	return false;
}

static bool asks_itself(const struct policy *policy, const struct schema_list *addresses)
{
	const struct netaddr *items = SCHEMA_ITEMS(*addresses, struct netaddr);

	for (size_t i = 0; i < addresses->count; i++) {
		for (uint32_t own = 0; own < policy->own_count; own++) {
			if (netaddr_equal(&items[i], &policy->own[own]))
				return true;
		}
	}
	return false;
}

static void routes_read(struct reader *reader, const struct schema_list *list, enum route_kind kind)
{
	struct policy *policy = &reader->options->view->policy;
	const struct route_conf *confs = SCHEMA_ITEMS(*list, struct route_conf);

	for (size_t i = 0; i < list->count; i++) {
		struct route route = { .kind = kind };
		if (!confs[i].name || name_from_text(route.zone, confs[i].name, NULL) != ZT_OK)
			continue;      /* reported already */
		name_lower(route.zone);
		if (asks_itself(policy, &confs[i].addresses))
			problem_at(reader, yaml_node_get(confs[i].node, "addresses"), "an address of listen; expected another server, asking itself leads nowhere");
		if (has_route(policy, route.zone))
			problem_at(reader, confs[i].node, "the zone is listed twice; expected one entry, stub or forward, for each zone");
		if (confs[i].addresses.count == 0 && yaml_node_get(confs[i].node, "addresses"))
			problem_at(reader, yaml_node_get(confs[i].node, "addresses"), "there is no address; expected at least one");
		struct route *routes = realloc(policy->routes, (policy->route_count + 1) * sizeof(*routes));
		if (routes)
			policy->routes = routes;
		route.servers = calloc(confs[i].addresses.count + 1, sizeof(*route.servers));
		if (!routes || !route.servers) {
			free(route.servers);
			reader->status = ZT_ENOMEM;
			return;
		}
		route.server_count = (uint32_t)confs[i].addresses.count;
		if (route.server_count > 0)
			memcpy(route.servers, confs[i].addresses.items, route.server_count * sizeof(*route.servers));
		routes[policy->route_count++] = route;
	}
}

static void repairs_read(struct reader *reader, const struct schema_list *list)
{
	struct policy *policy = &reader->options->view->policy;
	const struct repair_conf *confs = SCHEMA_ITEMS(*list, struct repair_conf);

	if (list->count > POLICY_REPAIRS_MAX)
		problem_at(reader, confs[POLICY_REPAIRS_MAX].node, "too many zones; expected at most 64");
	if (list->count == 0 || list->count > POLICY_REPAIRS_MAX)
		return;
	policy->repairs = calloc(list->count, sizeof(*policy->repairs));
	if (!policy->repairs) {
		reader->status = ZT_ENOMEM;
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct repair *repair = &policy->repairs[policy->repair_count];
		if (!confs[i].name || name_from_text(repair->zone, confs[i].name, NULL) != ZT_OK)
			continue;      /* reported already */
		name_lower(repair->zone);
		repair->report_to = confs[i].report_to;
		policy->repair_count++;
	}
}

static int on_hint(void *arg, const struct zonefile_record *record)
{
	struct policy *policy = arg;
	struct netaddr server;

	memset(&server, 0, sizeof(server));
	if (record->type == TYPE_A) {
		server.family = AF_INET;
		memcpy(&server.v4.sin_addr, record->rdata, 4);
	} else if (record->type == TYPE_AAAA) {
		server.family = AF_INET6;
		memcpy(&server.v6.sin6_addr, record->rdata, 16);
	} else {
		return ZT_OK;
	}
	netaddr_set_port(&server, policy->upstream_port);
	return policy_add_hint(policy, &server);
}

static void hints_read(struct reader *reader, const struct resolver_conf *conf)
{
	struct policy *policy = &reader->options->view->policy;
	struct zonefile_sink sink = { .on_record = on_hint, .arg = policy };
	struct zonefile_report report;

	if (!conf->root_hints) {
		if (policy_builtin_hints(policy) != ZT_OK)
			reader->status = ZT_ENOMEM;
		return;
	}
	zonefile_report_init(&report);
	int status = zonefile_read(conf->root_hints, name_root, &sink, &report);
	for (unsigned i = 0; i < report.message_count; i++) {
		if (report.messages[i].is_error)
			buf_printf(reader->errors, "%s\n", report.messages[i].text);
	}
	if (status == ZT_OK && policy->hint_count == 0)
		problem_at(reader, yaml_node_get(conf->node, "root-hints"), "the file has no address record; expected A or AAAA of root servers");
	else if (status != ZT_OK)
		reader->status = status;
	zonefile_report_fini(&report);
}

static void sources_read(struct reader *reader, const struct resolver_conf *conf)
{
	const struct netaddr *sources = SCHEMA_ITEMS(conf->outgoing_interface, struct netaddr);
	struct policy *policy = &reader->options->view->policy;

	for (size_t i = 0; i < conf->outgoing_interface.count; i++) {
		struct netaddr *slot = sources[i].family == AF_INET ? &policy->source_v4 : &policy->source_v6;
		if (netaddr_is_set(slot))
			problem_at(reader, yaml_node_get(conf->node, "outgoing-interface"), "two addresses of one family; expected one IPv4 and one IPv6 address");
		*slot = sources[i];
		netaddr_set_port(slot, 0);
	}
}

static void policy_read(struct reader *reader, const struct root_conf *conf)
{
	struct policy *policy = &reader->options->view->policy;

	policy->upstream_port = (uint16_t)conf->resolver.upstream_port;
	policy->allow_loopback = conf->resolver.allow_loopback_upstream;
	policy->minimise = conf->resolver.qname_minimisation;
	policy->local_zones = conf->resolver.builtin_local_zones;
	policy->min_ttl = (uint32_t)(conf->cache.min_ttl / USEC_PER_SEC);
	policy->max_ttl = (uint32_t)(conf->cache.max_ttl / USEC_PER_SEC);
	policy->max_negative_ttl = (uint32_t)(conf->cache.max_negative_ttl / USEC_PER_SEC);
	policy->own = calloc(conf->server.listen.count + 1, sizeof(*policy->own));
	if (!policy->own) {
		reader->status = ZT_ENOMEM;
		return;
	}
	policy->own_count = (uint32_t)conf->server.listen.count;
	if (policy->own_count > 0)
		memcpy(policy->own, conf->server.listen.items, policy->own_count * sizeof(*policy->own));
	if (conf->resolver.validate)
		problem_at(reader, yaml_node_get(conf->resolver.node, "validate"), "validation is not available in this version; expected no");
	if (policy->min_ttl > policy->max_ttl)
		problem_at(reader, yaml_node_get(conf->cache.node, "min-ttl"), "min-ttl is greater than max-ttl; expected at most that");
	sources_read(reader, &conf->resolver);
	routes_read(reader, &conf->stubs, ROUTE_STUB);
	routes_read(reader, &conf->forwards, ROUTE_FORWARD);
	repairs_read(reader, &conf->repairs);
	hints_read(reader, &conf->resolver);
}

static void root_read(struct reader *reader, const struct root_conf *conf)
{
	struct resolverd_options *options = reader->options;

	options->listen = conf->server.listen.items;
	options->listen_count = (uint32_t)conf->server.listen.count;
	options->workers = (uint32_t)conf->server.workers;
	options->control = conf->server.control;
	options->metrics = conf->server.metrics;
	options->has_metrics = netaddr_is_set(&conf->server.metrics);
	options->cache_size = conf->cache.size;
	options->view = view_new();
	if (!options->view) {
		reader->status = ZT_ENOMEM;
		return;
	}
	acl_read(reader, &conf->server);
	policy_read(reader, conf);
}

int options_read(struct resolverd_options **out, const char *path, struct buf *errors)
{
	struct resolverd_options *options = calloc(1, sizeof(*options));
	struct problems problems;
	struct root_conf conf = { 0 };
	struct reader reader = { .options = options, .problems = &problems, .errors = errors };

	if (!options)
		return ZT_ENOMEM;
	problems_init(&problems, path);
	int loaded = schema_load(&resolverd_schema, &options->tree, path, &conf, &problems);
	if (loaded == ZT_OK || loaded == ZT_ESYNTAX)
		root_read(&reader, &conf);
	if (loaded != ZT_OK)
		reader.status = loaded;
	options->path = arena_strdup(&options->tree.arena, path);
	if (problems.total > 0 && reader.status == ZT_OK)
		reader.status = ZT_ESYNTAX;
	problems_write(&problems, errors);
	problems_fini(&problems);
	if (reader.status != ZT_OK || !options->path) {
		options_free(options);
		return reader.status != ZT_OK ? reader.status : ZT_ENOMEM;
	}
	*out = options;
	return ZT_OK;
}

void options_free(struct resolverd_options *options)
{
	if (!options)
		return;
	view_release(options->view);
	yaml_tree_fini(&options->tree);
	free(options);
}
