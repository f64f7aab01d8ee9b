/* What happens in a lab. */
#include "tools/zonelab/keeper/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DIGITS = 9 };      /* of numbers: microseconds in the first quarter of an hour, fractions of milliseconds for days */

int events_open(struct events *events, const char *path, const struct clock *clock)
{
	*events = (struct events){ .clock = clock, .origin = clock_now(clock), .origin_wall = clock_wall(clock) };
	events->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (events->fd >= 0)
		return ZT_OK;
	int err = errno;
	fprintf(stderr, "zonelab: cannot write %s: %s\n", path, strerror(err));
	return status_from_errno(err);
}

void events_close(struct events *events)
{
	if (events->fd >= 0)
		close(events->fd);
	events->fd = -1;
}

double events_now(const struct events *events)
{
	return (double)(clock_now(events->clock) - events->origin) / USEC_PER_SEC;
}

/* A line that does not fit as a whole is taken back, so that the next one begins a line. */
static void line_write(struct events *events, const char *line)
{
	size_t len = strlen(line);
	char newline[] = "\n";
	struct iovec parts[] = { { (void *)(uintptr_t)line, len }, { newline, 1 } };
	ssize_t written = writev(events->fd, parts, 2);
	int err = written < 0 ? errno : ENOSPC;

	if (written == (ssize_t)len + 1)
		return;
	if (written > 0 && ftruncate(events->fd, lseek(events->fd, 0, SEEK_END) - written) != 0)
		err = errno;
	if (events->lost++ == 0)
		fprintf(stderr, "zonelab: events are missing from the file of events from number %llu on: %s; the lab goes on\n",
			(unsigned long long)events->count, strerror(err));
}

void events_add(struct events *events, json_t *event)
{
	json_t *whole = json_pack("{s:I, s:f}", "n", (json_int_t)(events->count + 1), "t", events_now(events));

	events->count++;
	if (!whole || !event || json_object_update_missing(whole, event) != 0) {
		events->lost++;
		json_decref(whole);
		json_decref(event);
		return;
	}
	json_decref(event);
	char *line = json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
	if (line) {
		line_write(events, line);
		for (struct events_listener *listener = events->listeners, *next; listener; listener = next) {
			next = listener->next;
			listener->heard(listener->ctx, events->count, line, whole);
		}
	}
	free(line);
	json_decref(whole);
}

void events_listen(struct events *events, struct events_listener *listener)
{
	listener->next = events->listeners;
	events->listeners = listener;
}

void events_unlisten(struct events *events, struct events_listener *listener)
{
	for (struct events_listener **at = &events->listeners; *at; at = &(*at)->next) {
		if (*at == listener) {
			*at = listener->next;
			return;
		}
	}
}
