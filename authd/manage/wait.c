/* The wait command. */
#include "authd/manage/wait.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/compiler.h>

#include "authd/manage/peers.h"
#include "authd/manage/primary.h"
#include "authd/manage/watch.h"

enum { DEFAULT_TIMEOUT_S = 30 };

struct wait {
	struct cds_list_head link;
	struct waits *waits;
	struct ctl_request *request;
	struct watch watch;
	usec_t since;
};

struct waits {
	struct manage *manage;
	struct cds_list_head list;
};

static void wait_free(struct wait *wait)
{
	cds_list_del(&wait->link);
	free(wait);
}

static void on_end(struct watch *watch, enum watch_outcome outcome)
{
	struct wait *wait = caa_container_of(watch, struct wait, watch);
	struct manage *manage = wait->waits->manage;
	const struct zone_entry *entry = watch->entry;
	const struct zone_version *version = zone_current(entry->zone);
	struct watch_count count;

	if (outcome == WATCH_GONE) {
		ctl_request_fail(wait->request, ZT_ENOENT, "the zone was taken out of service while waiting");
		wait_free(wait);
		return;
	}
	watch_count(entry, watch, &count);
	ctl_request_reply(wait->request, json_pack("{s:s, s:I, s:b, s:f, s:i, s:i, s:o, s:o}", "zone", entry->name, "serial",
						   (json_int_t)watch->serial, "reached", outcome == WATCH_REACHED, "waited_s",
						   (double)(loop_now(manage->loop) - wait->since) / USEC_PER_SEC, "confirmed", (int)count.confirmed,
						   "needed", (int)count.needed, "lagging", peers_lagging(entry, watch->serial), "served",
						   zone_version_apex(version) ? json_integer(zone_version_serial(version)) : json_null()));
	wait_free(wait);
}

static void on_gone(struct ctl_request *request, void *ctx)
{
	struct wait *wait = ctx;

	watch_end(&wait->watch);
	ctl_request_fail(request, ZT_ECLOSED, "the client has gone");
	wait_free(wait);
}

/* False for a level that is none. */
static bool level_parse(const char *at, uint32_t peers, struct watch *watch)
{
	char *end;

	if (strcmp(at, "all") == 0) {
		watch->level = WATCH_ALL;
	} else if (strcmp(at, "quorum") == 0) {
		watch->level = WATCH_QUORUM;
	} else {
		unsigned long count = strtoul(at, &end, 10);
		if (*at < '0' || *at > '9' || *end != '\0' || count > peers)
			return false;
		watch->level = WATCH_COUNT;
		watch->count = (uint32_t)count;
	}
	return true;
}

/* The serial that is meant; false after the request was failed. */
static bool serial_parse(struct ctl_request *request, const struct zone_entry *entry, uint32_t *serial)
{
	const struct zone_version *version = zone_current(entry->zone);
	const char *text = ctl_request_arg(request, 1);
	char *end;

	if (!text) {
		*serial = zone_version_serial(version);
		if (!zone_version_apex(version))
			ctl_request_fail(request, ZT_ENOENT, "%s serves nothing yet, so there is no serial to wait for; name one", entry->name);
		return zone_version_apex(version) != NULL;
	}
	unsigned long value = strtoul(text, &end, 10);
	*serial = (uint32_t)value;
	if (*text >= '0' && *text <= '9' && *end == '\0' && value <= UINT32_MAX)
		return true;
	ctl_request_fail(request, ZT_EINVAL, "%s is not a serial; expected a number from 0 to 4294967295", text);
	return false;
}

void waits_add(struct waits *waits, struct ctl_request *request, struct zone_entry *entry)
{
	const char *at = ctl_request_text(request, "at", "all");
	double timeout_s = ctl_request_number(request, "timeout_s", DEFAULT_TIMEOUT_S);
	uint32_t confirmed = 0, peers = 0;
	struct watch watch = { .on_end = on_end };

	if (!serial_parse(request, entry, &watch.serial))
		return;
	primary_count_at(entry, 0, &confirmed, &peers);
	if (!level_parse(at, peers, &watch)) {
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
	wait->since = loop_now(waits->manage->loop);
	wait->watch = watch;
	wait->watch.deadline = wait->since + (usec_t)((timeout_s < 0 ? 0 : timeout_s > 1e9 ? 1e9 : timeout_s) * USEC_PER_SEC);
	cds_list_add_tail(&wait->link, &waits->list);
	ctl_request_on_gone(request, on_gone, wait);
	watch_begin(waits->manage, entry, &wait->watch);
}

int waits_new(struct waits **out, struct manage *manage)
{
	struct waits *waits = calloc(1, sizeof(*waits));

	if (!waits)
		return ZT_ENOMEM;
	waits->manage = manage;
	CDS_INIT_LIST_HEAD(&waits->list);
	*out = waits;
	return ZT_OK;
}

void waits_free(struct waits *waits)
{
	struct wait *wait, *next;

	if (!waits)
		return;
	cds_list_for_each_entry_safe(wait, next, &waits->list, link) {
		watch_end(&wait->watch);
		ctl_request_fail(wait->request, ZT_ECLOSED, "the server is stopping");
		wait_free(wait);
	}
	free(waits);
}
