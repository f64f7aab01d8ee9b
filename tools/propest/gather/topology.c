/* The topology-facts file, by table. */
#include "tools/propest/gather/topology.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/conf/schema.h"

#define SHARES_STRAY 1e-3          /* thirds are written .333 */
enum { LONGEST = 100 * 365 };      /* days; longer times in a file are typing errors */

struct soa_conf {
	const struct yaml_node *node;
	usec_t refresh, retry, expire, minimum, ttl;
};

struct server_conf {
	const struct yaml_node *node;
	const char *name;
	struct netaddr address;
	const char *vendor;
	struct schema_list from;
	bool hidden, notify;
	int64_t weight;
	usec_t refresh, retry, cycle, poll_age, publish_delay, holdoff, rtt;
	double loss, notify_loss, query_loss;
	uint64_t transfer_size, rate;
};

struct outage_conf {
	const struct yaml_node *node;
	usec_t begin, end;
	double probability;
	struct schema_list from, to;
};

struct class_conf {
	const struct yaml_node *node;
	const char *name;
	double share;
	int interest;
	usec_t every, max_ttl, min_ttl, hold, serve_stale;
};

struct caches_conf {
	const struct yaml_node *node;
	int64_t count, depth;
	usec_t max_ttl, min_ttl, max_negative_ttl, query_lifetime, hold;
	double client_tail;
	struct schema_list class;
};

struct topology_conf {
	const struct yaml_node *node;
	const char *zone;
	usec_t ttl;
	struct soa_conf soa;
	struct schema_list server, outage;
	struct caches_conf caches;
};

static const char *check_zone(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	return name_from_text(name, text, NULL) == ZT_OK ? NULL : "a domain name";
}

static const char *check_name(const char *text)
{
	return *text && strlen(text) < NETWORK_NAME_SIZE ? NULL : "a name of 1 to 63 bytes";
}

static const char *check_vendor(const char *text)
{
	return vendor_find(text) ? NULL : "generic, bind, nsd, knot, powerdns or authd";
}

#define DURATION(key_text, conf, member, help_text, ...) \
	{ .key = (key_text), .type = SCHEMA_DURATION, .offset = offsetof(conf, member), .max = LONGEST * INT64_C(86400) * USEC_PER_SEC, \
	  .help = (help_text), __VA_ARGS__ }

static const struct schema_row soa_rows[] = {
	DURATION("refresh", struct soa_conf, refresh, "How often secondaries poll."),
	DURATION("retry", struct soa_conf, retry, "How soon a failed poll is repeated."),
	DURATION("expire", struct soa_conf, expire, "How long a secondary without contact goes on answering."),
	DURATION("minimum", struct soa_conf, minimum, "The last field: together with the SOA's TTL, how long absence is cached."),
	DURATION("ttl", struct soa_conf, ttl, "The TTL of the SOA record itself."),
};
static const struct schema soa_schema = { .what = "soa", .size = sizeof(struct soa_conf), .rows = soa_rows, .row_count = SCHEMA_COUNT(soa_rows) };

static const struct schema_row server_rows[] = {
	{ .key = "name", .type = SCHEMA_TEXT, .offset = offsetof(struct server_conf, name), .flags = SCHEMA_REQUIRED | SCHEMA_UNIQUE,
	  .check = check_name, .help = "What it is called in this file and in reports." },
	{ .key = "address", .type = SCHEMA_ADDRESS, .offset = offsetof(struct server_conf, address), .port = 53,
	  .help = "Where it can be asked; without it only this file tells about the server." },
	{ .key = "vendor", .type = SCHEMA_TEXT, .offset = offsetof(struct server_conf, vendor), .fallback = "generic", .check = check_vendor,
	  .help = "Whose timing laws it follows: generic, bind, nsd, knot, powerdns or authd." },
	{ .key = "from", .type = SCHEMA_TEXT, .offset = offsetof(struct server_conf, from), .flags = SCHEMA_LIST, .check = check_name,
	  .help = "The servers it transfers the zone from. A server without this key is a primary." },
	{ .key = "hidden", .type = SCHEMA_BOOL, .offset = offsetof(struct server_conf, hidden), .fallback = "no",
	  .help = "Caches do not ask it." },
	{ .key = "weight", .type = SCHEMA_INT, .offset = offsetof(struct server_conf, weight), .fallback = "1", .min = 1, .max = 1000,
	  .help = "Its share of the caches' questions, relative to the other servers'." },
	{ .key = "notify", .type = SCHEMA_BOOL, .offset = offsetof(struct server_conf, notify), .fallback = "yes",
	  .help = "Its masters send it NOTIFY." },
	{ .key = "loss", .type = SCHEMA_FRACTION, .offset = offsetof(struct server_conf, loss), .fallback = "0",
	  .help = "The share of datagrams lost between it and its masters, each way." },
	{ .key = "notify-loss", .type = SCHEMA_FRACTION, .offset = offsetof(struct server_conf, notify_loss),
	  .help = "The share of NOTIFY messages lost, where it differs from loss." },
	{ .key = "query-loss", .type = SCHEMA_FRACTION, .offset = offsetof(struct server_conf, query_loss),
	  .help = "The share of SOA questions, answers and TCP handshakes lost, where it differs from loss." },
	DURATION("rtt", struct server_conf, rtt, "The round trip between it and its masters.", .fallback = "1ms"),
	DURATION("holdoff", struct server_conf, holdoff, "How long its masters wait before the first NOTIFY."),
	{ .key = "transfer-size", .type = SCHEMA_SIZE, .offset = offsetof(struct server_conf, transfer_size), .fallback = "1000",
	  .max = INT64_C(1) << 50, .help = "Bytes of one transfer." },
	{ .key = "rate", .type = SCHEMA_SIZE, .offset = offsetof(struct server_conf, rate), .fallback = "0", .max = INT64_C(1) << 50,
	  .help = "Bytes a second of a transfer; 0 is no limit." },
	DURATION("refresh", struct server_conf, refresh, "Its own REFRESH, where it does not follow the SOA's."),
	DURATION("retry", struct server_conf, retry, "Its own RETRY."),
	DURATION("cycle", struct server_conf, cycle, "Of PowerDNS: how often it looks for changes and for timers that have run out."),
	DURATION("poll-age", struct server_conf, poll_age, "How long ago it last polled, where that is known."),
	DURATION("publish-delay", struct server_conf, publish_delay, "Of a primary: from the change being made to being served."),
};
static const struct schema server_schema = { .what = "server", .size = sizeof(struct server_conf), .rows = server_rows,
	.row_count = SCHEMA_COUNT(server_rows) };

static const struct schema_row outage_rows[] = {
	DURATION("begin", struct outage_conf, begin, "When it begins, counted from the change."),
	DURATION("end", struct outage_conf, end, "When it ends.", .flags = SCHEMA_REQUIRED),
	{ .key = "probability", .type = SCHEMA_FRACTION, .offset = offsetof(struct outage_conf, probability), .fallback = "1",
	  .help = "How likely it is. It cuts all its links or none: a cause they share." },
	{ .key = "from", .type = SCHEMA_TEXT, .offset = offsetof(struct outage_conf, from), .flags = SCHEMA_LIST, .check = check_name,
	  .help = "Only links from these servers; all when absent." },
	{ .key = "to", .type = SCHEMA_TEXT, .offset = offsetof(struct outage_conf, to), .flags = SCHEMA_LIST, .check = check_name,
	  .help = "Only links to these servers; all when absent." },
};
static const struct schema outage_schema = { .what = "outage", .size = sizeof(struct outage_conf), .rows = outage_rows,
	.row_count = SCHEMA_COUNT(outage_rows) };

static const struct schema_name interests[] = { { "busy", INTEREST_BUSY }, { "poisson", INTEREST_POISSON }, { "even", INTEREST_EVEN }, { NULL, 0 } };

static const char *check_class_name(const char *text)
{
	return *text && strlen(text) < CLASS_NAME_SIZE ? NULL : "a name of 1 to 31 bytes";
}

static const struct schema_row class_rows[] = {
	{ .key = "name", .type = SCHEMA_TEXT, .offset = offsetof(struct class_conf, name), .flags = SCHEMA_REQUIRED | SCHEMA_UNIQUE,
	  .check = check_class_name, .help = "What it is called in reports." },
	{ .key = "share", .type = SCHEMA_FRACTION, .offset = offsetof(struct class_conf, share), .flags = SCHEMA_REQUIRED,
	  .help = "Its share of the caches. Those of all classes add up to 1." },
	{ .key = "interest", .type = SCHEMA_ENUM, .offset = offsetof(struct class_conf, interest), .fallback = "busy", .names = interests,
	  .help = "How clients ask: busy, again as soon as a copy has run out; poisson, at random; even, at equal intervals, as monitoring does." },
	DURATION("every", struct class_conf, every, "The mean time between two questions for the name, where interest is not busy."),
	DURATION("max-ttl", struct class_conf, max_ttl, "In place of the one of caches."),
	DURATION("min-ttl", struct class_conf, min_ttl, "In place of the one of caches."),
	DURATION("hold", struct class_conf, hold, "In place of the one of caches."),
	DURATION("serve-stale", struct class_conf, serve_stale,
		 "How long after a copy has run out it may be given once more (RFC 8767). Told apart: neither quantiles nor the bound count it."),
};
static const struct schema class_schema = { .what = "class", .size = sizeof(struct class_conf), .rows = class_rows,
	.row_count = SCHEMA_COUNT(class_rows) };

static const struct schema_row caches_rows[] = {
	{ .key = "count", .type = SCHEMA_INT, .offset = offsetof(struct caches_conf, count), .fallback = "1", .min = 1, .max = 1000000000,
	  .help = "How many there are, for when the slowest is done." },
	{ .key = "depth", .type = SCHEMA_INT, .offset = offsetof(struct caches_conf, depth), .fallback = "2", .min = 1, .max = 16,
	  .help = "Caches in a chain: each may round TTLs by a second." },
	DURATION("max-ttl", struct caches_conf, max_ttl, "They keep nothing longer than this.", .fallback = "7d"),
	DURATION("min-ttl", struct caches_conf, min_ttl, "They keep everything at least this long."),
	DURATION("max-negative-ttl", struct caches_conf, max_negative_ttl, "They keep absence no longer than this.", .fallback = "3h"),
	DURATION("query-lifetime", struct caches_conf, query_lifetime, "How long they wait for an answer on its way.", .fallback = "2s"),
	DURATION("hold", struct caches_conf, hold, "Fixed times that clients hold answers whatever the TTL, added up."),
	{ .key = "client-tail", .type = SCHEMA_FRACTION, .offset = offsetof(struct caches_conf, client_tail), .fallback = "0",
	  .help = "The share of clients that still use the old data a minute after their cache gave it last, whatever the TTL. It shrinks by a power law, "
		  "and is told apart: neither quantiles nor the bound count it." },
	{ .key = "class", .type = SCHEMA_MAPPING, .offset = offsetof(struct caches_conf, class), .flags = SCHEMA_LIST, .mapping = &class_schema,
	  .help = "The caches as a mixture; without it all are alike and asked all the time." },
};
static const struct schema caches_schema = { .what = "caches", .size = sizeof(struct caches_conf), .rows = caches_rows,
	.row_count = SCHEMA_COUNT(caches_rows) };

static const struct schema_row topology_rows[] = {
	{ .key = "zone", .type = SCHEMA_TEXT, .offset = offsetof(struct topology_conf, zone), .check = check_zone, .help = "The zone's name." },
	DURATION("ttl", struct topology_conf, ttl, "The TTL of the records that change, as caches hold them now."),
	{ .key = "soa", .type = SCHEMA_MAPPING, .offset = offsetof(struct topology_conf, soa), .mapping = &soa_schema },
	{ .key = "server", .type = SCHEMA_MAPPING, .offset = offsetof(struct topology_conf, server), .flags = SCHEMA_LIST | SCHEMA_REQUIRED,
	  .mapping = &server_schema },
	{ .key = "outage", .type = SCHEMA_MAPPING, .offset = offsetof(struct topology_conf, outage), .flags = SCHEMA_LIST, .mapping = &outage_schema },
	{ .key = "caches", .type = SCHEMA_MAPPING, .offset = offsetof(struct topology_conf, caches), .mapping = &caches_schema },
};
static const struct schema schema = { .what = "topology", .size = sizeof(struct topology_conf), .rows = topology_rows,
	.row_count = SCHEMA_COUNT(topology_rows) };

const struct schema *topology_schema(void)
{
	return &schema;
}

static double seconds(usec_t usec)
{
	return (double)usec / (double)USEC_PER_SEC;
}

static bool has(const struct yaml_node *node, const char *key)
{
	return yaml_node_get(node, key) != NULL;
}

static int add_server(struct facts *facts, const struct server_conf *conf)
{
	size_t index;
	int status = network_add_server(&facts->net, conf->name, &index);

	if (status != ZT_OK)
		return status;
	struct network_server *server = &facts->net.servers[index];
	char text[NETADDR_TEXT_SIZE];
	server->vendor = vendor_find(conf->vendor);
	server->primary = conf->from.count == 0;
	server->is_public = !conf->hidden;
	server->weight = (double)conf->weight;
	server->publish_s = seconds(conf->publish_delay);
	if (netaddr_is_set(&conf->address))
		snprintf(server->address, sizeof(server->address), "%s", netaddr_to_text(&conf->address, text));
	if (has(conf->node, "poll-age"))
		server->poll_age_s = seconds(conf->poll_age);
	if (has(conf->node, "refresh"))
		server->refresh_s = seconds(conf->refresh);
	if (has(conf->node, "retry"))
		server->retry_s = seconds(conf->retry);
	if (has(conf->node, "cycle"))
		server->cycle_s = seconds(conf->cycle);
	return ZT_OK;
}

/* The server a list's item names; server_count, and a problem, when there is none. */
static size_t named(const struct facts *facts, const struct yaml_node *node, const char *name, struct problems *problems)
{
	size_t index = network_find(&facts->net, name);

	if (index == facts->net.server_count)
		problems_add(problems, node->line, node->column, "no server is called \"%.63s\"; expected the name of one in this file", name);
	return index;
}

static int add_links(struct facts *facts, const struct server_conf *conf, size_t to, struct problems *problems)
{
	const char *const *from = SCHEMA_ITEMS(conf->from, const char *);

	for (size_t i = 0; i < conf->from.count; i++) {
		const struct yaml_node *node = yaml_node_get(conf->node, "from");
		size_t master = named(facts, node, from[i], problems);
		if (master == facts->net.server_count)
			continue;
		struct network_link *link = network_add_link(&facts->net, master, to);
		if (!link)
			return ZT_ELIMIT;
		link->notify = conf->notify;
		link->notify_loss = has(conf->node, "notify-loss") ? conf->notify_loss : conf->loss;
		link->query_loss = has(conf->node, "query-loss") ? conf->query_loss : conf->loss;
		link->rtt_s = seconds(conf->rtt);
		link->holdoff_s = seconds(conf->holdoff);
		link->transfer_bytes = (double)conf->transfer_size;
		link->bytes_per_s = (double)conf->rate;
	}
	return ZT_OK;
}

static bool listed(const struct schema_list *list, const char *name)
{
	const char *const *names = SCHEMA_ITEMS(*list, const char *);

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return list->count == 0;
}

static int add_outage(struct facts *facts, const struct outage_conf *conf, struct problems *problems)
{
	const struct schema_list *lists[] = { &conf->from, &conf->to };
	size_t hits = 0;

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			named(facts, yaml_node_get(conf->node, i == 0 ? "from" : "to"), SCHEMA_ITEMS(*lists[i], const char *)[j], problems);
	if (conf->end < conf->begin)
		problems_add(problems, conf->node->line, conf->node->column, "the outage ends before it begins");
	struct network_outage *outage = network_add_outage(&facts->net, seconds(conf->begin), seconds(conf->end));
	if (!outage)
		return ZT_ELIMIT;
	outage->probability = conf->probability;
	for (size_t i = 0; i < facts->net.link_count; i++) {
		const struct network_link *link = &facts->net.links[i];
		outage->hits[i] = listed(&conf->from, facts->net.servers[link->from].name) && listed(&conf->to, facts->net.servers[link->to].name);
		hits += outage->hits[i];
	}
	if (hits == 0)
		problems_add(problems, conf->node->line, conf->node->column, "the outage hits no link; expected servers that transfer from one another");
	return ZT_OK;
}

static void take_clocks(struct facts *facts, const struct topology_conf *conf)
{
	const struct soa_conf *soa = &conf->soa;
	const struct caches_conf *caches = &conf->caches;

	if (has(soa->node, "refresh"))
		facts->net.timers.refresh_s = seconds(soa->refresh);
	if (has(soa->node, "retry"))
		facts->net.timers.retry_s = seconds(soa->retry);
	if (has(soa->node, "expire"))
		facts->net.timers.expire_s = seconds(soa->expire);
	facts->given.timers = has(soa->node, "refresh");
	if (has(conf->node, "ttl"))
		facts->rrset_ttl_s = seconds(conf->ttl);
	facts->given.ttl = has(conf->node, "ttl");
	if (has(soa->node, "minimum"))
		facts->negative_ttl_s = has(soa->node, "ttl") ? fmin(seconds(soa->minimum), seconds(soa->ttl)) : seconds(soa->minimum);
	facts->given.negative_ttl = has(soa->node, "minimum");
	facts->cache_count = (double)caches->count;
	facts->max_negative_ttl_s = seconds(caches->max_negative_ttl);
	facts->caches = (struct cache_facts){ .max_ttl_s = seconds(caches->max_ttl), .min_ttl_s = seconds(caches->min_ttl),
		.query_lifetime_s = seconds(caches->query_lifetime), .depth = (unsigned)caches->depth, .hold_s = seconds(caches->hold) };
	facts->client_tail = caches->client_tail;
}

static struct cache_class class_of(const struct class_conf *conf, const struct cache_facts *caches)
{
	struct cache_class class = { .share = conf->share, .interest = { (enum interest_law)conf->interest, seconds(conf->every) },
		.max_ttl_s = has(conf->node, "max-ttl") ? seconds(conf->max_ttl) : caches->max_ttl_s,
		.min_ttl_s = has(conf->node, "min-ttl") ? seconds(conf->min_ttl) : caches->min_ttl_s,
		.hold_s = has(conf->node, "hold") ? seconds(conf->hold) : caches->hold_s, .serve_stale_s = seconds(conf->serve_stale) };

	snprintf(class.name, sizeof(class.name), "%s", conf->name);
	return class;
}

static void take_classes(struct facts *facts, const struct caches_conf *conf, struct problems *problems)
{
	const struct class_conf *classes = SCHEMA_ITEMS(conf->class, struct class_conf);
	double sum = 0;

	for (size_t i = 0; i < conf->class.count; i++) {
		const struct yaml_node *node = classes[i].node;
		bool busy = classes[i].interest == INTEREST_BUSY;
		if (i == CLASS_MAX) {
			problems_add(problems, node->line, node->column, "too many classes of caches; at most %d", CLASS_MAX);
			return;
		}
		if (busy && has(node, "every"))
			problems_add(problems, node->line, node->column, "\"every\" is for classes that are not asked all the time; expected \"interest: "
				     "poisson\" or \"interest: even\" beside it");
		else if (!busy && classes[i].every <= 0)
			problems_add(problems, node->line, node->column, "expected \"every\", the time between two questions, above 0");
		facts->caches.classes[i] = class_of(&classes[i], &facts->caches);
		sum += classes[i].share;
	}
	facts->caches.class_count = conf->class.count;
	if (conf->class.count > 0 && fabs(sum - 1) > SHARES_STRAY)
		problems_add(problems, classes[0].node->line, classes[0].node->column, "the shares of the classes add up to %.6g; expected 1", sum);
	for (size_t i = 0; i < conf->class.count && sum > 0; i++)
		facts->caches.classes[i].share /= sum;
}

static int take_network(struct facts *facts, const struct topology_conf *conf, struct problems *problems)
{
	const struct server_conf *servers = SCHEMA_ITEMS(conf->server, struct server_conf);
	const struct outage_conf *outages = SCHEMA_ITEMS(conf->outage, struct outage_conf);
	int status = ZT_OK;

	for (size_t i = 0; i < conf->server.count && status == ZT_OK; i++)
		status = add_server(facts, &servers[i]);
	for (size_t i = 0; i < conf->server.count && status == ZT_OK; i++)
		status = add_links(facts, &servers[i], i, problems);
	for (size_t i = 0; i < conf->outage.count && status == ZT_OK; i++)
		status = add_outage(facts, &outages[i], problems);
	if (status == ZT_ELIMIT)
		problems_add(problems, 0, 0, "too much for one estimate; at most %d servers, %d links and %d outages", NETWORK_MAX_SERVERS,
			     NETWORK_MAX_LINKS, NETWORK_MAX_OUTAGES);
	return status;
}

static int take(struct facts *facts, const struct topology_conf *conf, struct problems *problems)
{
	const struct server_conf *servers = SCHEMA_ITEMS(conf->server, struct server_conf);
	const char *why;
	size_t who;
	int status = take_network(facts, conf, problems);

	if (status != ZT_OK)
		return status == ZT_ELIMIT ? ZT_ESYNTAX : status;
	take_clocks(facts, conf);
	take_classes(facts, &conf->caches, problems);
	if (conf->zone) {
		if (name_from_text(facts->zone, conf->zone, NULL) != ZT_OK)
			return ZT_ESYNTAX;
		facts->has_zone = true;
	}
	if (problems->total == 0 && network_check(&facts->net, &why, &who) != ZT_OK) {
		const struct yaml_node *node = who < conf->server.count ? servers[who].node : yaml_node_get(conf->node, "server");
		problems_add(problems, node->line, node->column, "%s%s%s", who < conf->server.count ? servers[who].name : "",
			     who < conf->server.count ? ": " : "", why);
	}
	return problems->total == 0 ? ZT_OK : ZT_ESYNTAX;
}

static int fill(struct facts *facts, struct yaml_tree *tree, struct problems *problems)
{
	struct topology_conf conf;
	int status = schema_fill(&schema, tree, tree->root, &conf, problems);
	return status == ZT_OK ? take(facts, &conf, problems) : status;
}

int topology_load(struct facts *facts, const char *path, struct problems *problems)
{
	struct yaml_tree tree;
	int status = yaml_tree_load(&tree, path, problems);

	if (status == ZT_OK)
		status = fill(facts, &tree, problems);
	yaml_tree_fini(&tree);
	return status;
}

int topology_parse(struct facts *facts, const char *file, const void *text, size_t len, struct problems *problems)
{
	struct yaml_tree tree;
	int status = yaml_tree_parse(&tree, file, text, len, problems);

	if (status == ZT_OK)
		status = fill(facts, &tree, problems);
	yaml_tree_fini(&tree);
	return status;
}
