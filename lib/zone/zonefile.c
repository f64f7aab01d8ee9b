/* The zone-file reader.
 *
 * One struct reader lives through a whole read; one struct source per open file (a chain through $INCLUDE). Sources keep origin and last
 * owner, so that an included file cannot change its parent's; TTL and class defaults run on through all files, as in BIND.
 */
#include "lib/zone/zonefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/dns/present.h"
#include "lib/zone/generate.h"

enum {
	BLOCK_SIZE = 256 << 10,
	TTL_MAX = 0x7fffffff,              /* RFC 2181 section 8 */
	TEMPLATE_MAX = 4096,
	SHOWN_MAX = 60,
};

enum owner_state { OWNER_NONE, OWNER_KNOWN, OWNER_BROKEN };

struct source {
	const char *name;
	struct source *parent;             /* the file that includes this one */
	bool is_file;
	dev_t device;
	ino_t inode;
	struct lexer lexer;
	enum owner_state owner_state;
	uint8_t origin[NAME_MAX_LEN];
	uint8_t owner[NAME_MAX_LEN];       /* of the last record */
};

struct reader {
	const struct zonefile_sink *sink;
	struct zonefile_report *report;
	struct source *source;             /* the one being read */
	unsigned depth;
	bool has_default_ttl;              /* from $TTL */
	bool has_last_ttl;                 /* stated by a record, or an SOA's minimum */
	uint32_t default_ttl;
	uint32_t last_ttl;
	uint16_t rr_class;
	uint16_t type;                     /* of the last record, whose text was type_text */
	char type_text[RR_TYPE_TEXT_SIZE];
	struct lexer line_lexer;           /* for lines that $GENERATE makes */
	struct buf owner_text;
	struct buf rdata_text;
	uint8_t rdata[RDATA_MAX_LEN];
};

/* What stands between owner and rdata. */
struct record_head {
	bool has_ttl;
	uint32_t ttl;
	uint16_t type;
};

/* ---- report ------------------------------------------------------------------------------------------------------------- */

void zonefile_report_init(struct zonefile_report *report)
{
	*report = (struct zonefile_report){ 0 };
}

void zonefile_report_fini(struct zonefile_report *report)
{
	for (unsigned i = 0; i < report->message_count; i++)
		free(report->messages[i].text);
	buf_fini(&report->sources);
	zonefile_report_init(report);
}

struct place {
	const char *file;
	uint32_t line;      /* 0: the file as a whole */
};

static void message_add(struct zonefile_report *report, bool is_error, struct place place, const char *format, va_list args)
{
	char text[512], line[16] = "";

	vsnprintf(text, sizeof(text), format, args);
	for (char *p = text; *p; p++) {      /* the file's bytes must not steer a terminal */
		if ((uint8_t)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	if (place.line > 0)
		snprintf(line, sizeof(line), ":%u", place.line);
	struct zonefile_message *message = &report->messages[report->message_count];
	message->is_error = is_error;
	if (asprintf(&message->text, "%s%s: %s", place.file, line, text) >= 0)
		report->message_count++;
}

void zonefile_error(struct zonefile_report *report, const char *file, uint32_t line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (report->error_count++ <= ZONEFILE_ERRORS_MAX)      /* one more: that there were too many */
		message_add(report, true, (struct place){ file, line }, format, args);
	va_end(args);
}

void zonefile_warning(struct zonefile_report *report, const char *file, uint32_t line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (report->warning_count++ < ZONEFILE_WARNINGS_MAX)
		message_add(report, false, (struct place){ file, line }, format, args);
	va_end(args);
}

#define entry_error(reader, line, ...) zonefile_error((reader)->report, (reader)->source->name, (line), __VA_ARGS__)

static int shown_len(const struct token *token)
{
	return (int)(token->len < SHOWN_MAX ? token->len : SHOWN_MAX);
}

static void token_error(struct reader *reader, const struct token *token, const char *what)
{
	entry_error(reader, token->line, "'%.*s' %s", shown_len(token), token->at, what);
}

/* ---- records ------------------------------------------------------------------------------------------------------------ */

/* The token as a C string, for the small tables of mnemonics. */
static bool token_copy(const struct token *token, char *out, size_t size)
{
	if (token->len >= size)
		return false;
	memcpy(out, token->at, token->len);
	out[token->len] = '\0';
	return true;
}

static bool class_read(const struct token *token, uint16_t *out)
{
	char text[RR_CLASS_TEXT_SIZE];
	uint16_t rr_class = CLASS_IN;

	if (!token_is(token, "IN")) {
		if (!token_copy(token, text, sizeof(text)) || !rr_class_from_text(text, &rr_class))
			return false;
		if (rr_class == CLASS_NONE || rr_class == CLASS_ANY)      /* no classes of data */
			return false;
	}
	*out = rr_class;
	return true;
}

static bool type_read(struct reader *reader, const struct token *token, uint16_t *out)
{
	char text[RR_TYPE_TEXT_SIZE];

	if (!token_copy(token, text, sizeof(text)))
		return false;
	if (strcmp(text, reader->type_text) != 0) {
		if (!rr_type_from_text(text, &reader->type)) {
			reader->type_text[0] = '\0';
			return false;
		}
		memcpy(reader->type_text, text, token->len + 1);
	}
	*out = reader->type;
	return true;
}

/* TTL and class in either order, then the type; *at ends behind it. */
static bool head_read(struct reader *reader, const struct lexer *lexer, size_t *at, struct record_head *head)
{
	bool has_class = false;
	size_t i = *at;

	head->has_ttl = false;
	for (; i < lexer->count; i++) {
		const struct token *token = &lexer->tokens[i];
		bool is_number = token->len > 0 && token->at[0] >= '0' && token->at[0] <= '9';
		if (!head->has_ttl && is_number) {
			if (!token_period(token, TTL_MAX, &head->ttl)) {
				token_error(reader, token, "is no TTL; expected 0 to 2147483647 seconds, or units as in 1h30m");
				return false;
			}
			head->has_ttl = true;
		} else if (!has_class && class_read(token, &reader->rr_class)) {
			has_class = true;
		} else {
			break;
		}
	}
	if (i == lexer->count) {
		entry_error(reader, lexer->entry_line, "the record ends too early; expected [TTL] [CLASS] TYPE DATA");
		return false;
	}
	if (!type_read(reader, &lexer->tokens[i], &head->type)) {
		token_error(reader, &lexer->tokens[i], "is no record type; expected one as A or MX, or TYPEnnn");
		return false;
	}
	if (rr_type_is_meta(head->type)) {
		token_error(reader, &lexer->tokens[i], "cannot stand in a zone; expected a type that holds data");
		return false;
	}
	*at = i + 1;
	return true;
}

/* RFC 1035 section 5.1 and RFC 2308 section 4. False when there is none to be had. */
static bool ttl_settle(struct reader *reader, const struct record_head *head, size_t rdata_len, uint32_t *ttl)
{
	if (head->has_ttl) {
		*ttl = reader->last_ttl = head->ttl;
		reader->has_last_ttl = true;
	} else if (reader->has_default_ttl) {
		*ttl = reader->default_ttl;
	} else if (reader->has_last_ttl) {
		*ttl = reader->last_ttl;
	} else if (head->type == TYPE_SOA) {
		*ttl = wire_get_u32(reader->rdata + rdata_len - 4);
		if (*ttl > TTL_MAX)
			*ttl = 0;
		reader->last_ttl = *ttl;
		reader->has_last_ttl = true;
	} else {
		return false;
	}
	return true;
}

/* Reads the rdata of the tokens from `at` on and hands the record over. Faults of the file are reported, and are no failure. */
static int record_finish(struct reader *reader, const struct lexer *lexer, size_t at, const struct record_head *head)
{
	struct source *source = reader->source;
	struct wcursor out = wcursor_over(reader->rdata, sizeof(reader->rdata));
	struct text_error error;
	uint32_t line = source->lexer.entry_line;
	struct rdata_source text = {
		.type = head->type,
		.origin = source->origin,
		.tokens = lexer->tokens + at,
		.count = lexer->count - at,
		.line = line,
	};
	int status = rdata_from_tokens(&text, &out, &error);
	if (status == ZT_ENOMEM)
		return status;
	if (status != ZT_OK) {
		entry_error(reader, error.line, "%s", error.text);
		return ZT_OK;
	}
	struct zonefile_record record = {
		.owner = source->owner,
		.type = head->type,
		.rr_class = reader->rr_class,
		.rdata = reader->rdata,
		.rdata_len = (uint16_t)out.pos,
		.file = source->name,
		.line = line,
	};
	if (!ttl_settle(reader, head, out.pos, &record.ttl)) {
		entry_error(reader, line, "the record has no TTL; expected one before its type, or a $TTL line above");
		return ZT_OK;
	}
	reader->report->record_count++;
	return reader->sink->on_record(reader->sink->arg, &record);
}

/* The record's owner from its text; a broken one also breaks the lines that leave theirs out. */
static bool owner_read(struct reader *reader, const char *text, size_t len, uint32_t line)
{
	struct source *source = reader->source;

	int status = name_from_chars(source->owner, text, len, source->origin);
	if (status != ZT_OK) {
		struct token token = { .at = text, .len = (uint32_t)len, .line = line & 0x7fffffff };
		token_error(reader, &token, status == ZT_ELIMIT ? "is no domain name: longer than 255 bytes, or a label longer than 63" :
							"is no domain name; expected labels separated by single dots");
		source->owner_state = OWNER_BROKEN;
		return false;
	}
	source->owner_state = OWNER_KNOWN;
	return true;
}

static int record_entry(struct reader *reader)
{
	struct source *source = reader->source;
	const struct lexer *lexer = &source->lexer;
	struct record_head head;
	size_t at = 0;

	if (!lexer->starts_blank) {
		if (!owner_read(reader, lexer->tokens[0].at, lexer->tokens[0].len, lexer->tokens[0].line))
			return ZT_OK;
		at = 1;
	} else if (source->owner_state != OWNER_KNOWN) {
		if (source->owner_state == OWNER_NONE)
			entry_error(reader, lexer->entry_line, "the first record has no owner name; expected one at the start of the line");
		source->owner_state = OWNER_BROKEN;
		return ZT_OK;
	}
	return head_read(reader, lexer, &at, &head) ? record_finish(reader, lexer, at, &head) : ZT_OK;
}

/* ---- directives --------------------------------------------------------------------------------------------------------- */

static int source_read(struct reader *reader, int fd);
static int file_open(struct reader *reader, struct source *source, int *fd);

static bool count_is(struct reader *reader, size_t min, size_t max, const char *usage)
{
	const struct lexer *lexer = &reader->source->lexer;
	if (lexer->count >= min && lexer->count <= max)
		return true;
	entry_error(reader, lexer->entry_line, "%.*s with %zu argument%s; expected %s", shown_len(&lexer->tokens[0]), lexer->tokens[0].at,
		    lexer->count - 1, lexer->count == 2 ? "" : "s", usage);
	return false;
}

static bool name_token_read(struct reader *reader, const struct token *token, uint8_t out[NAME_MAX_LEN])
{
	if (name_from_chars(out, token->at, token->len, reader->source->origin) == ZT_OK)
		return true;
	token_error(reader, token, "is no domain name; expected labels of at most 63 bytes separated by single dots");
	return false;
}

static int ttl_directive(struct reader *reader)
{
	const struct token *token = &reader->source->lexer.tokens[1];
	uint32_t ttl;

	if (!count_is(reader, 2, 2, "$TTL SECONDS"))
		return ZT_OK;
	if (!token_period(token, TTL_MAX, &ttl)) {
		token_error(reader, token, "is no TTL; expected 0 to 2147483647 seconds, or units as in 1h30m");
		return ZT_OK;
	}
	reader->default_ttl = ttl;
	reader->has_default_ttl = true;
	return ZT_OK;
}

static int origin_directive(struct reader *reader)
{
	uint8_t origin[NAME_MAX_LEN];

	if (count_is(reader, 2, 2, "$ORIGIN NAME") && name_token_read(reader, &reader->source->lexer.tokens[1], origin))
		name_copy(reader->source->origin, origin);
	return ZT_OK;
}

/* The path as the including file means it. */
static bool include_path(struct reader *reader, const struct token *token, char path[PATH_MAX])
{
	const char *from = reader->source->name;
	const char *slash = strrchr(from, '/');
	int folder_len = slash && token->len > 0 && token->at[0] != '/' ? (int)(slash - from) + 1 : 0;

	if (token->len == 0 || (size_t)folder_len + token->len >= PATH_MAX) {
		token_error(reader, token, "is no file name; expected a path, relative to the folder of this file");
		return false;
	}
	snprintf(path, PATH_MAX, "%.*s%.*s", folder_len, from, (int)token->len, token->at);
	return true;
}

static bool is_open_already(const struct source *source)
{
	for (const struct source *parent = source->parent; parent; parent = parent->parent) {
		if (parent->device == source->device && parent->inode == source->inode)
			return true;
	}
	return false;
}

static int include_file(struct reader *reader, struct source *child)
{
	const struct token *file = &reader->source->lexer.tokens[1];
	int fd;

	int status = file_open(reader, child, &fd);
	if (status != ZT_OK) {
		entry_error(reader, file->line, "cannot include '%s': %s", child->name, status_text(status));
		return ZT_OK;
	}
	if (is_open_already(child)) {
		entry_error(reader, file->line, "'%s' includes itself; expected another file", child->name);
		close(fd);
		return ZT_OK;
	}
	reader->source = child;
	reader->depth++;
	status = source_read(reader, fd);
	reader->depth--;
	reader->source = child->parent;
	close(fd);
	return status;
}

static int include_directive(struct reader *reader)
{
	struct source *parent = reader->source;
	const struct lexer *lexer = &parent->lexer;
	char path[PATH_MAX];

	if (!count_is(reader, 2, 3, "$INCLUDE FILE [ORIGIN]") || !include_path(reader, &lexer->tokens[1], path))
		return ZT_OK;
	if (!parent->is_file || reader->depth == ZONEFILE_INCLUDE_DEPTH) {
		entry_error(reader, lexer->entry_line, "$INCLUDE %s",
			    parent->is_file ? "nested deeper than 16 files" : "is not allowed here; expected the records themselves");
		return ZT_OK;
	}
	struct source *child = calloc(1, sizeof(*child));
	if (!child)
		return ZT_ENOMEM;
	child->name = path;
	child->parent = parent;
	child->owner_state = parent->owner_state;
	name_copy(child->origin, parent->origin);
	if (parent->owner_state == OWNER_KNOWN)
		name_copy(child->owner, parent->owner);
	int status = ZT_OK;
	if (lexer->count == 2 || name_token_read(reader, &lexer->tokens[2], child->origin))
		status = include_file(reader, child);
	free(child);
	return status;
}

/* The rdata template: BIND takes one token, and looks into it when it is quoted; several tokens are taken as they stand. */
static int template_join(const struct lexer *lexer, size_t at, struct buf *out)
{
	bool is_single = at + 1 == lexer->count;

	buf_clear(out);
	for (size_t i = at; i < lexer->count; i++) {
		bool has_quotes = lexer->tokens[i].quoted && !is_single;
		buf_add(out, has_quotes ? " \"" : " ", has_quotes ? 2 : 1);
		buf_add(out, lexer->tokens[i].at, lexer->tokens[i].len);
		if (has_quotes)
			buf_add_u8(out, '"');
	}
	return out->status;
}

/* One number's record. *is_good becomes false where the templates cannot make one. */
static int generate_record(struct reader *reader, const struct buf *template, const struct record_head *head, uint32_t number, bool *is_good)
{
	const struct lexer *lexer = &reader->source->lexer;
	const struct token *owner = &lexer->tokens[2];
	unsigned errors = reader->report->error_count;

	buf_clear(&reader->owner_text);
	buf_clear(&reader->rdata_text);
	int status = generate_expand(owner->at, owner->len, number, &reader->owner_text);
	if (status == ZT_OK)
		status = generate_expand((const char *)template->data, template->len, number, &reader->rdata_text);
	if (status == ZT_ESYNTAX) {
		entry_error(reader, lexer->entry_line, "$GENERATE at %u: bad ${} or a number out of range; "
			    "expected ${OFFSET[,WIDTH[,BASE]]} with base d, o, x, X, n or N and a result of 0 to 2147483647", number);
		*is_good = false;
		return ZT_OK;
	}
	if (status != ZT_OK)
		return status;
	if (owner_read(reader, (const char *)reader->owner_text.data, reader->owner_text.len, lexer->entry_line)) {
		struct lexer *line = &reader->line_lexer;
		line->line = lexer->entry_line;
		lexer_set_text(line, (const char *)reader->rdata_text.data, reader->rdata_text.len, true);
		status = lexer_next(line);
		if (status == ZT_OK)
			status = record_finish(reader, line, 0, head);
		else if (status != ZT_ENOMEM)
			entry_error(reader, lexer->entry_line, "$GENERATE at %u: the data cannot be read; expected one line", number);
	}
	*is_good = reader->report->error_count == errors;
	return status == ZT_ESYNTAX || status == ZT_EDONE ? ZT_OK : status;
}

static int generate_directive(struct reader *reader)
{
	const struct lexer *lexer = &reader->source->lexer;
	struct generate_range range;
	struct record_head head;
	size_t at = 3;

	if (!count_is(reader, 5, SIZE_MAX, "$GENERATE START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE DATA"))
		return ZT_OK;
	if (!generate_range_read(&lexer->tokens[1], &range) || range.count > ZONEFILE_GENERATE_MAX) {
		token_error(reader, &lexer->tokens[1], "is no range; expected START-STOP[/STEP] of at most 1048576 numbers up to 2147483647");
		return ZT_OK;
	}
	if (!head_read(reader, lexer, &at, &head))
		return ZT_OK;
	struct buf template;
	buf_init(&template);
	int status = template_join(lexer, at, &template);
	bool is_good = status == ZT_OK && template.len <= TEMPLATE_MAX && lexer->tokens[2].len <= TEMPLATE_MAX;
	if (status == ZT_OK && !is_good)
		entry_error(reader, lexer->entry_line, "a template of $GENERATE is longer than %d bytes", TEMPLATE_MAX);
	for (uint32_t i = 0; status == ZT_OK && is_good && i < range.count; i++)
		status = generate_record(reader, &template, &head, range.start + i * range.step, &is_good);
	buf_fini(&template);
	return status;
}

static int directive_entry(struct reader *reader)
{
	const struct token *token = &reader->source->lexer.tokens[0];

	if (token_is(token, "$TTL"))
		return ttl_directive(reader);
	if (token_is(token, "$ORIGIN"))
		return origin_directive(reader);
	if (token_is(token, "$INCLUDE"))
		return include_directive(reader);
	if (token_is(token, "$GENERATE"))
		return generate_directive(reader);
	token_error(reader, token, "is no directive; expected $TTL, $ORIGIN, $INCLUDE or $GENERATE (or \\$ where a name begins with $)");
	return ZT_OK;
}

/* ---- sources ------------------------------------------------------------------------------------------------------------ */

/* Reads entries as far as the text given goes. */
static int entries_read(struct reader *reader)
{
	struct lexer *lexer = &reader->source->lexer;

	while (reader->report->error_count < ZONEFILE_ERRORS_MAX) {
		int status = lexer_next(lexer);
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
		status = is_directive ? directive_entry(reader) : record_entry(reader);
		if (status != ZT_OK)
			return status;
	}
	return ZT_EDONE;
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
		lexer_set_text(lexer, start, window->len - (size_t)(start - window->data), window->is_last);
		status = entries_read(reader);
		if (status != ZT_OK || window->is_last)
			return status;
		status = window_slide(reader, window);
		if (status != ZT_OK)
			return status;
	}
}

/* Reads the open file of reader->source. ZT_EDONE: too many errors. */
static int source_read(struct reader *reader, int fd)
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
static int file_open(struct reader *reader, struct source *source, int *fd)
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

static struct reader *reader_new(const struct zonefile_sink *sink, struct zonefile_report *report)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	if (reader) {
		reader->sink = sink;
		reader->report = report;
		reader->rr_class = CLASS_IN;
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
	struct source source = { .name = path };
	int fd;

	if (!reader)
		return ZT_ENOMEM;
	name_copy(source.origin, origin);
	reader->source = &source;
	int status = file_open(reader, &source, &fd);
	if (status != ZT_OK) {
		entry_error(reader, 0, "cannot be opened: %s", status_text(status));
		return reader_finish(reader, status);
	}
	status = source_read(reader, fd);
	close(fd);
	return reader_finish(reader, status);
}

int zonefile_read_text(const struct zonefile_text *text, const uint8_t *origin, const struct zonefile_sink *sink,
		       struct zonefile_report *report)
{
	struct reader *reader = reader_new(sink, report);
	struct source source = { .name = text->name };

	if (!reader)
		return ZT_ENOMEM;
	name_copy(source.origin, origin);
	reader->source = &source;
	lexer_init(&source.lexer);
	lexer_set_text(&source.lexer, text->text, text->len, true);
	int status = entries_read(reader);
	lexer_fini(&source.lexer);
	return reader_finish(reader, status);
}
