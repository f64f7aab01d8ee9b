/* The page as a part of the keeper: it listens before the keeper moves into the lab's network, shows the keeper's state document and its events file,
 * and asks it for what people click. */
#include "tools/zonelab/page/page_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctl/ctl_message.h"
#include "tools/zonelab/page/page.h"

enum { GATHER_USEC = 5 * 1000 };      /* events that come together go out together */

struct page_part {
	struct guard guard;
	int listener;                    /* -1: none, or the page has it */
	struct page *page;
	struct keeper *keeper;
	struct events_listener events;
	struct loop_timer gather;
};

/* A command under way. */
struct asked {
	struct page_reply *reply;
	json_t *request;                 /* its texts are the arguments */
	const char *args[CTL_ARGS_MAX];
};

struct page_part *page_part_new(const struct netaddr *address)
{
	struct page_part *part = calloc(1, sizeof *part);

	if (part) {
		part->listener = -1;
		guard_init(&part->guard, address);
	}
	return part;
}

void page_part_free(struct page_part *part)
{
	if (part && part->listener >= 0)
		close(part->listener);
	free(part);
}

const char *page_part_url(const struct page_part *part, char out[GUARD_URL_SIZE])
{
	return guard_url(&part->guard, out);
}

static json_t *on_state(void *ctx)
{
	const struct page_part *part = ctx;

	return keeper_state(part->keeper);
}

static int http_status_of(int status)
{
	switch (status) {
	case ZT_OK:
		return 200;
	case ZT_ENOENT:
		return 404;
	case ZT_EEXIST:
	case ZT_EUNSUPPORTED:
		return 409;
	case ZT_ECLOSED:
		return 503;
	case ZT_ENOMEM:
		return 500;
	default:
		return 400;
	}
}

static void on_answer(void *ctx, int status, json_t *result, const char *error)
{
	struct asked *asked = ctx;
	const char *text = status == ZT_OK ? json_string_value(json_object_get(result, "text")) : error;

	page_reply_end(asked->reply, http_status_of(status), text ? text : "");
	json_decref(asked->request);
	free(asked);
}

static void on_command(void *ctx, const json_t *request, struct page_reply *reply)
{
	const struct page_part *part = ctx;
	struct asked *asked = calloc(1, sizeof *asked);
	json_t *copy = asked ? json_deep_copy(request) : NULL;
	const json_t *args = json_object_get(copy, "args");
	const size_t count = json_array_size(args);

	if (!copy || count > CTL_ARGS_MAX) {
		page_reply_end(reply, copy ? 400 : 500, copy ? "too many arguments" : "out of memory");
		json_decref(copy);
		free(asked);
		return;
	}
	asked->reply = reply;
	asked->request = copy;
	for (size_t i = 0; i < count; i++)
		asked->args[i] = json_string_value(json_array_get(args, i));
	keeper_ask(part->keeper,
		   &(struct keeper_question){ .command = json_string_value(json_object_get(copy, "command")), .args = asked->args, .arg_count = count },
		   on_answer, asked);
}

static void on_gathered(void *ctx)
{
	const struct page_part *part = ctx;

	page_events_grew(part->page);
}

static void on_event(void *ctx, uint64_t number, const char *line, const json_t *event)
{
	struct page_part *part = ctx;

	(void)number, (void)line, (void)event;
	if (!part->gather.armed)
		loop_timer_in(&part->gather, GATHER_USEC);
}

static int part_prepare(void *ctx)
{
	struct page_part *part = ctx;
	char error[PAGE_ERROR_SIZE];
	int status = page_listen(&part->guard.bound, &part->listener, error);

	if (status != ZT_OK)
		fprintf(stderr, "zonelab: %s\n", error);
	return status;
}

static int part_start(struct keeper *keeper, void *ctx)
{
	struct page_part *part = ctx;
	struct page_config config = { .listener = part->listener, .guard = part->guard, .hooks = { .state = on_state, .command = on_command, .ctx = part } };
	char error[PAGE_ERROR_SIZE], path[4096];
	int status = lab_file(keeper_lab(keeper), "events.jsonl", path);

	if (status != ZT_OK)
		return status;
	part->keeper = keeper;
	part->listener = -1;
	config.events_path = path;
	status = page_open(&part->page, keeper_loop(keeper), &config, error);
	if (status != ZT_OK) {
		fprintf(stderr, "zonelab: %s\n", error);
		return status;
	}
	loop_timer_init(&part->gather, keeper_loop(keeper), on_gathered, part);
	part->events = (struct events_listener){ .heard = on_event, .ctx = part };
	events_listen(keeper_events(keeper), &part->events);
	return ZT_OK;
}

static void part_stop(void *ctx)
{
	struct page_part *part = ctx;

	events_unlisten(keeper_events(part->keeper), &part->events);
	loop_timer_stop(&part->gather);
	page_close(part->page);
	part->page = NULL;
}

struct keeper_part page_part_get(struct page_part *part)
{
	return (struct keeper_part){ .prepare = part_prepare, .start = part_start, .stop = part_stop, .ctx = part };
}
