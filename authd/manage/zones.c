/* The set of zones as the configuration wants it. */
#include "authd/manage/zones.h"

#include <stdlib.h>
#include <string.h>

#include "authd/manage/consumer.h"
#include "authd/manage/member.h"
#include "authd/manage/pledge.h"
#include "authd/manage/primary.h"
#include "authd/manage/secondary.h"
#include "authd/serve/workers.h"

static struct served_zone *served_new(const struct zone_entry *entry, int state)
{
	struct served_zone *served = calloc(1, sizeof(*served));

	if (!served)
		return NULL;
	served->apex = entry->apex;
	served->zone = entry->zone;
	served->allow_query = entry->options->allow_query;
	served->allow_transfer = entry->options->allow_transfer;
	served->transfer_tls_only = entry->options->transfer_tls_only;
	served->allow_update = entry->options->allow_update;
	served->allow_notify = entry->options->allow_notify;
	served->ixfr_steps = entry->options->ixfr_steps;
	served->ixfr_condensed = entry->options->ixfr_condensed;
	served->is_secondary = entry->options->primaries_count > 0;
	atomic_init(&served->state, state);
	return served;
}

/* Nobody reads the entry's zone any more. */
static void entry_free(struct zone_entry *entry)
{
	consumer_free(entry->consumer);
	member_free(entry);
	secondary_free(entry->secondary);
	primary_free(entry->primary);
	pledge_drop(entry);
	zone_free(entry->zone);
	free(entry->served);
	zone_entry_free(entry);
}

int zones_add(struct manage *manage, const uint8_t *apex, const struct zone_options *options, struct zone_entry **out)
{
	struct zone_entry *entry = zone_entry_new(apex);
	int status;

	if (!entry)
		return ZT_ENOMEM;
	entry->options = options;
	status = zone_new(entry->apex, &manage->fingerprint_key, &entry->zone);
	if (status == ZT_OK && !(entry->served = served_new(entry, SERVED_LOADING)))
		status = ZT_ENOMEM;
	if (status == ZT_OK)
		status = registry_add(&manage->registry, entry);
	if (status != ZT_OK) {
		entry_free(entry);
		return status;
	}
	*out = entry;
	return ZT_OK;
}

/* The zone becomes a primary one: what it holds no longer expires, and has no refresh to fail. */
static void secondary_end(struct zone_entry *entry)
{
	int expired = SERVED_EXPIRED;

	secondary_free(entry->secondary);
	entry->secondary = NULL;
	zone_entry_clear_error(entry);
	atomic_compare_exchange_strong(&entry->served->state, &expired, SERVED_OK);
	atomic_store(&entry->served->expires_at, 0);
}

/* Gives an entry its new settings; its machines keep what they know of peers that stay. */
int zones_change(struct zone_entry *entry, const struct zone_options *options)
{
	int status = ZT_OK;

	entry->options = options;
	if (entry->secondary && options->primaries_count == 0)
		secondary_end(entry);
	if (entry->secondary)
		status = secondary_reconfigure(entry);
	if (entry->primary && status == ZT_OK)
		status = primary_reconfigure(entry);
	return status;
}

/* What the configuration says, with the cookie secrets of our own where it has none. */
static void settings_take(const struct manage *manage, struct serve_settings *settings)
{
	*settings = manage->options->serve;
	settings->limit.workers = workers_count(manage->workers);
	if (settings->secret_count == 0) {
		settings->secret_count = MANAGE_COOKIE_SECRETS;
		memcpy(settings->secrets, manage->cookie_secrets, sizeof(manage->cookie_secrets));
	}
}

/* The servers whose signs of life the workers are to tell. */
static int peers_add(const struct manage *manage, struct view *view)
{
	const struct zone_entry *entry;

	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		for (uint32_t i = 0; i < entry->options->notify_count; i++) {
			if (view_add_peer(view, &entry->options->notify[i].address) != ZT_OK)
				return ZT_ENOMEM;
		}
	}
	return ZT_OK;
}

/* Shows the workers every registered zone with its settings of now, then frees what they saw before. */
int zones_publish(struct manage *manage)
{
	uint32_t count = manage->registry.count, filled = 0;
	struct served_zone **fresh = calloc(count ? count : 1, sizeof(*fresh));
	struct view *view = NULL;
	struct zone_entry *entry, *next;

	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		struct served_zone *served = fresh ? served_new(entry, atomic_load(&entry->served->state)) : NULL;
		if (!served)
			break;
		if (!served->allow_query)
			served->allow_query = manage->options->allow_query;
		atomic_init(&served->expires_at, atomic_load(&entry->served->expires_at));
		served->index = filled;
		fresh[filled++] = served;
	}
	if (filled == count)
		view = view_new(fresh, count, rng_u64(&manage->rng));
	if (!view) {
		while (filled > 0)
			free(fresh[--filled]);
		free(fresh);
		return ZT_ENOMEM;
	}
	if (peers_add(manage, view) != ZT_OK) {
		view_free(view);
		while (filled > 0)
			free(fresh[--filled]);
		free(fresh);
		return ZT_ENOMEM;
	}
	settings_take(manage, &view->settings);
	/* From here on nothing fails. The entries' old rows are freed once no worker can have them in hand. */
	uint32_t i = 0;
	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		struct served_zone *displaced = entry->served;
		entry->served = fresh[i];
		fresh[i++] = displaced;
	}
	workers_publish(manage->workers, view);
	workers_synchronize(manage->workers);
	for (i = 0; i < count; i++)
		free(fresh[i]);
	free(fresh);
	/* No worker finds these any more, but a transfer that began before may still be sending their zones. */
	cds_list_for_each_entry_safe(entry, next, &manage->leaving, link)
		cds_list_move(&entry->link, &manage->removed);
	return ZT_OK;
}

void zones_remove(struct manage *manage, struct zone_entry *entry)
{
	registry_remove(&manage->registry, entry);
	consumer_free(entry->consumer);
	member_free(entry);
	secondary_free(entry->secondary);
	primary_free(entry->primary);
	entry->consumer = NULL;
	entry->secondary = NULL;
	entry->primary = NULL;
	cds_list_add_tail(&entry->link, &manage->leaving);
}

/* A member of a catalog takes its settings from a template of the new configuration; what else that does not name goes. */
static int unnamed_configure(struct manage *manage, struct zone_entry *entry)
{
	const struct zone_options *options = entry->member ? member_options(entry) : NULL;

	if (options)
		return zones_change(entry, options);
	log_notice(manage->log, "zone %s: no longer configured, taken out of service", entry->name);
	zones_remove(manage, entry);
	return ZT_OK;
}

static bool is_named(const struct authd_options *options, const struct zone_entry *entry)
{
	return entry->options >= options->zones && entry->options < options->zones + options->zone_count;
}

int zones_configure(struct manage *manage, struct authd_options *options)
{
	struct zone_entry *entry, *next;
	int status = ZT_OK;

	for (uint32_t i = 0; i < options->zone_count && status == ZT_OK; i++) {
		entry = registry_get(&manage->registry, options->zones[i].apex);
		if (!entry)
			status = zones_add(manage, options->zones[i].apex, &options->zones[i], &entry);
		else
			status = zones_change(entry, &options->zones[i]);
		if (status == ZT_OK)
			status = consumer_configure(manage, entry);
	}
	/* Who has not been given settings of this configuration is not in it. Members come last: with a catalog that goes they go. */
	for (int pass = 0; pass < 2; pass++)
		cds_list_for_each_entry_safe(entry, next, &manage->registry.entries, link)
			if (status == ZT_OK && !is_named(options, entry) && (entry->member != NULL) == (pass == 1))
				status = unnamed_configure(manage, entry);
	manage->options = options;
	return status == ZT_OK ? zones_publish(manage) : status;
}

int zones_start_one(struct manage *manage, struct zone_entry *entry)
{
	int status = ZT_OK;

	if (!entry->primary)
		status = primary_new(manage, entry, &entry->primary);
	if (!entry->secondary && entry->options->primaries_count > 0 && status == ZT_OK)
		status = secondary_new(manage, entry, &entry->secondary);
	return status;
}

int zones_start(struct manage *manage)
{
	struct zone_entry *entry;
	int status = ZT_OK;

	cds_list_for_each_entry(entry, &manage->registry.entries, link)
		if (status == ZT_OK)
			status = zones_start_one(manage, entry);
	return status;
}

void zones_reclaim(struct manage *manage)
{
	struct zone_entry *entry, *next;

	cds_list_for_each_entry(entry, &manage->registry.entries, link)
		zone_reclaim(entry->zone);
	cds_list_for_each_entry_safe(entry, next, &manage->removed, link) {
		if (zone_is_pinned(entry->zone))
			continue;
		cds_list_del(&entry->link);
		entry_free(entry);
	}
}

void zones_clear(struct manage *manage)
{
	struct zone_entry *entry, *next;

	cds_list_for_each_entry_safe(entry, next, &manage->leaving, link)
		cds_list_move(&entry->link, &manage->removed);
	zones_reclaim(manage);
	cds_list_for_each_entry_safe(entry, next, &manage->registry.entries, link) {
		registry_remove(&manage->registry, entry);
		entry_free(entry);
	}
}
