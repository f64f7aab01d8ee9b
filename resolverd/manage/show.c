/* JSON of what the daemon knows. */
#include "resolverd/manage/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "lib/dns/present.h"
#include "lib/dns/rcode.h"
#include "resolverd/cache/negative.h"

enum { TIME_TEXT_SIZE = 24, ARENA_CHUNK = 16384, FOUND_MAX = 256 };

static const char *time_to_text(usec_t wall, char out[TIME_TEXT_SIZE])
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
	return out;
}

static json_int_t resident_bytes(void)
{
	long total, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file)
		return 0;
	if (fscanf(file, "%ld %ld", &total, &resident) != 2)
		resident = 0;
	fclose(file);
	return (json_int_t)resident * sysconf(_SC_PAGESIZE);
}

static double seconds(usec_t time)
{
	return (double)time / (double)USEC_PER_SEC;
}

static json_t *addresses(const struct netaddr *list, uint32_t count)
{
	json_t *array = json_array();
	char text[NETADDR_TEXT_SIZE];

	for (uint32_t i = 0; array && i < count; i++)
		json_array_append_new(array, json_string(netaddr_to_text(&list[i], text)));
	return array;
}

json_t *show_status(const struct manage *manage)
{
	struct serve_counters counters;
	struct cache_stats cache;
	char started[TIME_TEXT_SIZE], configured[TIME_TEXT_SIZE], now[TIME_TEXT_SIZE];
	usec_t wall = clock_wall(manage->clock);

	workers_counters(manage->workers, &counters);
	cache_stats(manage->cache, &cache);
	return json_pack("{s:s, s:s, s:i, s:s, s:f, s:s, s:i, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
	                 "program", "resolverd", "version", PACKAGE_VERSION, "pid", (int)getpid(),
	                 "started_at", time_to_text(manage->started_wall, started),
	                 "uptime_s", seconds(wall - manage->started_wall),
	                 "clock", time_to_text(wall, now), "clock_speed", manage->clock->speed,
	                 "config", manage->options->path, "configured_at", time_to_text(manage->configured_wall, configured),
	                 "listen", addresses(manage->options->listen, manage->options->listen_count),
	                 "workers", (json_int_t)workers_count(manage->workers), "memory_bytes", resident_bytes(),
	                 "queries", (json_int_t)(counter_get(&counters.queries_udp) + counter_get(&counters.queries_tcp)),
	                 "cache_bytes", (json_int_t)cache.used, "cache_limit_bytes", (json_int_t)cache.budget,
	                 "cache_rrsets", (json_int_t)cache.entries[CACHE_RRSET], "tasks", (json_int_t)counter_get(&counters.tasks));
}

json_t *show_zones(const struct manage *manage)
{
	const struct policy *policy = &manage->options->view->policy;
	json_t *rows = json_array();
	char name[NAME_TEXT_SIZE];

	for (uint32_t i = 0; rows && i < policy->route_count; i++) {
		const struct route *route = &policy->routes[i];
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:o}", "zone", name_to_text(route->zone, name),
		                                      "role", route->kind == ROUTE_STUB ? "stub" : "forward", "state", "serving",
		                                      "serial", "records", "peers", "behind", "error", "addresses", addresses(route->servers, route->server_count)));
	}
	return rows;
}

static json_t *number(_Atomic uint64_t *counter)
{
	return json_integer((json_int_t)counter_get(counter));
}

static json_t *show_answers(struct serve_counters *counters)
{
	json_t *answers = json_object();
	char key[32];

	for (unsigned rcode = 0; answers && rcode < COUNTED_RCODES; rcode++) {
		if (rcode > RCODE_REFUSED && counter_get(&counters->replies[rcode]) == 0)
			continue;
		const char *text = rcode_to_text(rcode);
		size_t i = 0;
		for (; text[i] && i < sizeof(key) - 1; i++)
			key[i] = (char)name_fold((uint8_t)text[i]);
		key[i] = '\0';
		json_object_set_new(answers, key, number(&counters->replies[rcode]));
	}
	return answers;
}

json_t *show_stats(const struct manage *manage)
{
	struct serve_counters c;
	struct cache_stats cache;

	workers_counters(manage->workers, &c);
	cache_stats(manage->cache, &cache);
	json_t *queries = json_pack("{s:o, s:o, s:o, s:o}", "udp", number(&c.queries_udp), "tcp", number(&c.queries_tcp),
	                            "dropped", number(&c.dropped), "connections", number(&c.connections.accepted));
	json_t *hits = json_pack("{s:o, s:o, s:o, s:o}", "ready", number(&c.hits_ready), "looked_up", number(&c.hits_cache),
	                         "missed", number(&c.misses), "joined", number(&c.joined));
	json_t *upstream = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "udp", number(&c.upstream_udp), "tcp", number(&c.upstream_tcp),
	                             "timeouts", number(&c.upstream_timeouts), "mismatches", number(&c.upstream_mismatches),
	                             "lame", number(&c.upstream_lame), "behind", number(&c.upstream_behind),
	                             "failed", number(&c.failed), "limited", number(&c.limited));
	json_t *cached = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "bytes", (json_int_t)cache.used,
	                           "limit_bytes", (json_int_t)cache.budget, "rrsets", (json_int_t)cache.entries[CACHE_RRSET],
	                           "negative", (json_int_t)cache.entries[CACHE_NEGATIVE], "failures", (json_int_t)cache.entries[CACHE_FAILURE],
	                           "messages", (json_int_t)cache.entries[CACHE_MESSAGE], "servers", (json_int_t)cache.entries[CACHE_SERVER],
	                           "evicted", (json_int_t)cache.evicted);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}}", "queries", queries, "answers", show_answers(&c), "cache_hits", hits,
	                 "upstream", upstream, "cache", cached, "replies", "truncated", number(&c.truncated), "send_failed", number(&c.send_failed));
}

/* ---- lookup ---- */

/* Entries of one name, copied while their shards are locked. */
struct collection {
	const uint8_t *name;
	size_t name_len;
	uint16_t type;
	usec_t now;
	struct arena arena;
	struct {
		struct rrset *set;             /* NULL: negative */
		uint16_t type;                 /* 0: NXDOMAIN */
		struct negative negative;
	} found[FOUND_MAX];
	unsigned count;
};

static enum cache_verdict collect(struct cache_entry *entry, void *ctx)
{
	struct collection *c = ctx;
	enum cache_kind kind = cache_tag_kind(entry->tag);
	uint16_t type = cache_tag_type(entry->tag);
	bool wanted = (kind == CACHE_RRSET || kind == CACHE_NEGATIVE) && entry->expires > c->now && entry->key_len == c->name_len &&
	              memcmp(cache_entry_key(entry), c->name, c->name_len) == 0 &&
	              (c->type == TYPE_ANY || type == c->type || (kind == CACHE_NEGATIVE && type == 0));

	if (!wanted || c->count == FOUND_MAX)
		return CACHE_KEEP;
	c->found[c->count].type = type;
	c->found[c->count].set = NULL;
	if (kind == CACHE_RRSET) {
		struct rrset view;
		rrsets_view(entry, &view);
		c->found[c->count].set = rrset_copy(&c->arena, &view);
		if (!c->found[c->count].set)
			return CACHE_KEEP;
	} else {
		negatives_view(entry, &c->found[c->count].negative);
	}
	c->count++;
	return CACHE_KEEP;
}

static const char *kind_of(const struct rrset *set)
{
	switch (set->trust) {
	case TRUST_ADDITIONAL: return "glue";
	case TRUST_REFERRAL:
	case TRUST_AUTHORITY_AA: return "authority";
	default: return "answer";
	}
}

static json_t *data_of(const struct rrset *set)
{
	json_t *data = json_array();
	const uint8_t *at = set->rdata;
	struct buf text;

	buf_init(&text);
	for (unsigned i = 0; data && i < set->count; i++) {
		uint16_t len;
		const uint8_t *rdata = rrset_rdata_next(&at, &len);
		buf_clear(&text);
		rdata_to_text(set->type, rdata, len, &text);
		json_array_append_new(data, json_stringn((const char *)text.data, text.len));
	}
	buf_fini(&text);
	return data;
}

/* What all entries have. `kind` and `data` come first in the row, as in the protocol's description. */
struct row {
	uint16_t type;
	const char *kind;
	json_t *data;
	usec_t expires;
	const struct origin *origin;
};

static json_t *row_to_json(const struct manage *manage, const struct collection *c, const struct row *row)
{
	char name[NAME_TEXT_SIZE], zone[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE], server[NETADDR_TEXT_SIZE], learned[TIME_TEXT_SIZE];
	const struct origin *origin = row->origin;
	unsigned labels = name_label_count(c->name);
	bool has_zone = origin->has_version && origin->version_labels <= labels;
	usec_t age = c->now - origin->learned;

	if (has_zone)
		name_to_text(name_strip(c->name, labels - origin->version_labels), zone);
	return json_pack("{s:s, s:s?, s:I, s:o, s:s, s:s, s:f, s:s, s:s?, s:s?, s:o}", "name", name_to_text(c->name, name),
	                 "type", row->type ? rr_type_to_text(row->type, type) : NULL, "ttl_s", (json_int_t)ttl_left(row->expires, c->now),
	                 "data", row->data, "kind", row->kind, "validation", "unchecked", "age_s", seconds(age),
	                 "learned_at", time_to_text(clock_wall(manage->clock) - age, learned),
	                 "server", netaddr_is_set(&origin->server) ? netaddr_to_text(&origin->server, server) : NULL,
	                 "zone", has_zone ? zone : NULL, "zone_serial", has_zone ? json_integer(origin->version) : json_null());
}

json_t *show_lookup(const struct manage *manage, const uint8_t *name, uint16_t type)
{
	struct collection c = { .name = name, .name_len = name_len(name), .type = type, .now = clock_now(manage->clock) };
	json_t *rows = json_array();

	arena_init(&c.arena, ARENA_CHUNK);
	cache_each(manage->cache, collect, &c);
	for (unsigned i = 0; rows && i < c.count; i++) {
		const struct rrset *set = c.found[i].set;
		const struct negative *negative = &c.found[i].negative;
		struct row row = { .type = c.found[i].type };
		row.kind = set ? kind_of(set) : negative->rcode == RCODE_NXDOMAIN ? "nxdomain" : "nodata";
		row.data = set ? data_of(set) : json_array();
		row.expires = set ? set->expires : negative->expires;
		row.origin = set ? &set->origin : &negative->origin;
		json_array_append_new(rows, row_to_json(manage, &c, &row));
	}
	arena_fini(&c.arena);
	return json_pack("{s:o}", "entries", rows);
}
