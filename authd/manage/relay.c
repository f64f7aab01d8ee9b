/* Passing the word on. */
#include "authd/manage/relay.h"

#include <stdlib.h>
#include <urcu/compiler.h>

#include "authd/manage/outbound.h"
#include "lib/xfr/notify.h"

enum { MESSAGE_MAX = 1024 };
#define ROUND_INTERVAL (1 * USEC_PER_SEC)
#define RESEND_AFTER (500 * USEC_PER_MSEC)

/* One member that is being told. */
struct message_out {
	struct relay *relay;
	struct outbound_query query;
	unsigned member;
	usec_t sent_at;
	uint8_t wire[MESSAGE_MAX];
	size_t len;
};

struct relay {
	struct manage *manage;
	struct zone_entry *entry;
	struct group *group;
	const struct remote_options *servers;
	int from;                        /* of the version to tell of */
	bool is_due;                     /* a version waits to be told */
	usec_t told_at;                  /* when the last round began */
	struct loop_timer round;
	struct loop_timer resend;
	struct message_out out[GROUP_RELAY_MAX];
};

static void on_reply(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct message_out *out = caa_container_of(query, struct message_out, query);
	struct message message;

	/* What it answers matters little: who is not to be told is not helped by trying again. */
	if (message_read(&message, wire, len) != ZT_OK || !notify_is_reply(&message, query->id, out->relay->entry->apex))
		return;
	outbound_query_close(out->relay->manage->outbound, query);
	group_note_rtt(out->relay->group, out->member, clock_now(out->relay->manage->clock) - out->sent_at);
}

static void tell(struct relay *relay, struct message_out *out, unsigned member)
{
	const struct zone_version *version = zone_current(relay->entry->zone);
	struct outbound *outbound = relay->manage->outbound;
	struct rrset soa;

	outbound_query_close(outbound, &out->query);
	out->query.remote = &relay->servers[member];
	out->member = member;
	out->sent_at = clock_now(relay->manage->clock);
	int status = outbound_query_open(outbound, &out->query);
	struct notify_out notify = { out->query.id, relay->entry->apex, zone_version_soa(version, &soa) ? &soa : NULL };
	if (status == ZT_OK)
		status = notify_write(&notify, out->wire, sizeof(out->wire), &out->len);
	if (status == ZT_OK)
		status = outbound_query_send(outbound, &out->query, out->wire, out->len);
	if (status != ZT_OK)
		outbound_query_close(outbound, &out->query);
}

static void on_round(void *ctx)
{
	struct relay *relay = ctx;
	unsigned members[GROUP_RELAY_MAX];
	struct group_news news = {
		.serial = zone_version_serial(zone_current(relay->entry->zone)), .from = relay->from, .most = relay->entry->options->group_relay,
	};

	relay->is_due = false;
	relay->told_at = clock_now(relay->manage->clock);
	unsigned count = group_draw(relay->group, &news, &relay->manage->rng, members);
	for (unsigned i = 0; i < count; i++)
		tell(relay, &relay->out[i], members[i]);
	if (count > 0)
		loop_timer_in(&relay->resend, RESEND_AFTER);
}

static void on_resend(void *ctx)
{
	struct relay *relay = ctx;

	for (unsigned i = 0; i < GROUP_RELAY_MAX; i++) {
		struct message_out *out = &relay->out[i];
		if (out->query.open && outbound_query_send(relay->manage->outbound, &out->query, out->wire, out->len) != ZT_OK)
			outbound_query_close(relay->manage->outbound, &out->query);
	}
}

struct relay *relay_new(struct manage *manage, struct zone_entry *entry, struct group *group, const struct remote_options *servers)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!relay)
		return NULL;
	relay->manage = manage;
	relay->entry = entry;
	relay->group = group;
	relay->servers = servers;
	relay->told_at = clock_now(manage->clock) - ROUND_INTERVAL;
	loop_timer_init(&relay->round, manage->loop, on_round, relay);
	loop_timer_init(&relay->resend, manage->loop, on_resend, relay);
	for (unsigned i = 0; i < GROUP_RELAY_MAX; i++) {
		relay->out[i].relay = relay;
		relay->out[i].query.on_reply = on_reply;
	}
	return relay;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	loop_timer_stop(&relay->round);
	loop_timer_stop(&relay->resend);
	for (unsigned i = 0; i < GROUP_RELAY_MAX; i++)
		outbound_query_close(relay->manage->outbound, &relay->out[i].query);
	free(relay);
}

void relay_on_change(struct relay *relay, int from)
{
	relay->from = from;
	if (relay->is_due)
		return;
	relay->is_due = true;
	/* The first word leaves at once; in a storm of changes the members learn the newest once a second. */
	loop_timer_at(&relay->round, relay->told_at + ROUND_INTERVAL);
}
