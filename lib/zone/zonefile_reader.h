/* What the parts of the zone-file reader share: zonefile.c (sources), zonefile_quick.c (plain lines), zonefile_record.c (records),
 * zonefile_directive.c ($ lines).
 *
 * One struct reader lives through a whole read; one struct source per open file (a chain through $INCLUDE). Sources keep origin and last
 * owner, so that an included file cannot change its parent's; TTL and class defaults run on through all files, as in BIND.
 *
 * Functions that return int give ZT_OK also after a fault of the file, which is in the report then.
 */
#pragma once

#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/dns/present.h"
#include "lib/zone/zonefile.h"

enum { ZONEFILE_TTL_MAX = 0x7fffffff };              /* RFC 2181 section 8 */

enum owner_state { OWNER_NONE, OWNER_KNOWN, OWNER_BROKEN };

struct source {
	const char *name;
	struct source *parent;             /* the file that includes this one */
	bool is_file;
	dev_t device;
	ino_t inode;
	struct lexer lexer;
	const char *last_newline;          /* of the lexer's text; NULL: none. Lines up to it may be read the quick way */
	enum owner_state owner_state;
	uint8_t origin[NAME_MAX_LEN];
	size_t origin_len;
	uint8_t *owner;                    /* of the last record: one of `owners`, the other is for the next */
	size_t owner_len;
	uint8_t owners[2][NAME_MAX_LEN];
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
	bool is_thorough;                  /* no line is read the quick way */
	bool is_owner_new;                 /* since the last record was handed over */
	uint64_t type_word;                /* the text of the last type that was read the quick way; 0: none yet */
	const struct rr_descriptor *type;
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

/* Reports a fault of the source being read. */
#define entry_error(reader, line, ...) zonefile_error((reader)->report, (reader)->source->name, (line), __VA_ARGS__)

/* 'TOKEN' what */
void reader_token_error(struct reader *reader, const struct token *token, const char *what);

/* The latest entry of the source. */
int reader_record_entry(struct reader *reader) ZT_MUST_CHECK;
int reader_directive_entry(struct reader *reader) ZT_MUST_CHECK;

/* TTL and class in either order, then the type; *at ends behind it. False: reported. */
bool reader_head(struct reader *reader, const struct lexer *lexer, size_t *at, struct record_head *head);
/* The record's owner from its text; a broken one also breaks the lines that leave theirs out. False: reported. */
bool reader_owner(struct reader *reader, const char *text, size_t len, uint32_t line);
/* Reads plain lines as far as they go in the lexer's text, which then stands at one that is not plain, or has no newline. */
int reader_quick_lines(struct reader *reader) ZT_MUST_CHECK;

void source_set_origin(struct source *source, const uint8_t *origin);
/* The place for the next owner. */
uint8_t *source_next_owner(struct source *source);
/* Makes what was written there the owner. */
void reader_set_owner(struct reader *reader, size_t len);
/* Hands the record over whose rdata is in reader->rdata. */
int reader_deliver(struct reader *reader, const struct record_head *head, size_t rdata_len, uint32_t line) ZT_MUST_CHECK;
/* Reads the rdata of the tokens from `at` on and hands the record to the sink. */
int reader_record_finish(struct reader *reader, const struct lexer *lexer, size_t at, const struct record_head *head) ZT_MUST_CHECK;

/* Opens source->name; a failure is not reported yet. */
int reader_file_open(struct reader *reader, struct source *source, int *fd) ZT_MUST_CHECK;
/* Reads the open file of reader->source. ZT_EDONE: too many errors. */
int reader_source_read(struct reader *reader, int fd) ZT_MUST_CHECK;
