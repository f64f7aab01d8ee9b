/* Zone files: reading master files (RFC 1035 section 5, RFC 2308 section 4, RFC 3597 section 5), loading them into an edit, writing them.
 *
 * The reader streams: it holds one block of the file and one entry, hands each record to a sink and goes on after an error, so that one
 * run names all mistakes. It knows $TTL, $ORIGIN, $INCLUDE (relative to the file that says it) and $GENERATE (BIND's syntax).
 * An omitted TTL is that of $TTL, else the last one stated, else the SOA's minimum.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/status.h"

struct zone_edit;
struct zone_version;

enum {
	ZONEFILE_ERRORS_MAX = 50,             /* reading stops after so many */
	ZONEFILE_WARNINGS_MAX = 20,           /* the texts kept; all are counted */
	ZONEFILE_ENTRY_MAX = 4 << 20,         /* bytes of one entry, its comments and parentheses included */
	ZONEFILE_INCLUDE_DEPTH = 16,
	ZONEFILE_GENERATE_MAX = 1 << 20,      /* records of one $GENERATE */
};

/* ---- what went wrong -------------------------------------------------------------------------------------------------- */

struct zonefile_message {
	bool is_error;
	char *text;                /* "FILE:LINE: what is wrong; what was expected" */
};

struct zonefile_report {
	struct zonefile_message messages[ZONEFILE_ERRORS_MAX + ZONEFILE_WARNINGS_MAX + 1];
	unsigned message_count;
	unsigned error_count;
	unsigned warning_count;
	size_t record_count;       /* records read */
	struct buf sources;        /* every file that was opened, as it was then; see zonefile_sources_are_current */
};

void zonefile_report_init(struct zonefile_report *report);
void zonefile_report_fini(struct zonefile_report *report);
/* Adds a finding; line 0 means the file as a whole. */
void zonefile_error(struct zonefile_report *report, const char *file, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void zonefile_warning(struct zonefile_report *report, const char *file, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

/* One record; all is borrowed until the sink returns. */
struct zonefile_record {
	const uint8_t *owner;
	uint16_t type;
	uint16_t rr_class;
	uint32_t ttl;
	const uint8_t *rdata;      /* valid uncompressed wire form */
	uint16_t rdata_len;
	const char *file;
	uint32_t line;
	uint8_t owner_len;
	bool is_same_owner;        /* the owner is that of the record before, since the line left it out; false says nothing */
};

struct zonefile_sink {
	/* ZT_OK goes on; anything else ends the reading and is what the reader returns. */
	int (*on_record)(void *arg, const struct zonefile_record *record);
	void *arg;
};

/* `origin`: the initial $ORIGIN. ZT_OK; ZT_ESYNTAX when the report got an error; ZT_ENOMEM; ZT_EIO and the like when the file cannot be read
 * (also in the report); or what the sink returned. */
int zonefile_read(const char *path, const uint8_t *origin, const struct zonefile_sink *sink, struct zonefile_report *report) ZT_MUST_CHECK;

struct zonefile_text {
	const char *name;          /* what messages call it */
	const char *text;
	size_t len;
};

/* The same from memory; $INCLUDE is an error there. */
int zonefile_read_text(const struct zonefile_text *text, const uint8_t *origin, const struct zonefile_sink *sink,
		       struct zonefile_report *report) ZT_MUST_CHECK;
/* The same with every line read by the lexer. The outcome is the same, and later; tests hold the quick way against it. */
int zonefile_read_text_thoroughly(const struct zonefile_text *text, const uint8_t *origin, const struct zonefile_sink *sink,
				  struct zonefile_report *report) ZT_MUST_CHECK;

/* ---- the files themselves ------------------------------------------------------------------------------------------------ */

struct stat;

/* Adds a file as fstat saw it; for the reader. */
void zonefile_source_add(struct buf *sources, const char *path, const struct stat *info);
/* Whether `path` was the file read, and each file still is the one that was read: same inode, size and times. */
bool zonefile_sources_are_current(const char *path, const uint8_t *sources, size_t len);
typedef int zonefile_on_source(void *ctx, const char *path);
/* Each file's path, the zone file's own first. A status other than ZT_OK from the callback ends the walk and is returned. */
int zonefile_sources_each(const uint8_t *sources, size_t len, zonefile_on_source *on_source, void *ctx) ZT_MUST_CHECK;
/* The latest time of change among them, nanoseconds since 1970. A file read that soon after can change unseen, within the grain of its times. */
int64_t zonefile_sources_newest_ns(const uint8_t *sources, size_t len);

/* ---- zones -------------------------------------------------------------------------------------------------------------- */

/* Makes the file's records the content of an edit that shows what is current (touching only what differs, replace.h), then checks what the edit shows against the rules of the DNS (lib/zone/check.h). Errors: records outside
 * the zone, a class other than IN, broken rules. Warnings: duplicates (dropped), a TTL that differs from its RRset's (the first one stays).
 * ZT_OK; ZT_ESYNTAX or ZT_EZONE when the report has errors: abort the edit then; otherwise as zonefile_read. */
int zonefile_load(const char *path, const uint8_t *apex, struct zone_edit *edit, struct zonefile_report *report) ZT_MUST_CHECK;

/* One record a line, all names absolute; the apex with its SOA first, then the names in canonical order. ZT_EIO or ZT_ENOSPC. */
int zonefile_write(const struct zone_version *version, FILE *out) ZT_MUST_CHECK;
