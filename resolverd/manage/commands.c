/* The command table and its handlers. */
#include "resolverd/manage/commands.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ctl/ctl_server.h"
#include "lib/dns/rrtype.h"
#include "resolverd/cache/negative.h"
#include "resolverd/manage/reload.h"
#include "resolverd/manage/show.h"

struct commands {
	struct manage *manage;
	struct ctl_server *server;
};

static struct manage *manage_of(void *ctx)
{
	return ((struct commands *)ctx)->manage;
}

static void handle_status(struct ctl_request *request, void *ctx)
{
	ctl_request_reply(request, show_status(manage_of(ctx)));
}

static void handle_zones(struct ctl_request *request, void *ctx)
{
	ctl_request_reply(request, show_zones(manage_of(ctx)));
}

static void handle_stats(struct ctl_request *request, void *ctx)
{
	ctl_request_reply(request, show_stats(manage_of(ctx)));
}

/* NAME [TYPE] in lower case; TYPE_ANY where it is left out. False after the request was failed. */
static bool question_arguments(struct ctl_request *request, uint8_t name[NAME_MAX_LEN], uint16_t *type)
{
	const char *name_text = ctl_request_arg(request, 0), *type_text = ctl_request_arg(request, 1);

	*type = TYPE_ANY;
	if (name_from_text(name, name_text, NULL) != ZT_OK) {
		ctl_request_fail(request, ZT_EINVAL, "%s is not a domain name", name_text);
		return false;
	}
	name_lower(name);
	if (type_text && !rr_type_from_text(type_text, type)) {
		ctl_request_fail(request, ZT_EINVAL, "%s is not a record type", type_text);
		return false;
	}
	return true;
}

static void handle_lookup(struct ctl_request *request, void *ctx)
{
	uint8_t name[NAME_MAX_LEN];
	uint16_t type;

	if (question_arguments(request, name, &type))
		ctl_request_reply(request, show_lookup(manage_of(ctx), name, type));
}

/* What a flush takes. */
struct flush {
	const uint8_t *name;
	uint16_t type;           /* TYPE_ANY = all */
	bool subtree;
	uint64_t removed;        /* RRsets and negative answers; what else goes is bookkeeping */
};

static enum cache_verdict flush_visit(struct cache_entry *entry, void *ctx)
{
	struct flush *flush = ctx;
	enum cache_kind kind = cache_tag_kind(entry->tag);
	uint16_t type = cache_tag_type(entry->tag);

	if (kind != CACHE_RRSET && kind != CACHE_NEGATIVE && kind != CACHE_FAILURE)
		return CACHE_KEEP;
	const uint8_t *name = cache_entry_key(entry);
	if (flush->subtree ? !name_is_within(name, flush->name) : !name_equal(name, flush->name))
		return CACHE_KEEP;
	/* NXDOMAIN says something about every type. */
	bool taken = flush->type == TYPE_ANY || flush->type == type || (kind == CACHE_NEGATIVE && type == 0);
	flush->removed += taken && kind != CACHE_FAILURE;
	return taken ? CACHE_DROP : CACHE_KEEP;
}

static void handle_flush(struct ctl_request *request, void *ctx)
{
	struct cache *cache = manage_of(ctx)->cache;
	uint8_t name[NAME_MAX_LEN];
	struct flush flush = { .name = name, .subtree = ctl_request_flag(request, "subtree") };

	if (!question_arguments(request, name, &flush.type))
		return;
	if (flush.subtree && flush.type != TYPE_ANY) {
		ctl_request_fail(request, ZT_EINVAL, "a type and --subtree do not go together; leave one out");
		return;
	}
	cache_each(cache, flush_visit, &flush);
	cache_messages_outdate(cache);
	ctl_request_reply(request, json_pack("{s:I}", "removed", (json_int_t)flush.removed));
}

static json_t *reload_report(const char *restart_needed)
{
	json_t *keys = json_array();

	for (const char *at = restart_needed; keys && *at;) {
		size_t len = strcspn(at, ",");
		json_array_append_new(keys, json_stringn(at, len));
		at += len;
		at += strspn(at, ", ");
	}
	return json_pack("{s:i, s:o, s:[]}", "failed", 0, "restart_needed", keys, "zones");
}

static void handle_reload(struct ctl_request *request, void *ctx)
{
	struct manage *manage = manage_of(ctx);
	struct buf restart_needed, errors;

	buf_init(&restart_needed);
	buf_init(&errors);
	int status = reload(manage, &restart_needed, &errors);
	buf_add_u8(&restart_needed, 0);
	buf_add_u8(&errors, 0);
	if (status != ZT_OK)
		ctl_request_fail(request, status, "%s", errors.len > 1 ? (const char *)errors.data : status_text(status));
	else
		ctl_request_reply(request, restart_needed.status == ZT_OK ? reload_report((const char *)restart_needed.data) : NULL);
	log_notice(manage->log, "reload by zonectl: %s", status == ZT_OK ? "done" : "failed, going on with the old settings");
	buf_fini(&restart_needed);
	buf_fini(&errors);
}

static void handle_stop(struct ctl_request *request, void *ctx)
{
	struct manage *manage = manage_of(ctx);

	ctl_request_reply(request, json_pack("{s:b}", "stopping", true));
	log_notice(manage->log, "stopping, by zonectl");
	loop_stop(manage->loop);
}

static const struct ctl_command table[] = {
	{ "status", 0, 0, "", "the daemon as a whole", handle_status },
	{ "zones", 0, 0, "", "stub and forward zones, a line each", handle_zones },
	{ "lookup", 1, 2, "NAME [TYPE]", "what the cache holds for a name", handle_lookup },
	{ "flush", 1, 2, "NAME [TYPE|--subtree]", "forget a name, one of its types, or all at and below it", handle_flush },
	{ "reload", 0, 0, "", "read the configuration again", handle_reload },
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
		.program = "resolverd",
		.commands = table,
		.command_count = sizeof(table) / sizeof(table[0]),
		.ctx = commands,
	};
	commands->manage = manage;
	int status = ctl_server_open(&commands->server, manage->loop->base, &config, error);
	if (status != ZT_OK) {
		log_error(manage->log, "%s", error);
		free(commands);
		return status;
	}
	*out = commands;
	return ZT_OK;
}

void commands_close(struct commands *commands)
{
	if (!commands)
		return;
	ctl_server_close(commands->server);
	free(commands);
}
