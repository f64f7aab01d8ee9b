/* What happens in a lab, as JSON objects: appended to a file, one line each, and told to listeners in this process.
 *
 * Every event gets "n", its number from 1, and "t", seconds since the lab's start by the monotonic clock. A disk that is full is told once in
 * the log; what could not be written is missing from the file, the numbers go on, and listeners hear of everything. One thread.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/status.h"

/* Hears of every event after events_listen. `line` is the object as text, without a newline. It must not stop listening, or add events, meanwhile. */
struct events_listener {
	void (*heard)(void *ctx, uint64_t number, const char *line, const json_t *event);
	void *ctx;
	struct events_listener *next;
};

struct events {
	const struct clock *clock;
	usec_t origin;                     /* the lab's start */
	usec_t origin_wall;
	int fd;
	uint64_t count;
	uint64_t lost;                     /* of them: not in the file */
	struct events_listener *listeners;
};

/* Begins an empty file. Errors are printed. */
int events_open(struct events *events, const char *path, const struct clock *clock) ZT_MUST_CHECK;
void events_close(struct events *events);
/* `event` is taken over; NULL (out of memory while it was built) is lost. */
void events_add(struct events *events, json_t *event);
void events_listen(struct events *events, struct events_listener *listener);
void events_unlisten(struct events *events, struct events_listener *listener);
/* Seconds since the lab's start. */
double events_now(const struct events *events);
