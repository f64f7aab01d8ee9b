/* Following a lab's events. */
#include "tools/zonelab/cli/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "tools/zonelab/cli/ask.h"

enum { BLOCK = 64 * 1024 };

/* A keeper that does not answer leaves the origin at 0: there are only events to be had. */
static int origin_ask(struct follow *follow)
{
	char error[CTL_ERROR_SIZE];
	json_t *state;
	int status = ask_result(follow->lab, "state", NULL, &state, error);

	if (status != ZT_OK) {
		fprintf(stderr, "zonelab: %s\n", error);
		return status;
	}
	follow->origin = json_number_value(json_object_get(state, "t0_monotonic"));
	json_decref(state);
	return ZT_OK;
}

int follow_open(struct follow *follow, const struct lab *lab)
{
	char path[4096];
	int status = lab_file(lab, "events.jsonl", path);

	*follow = (struct follow){ .lab = lab, .fd = -1, .changes = -1 };
	buf_init(&follow->text);
	if (status != ZT_OK)
		return status;
	follow->fd = open(path, O_RDONLY | O_CLOEXEC);
	follow->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (follow->fd < 0 || follow->changes < 0 || inotify_add_watch(follow->changes, path, IN_MODIFY) < 0) {
		fprintf(stderr, "zonelab: cannot read %s: %s\n", path, strerror(errno));
		follow_close(follow);
		return ZT_EIO;
	}
	status = lab_is_alive(lab) ? origin_ask(follow) : ZT_OK;
	if (status != ZT_OK)
		follow_close(follow);
	return status;
}

void follow_close(struct follow *follow)
{
	if (follow->fd >= 0)
		close(follow->fd);
	if (follow->changes >= 0)
		close(follow->changes);
	follow->fd = follow->changes = -1;
	buf_fini(&follow->text);
}

static void changes_drain(const struct follow *follow)
{
	char notes[4096];

	while (read(follow->changes, notes, sizeof(notes)) > 0)
		continue;
}

/* Reads more text; false when there is none. */
static bool text_read(struct follow *follow)
{
	if (follow->taken > 0) {
		memmove(follow->text.data, follow->text.data + follow->taken, follow->text.len - follow->taken);
		follow->text.len -= follow->taken;
		follow->taken = 0;
	}
	uint8_t *room = buf_reserve(&follow->text, BLOCK);
	ssize_t len = room ? read(follow->fd, room, BLOCK) : -1;
	if (len <= 0)
		return false;
	follow->text.len += (size_t)len;
	return true;
}

/* The next whole line; NULL without one. */
static const char *line_take(struct follow *follow, size_t *len)
{
	for (;;) {
		const char *start = (const char *)follow->text.data + follow->taken;
		size_t left = follow->text.len - follow->taken;
		const char *end = left > 0 ? memchr(start, '\n', left) : NULL;
		if (end) {
			*len = (size_t)(end - start);
			follow->taken += *len + 1;
			return start;
		}
		if (!text_read(follow))
			return NULL;
	}
}

json_t *follow_next(struct follow *follow)
{
	json_error_t error;
	size_t len;
	const char *line;

	changes_drain(follow);      /* before reading: what is written after that is told again */
	while ((line = line_take(follow, &len))) {
		json_t *event = json_loadb(line, len, 0, &error);
		if (event)
			return event;
	}
	return NULL;
}

bool follow_is_alive(const struct follow *follow)
{
	return lab_is_alive(follow->lab);
}

double follow_now(const struct follow *follow)
{
	return (double)clock_now(clock_system()) / USEC_PER_SEC - follow->origin;
}
