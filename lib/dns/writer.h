/* Writing DNS messages into a caller's buffer, with name compression (RFC 1035 section 4.1.4, RFC 3597 section 4).
 *
 * Records are appended whole or not at all: ZT_ESPACE leaves the message as it was before the call, so the caller can truncate at an RRset
 * by message_writer_mark / _rollback, set FLAG_TC and finish. Nothing is allocated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cursor.h"
#include "lib/dns/message.h"

enum { COMPRESSION_SLOTS = 128 };

/* Places where a name suffix stands in the message, with a hash so that most comparisons need not touch it. */
struct compression_slot {
	uint16_t offset;
	uint16_t hash;
};

/* Many more places, found at once: for messages of very many names. The first to take a slot keeps it, so that what all names share stays. */
enum { COMPRESSION_TABLE_SIZE = 2048, COMPRESSION_BY_TABLE = UINT16_MAX };

struct compression_table {
	size_t end;                                                 /* of the last name written */
	struct compression_slot slots[COMPRESSION_TABLE_SIZE];      /* offset 0: free */
};

struct message_writer {
	struct wcursor cur;
	uint16_t count[4];
	uint16_t slot_count;       /* COMPRESSION_BY_TABLE: a table takes the place of the slots */
	uint16_t owner_at;         /* where the last record's owner stands; 0: not known */
	uint16_t question_len;     /* of the first question's name, 0: none yet */
	bool keep_case;
	bool question_is_noted;    /* its suffixes are among the slots */
	const uint8_t *question;   /* what it was written from; only to know it again */
	union {
		struct compression_slot slots[COMPRESSION_SLOTS];
		struct compression_table *table;
	};
};

struct message_mark {
	size_t pos;
	uint16_t count[4];
	uint16_t slot_count;
};

/* `size`: the most bytes the message may have (at least MESSAGE_HEADER_LEN). */
void message_writer_init(struct message_writer *writer, void *out, size_t size, uint16_t id, uint16_t flags);
/* Replaces the flags word; allowed at any time. */
void message_writer_set_flags(struct message_writer *writer, uint16_t flags);
/* From now on names are only shortened to names of the same letter case, so that a reader gets every name as it was (transfers,
 * RFC 5936 section 3.4). */
void message_writer_keep_case(struct message_writer *writer);
/* Notes names in a table, which is emptied; before anything is written. Borrowed until the message is finished. */
void message_writer_use(struct message_writer *writer, struct compression_table *table);
/* Lowers or raises the size limit, for example to keep room for OPT and TSIG. */
void message_writer_limit(struct message_writer *writer, size_t size);

int message_write_question(struct message_writer *writer, const uint8_t *name, uint16_t type, uint16_t rr_class) ZT_MUST_CHECK;

/* One record to write; all borrowed. rdata is uncompressed and valid. */
struct record_out {
	const uint8_t *owner;
	uint16_t type;
	uint16_t rr_class;
	uint32_t ttl;
	const uint8_t *rdata;
	uint16_t rdata_len;
	bool has_same_owner;       /* as the record written just before, so that nobody need compare them */
};

int message_write_record(struct message_writer *writer, enum section section, const struct record_out *record) ZT_MUST_CHECK;

/* The OPT record we send; options are ready-made bytes (code, length, data, …). extended_rcode takes the full rcode's upper bits. */
struct edns_out {
	uint16_t udp_size;
	unsigned rcode;            /* full; the header's lower four bits are set too */
	uint16_t flags;
	const uint8_t *options;
	uint16_t options_len;
};

int message_write_edns(struct message_writer *writer, const struct edns_out *edns) ZT_MUST_CHECK;

struct message_mark message_writer_mark(const struct message_writer *writer);
void message_writer_rollback(struct message_writer *writer, const struct message_mark *mark);

/* Writes the counts; returns the message's length. The writer may go on afterwards and finish again. */
size_t message_writer_finish(struct message_writer *writer);
