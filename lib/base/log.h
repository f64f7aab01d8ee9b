/* Leveled logging to a file descriptor, as text or as JSON lines.
 *
 * A line is formatted in memory and written by one write(2), so lines of several threads never mix.
 * A message says what happened, to what, and what the operator can do: log_warn(log, "zone example.: primary 127.0.0.1@53 refused IXFR; trying AXFR").
 * Never on the query path.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct clock;

struct log {
	int fd;                      /* -1: drop everything */
	enum log_level level;        /* the least important level that is still written */
	bool json;
	const char *program;         /* borrowed */
	const struct clock *clock;   /* for the time stamp */
};

void log_init(struct log *log, int fd, const char *program);
/* "error", "warning", "notice", "info" or "debug"; false for anything else. */
bool log_level_from_text(const char *text, enum log_level *level);

/* A bound for lines that other people's doings cause, so that nobody fills the disk with them: some in each ten seconds, and then one that tells how many
 * were left out. Zeroed at first; one thread. */
struct log_limit {
	int64_t since;               /* monotonic microseconds */
	unsigned count;
	unsigned left_out;
};

enum { LOG_LIMIT_LINES = 50, LOG_LIMIT_SECONDS = 10 };

/* Whether one more line may be written. */
bool log_limit_passes(struct log_limit *limit, const struct log *log);

void log_write(const struct log *log, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(log, ...)  log_write((log), LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(log, ...)   log_write((log), LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(log, ...) log_write((log), LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(log, ...)   log_write((log), LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(log, ...)  log_write((log), LOG_LEVEL_DEBUG, __VA_ARGS__)
