/* The report for programs. */
#include <jansson.h>
#include <math.h>

#include "tools/propest/report/report.h"

/* Microseconds are more than the model can mean. */
static json_t *number(double x)
{
	return json_real(round(x * 1e6) / 1e6);
}

static const char failed_key[] = "failed";

static void set(json_t *object, const char *key, json_t *value)
{
	/* A value that could not be made fails the whole: see the check in report_write_json. */
	if (json_object_set_new(object, key, value) != 0)
		json_object_set_new(object, failed_key, json_true());
}

static json_t *quantiles_json(const struct quantiles *q)
{
	json_t *object = json_object(), *error = json_object();

	for (int i = 0; i < QUANTILE_COUNT; i++) {
		set(object, quantile_names[i], number(q->at[i]));
		set(error, quantile_names[i], number(q->error[i]));
	}
	set(object, "error", error);
	set(object, "bound", number(q->bound));
	return object;
}

static void add_observation(json_t *object, const struct observation *o)
{
	set(object, "answered", json_boolean(o->answered));
	if (o->trouble)
		set(object, "trouble", json_string(o->trouble));
	if (!o->answered)
		return;
	set(object, "serial", json_integer(o->serial));
	set(object, "refresh", json_integer(o->refresh));
	set(object, "retry", json_integer(o->retry));
	set(object, "expire", json_integer(o->expire));
	set(object, "minimum", json_integer(o->minimum));
	set(object, "soa_ttl", json_integer(o->soa_ttl));
	set(object, "rtt", number(o->rtt_s));
	if (o->has_rrset)
		set(object, "ttl", json_integer(o->rrset_ttl));
	if (o->has_expire)
		set(object, "edns_expire", json_integer(o->edns_expire));
	if (o->has_version)
		set(object, "zone_version", json_integer(o->zone_version));
	if (o->nsid[0])
		set(object, "nsid", json_string(o->nsid));
}

static json_t *servers_json(const struct report *report)
{
	const struct network *net = &report->facts->net;
	json_t *array = json_array();

	for (size_t i = 0; i < net->server_count; i++) {
		const struct network_server *s = &net->servers[i];
		json_t *object = quantiles_json(&report->estimate->servers[i]);
		set(object, "name", json_string(s->name));
		if (s->address[0])
			set(object, "address", json_string(s->address));
		set(object, "vendor", json_string(s->vendor->name));
		set(object, "primary", json_boolean(s->primary));
		set(object, "public", json_boolean(s->is_public));
		if (i < report->facts->observation_count && report->facts->observations[i].asked)
			add_observation(object, &report->facts->observations[i]);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *classes_json(const struct facts *facts)
{
	static const char *const laws[] = { [INTEREST_BUSY] = "busy", [INTEREST_POISSON] = "poisson", [INTEREST_EVEN] = "even" };
	json_t *array = json_array();

	for (size_t i = 0; i < facts->caches.class_count; i++) {
		const struct cache_class *c = &facts->caches.classes[i];
		double ttl = class_ttl(c, facts->caches.ttl_s);
		json_t *object = json_object();
		set(object, "name", json_string(c->name));
		set(object, "share", number(c->share));
		set(object, "ttl", number(ttl));
		set(object, "interest", json_string(laws[c->interest.law]));
		if (c->interest.law != INTEREST_BUSY)
			set(object, "every", number(c->interest.every_s));
		set(object, "present", number(interest_present(&c->interest, ttl)));
		set(object, "hold", number(c->hold_s));
		set(object, "serve_stale", number(c->serve_stale_s));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *textbook_json(const struct textbook *t)
{
	json_t *object = json_object();

	set(object, "bound", number(t->bound));
	set(object, "expected", number(t->expected));
	set(object, "ci95", number(t->ci95));
	set(object, "ci99", number(t->ci99));
	set(object, "dns", number(t->dns));
	set(object, "dns_authoritative", number(t->dns_authoritative));
	set(object, "dns_cache", number(t->dns_cache));
	set(object, "dns_network", number(t->dns_network));
	set(object, "partition", number(t->partition));
	return object;
}

static json_t *lists_into(json_t *root, const struct report *report)
{
	json_t *contributors = json_array(), *warnings = json_array();

	for (size_t i = 0; i < report->estimate->contributor_count; i++) {
		const struct contributor *c = &report->estimate->contributors[i];
		json_array_append_new(contributors, json_pack("{s:s, s:o}", "factor", estimate_factor_text(c->factor), "seconds", number(c->seconds)));
	}
	for (size_t i = 0; i < report->facts->warning_count; i++)
		json_array_append_new(warnings, json_string(report->facts->warnings[i]));
	set(root, "contributors", contributors);
	set(root, "servers", servers_json(report));
	set(root, "warnings", warnings);
	return root;
}

int report_write_json(const struct report *report, FILE *out)
{
	const struct estimate *e = report->estimate;
	json_t *root = json_object();
	char zone[NAME_TEXT_SIZE];

	set(root, "zone", report->facts->has_zone ? json_string(name_to_text(report->facts->zone, zone)) : json_null());
	set(root, "name", json_string(report->name));
	set(root, "type", json_string(report->type));
	set(root, "change", json_string(report_change_text(report->change)));
	set(root, "unit", json_string("s"));
	set(root, "at", number((double)report->wall / (double)USEC_PER_SEC));
	set(root, "ttl", number(cache_facts_ttl(&report->facts->caches)));
	set(root, "seed", json_integer((json_int_t)report->seed));
	set(root, "samples", json_integer((json_int_t)report->samples));
	set(root, "authoritative", quantiles_json(&e->authoritative));
	set(root, "first_fresh", quantiles_json(&e->first_fresh));
	set(root, "last_stale", quantiles_json(&e->last_stale));
	set(root, "stored", quantiles_json(&e->stored));
	set(root, "client", quantiles_json(&e->client));
	if (report->facts->caches.class_count > 0)
		set(root, "classes", classes_json(report->facts));
	if (report->facts->client_tail > 0)
		set(root, "client_tail", number(report->facts->client_tail));
	if (report->facts->cache_count > 1) {
		set(root, "caches", number(report->facts->cache_count));
		set(root, "all_caches", quantiles_json(&e->all_caches));
	}
	set(root, "bound", number(e->last_stale.bound));
	if (report->textbook)
		set(root, "textbook", textbook_json(report->textbook));
	lists_into(root, report);
	bool whole = root && !json_object_get(root, failed_key);
	if (whole)
		whole = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) == 0;
	json_decref(root);
	if (whole)
		fputc('\n', out);
	return whole ? ZT_OK : ZT_ENOMEM;
}
