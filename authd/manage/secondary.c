/* Following a primary. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "authd/manage/primary.h"
#include "authd/manage/secondary_state.h"

enum { STATE_VERSION = 1 };

static const char state_name[] = "confirmed";

const char *secondary_primary_text(const struct secondary *s, unsigned primary, char out[NETADDR_TEXT_SIZE])
{
	return primary < s->server_count ? netaddr_to_text(&s->primaries[primary].address, out) : "a former server";
}

/* ---- what outlives a restart -------------------------------------------------------------------------------------------------------- */

void secondary_state_write(const struct secondary *s, usec_t age, struct journal_state *state, uint8_t data[SECONDARY_STATE_SIZE])
{
	data[0] = STATE_VERSION;
	wire_put_u64(data + 1, (uint64_t)(clock_wall(s->manage->clock) - age));
	*state = (struct journal_state){ .name = state_name, .data = data, .len = SECONDARY_STATE_SIZE };
}

static void confirmed_save(const struct secondary *s)
{
	uint8_t data[SECONDARY_STATE_SIZE];
	struct journal_state state;

	secondary_state_write(s, secondary_now(s) - s->refresh.confirmed_at, &state, data);
	int status = journal_state_put(s->manage->journal, s->entry->apex, &state);
	if (status != ZT_OK)
		log_warn(s->manage->log, "zone %s: the time of the last refresh is not stored: %s; after a restart the zone would expire too early", s->entry->name, status_text(status));
}

/* The age of the last confirmation; false where none is known. A clock that was set back makes it 0. */
static bool confirmed_load(const struct secondary *s, usec_t *age)
{
	struct buf data;

	buf_init(&data);
	int status = journal_state_get(s->manage->journal, s->entry->apex, state_name, &data);
	bool known = status == ZT_OK && data.len == SECONDARY_STATE_SIZE && data.data[0] == STATE_VERSION;
	if (known) {
		*age = clock_wall(s->manage->clock) - (usec_t)wire_get_u64(data.data + 1);
		if (*age < 0)
			*age = 0;
	}
	buf_fini(&data);
	return known;
}

bool secondary_timers(const struct zone_version *version, struct refresh_timers *timers)
{
	struct soa soa;

	if (!zone_version_soa_read(version, &soa))
		return false;
	*timers = (struct refresh_timers){ .serial = soa.serial, .refresh = soa.refresh, .retry = soa.retry, .expire = soa.expire };
	return true;
}

/* ---- the machine's wishes -------------------------------------------------------------------------------------------------------------- */

static void cancel(struct secondary *s, const struct refresh_action *action)
{
	if (action->ticket != s->ticket)
		return;
	if (s->query.open) {
		s->received = 0;
		secondary_step_note(s, LADDER_SOA, LADDER_FAILED, "no answer");
	}
	outbound_query_close(s->manage->outbound, &s->query);
	if (s->in || s->repair)
		secondary_failure_note(s, "gave up, nothing came for too long or another one is wanted");
	secondary_transfer_drop(s);
}

static void expire(struct secondary *s)
{
	atomic_store(&s->entry->served->state, SERVED_EXPIRED);
	s->manage->ladder_counters.expired++;
	snprintf(s->alarm, sizeof(s->alarm), "expired: no primary confirmed serial %" PRIu32 " for %" PRIu32 " s", s->refresh.timers.serial,
		 s->refresh.timers.expire);
	log_error(s->manage->log, "zone %s %s; answering SERVFAIL until one does", s->entry->name, s->alarm);
}

static void confirmed(struct secondary *s)
{
	if (atomic_load(&s->entry->served->state) == SERVED_EXPIRED) {
		/* Those who follow us have expired with us, and need not wait for their timers. */
		if (s->entry->primary)
			primary_requeue(s->entry, NULL);
		log_notice(s->manage->log, "zone %s: confirmed again, no longer expired", s->entry->name);
	}
	atomic_store(&s->entry->served->state, SERVED_OK);
	zone_entry_clear_error(s->entry);
	/* A primary that confirms does not make another agree. */
	if (!s->refresh.has_diverged)
		s->alarm[0] = '\0';
	confirmed_save(s);
}

/* Something that an operator should look at; `advice` goes to the log only. */
static void alarm_raise(struct secondary *s, const char *advice)
{
	if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
		log_error(s->manage->log, "zone %s: %s; %s", s->entry->name, s->alarm, advice);
}

static void behind(struct secondary *s, const struct refresh_action *action)
{
	char text[NETADDR_TEXT_SIZE], advice[NAME_TEXT_SIZE + 80];

	s->manage->ladder_counters.behind++;
	snprintf(s->alarm, sizeof(s->alarm), "primary %s has serial %" PRIu32 ", older than our %" PRIu32 ", which stays in service. If the primary is right: zonectl retransfer",
		 secondary_primary_text(s, action->primary, text), action->serial, s->refresh.timers.serial);
	snprintf(advice, sizeof(advice), "%s", s->entry->options->adopts ? "it is no version that was once ours, or not every primary has gone back" : "it is not followed (rollback: alarm)");
	alarm_raise(s, advice);
}

static void adopted(struct secondary *s, const struct refresh_action *action)
{
	char text[NETADDR_TEXT_SIZE];

	s->manage->ladder_counters.adopted++;
	snprintf(s->alarm, sizeof(s->alarm), "primary %s went back from serial %" PRIu32 " to %" PRIu32,
		 secondary_primary_text(s, action->primary, text), s->refresh.timers.serial, action->serial);
	alarm_raise(s, "that is a version which was ours, so it is taken (rollback: adopt)");
}

static void diverged(struct secondary *s, const struct refresh_action *action)
{
	char text[NETADDR_TEXT_SIZE];

	s->manage->ladder_counters.diverged++;
	snprintf(s->alarm, sizeof(s->alarm), "DIVERGED: primary %s has our serial %" PRIu32 " with other content",
		 secondary_primary_text(s, action->primary, text), action->serial);
	alarm_raise(s, "its version is taken. Serials that are used twice come of restored backups, of zones made anew, and of primaries that do not know of each other");
}

static void disagree(struct secondary *s, const struct refresh_action *action)
{
	char text[NETADDR_TEXT_SIZE], followed[NETADDR_TEXT_SIZE];

	s->manage->ladder_counters.disagreed++;
	snprintf(s->alarm, sizeof(s->alarm), "DIVERGED: primaries %s and %s have serial %" PRIu32 " with different content; the version of %s is served",
		 secondary_primary_text(s, action->primary, text), secondary_primary_text(s, (unsigned)s->refresh.source, followed), action->serial, followed);
	alarm_raise(s, "who follows several primaries needs them to agree on what a serial is");
}

static void perform(struct secondary *s, const struct refresh_action *action)
{
	switch (action->kind) {
	case REFRESH_NONE: break;
	case REFRESH_QUERY_SOA: secondary_soa_ask(s, action); break;
	case REFRESH_IXFR:
	case REFRESH_AXFR:
		outbound_query_close(s->manage->outbound, &s->query);
		secondary_transfer_begin(s, action);
		break;
	case REFRESH_RECONCILE:
		outbound_query_close(s->manage->outbound, &s->query);
		secondary_reconcile_begin(s, action);
		break;
	case REFRESH_CANCEL: cancel(s, action); break;
	case REFRESH_EXPIRE: expire(s); break;
	case REFRESH_CONFIRMED: confirmed(s); break;
	case REFRESH_BEHIND: behind(s, action); break;
	case REFRESH_ADOPT: adopted(s, action); break;
	case REFRESH_DIVERGED: diverged(s, action); break;
	case REFRESH_DISAGREE: disagree(s, action); break;
	}
}

/* Tells when it begins that no primary has an answer, and when that ends; each attempt in between would be too much. */
static void failing_tell(struct secondary *s)
{
	const struct log *log = s->manage->log;
	usec_t expires_at = refresh_expires_at(&s->refresh), left = expires_at - secondary_now(s);
	bool is_failing = s->refresh.failed_rounds > 0;
	char text[NETADDR_TEXT_SIZE];

	if (is_failing == s->is_failing || !log_limit_passes(&s->manage->log_refreshes, log))
		return;
	s->is_failing = is_failing;
	secondary_primary_text(s, 0, text);
	if (!is_failing)
		log_notice(log, "zone %s: a primary answers again", s->entry->name);
	else if (s->refresh.has_zone && expires_at != REFRESH_NEVER && left > 0)
		log_warn(log, "zone %s: no primary of %u answers as it should (first: %s; zonectl zone tells why); serial %" PRIu32 " is served for %" PRId64 " s more. See that they run, serve the "
			      "zone and can be reached from here", s->entry->name, s->primary_count, text, s->refresh.timers.serial, left / USEC_PER_SEC);
	else
		log_warn(log, "zone %s: no primary of %u answers as it should (first: %s; zonectl zone tells why), and there is nothing to serve until one does. See that they run, serve the zone "
			      "and can be reached from here", s->entry->name, s->primary_count, text);
}

void secondary_run(struct secondary *s)
{
	struct refresh_action action;

	while (refresh_step(&s->refresh, secondary_now(s), &action))
		perform(s, &action);
	failing_tell(s);
	atomic_store_explicit(&s->entry->served->expires_at, refresh_expires_at(&s->refresh), memory_order_relaxed);
	usec_t wake_at = refresh_wake_at(&s->refresh);
	if (wake_at == REFRESH_NEVER)
		loop_timer_stop(&s->timer);
	else
		loop_timer_at(&s->timer, wake_at);
}

static void on_timer(void *ctx)
{
	secondary_run(ctx);
}

/* ---- life -------------------------------------------------------------------------------------------------------------------------------- */

static void servers_free(struct remote_options *servers, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		remote_options_release(&servers[i]);
	free(servers);
}

/* A group's list may name this server too. */
static bool is_self(const struct secondary *s, const struct remote_options *server)
{
	const struct authd_options *options = s->manage->options;

	for (uint32_t i = 0; i < options->listen_count; i++) {
		if (netaddr_equal(&options->listen[i], &server->address))
			return true;
	}
	for (uint32_t i = 0; i < options->listen_tls_count; i++) {
		if (netaddr_equal(&options->listen_tls[i], &server->address))
			return true;
	}
	return false;
}

static int servers_copy(const struct secondary *s, struct remote_options *servers, uint32_t *count)
{
	const struct zone_options *options = s->entry->options;
	int status = ZT_OK;

	for (uint32_t i = 0; i < options->primaries_count && status == ZT_OK; i++)
		status = remote_options_copy(&servers[*count], &options->primaries[i]) == ZT_OK ? (++*count, ZT_OK) : ZT_ENOMEM;
	for (uint32_t i = 0; i < options->group_count && status == ZT_OK; i++) {
		if (!is_self(s, &options->group[i]))
			status = remote_options_copy(&servers[*count], &options->group[i]) == ZT_OK ? (++*count, ZT_OK) : ZT_ENOMEM;
	}
	return status;
}

/* Nothing may be under way with the former ones. Without memory all stays as it was. */
static int servers_configure(struct secondary *s)
{
	const struct zone_options *options = s->entry->options;
	uint32_t count = 0;
	struct remote_options *servers = calloc((size_t)options->primaries_count + options->group_count, sizeof(*servers));
	usec_t *plain_until = calloc((size_t)options->primaries_count + options->group_count, sizeof(*plain_until));
	struct group group = { 0 };

	int status = servers && plain_until ? servers_copy(s, servers, &count) : ZT_ENOMEM;
	bool has_group = count > options->primaries_count;
	if (status == ZT_OK && has_group)
		status = group_init(&group, options->primaries_count, count - options->primaries_count);
	struct relay *relay = status == ZT_OK && has_group ? relay_new(s->manage, s->entry, &s->group, servers) : NULL;
	if (status != ZT_OK || (has_group && !relay)) {
		group_fini(&group);
		servers_free(servers, count);
		free(plain_until);
		return ZT_ENOMEM;
	}
	relay_free(s->relay);
	group_fini(&s->group);
	servers_free(s->primaries, s->server_count);
	s->relay = relay;
	s->group = group;
	free(s->plain_until);
	s->plain_until = plain_until;
	s->primaries = servers;
	s->primary_count = options->primaries_count;
	s->server_count = count;
	return ZT_OK;
}

static void machine_init(struct secondary *s)
{
	struct refresh_start start = { 0 };

	start.has_zone = secondary_timers(zone_current(s->entry->zone), &start.timers);
	start.has_confirmed = start.has_zone && confirmed_load(s, &start.confirmed_age);
	refresh_init(&s->refresh, s->primary_count, &start, &s->manage->rng, secondary_now(s));
	if (s->group.count > 0)
		refresh_set_group(&s->refresh, &s->group);
	refresh_set_adopts(&s->refresh, s->entry->options->adopts);
}

int secondary_new(struct manage *manage, struct zone_entry *entry, struct secondary **out)
{
	struct secondary *s = calloc(1, sizeof(*s));

	if (!s)
		return ZT_ENOMEM;
	s->manage = manage;
	s->entry = entry;
	secondary_soa_init(s);
	s->transfer.on_start = secondary_transfer_on_start;
	loop_timer_init(&s->timer, manage->loop, on_timer, s);
	if (servers_configure(s) != ZT_OK) {
		free(s);
		return ZT_ENOMEM;
	}
	machine_init(s);
	*out = entry->secondary = s;
	secondary_run(s);
	return ZT_OK;
}

void secondary_free(struct secondary *s)
{
	if (!s)
		return;
	outbound_query_close(s->manage->outbound, &s->query);
	secondary_transfer_drop(s);
	loop_timer_stop(&s->timer);
	relay_free(s->relay);
	group_fini(&s->group);
	servers_free(s->primaries, s->server_count);
	free(s->plain_until);
	ladder_fini(&s->ladder);
	free(s);
}

static bool servers_differ(const struct secondary *s)
{
	const struct zone_options *options = s->entry->options;
	uint32_t at = options->primaries_count;

	if (options->primaries_count != s->primary_count)
		return true;
	for (uint32_t i = 0; i < s->primary_count; i++) {
		if (!remote_options_equal(&options->primaries[i], &s->primaries[i]))
			return true;
	}
	for (uint32_t i = 0; i < options->group_count; i++) {
		if (is_self(s, &options->group[i]))
			continue;
		if (at == s->server_count || !remote_options_equal(&options->group[i], &s->primaries[at++]))
			return true;
	}
	return at != s->server_count;
}

int secondary_reconfigure(struct zone_entry *entry)
{
	struct secondary *s = entry->secondary;

	refresh_set_adopts(&s->refresh, entry->options->adopts);
	if (!servers_differ(s))
		return ZT_OK;
	/* What is under way with the former ones ends, and the new ones are asked at once. */
	outbound_query_close(s->manage->outbound, &s->query);
	secondary_transfer_drop(s);
	int status = servers_configure(s);
	if (status != ZT_OK)
		return status;
	machine_init(s);
	secondary_run(s);
	return ZT_OK;
}

/* Somebody says that it is worth asking. */
static void primaries_expect(const struct secondary *s)
{
	for (uint32_t i = 0; i < s->primary_count; i++)
		outbound_server_expect(s->manage->outbound, &s->primaries[i]);
}

void secondary_refresh(struct zone_entry *entry)
{
	primaries_expect(entry->secondary);
	refresh_force(&entry->secondary->refresh);
	secondary_run(entry->secondary);
}

void secondary_retransfer(struct zone_entry *entry)
{
	primaries_expect(entry->secondary);
	refresh_force_axfr(&entry->secondary->refresh, secondary_now(entry->secondary));
	secondary_run(entry->secondary);
}

/* The number of the only server at this address, -1 if there is none or more than one: source ports tell nothing. */
static int server_of_peer(const struct secondary *s, const struct netaddr *peer)
{
	int found = -1;

	for (uint32_t i = 0; i < s->server_count; i++) {
		if (!netaddr_ip_equal(&s->primaries[i].address, peer))
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

/* Whether a NOTIFY tells of other content under our serial. It is easily forged, so that only makes us ask. */
static bool tells_of_divergence(const struct secondary *s, const uint32_t *serial, const struct xfr_edns *said)
{
	return serial && said->has_zsync && s->refresh.has_zone && *serial == s->refresh.timers.serial &&
	       secondary_judge(s, said, *serial).content == REFRESH_CONTENT_OTHER;
}

void secondary_on_notify(struct zone_entry *entry, const struct netaddr *peer, const uint32_t *serial, const struct xfr_edns *said)
{
	struct secondary *s = entry->secondary;

	int server = server_of_peer(s, peer);

	if (server >= 0)
		outbound_server_expect(s->manage->outbound, &s->primaries[server]);
	if (server >= 0 && serial && s->group.count > 0)
		group_note_serial(&s->group, (unsigned)server, *serial);
	/* What waits for its turn already waits less long from now on. */
	outbound_query_urge(&s->query, ERRAND_NOTIFIED);
	outbound_transfer_urge(&s->transfer, ERRAND_NOTIFIED);
	if (tells_of_divergence(s, serial, said))
		refresh_on_notify_diverged(&s->refresh, server, secondary_now(s));
	else
		refresh_on_notify(&s->refresh, server, serial, secondary_now(s));
	secondary_run(s);
}

/* Whether it has nothing new from its primaries, of which this is one, because of the primaries. */
static bool is_waiting_for(const struct secondary *s, const struct netaddr *address)
{
	if (s->refresh.failed_rounds == 0 || s->refresh.state != REFRESH_WAITING)
		return false;
	for (uint32_t i = 0; i < s->primary_count; i++) {
		if (netaddr_equal(&s->primaries[i].address, address))
			return true;
	}
	return false;
}

void secondary_on_server_back(struct manage *manage, const struct netaddr *address)
{
	struct zone_entry *entry, *next;

	cds_list_for_each_entry_safe(entry, next, &manage->registry.entries, link) {
		struct secondary *s = entry->secondary;
		if (!s || !is_waiting_for(s, address))
			continue;
		refresh_force(&s->refresh);
		secondary_run(s);
	}
}

static json_t *seconds_until(const struct secondary *s, usec_t at)
{
	double wait = (double)(at - secondary_now(s)) / USEC_PER_SEC;
	return at == REFRESH_NEVER ? json_null() : json_real(wait > 0 ? wait : 0);
}

json_t *secondary_status(const struct zone_entry *entry)
{
	const struct secondary *s = entry->secondary;
	const struct refresh *refresh = &s->refresh;
	bool has_transferred = s->last_source != 0;
	char from[NETADDR_TEXT_SIZE], wall[WALL_TEXT_SIZE];

	return json_pack("{s:o, s:o, s:s?, s:s?, s:s?, s:s?, s:b, s:o}", "refresh_in_s",
			 seconds_until(s, refresh->state == REFRESH_WAITING ? refresh->next_at : secondary_now(s)), "expire_in_s",
			 refresh->has_zone ? json_real(refresh_expires_in(refresh, secondary_now(s))) : json_null(), "last_transfer",
			 has_transferred ? journal_source_text(s->last_source) : NULL, "last_transfer_from",
			 has_transferred ? netaddr_to_text(&s->last_from, from) : NULL, "last_transfer_at",
			 has_transferred ? wall_to_text(s->last_wall, wall) : NULL, "alarm", s->alarm[0] ? s->alarm : NULL, "diverged",
			 refresh->has_diverged, "steps", ladder_json(&s->ladder));
}
