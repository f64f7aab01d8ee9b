/* What befalls the servers of a simulated world. */
#include "tests/sim/xfr/faults.h"

#include "lib/dns/serial.h"

static void link_set(const struct faults *faults, unsigned from, unsigned to, unsigned quality)
{
	struct simnet_link *link = simnet_link(faults->net, from, to);
	bool cut = link->cut;

	*link = *scenario_quality(quality);
	link->cut = cut;
}

static void weather_set(const struct faults *faults, unsigned quality)
{
	for (unsigned i = 0; i < faults->count; i++) {
		for (unsigned j = 0; j < faults->count; j++)
			link_set(faults, i, j, quality);
	}
}

static void unite(const struct faults *faults)
{
	for (unsigned i = 0; i < faults->count; i++) {
		for (unsigned j = 0; j < i; j++)
			simnet_cut(faults->net, i, j, false);
	}
}

static void isolate(const struct faults *faults, unsigned server)
{
	for (unsigned i = 0; i < faults->count; i++) {
		if (i != server)
			simnet_cut(faults->net, i, server, true);
	}
}

/* Whether all that live are reached from the primary over others that live. */
static bool is_connected(const struct faults *faults)
{
	uint64_t reached = 1, before = 0;

	while (reached != before) {
		before = reached;
		for (unsigned i = 1; i < faults->count; i++) {
			const struct replica_config *config = &faults->replicas[i].config;
			for (unsigned j = 0; j < config->primary_count && !faults->replicas[i].is_dead; j++)
				reached |= (reached >> config->primaries[j] & 1) << i;
		}
	}
	for (unsigned i = 1; i < faults->count; i++) {
		if (!faults->replicas[i].is_dead && !(reached >> i & 1))
			return false;
	}
	return true;
}

static void die(const struct faults *faults, struct replica *r)
{
	r->is_dead = true;
	if (!is_connected(faults))
		r->is_dead = false;
	else if (simnet_is_up(faults->net, r->config.node))
		replica_crash(r);
}

/* Servers whose differences may be of another line of versions, and nobody can tell. */
static bool has_foreigners(const struct faults *faults)
{
	for (unsigned i = 0; i < faults->count; i++) {
		if (faults->replicas[i].config.is_foreign || faults->replicas[i].config.confuses > 0)
			return true;
	}
	return false;
}

/* The primary starts with another file. */
static void file_change(const struct faults *faults, struct replica *r, bool is_backup)
{
	if (r->config.primary_count > 0 || r->store.is_real || has_foreigners(faults) || (is_backup && !r->backup))
		return;
	if (simnet_is_up(faults->net, r->config.node))
		replica_crash(r);
	if (is_backup)
		replica_restore(r);
	else
		replica_change_in_place(r);
	faults->invariants->has_forked = true;
	replica_restart(r);
}

static void lose_all(const struct faults *faults, struct replica *r)
{
	if (simnet_is_up(faults->net, r->config.node))
		replica_crash(r);
	replica_lose_all(r);
	invariants_forgive(faults->invariants, r->config.node);
}

/* What is for a server that is up. */
static void server_perform(const struct faults *faults, const struct scenario_event *event)
{
	struct replica *r = &faults->replicas[event->a];

	if (!simnet_is_up(faults->net, event->a))
		return;
	switch (event->kind) {
	case SCENARIO_CHANGE: replica_change(r); break;
	case SCENARIO_RELOAD: replica_reload(r); break;
	case SCENARIO_CRASH: replica_crash(r); break;
	case SCENARIO_CRASH_BEFORE_STORE: r->crash_at = REPLICA_CRASH_BEFORE_STORE; break;
	case SCENARIO_CRASH_AFTER_STORE: r->crash_at = REPLICA_CRASH_AFTER_STORE; break;
	case SCENARIO_CRASH_AFTER_PUBLISH: r->crash_at = REPLICA_CRASH_AFTER_PUBLISH; break;
	case SCENARIO_BACKUP: replica_backup(r); break;
	case SCENARIO_REFRESH: replica_force_refresh(r); break;
	case SCENARIO_RETRANSFER: replica_force_retransfer(r); break;
	default: break;
	}
}

void faults_perform(const struct faults *faults, const struct scenario_event *event)
{
	struct replica *r = &faults->replicas[event->a];

	switch (event->kind) {
	case SCENARIO_CUT: simnet_cut(faults->net, event->a, event->b, true); break;
	case SCENARIO_JOIN: simnet_cut(faults->net, event->a, event->b, false); break;
	case SCENARIO_ISOLATE: isolate(faults, event->a); break;
	case SCENARIO_UNITE: unite(faults); break;
	case SCENARIO_LINK: link_set(faults, event->a, event->b, (unsigned)event->amount); break;
	case SCENARIO_WEATHER: weather_set(faults, (unsigned)event->amount); break;
	case SCENARIO_CLOCK: r->wall_offset += event->amount * USEC_PER_SEC; break;
	case SCENARIO_LOSE_HISTORY: store_lose_history(&r->store); break;
	case SCENARIO_LOSE_ALL: lose_all(faults, r); break;
	case SCENARIO_DIE: die(faults, r); break;
	case SCENARIO_RESTORE: file_change(faults, r, true); break;
	case SCENARIO_IN_PLACE: file_change(faults, r, false); break;
	case SCENARIO_RESTART:
		if (!r->is_dead && !simnet_is_up(faults->net, event->a))
			replica_restart(r);
		break;
	default: server_perform(faults, event); break;
	}
}

void faults_end(const struct faults *faults)
{
	unite(faults);
	weather_set(faults, SCENARIO_GOOD);
	for (unsigned i = 0; i < faults->count; i++) {
		struct replica *r = &faults->replicas[i];
		r->config.refuses_ixfr = r->config.sends_garbage = r->config.confuses = r->config.stalls = 0;
		r->crash_at = REPLICA_SOUND;
		if (!r->is_dead && !simnet_is_up(faults->net, i))
			replica_restart(r);
	}
	if (!faults->invariants->has_forked)
		return;
	uint32_t newest = replica_serial(&faults->replicas[0]);
	for (unsigned i = 1; i < faults->count; i++) {
		const struct replica *r = &faults->replicas[i];
		if (zone_version_apex(zone_current(r->zone)) && serial_is_newer(replica_serial(r), newest))
			newest = replica_serial(r);
	}
	replica_change_past(&faults->replicas[0], newest);
}
