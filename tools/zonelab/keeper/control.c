/* The keeper's commands and its control socket. */
#include "tools/zonelab/keeper/control.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tools/zonelab/keeper/keeper_inner.h"
#include "tools/zonelab/keeper/nodes.h"

struct keeper_call {
	const char *args[CTL_ARGS_MAX];
	size_t arg_count;
	keeper_answer answer;
	void *ctx;
	void (*on_gone)(void *ctx);
	void *gone_ctx;
};

const char *keeper_call_arg(const struct keeper_call *call, size_t i)
{
	return i < call->arg_count ? call->args[i] : NULL;
}

size_t keeper_call_arg_count(const struct keeper_call *call)
{
	return call->arg_count;
}

const char *const *keeper_call_args(const struct keeper_call *call)
{
	return call->args;
}

static void request_answer(void *ctx, int status, json_t *result, const char *error)
{
	if (status == ZT_OK)
		ctl_request_reply(ctx, json_incref(result));
	else
		ctl_request_fail(ctx, status, "%s", error);
}

static void request_gone(struct ctl_request *request, void *ctx)
{
	const struct keeper_call *call = ctx;
	(void)request;

	call->on_gone(call->gone_ctx);
}

void keeper_call_on_gone(struct keeper_call *call, void (*on_gone)(void *ctx), void *ctx)
{
	call->on_gone = on_gone;
	call->gone_ctx = ctx;
	if (call->answer == request_answer)      /* others stay */
		ctl_request_on_gone(call->ctx, request_gone, call);
}

static void call_end(struct keeper_call *call, int status, json_t *result, const char *error)
{
	call->answer(call->ctx, status, result, error);
	json_decref(result);
	free(call);
}

void keeper_call_done(struct keeper_call *call, json_t *result)
{
	call_end(call, result ? ZT_OK : ZT_ENOMEM, result, result ? NULL : "out of memory");
}

static char *text_format(const char *format, va_list args)
{
	char *text = NULL;
	return vasprintf(&text, format, args) >= 0 ? text : NULL;
}

void keeper_call_say(struct keeper_call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = text_format(format, args);
	va_end(args);
	keeper_call_done(call, text ? json_pack("{s:s}", "text", text) : NULL);
	free(text);
}

void keeper_call_fail(struct keeper_call *call, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = text_format(format, args);
	va_end(args);
	call_end(call, text ? status : ZT_ENOMEM, NULL, text ? text : "out of memory");
	free(text);
}

void keeper_call_no_node(struct keeper *keeper, struct keeper_call *call, const char *name)
{
	const struct topology *topology = &keeper->lab->topology;
	const char *nearest = topology_node_nearest(topology, name);
	struct buf names;

	if (nearest) {
		keeper_call_fail(call, ZT_ENOENT, "there is no node %s; did you mean %s?", name, nearest);
		return;
	}
	buf_init(&names);
	for (uint32_t n = 0; n < topology->node_count; n++)
		buf_printf(&names, " %s", topology->nodes[n].name);
	keeper_call_fail(call, ZT_ENOENT, "there is no node %s; the nodes are:%.*s", name, (int)names.len, (const char *)names.data);
	buf_fini(&names);
}

const struct topology_node *keeper_call_node(struct keeper *keeper, struct keeper_call *call, size_t i)
{
	const struct topology_node *node = topology_node(&keeper->lab->topology, call->args[i]);

	if (!node)
		keeper_call_no_node(keeper, call, call->args[i]);
	return node;
}

static void run_state(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	(void)ctx;
	keeper_call_done(call, keeper_state(keeper));
}

static void run_kill(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	const struct topology_node *node = keeper_call_node(keeper, call, 0);
	(void)ctx;

	if (!node)
		return;
	uint32_t i = (uint32_t)(node - keeper->lab->topology.nodes);
	struct node_watch *watch = &keeper->nodes[i];
	if (!node_is_running(keeper, i) || watch->kill_call) {
		keeper_call_fail(call, ZT_EINVAL, "node %s is not running", node->name);
		return;
	}
	watch->was_killed = true;
	watch->kill_call = call;      /* answered when it has ended */
	kill(-keeper->lab->processes[i].pid, SIGKILL);      /* its children, too (each node is a session): they hold its port for a while */
}

static void run_start(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	const struct topology_node *node = keeper_call_node(keeper, call, 0);
	(void)ctx;

	if (!node)
		return;
	uint32_t i = (uint32_t)(node - keeper->lab->topology.nodes);
	if (node_is_running(keeper, i)) {
		keeper_call_fail(call, ZT_EEXIST, "node %s is running", node->name);
		return;
	}
	int status = node_start(keeper, i);
	if (status == ZT_OK)
		keeper_call_say(call, "%s is started%s", node->name,
				lab_save(keeper->lab) == ZT_OK ? "" : ", but lab.json could not be written; keeper.log says more");
	else
		keeper_call_fail(call, status, "cannot start %s: %s; keeper.log says more", node->name, status_text(status));
}

static void run_update(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	(void)ctx;
	job_run(keeper, call, "update");
}

static void run_down(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	(void)ctx;
	keeper_call_say(call, "%u nodes are ending", keeper->lab->topology.node_count);
	keeper_end(keeper);
}

static const struct keeper_command own_commands[] = {
	{ "state", 0, 0, "", "what the lab consists of and how its nodes are", run_state },
	{ "kill", 1, 1, "NODE", "end a node's daemon by force", run_kill },
	{ "start", 1, 1, "NODE", "start a node's daemon again, with what it has stored", run_start },
	{ "update", 3, CTL_ARGS_MAX, "ZONE add|replace|delete NAME ...", "change a record, as zonelab update does", run_update },
	{ "fault", 2, CTL_ARGS_MAX, "A:B|A|* [one-way] KEY=VALUE...", "change the weather of links: delay, jitter, loss, ...", run_fault },
	{ "partition", 1, 2, "A[,A...] [B[,B...]]", "cut all links between two sides", run_partition },
	{ "heal", 0, 2, "[A:B|A|* [one-way]]", "give links the weather they had at the start", run_heal },
	{ "capture", 2, 3, "A:B|A|*|all FILE [SECONDS]", "write the packets of links into a file, until capture-end or for some seconds", run_capture },
	{ "capture-end", 1, 1, "FILE", "end the capture into the file", run_capture_end },
	{ "down", 0, 0, "", "end the lab", run_down },
};

enum { OWN_COUNT = sizeof(own_commands) / sizeof(own_commands[0]) };

/* Of ours and the parts' together; NULL past the last one. */
static const struct keeper_command *command_at(const struct keeper *keeper, size_t at, void **ctx)
{
	*ctx = NULL;
	if (at < OWN_COUNT)
		return &own_commands[at];
	at -= OWN_COUNT;
	for (size_t i = 0; i < keeper->part_count; i++) {
		*ctx = keeper->parts[i].ctx;
		if (at < keeper->parts[i].command_count)
			return &keeper->parts[i].commands[at];
		at -= keeper->parts[i].command_count;
	}
	return NULL;
}

static void call_run(struct keeper *keeper, const struct keeper_command *command, void *ctx, struct keeper_call *call)
{
	if (!command)
		keeper_call_fail(call, ZT_ENOENT, "there is no such command");
	else if (keeper->is_ending && command->run != run_down)      /* who wants that, too, waits for the same end */
		keeper_call_fail(call, ZT_ECLOSED, "the lab is ending");
	else if (call->arg_count < command->min_args || call->arg_count > command->max_args)
		keeper_call_fail(call, ZT_EINVAL, "expected: %s%s%s", command->name, *command->arguments ? " " : "", command->arguments);
	else
		command->run(keeper, call, ctx);
}

void keeper_ask(struct keeper *keeper, const struct keeper_question *question, keeper_answer answer, void *ctx)
{
	const struct keeper_command *command;
	struct keeper_call *call = question->arg_count <= CTL_ARGS_MAX ? calloc(1, sizeof(*call)) : NULL;
	void *command_ctx;
	size_t at = 0;

	if (!call) {
		answer(ctx, ZT_ELIMIT, NULL, "too many arguments, or no memory");
		return;
	}
	while ((command = command_at(keeper, at, &command_ctx)) && strcmp(command->name, question->command) != 0)
		at++;
	*call = (struct keeper_call){ .arg_count = question->arg_count, .answer = answer, .ctx = ctx };
	for (size_t i = 0; i < question->arg_count; i++)
		call->args[i] = question->args[i];
	call_run(keeper, command, command_ctx, call);
}

static void on_request(struct ctl_request *request, void *ctx)
{
	const char *args[CTL_ARGS_MAX];
	size_t count = ctl_request_arg_count(request);

	for (size_t i = 0; i < count; i++)
		args[i] = ctl_request_arg(request, i);
	keeper_ask(ctx, &(struct keeper_question){ ctl_request_command(request), args, count }, request_answer, request);
}

int control_open(struct keeper *keeper)
{
	const struct keeper_command *command;
	char path[4096], error[CTL_ERROR_SIZE];
	size_t count = OWN_COUNT;
	void *ctx;

	for (size_t i = 0; i < keeper->part_count; i++)
		count += keeper->parts[i].command_count;
	keeper->ctl_commands = calloc(count, sizeof(*keeper->ctl_commands));
	if (!keeper->ctl_commands)
		return ZT_ENOMEM;
	for (size_t i = 0; (command = command_at(keeper, i, &ctx)); i++) {
		keeper->ctl_commands[i] = (struct ctl_command){
			.name = command->name, .min_args = command->min_args, .max_args = command->max_args, .arguments = command->arguments,
			.help = command->help, .handler = on_request,
		};
	}
	struct ctl_config config = { .path = path, .program = "zonelab", .commands = keeper->ctl_commands, .command_count = count, .ctx = keeper };
	int status = lab_file(keeper->lab, LAB_SOCKET, path);
	if (status != ZT_OK)
		return status;
	status = ctl_server_open(&keeper->ctl, keeper->loop.base, &config, error);
	if (status != ZT_OK)
		fprintf(stderr, "zonelab: %s\n", error);
	return status;
}

void control_close(struct keeper *keeper)
{
	ctl_server_close(keeper->ctl);
	keeper->ctl = NULL;
	free(keeper->ctl_commands);
	keeper->ctl_commands = NULL;
}
