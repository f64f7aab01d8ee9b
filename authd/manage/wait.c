/* Waiting for peers to hold a serial.
 *
 * While anybody waits, a timer looks at what is known of the peers. A wait is on behalf of a person or a script, so looking a hundred times a
 * second is prompt enough, and it keeps the modules that learn of peers free of knowing who is curious.
 */
#include "authd/manage/wait.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "authd/manage/peers.h"
#include "authd/manage/primary.h"
#include "lib/dns/serial.h"

enum { LOOK_INTERVAL_MS = 10, DEFAULT_TIMEOUT_S = 30 };

struct wait {
	struct cds_list_head link;
	struct waits *waits;
	struct ctl_request *request;
	uint8_t apex[NAME_MAX_LEN];
	uint32_t serial;
	uint32_t needed;
	usec_t since;
	usec_t deadline;
};

struct waits {
	struct manage *manage;
	struct cds_list_head list;
	struct loop_timer timer;
};

static void wait_free(struct wait *wait)
{
	cds_list_del(&wait->link);
	free(wait);
}

/* Ends the wait when it is decided. */
static void wait_look(struct wait *wait, usec_t now)
{
	struct manage *manage = wait->waits->manage;
	const struct zone_entry *entry = registry_get(&manage->registry, wait->apex);
	uint32_t confirmed = 0, total = 0;

	if (!entry || !entry->primary) {
		ctl_request_fail(wait->request, ZT_ENOENT, "the zone was taken out of service while waiting");
		wait_free(wait);
		return;
	}
	primary_count_at(entry, wait->serial, &confirmed, &total);
	bool served = !serial_is_newer(wait->serial, zone_version_serial(zone_current(entry->zone)));
	bool reached = served && confirmed >= wait->needed;
	if (!reached && now < wait->deadline)
		return;
	ctl_request_reply(wait->request, json_pack("{s:s, s:I, s:b, s:f, s:i, s:i, s:o}", "zone", entry->name, "serial", (json_int_t)wait->serial,
						   "reached", reached, "waited_s", (double)(now - wait->since) / USEC_PER_SEC, "confirmed",
						   (int)confirmed, "needed", (int)wait->needed, "lagging", peers_lagging(entry, wait->serial)));
	wait_free(wait);
}

static void on_timer(void *ctx)
{
	struct waits *waits = ctx;
	struct wait *wait, *next;
	usec_t now = loop_now(waits->manage->loop);

	cds_list_for_each_entry_safe(wait, next, &waits->list, link)
		wait_look(wait, now);
	if (!cds_list_empty(&waits->list))
		loop_timer_in(&waits->timer, LOOK_INTERVAL_MS * USEC_PER_MSEC);
}

static void on_gone(struct ctl_request *request, void *ctx)
{
	struct wait *wait = ctx;
	ctl_request_fail(request, ZT_ECLOSED, "the client has gone");
	wait_free(wait);
}

/* How many peers must hold the serial; false for a level that is none. */
static bool level_parse(const char *at, uint32_t peers, uint32_t *needed)
{
	char *end;

	if (strcmp(at, "all") == 0) {
		*needed = peers;
	} else if (strcmp(at, "quorum") == 0) {
		*needed = (peers + 1) / 2;      /* with this server, more than half of peers + 1 */
	} else {
		unsigned long count = strtoul(at, &end, 10);
		if (*at < '0' || *at > '9' || *end != '\0' || count > peers)
			return false;
		*needed = (uint32_t)count;
	}
	return true;
}

void waits_add(struct waits *waits, struct ctl_request *request, struct zone_entry *entry)
{
	const char *text = ctl_request_arg(request, 1), *at = ctl_request_text(request, "at", "all");
	double timeout_s = ctl_request_number(request, "timeout_s", DEFAULT_TIMEOUT_S);
	uint32_t confirmed = 0, peers = 0, needed = 0;
	char *end;
	unsigned long serial = strtoul(text, &end, 10);

	primary_count_at(entry, 0, &confirmed, &peers);
	if (*text < '0' || *text > '9' || *end != '\0' || serial > UINT32_MAX) {
		ctl_request_fail(request, ZT_EINVAL, "%s is not a serial; expected a number from 0 to 4294967295", text);
		return;
	}
	if (!level_parse(at, peers, &needed)) {
		ctl_request_fail(request, ZT_EINVAL, "cannot wait for %s; expected all, quorum or a number up to the zone's %" PRIu32 " peers", at, peers);
		return;
	}
	struct wait *wait = calloc(1, sizeof(*wait));
	if (!wait) {
		ctl_request_fail(request, ZT_ENOMEM, "%s", status_text(ZT_ENOMEM));
		return;
	}
	wait->waits = waits;
	wait->request = request;
	name_copy(wait->apex, entry->apex);
	wait->serial = (uint32_t)serial;
	wait->needed = needed;
	wait->since = loop_now(waits->manage->loop);
	wait->deadline = wait->since + (usec_t)((timeout_s < 0 ? 0 : timeout_s > 1e9 ? 1e9 : timeout_s) * USEC_PER_SEC);
	cds_list_add_tail(&wait->link, &waits->list);
	ctl_request_on_gone(request, on_gone, wait);
	loop_timer_in(&waits->timer, 0);
}

int waits_new(struct waits **out, struct manage *manage)
{
	struct waits *waits = calloc(1, sizeof(*waits));

	if (!waits)
		return ZT_ENOMEM;
	waits->manage = manage;
	CDS_INIT_LIST_HEAD(&waits->list);
	loop_timer_init(&waits->timer, manage->loop, on_timer, waits);
	*out = waits;
	return ZT_OK;
}

void waits_free(struct waits *waits)
{
	struct wait *wait, *next;

	if (!waits)
		return;
	cds_list_for_each_entry_safe(wait, next, &waits->list, link) {
		ctl_request_fail(wait->request, ZT_ECLOSED, "the server is stopping");
		wait_free(wait);
	}
	loop_timer_stop(&waits->timer);
	free(waits);
}
