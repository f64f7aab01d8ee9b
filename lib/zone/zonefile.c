/* The zone-file reader: files, blocks of them, and the entries in turn. */
#include "lib/zone/zonefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/sandbox.h"
#include "lib/zone/zonefile_reader.h"

enum { BLOCK_SIZE = 256 << 10 };

/* Reads entries as far as the text given goes. */
static int entries_read(struct reader *reader)
{
	struct lexer *lexer = &reader->source->lexer;

	for (;;) {
		int status = reader->is_thorough ? ZT_OK : reader_quick_lines(reader);
		if (status != ZT_OK)
			return status;
		if (reader->report->error_count >= ZONEFILE_ERRORS_MAX)
			return ZT_EDONE;
		status = lexer_next(lexer);
		if (status == ZT_ESYNTAX) {
			entry_error(reader, lexer->error_line, "%s", lexer->error);
			if (!lexer->starts_blank)
				reader->source->owner_state = OWNER_BROKEN;
			continue;
		}
		if (status != ZT_OK)
			return status == ZT_EDONE || status == ZT_EAGAIN ? ZT_OK : status;
		const struct token *first = &lexer->tokens[0];
		bool is_directive = !lexer->starts_blank && !first->quoted && first->len > 0 && first->at[0] == '$';
		status = is_directive ? reader_directive_entry(reader) : reader_record_entry(reader);
		if (status != ZT_OK)
			return status;
	}
}

static void source_set_text(struct source *source, const char *text, size_t len, bool is_last)
{
	lexer_set_text(&source->lexer, text, len, is_last);
	source->last_newline = len > 0 ? memrchr(text, '\n', len) : NULL;
}

/* The file through a window that slides over it. */
struct window {
	int fd;
	char *data;
	size_t cap;
	size_t len;            /* bytes in it */
	bool is_last;
	bool is_skipping;      /* the rest of a line too long */
};

static int window_fill(struct window *window)
{
	while (window->len < window->cap && !window->is_last) {
		ssize_t got = read(window->fd, window->data + window->len, window->cap - window->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return status_from_errno(errno);
		window->len += (size_t)got;
		window->is_last = got == 0;
	}
	return ZT_OK;
}

/* Drops the first line of what is in the window. */
static void line_skip(struct window *window, struct lexer *lexer)
{
	const char *newline = memchr(window->data, '\n', window->len);
	size_t len = newline ? (size_t)(newline + 1 - window->data) : window->len;

	memmove(window->data, window->data + len, window->len - len);
	window->len -= len;
	window->is_skipping = newline == NULL;
	if (newline)
		lexer->line++;
}

/* Keeps the unfinished entry, in a larger window when it fills this one. */
static int window_slide(struct reader *reader, struct window *window)
{
	struct lexer *lexer = &reader->source->lexer;
	size_t rest = (size_t)(lexer->end - lexer->at);

	if (rest > 0)
		memmove(window->data, lexer->at, rest);
	window->len = rest;
	if (rest < window->cap)
		return ZT_OK;
	if (window->cap >= ZONEFILE_ENTRY_MAX) {
		entry_error(reader, lexer->line, "the entry that begins here is longer than %d bytes; is a parenthesis never closed?", ZONEFILE_ENTRY_MAX);
		line_skip(window, lexer);
		return ZT_OK;
	}
	char *data = realloc(window->data, window->cap * 2);
	if (!data)
		return ZT_ENOMEM;
	window->data = data;
	window->cap *= 2;
	return ZT_OK;
}

static const char *after_byte_order_mark(const struct window *window)
{
	return window->len >= 3 && memcmp(window->data, "\xef\xbb\xbf", 3) == 0 ? window->data + 3 : window->data;
}

static int window_read(struct reader *reader, struct window *window)
{
	struct lexer *lexer = &reader->source->lexer;
	bool is_first = true;

	for (;;) {
		int status = window_fill(window);
		if (status != ZT_OK) {
			entry_error(reader, lexer->line, "cannot be read: %s", status_text(status));
			return status;
		}
		if (window->is_skipping && window->len > 0) {
			line_skip(window, lexer);
			continue;
		}
		const char *start = is_first ? after_byte_order_mark(window) : window->data;
		is_first = false;
		source_set_text(reader->source, start, window->len - (size_t)(start - window->data), window->is_last);
		status = entries_read(reader);
		if (status != ZT_OK || window->is_last)
			return status;
		status = window_slide(reader, window);
		if (status != ZT_OK)
			return status;
	}
}

/* Reads the open file of reader->source. ZT_EDONE: too many errors. */
int reader_source_read(struct reader *reader, int fd)
{
	struct window window = { .fd = fd, .cap = BLOCK_SIZE, .data = malloc(BLOCK_SIZE) };
	int status = ZT_ENOMEM;

	lexer_init(&reader->source->lexer);
	if (window.data)
		status = window_read(reader, &window);
	lexer_fini(&reader->source->lexer);
	free(window.data);
	return status;
}

/* Opens source->name. Included files must be regular ones: a terminal or a pipe would keep us waiting. */
int reader_file_open(struct reader *reader, struct source *source, int *fd)
{
	struct stat info;

	*fd = open(source->name, O_RDONLY | O_CLOEXEC | (source->parent ? O_NONBLOCK : 0));
	if (*fd < 0)
		return status_from_errno(errno);
	if (fstat(*fd, &info) != 0 || S_ISDIR(info.st_mode) || (source->parent && !S_ISREG(info.st_mode))) {
		close(*fd);
		return ZT_EINVAL;
	}
	source->is_file = true;
	source->device = info.st_dev;
	source->inode = info.st_ino;
	zonefile_source_add(&reader->report->sources, source->name, &info);
	return ZT_OK;
}

void source_set_origin(struct source *source, const uint8_t *origin)
{
	source->origin_len = name_copy(source->origin, origin);
}

static void source_init(struct source *source, const char *name, const uint8_t *origin)
{
	*source = (struct source){ .name = name };
	source->owner = source->owners[0];
	source_set_origin(source, origin);
}

static struct reader *reader_new(const struct zonefile_sink *sink, struct zonefile_report *report)
{
	struct reader *reader = malloc(sizeof(*reader));
	if (reader) {
		memset(reader, 0, offsetof(struct reader, rdata));      /* 64 KiB that small files need not pay for */
		reader->sink = sink;
		reader->report = report;
		reader->rr_class = CLASS_IN;
		reader->is_owner_new = true;
		lexer_init(&reader->line_lexer);
	}
	return reader;
}

static int reader_finish(struct reader *reader, int status)
{
	struct zonefile_report *report = reader->report;

	if (status == ZT_EDONE && report->error_count >= ZONEFILE_ERRORS_MAX) {
		entry_error(reader, 0, "%d errors; the rest was not read", ZONEFILE_ERRORS_MAX);
		status = ZT_ESYNTAX;
	}
	if (status == ZT_OK && report->error_count > 0)
		status = ZT_ESYNTAX;
	lexer_fini(&reader->line_lexer);
	buf_fini(&reader->owner_text);
	buf_fini(&reader->rdata_text);
	free(reader);
	return status;
}

int zonefile_read(const char *path, const uint8_t *origin, const struct zonefile_sink *sink, struct zonefile_report *report)
{
	struct reader *reader = reader_new(sink, report);
	struct source source;
	int fd;

	if (!reader)
		return ZT_ENOMEM;
	source_init(&source, path, origin);
	reader->source = &source;
	int status = reader_file_open(reader, &source, &fd);
	if (status != ZT_OK) {
		entry_error(reader, 0, "cannot be opened: %s%s", status_text(status), sandbox_hint(path));
		return reader_finish(reader, status);
	}
	status = reader_source_read(reader, fd);
	close(fd);
	return reader_finish(reader, status);
}

static int text_read(struct reader *reader, const struct zonefile_text *text, const uint8_t *origin)
{
	struct source source;

	if (!reader)
		return ZT_ENOMEM;
	source_init(&source, text->name, origin);
	reader->source = &source;
	lexer_init(&source.lexer);
	source_set_text(&source, text->text, text->len, true);
	int status = entries_read(reader);
	lexer_fini(&source.lexer);
	return reader_finish(reader, status);
}

int zonefile_read_text(const struct zonefile_text *text, const uint8_t *origin, const struct zonefile_sink *sink,
		       struct zonefile_report *report)
{
	return text_read(reader_new(sink, report), text, origin);
}

int zonefile_read_text_thoroughly(const struct zonefile_text *text, const uint8_t *origin, const struct zonefile_sink *sink,
				  struct zonefile_report *report)
{
	struct reader *reader = reader_new(sink, report);

	if (reader)
		reader->is_thorough = true;
	return text_read(reader, text, origin);
}
