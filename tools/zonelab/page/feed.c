/* The lab's events as they are read from their file. */
#include "tools/zonelab/page/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PIECE = 64 * 1024,
	LINE_MAX_BYTES = 1 << 20,      /* a longer one is the writer's mistake */
};

int feed_open(struct feed *feed, const char *path)
{
	*feed = (struct feed){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (feed->fd < 0)
		return ZT_ESYSTEM;
	int status = feed_grew(feed);
	if (status != ZT_OK)
		feed_close(feed);
	return status;
}

void feed_close(struct feed *feed)
{
	if (feed->fd >= 0)
		close(feed->fd);
	free(feed->marks);
	*feed = (struct feed){ .fd = -1 };
}

static int mark_add(struct feed *feed, off_t offset)
{
	if (feed->mark_count == feed->mark_cap) {
		size_t cap = feed->mark_cap ? feed->mark_cap * 2 : 64;
		off_t *marks = realloc(feed->marks, cap * sizeof *marks);
		if (!marks)
			return ZT_ENOMEM;
		feed->marks = marks;
		feed->mark_cap = cap;
	}
	feed->marks[feed->mark_count++] = offset;
	return ZT_OK;
}

static ssize_t piece_read(int fd, void *out, size_t len, off_t offset)
{
	ssize_t got;

	do
		got = pread(fd, out, len, offset);
	while (got < 0 && errno == EINTR);
	return got;
}

static int piece_count(struct feed *feed, const char *piece, size_t len)
{
	const char *at = piece, *newline;

	while ((newline = memchr(at, '\n', len - (size_t)(at - piece)))) {
		if (feed->lines % FEED_MARK_LINES == 0) {
			int status = mark_add(feed, feed->end);
			if (status != ZT_OK)
				return status;
		}
		feed->lines++;
		at = newline + 1;
		feed->end = feed->seen + (at - piece);
	}
	feed->seen += (off_t)len;
	return ZT_OK;
}

int feed_grew(struct feed *feed)
{
	char piece[PIECE];
	ssize_t got;

	while ((got = piece_read(feed->fd, piece, sizeof piece, feed->seen)) > 0) {
		int status = piece_count(feed, piece, (size_t)got);
		if (status != ZT_OK)
			return status;
	}
	return got < 0 ? ZT_ESYSTEM : ZT_OK;
}

int feed_seek(const struct feed *feed, uint64_t number, struct feed_place *place)
{
	char piece[PIECE];
	ssize_t got;

	*place = (struct feed_place){ 0 };
	if (number == 0 || number > feed->lines)
		return ZT_OK;
	if (number == feed->lines) {
		*place = (struct feed_place){ .number = number, .offset = feed->end };
		return ZT_OK;
	}
	*place = (struct feed_place){ .number = number / FEED_MARK_LINES * FEED_MARK_LINES, .offset = feed->marks[number / FEED_MARK_LINES] };
	while (place->number < number) {
		const char *at = piece, *newline;
		got = piece_read(feed->fd, piece, sizeof piece, place->offset);
		if (got <= 0)
			return got < 0 ? ZT_ESYSTEM : ZT_ECORRUPT;      /* shorter than it was */
		while (place->number < number && (newline = memchr(at, '\n', (size_t)(piece + got - at)))) {
			place->number++;
			at = newline + 1;
		}
		place->offset += place->number == number ? at - piece : got;
	}
	return ZT_OK;
}

/* The first piece from the place on that ends with a line's end. */
static int lines_get(const struct feed *feed, const struct feed_place *place, size_t max, char **out, size_t *out_len)
{
	size_t left = (size_t)(feed->end - place->offset);

	for (size_t want = max;; want *= 2) {
		if (want > left)
			want = left;
		char *piece = malloc(want);
		if (!piece)
			return ZT_ENOMEM;
		ssize_t got = piece_read(feed->fd, piece, want, place->offset);
		const char *last = got > 0 ? memrchr(piece, '\n', (size_t)got) : NULL;
		if (last) {
			*out = piece;
			*out_len = (size_t)(last + 1 - piece);
			return ZT_OK;
		}
		free(piece);
		if (got <= 0 || want == left || want > LINE_MAX_BYTES)
			return got < 0 ? ZT_ESYSTEM : ZT_ECORRUPT;
	}
}

int feed_read(const struct feed *feed, struct feed_place *place, size_t max, struct evbuffer *out)
{
	char *lines;
	size_t len;

	if (place->offset >= feed->end)
		return ZT_OK;
	int status = lines_get(feed, place, max, &lines, &len);
	if (status != ZT_OK)
		return status;
	for (const char *at = lines; at < lines + len;) {
		const char *newline = memchr(at, '\n', (size_t)(lines + len - at));
		place->number++;
		if (evbuffer_add_printf(out, "event: lab\nid: %llu\ndata: ", (unsigned long long)place->number) < 0 ||
		    evbuffer_add(out, at, (size_t)(newline - at)) != 0 || evbuffer_add(out, "\n\n", 2) != 0)
			status = ZT_ENOMEM;
		at = newline + 1;
	}
	place->offset += (off_t)len;
	free(lines);
	return status;
}
