/* What the daemon tells of itself. */
#include "authd/manage/show.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authd/manage/confine.h"
#include "authd/manage/consumer.h"
#include "authd/manage/member.h"
#include "authd/manage/primary.h"
#include "authd/manage/producer.h"
#include "authd/manage/secondary.h"
#include "authd/manage/taps.h"
#include "authd/serve/workers.h"
#include "config.h"
#include "lib/dns/present.h"

json_t *show_text(const char *text)
{
	json_t *json = json_string(text);
	char *plain = json ? NULL : strdup(text);

	for (char *p = plain; p && *p; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	if (plain)
		json = json_string(plain);
	free(plain);
	return json;
}

static json_t *time_json(usec_t wall)
{
	char text[WALL_TEXT_SIZE];
	return wall > 0 ? json_string(wall_to_text(wall, text)) : json_null();
}

/* Resident memory as the kernel counts it, 0 where it does not say. */
static json_int_t resident_bytes(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file)
		return 0;
	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return (json_int_t)pages * sysconf(_SC_PAGESIZE);
}

static const char *state_text(const struct zone_entry *entry)
{
	switch (atomic_load(&entry->served->state)) {
	case SERVED_OK: return "serving";
	case SERVED_EXPIRED: return "expired";
	default: return entry->last_error[0] && !entry->secondary ? "failed" : "loading";
	}
}

json_t *show_status(const struct manage *manage)
{
	const struct authd_options *options = manage->options;
	json_int_t serving = 0, failed = 0;
	struct serve_counters counters;
	struct zone_entry *entry;
	json_t *listen = json_array();
	char text[NETADDR_TEXT_SIZE];

	for (uint32_t i = 0; i < options->listen_count; i++)
		json_array_append_new(listen, json_string(netaddr_to_text(&options->listen[i], text)));
	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		serving += strcmp(state_text(entry), "serving") == 0;
		failed += strcmp(state_text(entry), "failed") == 0;
	}
	workers_counters(manage->workers, &counters);
	usec_t wall = clock_wall(manage->clock);
	return json_pack("{s:s, s:s, s:i, s:o, s:f, s:o, s:i, s:o, s:o, s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:o}", "program", "authd", "version", PACKAGE_VERSION,
			 "pid", (int)getpid(), "started_at", time_json(manage->started_wall), "uptime_s",
			 (double)(wall - manage->started_wall) / USEC_PER_SEC, "clock", time_json(wall), "clock_speed", manage->clock->speed, "config",
			 show_text(options->path), "configured_at", time_json(manage->configured_wall), "listen", listen, "workers", (int)workers_count(manage->workers), "memory_bytes",
			 resident_bytes(), "queries", (json_int_t)(counter_get(&counters.queries_udp) + counter_get(&counters.queries_tcp)),
			 "zones", (json_int_t)manage->registry.count, "zones_serving", serving, "zones_failed", failed, "sandbox", confine_status(manage));
}

static json_t *zone_row(const struct zone_entry *entry)
{
	const struct zone_version *version = zone_current(entry->zone);
	uint32_t serial = zone_version_serial(version), reached = 0, peers = 0;
	bool has_content = zone_version_apex(version) != NULL;

	if (entry->primary)
		primary_count_at(entry, serial, &reached, &peers);
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:i, s:i, s:s?, s:o}", "zone", entry->name, "role",
			 entry->options->primaries_count > 0 ? "secondary" : "primary", "state", state_text(entry), "serial",
			 has_content ? json_integer(serial) : json_null(), "records", (json_int_t)zone_version_record_count(version), "peers",
			 (int)peers, "behind", (int)(peers - reached), "catalog", consumer_of_member(entry), "error", entry->last_error[0] ? show_text(entry->last_error) : json_null());
}

static int by_apex(const void *a, const void *b)
{
	return name_cmp((*(const struct zone_entry *const *)a)->apex, (*(const struct zone_entry *const *)b)->apex);
}

json_t *show_zones(const struct manage *manage)
{
	const struct zone_entry **sorted = calloc(manage->registry.count + 1, sizeof(*sorted));
	struct zone_entry *entry;
	json_t *list = json_array();
	uint32_t count = 0;

	if (!sorted) {
		json_decref(list);
		return NULL;
	}
	cds_list_for_each_entry(entry, &manage->registry.entries, link)
		sorted[count++] = entry;
	qsort(sorted, count, sizeof(*sorted), by_apex);
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(list, zone_row(sorted[i]));
	free(sorted);
	return list;
}

/* The members every zone has, whatever its role. */
static json_t *content_members(const struct manage *manage, const struct zone_entry *entry)
{
	const struct zone_version *version = zone_current(entry->zone);
	struct journal_history history = { 0 };
	json_t *primaries = entry->options->primaries_count > 0 ? json_array() : json_null();
	char fingerprint[33], text[NETADDR_TEXT_SIZE];

	for (uint32_t i = 0; i < entry->options->primaries_count; i++)
		json_array_append_new(primaries, json_string(netaddr_to_text(&entry->options->primaries[i].address, text)));
	if (journal_history_info(manage->journal, entry->apex, &history) != ZT_OK)
		history = (struct journal_history){ 0 };
	fingerprint_to_text(zone_summary(version).fingerprint, fingerprint);
	return json_pack("{s:o, s:o, s:o, s:I, s:s, s:o, s:I, s:I}", "file",
			 entry->options->file ? show_text(entry->options->file) : json_null(), "primaries", primaries, "changed_at", time_json(entry->loaded_wall), "memory_bytes", (json_int_t)zone_version_memory(version), "fingerprint", fingerprint,
			 "journal_from_serial", history.count > 0 ? json_integer(history.oldest_serial) : json_null(), "journal_differences",
			 (json_int_t)history.count, "journal_bytes", (json_int_t)history.bytes);
}

static json_t *timer_members(const struct zone_entry *entry)
{
	struct soa soa;

	if (!zone_version_soa_read(zone_current(entry->zone), &soa))
		return json_pack("{s:n, s:n, s:n}", "refresh_s", "retry_s", "expire_s");
	return json_pack("{s:I, s:I, s:I}", "refresh_s", (json_int_t)soa.refresh, "retry_s", (json_int_t)soa.retry, "expire_s", (json_int_t)soa.expire);
}

/* What the zone has to do with catalogs. */
static json_t *catalog_members(const struct manage *manage, const struct zone_entry *entry)
{
	const struct catalog_options *catalog = entry->options->catalog;
	const char *role = !catalog ? NULL : catalog->role == CATALOG_CONSUMER ? "consumer" : "producer";
	char label[NAME_TEXT_SIZE] = "";
	json_t *count = json_null();

	if (entry->consumer)
		count = json_integer((json_int_t)consumer_member_count(entry->consumer));
	else if (catalog)
		count = json_integer((json_int_t)producer_member_count(manage, entry));
	if (entry->member) {
		name_to_text(member_label(entry), label);
		label[strlen(label) - 1] = '\0';
	}
	return json_pack("{s:s?, s:o, s:s?}", "catalog_role", role, "catalog_members", count, "catalog_label", label[0] ? label : NULL);
}

/* What is wrong with a catalog goes before what is wrong with following its primary. */
static int alarm_add(json_t *zone, const struct zone_entry *entry)
{
	const char *alarm = entry->consumer ? consumer_alarm(entry->consumer) : NULL;

	if (alarm)
		return json_object_set_new(zone, "alarm", show_text(alarm));
	return entry->consumer && !entry->secondary ? json_object_set_new(zone, "alarm", json_null()) : 0;
}

json_t *show_zone(const struct manage *manage, const struct zone_entry *entry)
{
	json_t *zone = zone_row(entry), *content = content_members(manage, entry), *timers = timer_members(entry);
	json_t *following = entry->secondary ? secondary_status(entry) : NULL, *catalog = catalog_members(manage, entry);

	if (!zone || !content || !timers || !catalog || json_object_update(zone, content) != 0 || json_object_update(zone, timers) != 0 ||
	    (following && json_object_update(zone, following) != 0) || json_object_update(zone, catalog) != 0 || alarm_add(zone, entry) != 0) {
		json_decref(zone);
		zone = NULL;
	}
	json_decref(content);
	json_decref(timers);
	json_decref(following);
	json_decref(catalog);
	return zone;
}

/* The first load and a reload are both "file" to the reader of a history. */
static const char *source_text(enum journal_source source)
{
	return source == JOURNAL_LOAD || source == JOURNAL_RELOAD ? "file" : journal_source_text(source);
}

static int history_add(void *ctx, const struct journal_version *version)
{
	char fingerprint[33];

	fingerprint_to_text(version->fingerprint, fingerprint);
	json_t *row = json_pack("{s:I, s:I, s:o, s:s, s:I, s:I, s:I, s:s}", "from_serial", (json_int_t)version->from_serial, "serial",
				(json_int_t)version->to_serial, "at", time_json(version->wall), "source", source_text(version->source),
				"added", (json_int_t)version->added_count, "deleted", (json_int_t)version->removed_count, "bytes",
				(json_int_t)version->bytes, "fingerprint", fingerprint);
	/* The journal tells the newest first. */
	return json_array_insert_new(ctx, 0, row) == 0 ? ZT_OK : ZT_ENOMEM;
}

enum { HISTORY_ROWS_MAX = 1000 };

json_t *show_history(const struct manage *manage, const struct zone_entry *entry)
{
	json_t *list = json_array();

	int status = journal_history_list(manage->journal, entry->apex, HISTORY_ROWS_MAX, history_add, list);
	if (status != ZT_OK && status != ZT_ENOENT) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *rdata_list(const struct rrset *set)
{
	json_t *list = json_array();
	const uint8_t *at = set->rdata, *data;
	uint16_t len;
	struct buf text;

	while (rrset_next(set, &at, &data, &len)) {
		buf_init(&text);
		rdata_to_text(set->type, data, len, &text);
		if (text.status == ZT_OK)
			json_array_append_new(list, json_stringn((const char *)text.data, text.len));
		buf_fini(&text);
	}
	return list;
}

/* The served zone with the longest apex above a name. */
static struct zone_entry *zone_of(const struct manage *manage, const uint8_t *name)
{
	for (;; name = name_parent(name)) {
		struct zone_entry *entry = registry_get(&manage->registry, name);
		if (entry || *name == 0)
			return entry;
	}
}

json_t *show_lookup(const struct manage *manage, const uint8_t *name, uint16_t type)
{
	const struct zone_entry *entry = zone_of(manage, name);
	json_t *entries = json_array();
	struct zone_lookup look;
	struct rrset set;
	char text[NAME_TEXT_SIZE], type_text[RR_TYPE_TEXT_SIZE];

	if (!entry || !zone_version_apex(zone_current(entry->zone)))
		return json_pack("{s:o}", "entries", entries);
	zone_find(zone_current(entry->zone), name, &look);
	name_to_text(name, text);
	for (size_t pos = 0; look.node && znode_next(look.node, &pos, &set);) {
		const char *kind = !look.cut ? "answer" : look.cut == look.node && (set.type == TYPE_NS || set.type == TYPE_DS) ? "authority" : "glue";
		if (type != TYPE_ANY && set.type != type)
			continue;
		json_array_append_new(entries, json_pack("{s:s, s:s, s:I, s:o, s:s, s:s, s:n, s:n, s:n, s:s, s:I}", "name", text, "type",
							 rr_type_to_text(set.type, type_text), "ttl_s", (json_int_t)set.ttl, "data",
							 rdata_list(&set), "kind", kind, "validation", "unchecked", "age_s", "learned_at", "server",
							 "zone", entry->name, "zone_serial",
							 (json_int_t)zone_version_serial(zone_current(entry->zone))));
	}
	return json_pack("{s:o}", "entries", entries);
}

static void count_set(json_t *group, const char *name, _Atomic uint64_t *counter)
{
	json_object_set_new(group, name, json_integer((json_int_t)counter_get(counter)));
}

/* "none": all requests that were not answered with a cookie. */
static json_t *show_cookies(struct serve_counters *counters)
{
	json_t *cookies = json_object();
	uint64_t with = counter_get(&counters->cookies_client) + counter_get(&counters->cookies_bad) + counter_get(&counters->cookies_good);
	uint64_t all = counter_get(&counters->queries_udp) + counter_get(&counters->queries_tcp);

	count_set(cookies, "good", &counters->cookies_good);
	count_set(cookies, "bad", &counters->cookies_bad);
	count_set(cookies, "client", &counters->cookies_client);
	json_object_set_new(cookies, "none", json_integer((json_int_t)(all > with ? all - with : 0)));
	return cookies;
}

static json_t *show_extended_errors(struct serve_counters *counters)
{
	json_t *errors = json_object();
	char code[12];

	for (unsigned i = 0; i < COUNTED_ERRORS; i++) {
		snprintf(code, sizeof(code), "%u", i);
		if (counter_get(&counters->extended_errors[i]) > 0)
			count_set(errors, code, &counters->extended_errors[i]);
	}
	return errors;
}

static json_t *show_rate_limit(struct serve_counters *counters)
{
	json_t *limit = json_object();

	count_set(limit, "dropped", &counters->limit_dropped);
	count_set(limit, "slipped", &counters->limit_slipped);
	return limit;
}

json_t *show_stats(const struct manage *manage)
{
	struct serve_counters counters;
	json_t *queries = json_object(), *answers = json_object(), *other = json_object();

	workers_counters(manage->workers, &counters);
	count_set(queries, "udp", &counters.queries_udp);
	count_set(queries, "tcp", &counters.queries_tcp);
	count_set(queries, "tls", &counters.queries_tls);
	count_set(queries, "notify", &counters.notifies);
	count_set(queries, "update", &counters.updates);
	count_set(queries, "transfer", &counters.transfers);
	for (unsigned rcode = 0; rcode < COUNTED_RCODES; rcode++) {
		if (counter_get(&counters.replies[rcode]) > 0)
			count_set(answers, rcode_to_text(rcode), &counters.replies[rcode]);
	}
	count_set(other, "truncated", &counters.truncated);
	count_set(other, "dropped", &counters.dropped);
	count_set(other, "send_failed", &counters.send_failed);
	count_set(other, "connections", &counters.connections.accepted);
	count_set(other, "connections_open", &counters.connections.open);
	count_set(other, "connections_refused", &counters.connections.refused);
	count_set(other, "connections_shed", &counters.connections.shed);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "queries", queries, "answers", answers, "network", other, "cookies", show_cookies(&counters),
			 "extended_errors", show_extended_errors(&counters), "rate_limit", show_rate_limit(&counters), "dnstap", taps_stats(manage));
}
