/* The command table and its handlers. Each builds the result of doc/protocol-control.md from what the modules know. */
#include "authd/manage/commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authd/manage/peers.h"
#include "authd/manage/primary.h"
#include "authd/manage/reach.h"
#include "authd/manage/reload.h"
#include "authd/manage/secondary.h"
#include "authd/manage/show.h"
#include "authd/manage/wait.h"
#include "lib/ctl/ctl_server.h"
#include "lib/dns/rrtype.h"

struct commands {
	struct manage *manage;
	struct ctl_server *server;
	struct waits *waits;
};

/* The zone a command names; NULL after the request was failed. */
static struct zone_entry *zone_argument(struct commands *commands, struct ctl_request *request)
{
	const char *text = ctl_request_arg(request, 0);
	uint8_t apex[NAME_MAX_LEN];
	struct zone_entry *entry;

	if (name_from_text(apex, text, NULL) != ZT_OK) {
		ctl_request_fail(request, ZT_EINVAL, "%s is not a domain name", text);
		return NULL;
	}
	entry = registry_get(&commands->manage->registry, apex);
	if (!entry)
		ctl_request_fail(request, ZT_ENOENT, "no zone %s here; zonectl zones lists those there are", text);
	return entry;
}

static void handle_status(struct ctl_request *request, void *ctx)
{
	ctl_request_reply(request, show_status(((struct commands *)ctx)->manage));
}

static void handle_zones(struct ctl_request *request, void *ctx)
{
	ctl_request_reply(request, show_zones(((struct commands *)ctx)->manage));
}

static void handle_zone(struct ctl_request *request, void *ctx)
{
	struct zone_entry *entry = zone_argument(ctx, request);
	if (entry)
		ctl_request_reply(request, show_zone(((struct commands *)ctx)->manage, entry));
}

static void handle_peers(struct ctl_request *request, void *ctx)
{
	struct zone_entry *entry = zone_argument(ctx, request);
	if (entry)
		ctl_request_reply(request, peers_list(entry));
}

static void handle_history(struct ctl_request *request, void *ctx)
{
	struct zone_entry *entry = zone_argument(ctx, request);
	if (entry)
		ctl_request_reply(request, show_history(((struct commands *)ctx)->manage, entry));
}

static void handle_reach(struct ctl_request *request, void *ctx)
{
	struct zone_entry *entry = zone_argument(ctx, request);
	if (entry)
		ctl_request_reply(request, reach_show(entry));
}

static void handle_wait(struct ctl_request *request, void *ctx)
{
	struct commands *commands = ctx;
	struct zone_entry *entry = zone_argument(commands, request);
	if (entry)
		waits_add(commands->waits, request, entry);
}

static void handle_reload(struct ctl_request *request, void *ctx)
{
	struct commands *commands = ctx;
	struct zone_entry *entry = NULL;
	struct buf errors;
	json_t *result = NULL;
	int status;

	if (ctl_request_arg_count(request) > 0 && !(entry = zone_argument(commands, request)))
		return;
	buf_init(&errors);
	status = entry ? reload_zone(commands->manage, entry, &result) : reload_all(commands->manage, &result, &errors);
	buf_add_u8(&errors, 0);
	if (status == ZT_OK)
		ctl_request_reply(request, result);
	else
		ctl_request_fail(request, status, "%s", errors.len > 1 ? (const char *)errors.data : status_text(status));
	buf_fini(&errors);
}

static void reply_scheduled(struct ctl_request *request, const struct zone_entry *entry)
{
	ctl_request_reply(request, json_pack("{s:s, s:I, s:b}", "zone", entry->name, "serial",
					     (json_int_t)zone_version_serial(zone_current(entry->zone)), "scheduled", true));
}

/* The zone argument, if it is a secondary zone. */
static struct zone_entry *secondary_argument(struct commands *commands, struct ctl_request *request)
{
	struct zone_entry *entry = zone_argument(commands, request);
	if (entry && !entry->secondary) {
		ctl_request_fail(request, ZT_EDENIED, "%s is a primary zone, there is nobody to ask; zonectl reload reads its file", entry->name);
		return NULL;
	}
	return entry;
}

static void handle_refresh(struct ctl_request *request, void *ctx)
{
	struct zone_entry *entry = secondary_argument(ctx, request);
	if (!entry)
		return;
	secondary_refresh(entry);
	reply_scheduled(request, entry);
}

static void handle_retransfer(struct ctl_request *request, void *ctx)
{
	struct zone_entry *entry = secondary_argument(ctx, request);
	if (!entry)
		return;
	secondary_retransfer(entry);
	reply_scheduled(request, entry);
}

/* "IP" or "IP@PORT"; NULL after the request was failed. */
static const struct netaddr *peer_argument(struct ctl_request *request, struct netaddr *address)
{
	const char *text = ctl_request_arg(request, 1);

	if (netaddr_from_text(address, text, 53) == ZT_OK)
		return address;
	ctl_request_fail(request, ZT_EINVAL, "%s is not an address; expected IP@PORT, as zonectl peers shows it", text);
	return NULL;
}

static void handle_notify(struct ctl_request *request, void *ctx)
{
	struct zone_entry *entry = zone_argument(ctx, request);
	const struct netaddr *address = NULL;
	struct netaddr space;

	if (!entry || (ctl_request_arg(request, 1) && !(address = peer_argument(request, &space))))
		return;
	unsigned count = primary_requeue(entry, address);
	if (address && count == 0)
		ctl_request_fail(request, ZT_ENOENT, "%s is not in the notify list of %s, or there is nothing to tell yet; zonectl peers lists who is told",
				 ctl_request_arg(request, 1), entry->name);
	else
		ctl_request_reply(request, json_pack("{s:s, s:I, s:I}", "zone", entry->name, "serial",
						     (json_int_t)zone_version_serial(zone_current(entry->zone)), "told", (json_int_t)count));
}

static void handle_lookup(struct ctl_request *request, void *ctx)
{
	struct commands *commands = ctx;
	const char *name_text = ctl_request_arg(request, 0), *type_text = ctl_request_arg(request, 1);
	uint8_t name[NAME_MAX_LEN];
	uint16_t type = TYPE_ANY;

	if (name_from_text(name, name_text, NULL) != ZT_OK)
		ctl_request_fail(request, ZT_EINVAL, "%s is not a domain name", name_text);
	else if (type_text && !rr_type_from_text(type_text, &type))
		ctl_request_fail(request, ZT_EINVAL, "%s is not a record type", type_text);
	else
		ctl_request_reply(request, show_lookup(commands->manage, name, type));
}

static void handle_stats(struct ctl_request *request, void *ctx)
{
	ctl_request_reply(request, show_stats(((struct commands *)ctx)->manage));
}

static void handle_stop(struct ctl_request *request, void *ctx)
{
	struct commands *commands = ctx;
	ctl_request_reply(request, json_pack("{s:b}", "stopping", true));
	log_notice(commands->manage->log, "stopping, by zonectl");
	loop_stop(commands->manage->loop);
}

static const struct ctl_command table[] = {
	{ "status", 0, 0, "", "the daemon as a whole", handle_status },
	{ "zones", 0, 0, "", "all zones, a line each", handle_zones },
	{ "zone", 1, 1, "ZONE", "one zone in detail", handle_zone },
	{ "peers", 1, 1, "ZONE", "who is told of changes, and what they have", handle_peers },
	{ "notify", 1, 2, "ZONE [PEER]", "tell of the newest version again now", handle_notify },
	{ "history", 1, 1, "ZONE", "the versions IXFR can start from", handle_history },
	{ "reach", 1, 1, "ZONE", "how far back IXFR reaches, and who would need more", handle_reach },
	{ "wait", 1, 2, "ZONE [SERIAL]", "wait until peers hold a serial", handle_wait },
	{ "reload", 0, 1, "[ZONE]", "read the configuration and zone files again", handle_reload },
	{ "refresh", 1, 1, "ZONE", "ask the primaries for their serial now", handle_refresh },
	{ "retransfer", 1, 1, "ZONE", "fetch the whole zone now", handle_retransfer },
	{ "lookup", 1, 2, "NAME [TYPE]", "what the zones hold for a name", handle_lookup },
	{ "stats", 0, 0, "", "counters", handle_stats },
	{ "stop", 0, 0, "", "end the daemon", handle_stop },
};

int commands_open(struct commands **out, struct manage *manage)
{
	struct commands *commands = calloc(1, sizeof(*commands));
	char error[CTL_ERROR_SIZE];

	if (!commands)
		return ZT_ENOMEM;
	struct ctl_config config = {
		.path = manage->options->control,
		.program = "authd",
		.commands = table,
		.command_count = sizeof(table) / sizeof(table[0]),
		.ctx = commands,
	};
	commands->manage = manage;
	int status = waits_new(&commands->waits, manage);
	if (status == ZT_OK) {
		status = ctl_server_open(&commands->server, manage->loop->base, &config, error);
		if (status != ZT_OK)
			log_error(manage->log, "control socket: %s", error);
	}
	if (status != ZT_OK) {
		commands_close(commands);
		return status;
	}
	*out = commands;
	return ZT_OK;
}

void commands_close(struct commands *commands)
{
	if (!commands)
		return;
	waits_free(commands->waits);
	ctl_server_close(commands->server);
	free(commands);
}
