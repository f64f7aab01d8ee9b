/* Capture files. */
#include "tools/zonelab/keeper/captures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/keeper/keeper_inner.h"

struct capture_call {
	struct keeper *keeper;
	struct keeper_call *call;
	struct capture_call *next;
	unsigned id;                   /* of the switch's capture */
	struct loop_timer timer;
	char path[];
};

static void capture_end(struct capture_call *capture)
{
	struct capture_call **at = &capture->keeper->captures.first;
	struct capture_result result = { 0 };

	while (*at != capture)
		at = &(*at)->next;
	*at = capture->next;
	loop_timer_stop(&capture->timer);
	int status = fabric_capture_end(capture->keeper->fabric, capture->id, &result);
	if (status == ZT_OK)
		status = result.status;
	unsigned long long packets = result.packets, left_out = result.left_out;
	if (status != ZT_OK)
		keeper_call_fail(capture->call, status, "the capture ended after %llu packets: %s", packets, status_text(status));
	else if (left_out > 0)
		keeper_call_say(capture->call, "%llu packets in %s; %llu more were left out, the file is too slow", packets, capture->path, left_out);
	else
		keeper_call_say(capture->call, "%llu packets in %s", packets, capture->path);
	free(capture);
}

static void on_time(void *ctx)
{
	capture_end(ctx);
}

/* Who asked has hung up: the call is answered to nobody. */
static void on_gone(void *ctx)
{
	capture_end(ctx);
}

static bool seconds_read(struct keeper_call *call, const char *text, double *seconds)
{
	char *end;

	*seconds = text ? strtod(text, &end) : 0;
	if (!text || (*text >= '0' && *text <= '9' && *end == '\0' && *seconds > 0 && *seconds <= 1e6))
		return true;
	keeper_call_fail(call, ZT_EINVAL, "expected seconds, such as 10, not %s", text);
	return false;
}

static struct capture_call *capture_new_call(struct keeper *keeper, struct keeper_call *call, const char *path)
{
	size_t size = strlen(path) + 1;
	struct capture_call *capture = calloc(1, sizeof(*capture) + size);

	if (!capture)
		return NULL;
	capture->keeper = keeper;
	capture->call = call;
	memcpy(capture->path, path, size);
	loop_timer_init(&capture->timer, &keeper->loop, on_time, capture);
	return capture;
}

static struct capture_call *capture_into(const struct keeper *keeper, const char *path)
{
	struct capture_call *capture = keeper->captures.first;

	while (capture && strcmp(capture->path, path) != 0)
		capture = capture->next;
	return capture;
}

/* Begins it; the call has failed when the result is NULL. */
static struct capture_call *capture_begin(struct keeper *keeper, struct keeper_call *call, const struct capture_config *config)
{
	const char *path = keeper_call_arg(call, 1);
	struct capture_call *capture = capture_new_call(keeper, call, path);
	/* Neither a pipe that nobody reads nor one that is read slowly may hold up the lab. */
	int fd = capture ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0644) : -1;

	if (fd < 0) {
		int err = capture ? errno : ENOMEM;
		keeper_call_fail(call, status_from_errno(err), "cannot write %s: %s", path, strerror(err));
		free(capture);
		return NULL;
	}
	int status = fabric_capture(keeper->fabric, config, fd, &capture->id);
	if (status == ZT_OK)
		return capture;
	keeper_call_fail(call, status, "no capture into %s: %s", path, status == ZT_ELIMIT ? "too many are under way" : status_text(status));
	free(capture);
	return NULL;
}

void run_capture(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	const char *path = keeper_call_arg(call, 1);
	struct fault_selection which;
	double seconds;
	(void)ctx;

	if (!faults_are_possible(keeper, call) || !fault_selection_read(keeper, call, &which) || !seconds_read(call, keeper_call_arg(call, 2), &seconds))
		return;
	if (capture_into(keeper, path)) {
		keeper_call_fail(call, ZT_EEXIST, "there is a capture into %s already", path);
		return;
	}
	struct capture_config config = { .from = which.from, .to = which.to, .both_ways = true };
	struct capture_call *capture = capture_begin(keeper, call, &config);
	if (!capture)
		return;
	capture->next = keeper->captures.first;
	keeper->captures.first = capture;
	keeper_call_on_gone(call, on_gone, capture);
	if (seconds > 0)
		loop_timer_in(&capture->timer, (usec_t)(seconds * USEC_PER_SEC));
}

void run_capture_end(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	const char *path = keeper_call_arg(call, 0);
	(void)ctx;

	struct capture_call *capture = capture_into(keeper, path);
	if (!capture) {
		keeper_call_fail(call, ZT_ENOENT, "there is no capture into %s", path);
		return;
	}
	capture_end(capture);
	keeper_call_say(call, "the capture into %s has ended", path);
}

void captures_look(struct keeper *keeper)
{
	for (struct capture_call *capture = keeper->captures.first, *next; capture; capture = next) {
		struct capture_result result;
		next = capture->next;
		if (fabric_capture_look(keeper->fabric, capture->id, &result) != ZT_OK || result.status != ZT_OK)
			capture_end(capture);
	}
}

void captures_end(struct keeper *keeper)
{
	while (keeper->captures.first)
		capture_end(keeper->captures.first);
}
