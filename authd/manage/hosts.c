/* Servers we tell of changes. */
#include "authd/manage/hosts.h"

#include <limits.h>
#include <stdlib.h>

#include "authd/manage/courier.h"
#include "authd/manage/manage.h"

enum {
	SLOTS = 4096,
	UNPROVEN_MAX = 16,               /* messages that a sign of unknown origin brings forward */
};

#define HURRY_GAP 200      /* between two messages that are brought forward */
#define HURRY_PAUSE USEC_PER_SEC

struct hosts {
	struct manage *manage;
	uint64_t seed;
	struct cds_list_head slots[SLOTS];   /* by address without port */
	struct cds_list_head couriers;
	struct cds_list_head dirty;
	struct hosts_counts counts;
};

int hosts_new(struct hosts **out, struct manage *manage)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));

	if (!hosts)
		return ZT_ENOMEM;
	hosts->manage = manage;
	hosts->seed = rng_u64(&manage->rng);
	CDS_INIT_LIST_HEAD(&hosts->couriers);
	CDS_INIT_LIST_HEAD(&hosts->dirty);
	for (unsigned i = 0; i < SLOTS; i++)
		CDS_INIT_LIST_HEAD(&hosts->slots[i]);
	*out = hosts;
	return ZT_OK;
}

void hosts_free(struct hosts *hosts)
{
	free(hosts);
}

static struct cds_list_head *slot_of(struct hosts *hosts, const struct netaddr *peer)
{
	struct netaddr host = *peer;

	netaddr_set_port(&host, 0);
	return &hosts->slots[netaddr_hash(&host, hosts->seed) % SLOTS];
}

struct host *hosts_acquire(struct hosts *hosts, const struct remote_options *remote)
{
	struct cds_list_head *slot = slot_of(hosts, &remote->address);
	struct host *host;

	cds_list_for_each_entry(host, slot, link) {
		if (remote_options_equal(&host->remote, remote)) {
			host->uses++;
			return host;
		}
	}
	host = calloc(1, sizeof(*host));
	if (!host)
		return NULL;
	if (remote_options_copy(&host->remote, remote) != ZT_OK) {
		free(host);
		return NULL;
	}
	host->uses = 1;
	CDS_INIT_LIST_HEAD(&host->couriers);
	cds_list_add_tail(&host->link, slot);
	return host;
}

void host_release(struct host *host)
{
	if (--host->uses > 0)
		return;
	cds_list_del(&host->link);
	remote_options_release(&host->remote);
	free(host);
}

static void host_hurry(struct host *host, usec_t now, bool is_proven)
{
	usec_t *pause_until = is_proven ? &host->hurried_until : &host->nudged_until, at = now;
	unsigned limit = is_proven ? UINT_MAX : UNPROVEN_MAX;
	struct courier *courier;

	if (now < *pause_until)
		return;
	cds_list_for_each_entry(courier, &host->couriers, of_host) {
		if (courier_hurry(courier, at)) {
			at += HURRY_GAP;
			if (--limit == 0)
				break;
		}
	}
	if (at > now)
		*pause_until = at + HURRY_PAUSE;
}

void hosts_on_sign(struct hosts *hosts, const struct netaddr *peer, bool is_proven)
{
	struct cds_list_head *slot = slot_of(hosts, peer);
	usec_t now = clock_now(hosts->manage->clock);
	struct host *host;

	cds_list_for_each_entry(host, slot, link) {
		if (netaddr_ip_equal(&host->remote.address, peer) && !cds_list_empty(&host->couriers))
			host_hurry(host, now, is_proven);
	}
}

struct cds_list_head *hosts_couriers(struct hosts *hosts)
{
	return &hosts->couriers;
}

struct cds_list_head *hosts_dirty(struct hosts *hosts)
{
	return &hosts->dirty;
}

struct hosts_counts *hosts_counts(struct hosts *hosts)
{
	return &hosts->counts;
}
