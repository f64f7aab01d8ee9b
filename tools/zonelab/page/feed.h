/* The lab's events as they are read from their file: numbered lines, from any number on.
 *
 * The file (one JSON object a line, only ever appended to) is the only store: each reader keeps a place in it, so a slow one costs no memory, and
 * who comes back later goes on where it was. Every some lines an offset is remembered, so that a place is found without reading the file.
 * A line counts once its end is there. One thread.
 */
#pragma once

#include <event2/buffer.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/status.h"

struct feed {
	int fd;
	uint64_t lines;              /* that are complete */
	off_t end;                   /* after the last of them */
	off_t seen;                  /* how far the file was looked at */
	off_t *marks;                /* where line I * FEED_MARK_LINES + 1 begins */
	size_t mark_count, mark_cap;
};

enum { FEED_MARK_LINES = 256 };

/* Where a reader is. */
struct feed_place {
	uint64_t number;             /* of the last line that was read */
	off_t offset;                /* of the next */
};

/* The file must be there. On failure errno tells more of ZT_ESYSTEM. */
ZT_MUST_CHECK int feed_open(struct feed *feed, const char *path);
void feed_close(struct feed *feed);
/* Looks for new lines. */
ZT_MUST_CHECK int feed_grew(struct feed *feed);
/* The place after line `number`; the beginning for a number that is not there yet. */
ZT_MUST_CHECK int feed_seek(const struct feed *feed, uint64_t number, struct feed_place *place);
/* Moves the place past about `max` bytes of lines (at least one line) and appends them as server-sent events. Adds nothing at the end. */
ZT_MUST_CHECK int feed_read(const struct feed *feed, struct feed_place *place, size_t max, struct evbuffer *out);
