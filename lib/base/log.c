/* Leveled logging. */
#include "lib/base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"

enum { LINE_MAX_LEN = 2048 };

static const char *const level_names[] = { "error", "warning", "notice", "info", "debug" };

void log_init(struct log *log, int fd, const char *program)
{
	*log = (struct log){ .fd = fd, .level = LOG_LEVEL_INFO, .program = program, .clock = clock_system() };
}

bool log_level_from_text(const char *text, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void timestamp(const struct log *log, char *out, size_t size)
{
	usec_t wall = clock_wall(log->clock);
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;
	char day[32];

	gmtime_r(&seconds, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, size, "%s.%03dZ", day, (int)(wall % USEC_PER_SEC / USEC_PER_MSEC));
}

/* Copies `text` with what JSON forbids in a string escaped; stops when `size` is nearly used. */
static size_t json_escape(char *out, size_t size, const char *text)
{
	size_t len = 0;
	for (const char *p = text; *p && len + 8 < size; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\') {
			out[len++] = '\\';
			out[len++] = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			len += (size_t)snprintf(out + len, size - len, "\\u%04x", c);
		} else {
			out[len++] = (char)c;
		}
	}
	out[len] = '\0';
	return len;
}

/* Control characters in foreign text must not forge lines or drive a terminal. */
static void neutralise(char *text)
{
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
	if (log->fd < 0 || level > log->level)
		return;

	char message[LINE_MAX_LEN / 2];
	char line[LINE_MAX_LEN];
	char when[48];
	va_list args;
	int len;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	timestamp(log, when, sizeof(when));
	if (log->json) {
		char escaped[LINE_MAX_LEN - 256];
		json_escape(escaped, sizeof(escaped), message);
		len = snprintf(line, sizeof(line), "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"message\":\"%s\"}\n",
			       when, level_names[level], log->program, escaped);
	} else {
		neutralise(message);
		len = snprintf(line, sizeof(line), "%s %s %s: %s\n", when, log->program, level_names[level], message);
	}
	if (len >= (int)sizeof(line)) {
		len = (int)sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	/* A log that can't be written has nowhere to be reported. */
	ssize_t written = write(log->fd, line, (size_t)len);
	(void)written;
}

bool log_limit_passes(struct log_limit *limit, const struct log *log)
{
	usec_t now = clock_now(log->clock);

	if (limit->count == 0 || now - limit->since >= LOG_LIMIT_SECONDS * USEC_PER_SEC) {
		if (limit->left_out > 0)
			log_notice(log, "%u more lines like the next one were left out", limit->left_out);
		*limit = (struct log_limit){ .since = now };
	}
	if (limit->count == LOG_LIMIT_LINES) {
		limit->left_out++;
		return false;
	}
	limit->count++;
	return true;
}
