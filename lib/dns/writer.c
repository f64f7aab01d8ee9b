/* Writing DNS messages. */
#include "lib/dns/writer.h"

#include <assert.h>
#include <string.h>

enum {
	POINTER_MAX = 0x3fff,
	RECORD_HEAD_LEN = 10,      /* type, class, TTL, length */
};

void message_writer_init(struct message_writer *writer, void *out, size_t size, uint16_t id, uint16_t flags)
{
	assert(size >= MESSAGE_HEADER_LEN);
	writer->cur = wcursor_over(out, size > MESSAGE_MAX_LEN ? MESSAGE_MAX_LEN : size);
	memset(writer->count, 0, sizeof(writer->count));
	writer->slot_count = 0;
	writer->owner_at = 0;
	writer->keep_case = false;
	writer->question_is_noted = true;
	writer->question = NULL;
	writer->question_len = 0;
	wcursor_u16(&writer->cur, id);
	wcursor_u16(&writer->cur, flags);
	wcursor_u64(&writer->cur, 0);
}

void message_writer_set_flags(struct message_writer *writer, uint16_t flags)
{
	wire_put_u16(writer->cur.base + 2, flags);
}

void message_writer_keep_case(struct message_writer *writer)
{
	writer->keep_case = true;
}

void message_writer_use(struct message_writer *writer, struct compression_table *table)
{
	memset(table, 0, sizeof(*table));
	writer->slot_count = COMPRESSION_BY_TABLE;
	writer->table = table;
}

void message_writer_limit(struct message_writer *writer, size_t size)
{
	writer->cur.len = size;
}

struct message_mark message_writer_mark(const struct message_writer *writer)
{
	struct message_mark mark = { .pos = writer->cur.pos, .slot_count = writer->slot_count };
	memcpy(mark.count, writer->count, sizeof(mark.count));
	return mark;
}

void message_writer_rollback(struct message_writer *writer, const struct message_mark *mark)
{
	writer->cur.pos = mark->pos;
	writer->cur.status = ZT_OK;
	writer->slot_count = mark->slot_count;
	writer->owner_at = 0;
	if (mark->slot_count == 0)      /* the question's were the first */
		writer->question_is_noted = writer->question_len == 0;
	memcpy(writer->count, mark->count, sizeof(mark->count));
}

size_t message_writer_finish(struct message_writer *writer)
{
	for (int i = 0; i < 4; i++)
		wire_put_u16(writer->cur.base + 4 + 2 * i, writer->count[i]);
	return writer->cur.pos;
}

/* Whether the (possibly compressed) name at `offset` of our own message equals `name`, case folded unless case is kept. */
static inline __attribute__((always_inline)) bool suffix_matches(const struct message_writer *writer, size_t offset, const uint8_t *name)
{
	const uint8_t *message = writer->cur.base;

	for (;;) {
		while (message[offset] >= 0xc0)
			offset = (size_t)(message[offset] & 0x3f) << 8 | message[offset + 1];
		if (message[offset] != *name)
			return false;
		if (*name == 0)
			return true;
		for (unsigned i = 1; i <= *name; i++) {
			if (message[offset + i] != name[i] && (writer->keep_case || name_fold(message[offset + i]) != name_fold(name[i])))
				return false;
		}
		offset += (size_t)*name + 1;
		name += *name + 1;
	}
}

/* Eight bytes of a name, letter case gone (and other bytes mixed up, which a hash may). */
static uint64_t folded_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word | UINT64_C(0x2020202020202020);
}

/* A hash of the suffix that begins with `label` and has `len` bytes: equal suffixes have equal ones, and labels of hosts that are numbered differ. */
static uint16_t suffix_hash(const uint8_t *label, size_t len)
{
	uint64_t head = 0, tail = 0;

	if (len >= 8) {
		head = folded_word(label);
		if (*label >= 7)
			tail = folded_word(label + *label - 7);
	} else {
		for (size_t i = 0; i < len; i++)
			head = head << 8 | name_fold(label[i]);
	}
	return (uint16_t)((head * UINT64_C(0x9e3779b97f4a7c15) ^ tail * UINT64_C(0xd6e8feb86659fd93) ^ len * UINT64_C(0xff51afd7ed558ccd)) >> 48);
}

static struct compression_slot *table_slot(struct compression_table *table, uint16_t hash)
{
	return &table->slots[hash % COMPRESSION_TABLE_SIZE];
}

static uint16_t table_find(const struct message_writer *writer, const uint8_t *suffix, uint16_t hash)
{
	const struct compression_slot *slot = table_slot(writer->table, hash);
	return slot->offset && slot->hash == hash && suffix_matches(writer, slot->offset, suffix) ? slot->offset : 0;
}

static void table_note(struct message_writer *writer, size_t offset, uint16_t hash)
{
	struct compression_slot *slot = table_slot(writer->table, hash);

	if (offset <= POINTER_MAX && !slot->offset)
		*slot = (struct compression_slot){ (uint16_t)offset, hash };
}

/* Where a suffix stands already, 0 if nowhere. */
static uint16_t suffix_find(const struct message_writer *writer, const uint8_t *suffix, uint16_t hash)
{
	for (unsigned i = 0; i < writer->slot_count; i++) {
		if (writer->slots[i].hash == hash && suffix_matches(writer, writer->slots[i].offset, suffix))
			return writer->slots[i].offset;
	}
	return 0;
}

static void suffix_note(struct message_writer *writer, size_t offset, uint16_t hash)
{
	if (writer->slot_count < COMPRESSION_SLOTS && offset <= POINTER_MAX)
		writer->slots[writer->slot_count++] = (struct compression_slot){ (uint16_t)offset, hash };
}

/* The question's name is compressed to, but most answers need no more of it than its whole: so its suffixes are noted when another name comes. */
static inline void question_note(struct message_writer *writer, bool with_table)
{
	const uint8_t *name = writer->cur.base + MESSAGE_HEADER_LEN;
	size_t len = writer->question_len;

	writer->question_is_noted = true;
	for (const uint8_t *p = name; *p; p += *p + 1)
		(with_table ? table_note : suffix_note)(writer, MESSAGE_HEADER_LEN + (size_t)(p - name), suffix_hash(p, len - (size_t)(p - name)));
}

/* Writes a name, as short as earlier names allow. Returns where it stands (for a pointer: where it points), 0 where that is of no use. With and without a table it is
 * two functions in the end: answers to queries don't pay for that of transfers. */
static inline __attribute__((always_inline)) uint16_t compress(struct message_writer *writer, const uint8_t *name, bool with_table)
{
	uint16_t hashes[NAME_MAX_LABELS];
	const uint8_t *p = name;
	size_t len = name_len(name), at = writer->cur.pos;
	uint16_t pointer = 0;
	unsigned count = 0;

	if (!writer->question_is_noted)
		question_note(writer, with_table);
	for (; *p; p += *p + 1) {
		hashes[count] = suffix_hash(p, len - (size_t)(p - name));
		pointer = with_table ? table_find(writer, p, hashes[count]) : suffix_find(writer, p, hashes[count]);
		if (pointer)
			break;
		count++;
	}
	wcursor_put(&writer->cur, name, (size_t)(p - name));
	if (pointer)
		wcursor_u16(&writer->cur, (uint16_t)(0xc000 | pointer));
	else
		wcursor_u8(&writer->cur, 0);
	if (writer->cur.status != ZT_OK)
		return 0;
	p = name;
	for (unsigned i = 0; i < count; i++, p += *p + 1)
		(with_table ? table_note : suffix_note)(writer, at + (size_t)(p - name), hashes[i]);
	if (count == 0)
		return pointer;
	return at <= POINTER_MAX ? (uint16_t)at : 0;
}

/* Forgets the names at `pos` and behind. */
static void table_cut(struct compression_table *table, size_t pos)
{
	for (size_t i = 0; i < COMPRESSION_TABLE_SIZE; i++)
		if (table->slots[i].offset >= pos)
			table->slots[i].offset = 0;
}

/* A rollback has been where the last name ended behind here. */
static __attribute__((noinline)) uint16_t write_by_table(struct message_writer *writer, const uint8_t *name)
{
	if (writer->cur.pos < writer->table->end)
		table_cut(writer->table, writer->cur.pos);
	uint16_t at = compress(writer, name, true);
	writer->table->end = writer->cur.pos;
	return at;
}

static uint16_t write_compressed(struct message_writer *writer, const uint8_t *name)
{
	return writer->slot_count == COMPRESSION_BY_TABLE ? write_by_table(writer, name) : compress(writer, name, false);
}

static bool is_question(const struct message_writer *writer, const uint8_t *name)
{
	return name == writer->question && memcmp(name, writer->cur.base + MESSAGE_HEADER_LEN, writer->question_len) == 0;
}

/* Records of one RRset share their owner, and often it is the question's name. */
static void write_owner(struct message_writer *writer, const struct record_out *record)
{
	if (!record->has_same_owner || writer->owner_at == 0) {
		if (!is_question(writer, record->owner)) {
			writer->owner_at = write_compressed(writer, record->owner);
			return;
		}
		writer->owner_at = MESSAGE_HEADER_LEN;
	}
	wcursor_u16(&writer->cur, (uint16_t)(0xc000 | writer->owner_at));
}

int message_write_question(struct message_writer *writer, const uint8_t *name, uint16_t type, uint16_t rr_class)
{
	struct message_mark mark = message_writer_mark(writer);
	bool is_first = writer->cur.pos == MESSAGE_HEADER_LEN;

	if (is_first)
		wcursor_put(&writer->cur, name, name_len(name));
	else
		write_compressed(writer, name);
	wcursor_u16(&writer->cur, type);
	wcursor_u16(&writer->cur, rr_class);
	if (writer->cur.status != ZT_OK) {
		message_writer_rollback(writer, &mark);
		return ZT_ESPACE;
	}
	if (is_first && *name) {
		writer->question = name;
		writer->question_len = (uint16_t)(writer->cur.pos - MESSAGE_HEADER_LEN - 4);
		writer->question_is_noted = false;
	}
	writer->count[SECTION_QUESTION]++;
	return ZT_OK;
}

static bool has_compressible_names(const struct rr_descriptor *row)
{
	/* The types with a 'c' field all begin with it, but MX, which has a preference before. */
	return row && (row->fields[0] == 'c' || (row->fields[0] == '2' && row->fields[1] == 'c'));
}

static void write_rdata(struct message_writer *writer, const struct record_out *record)
{
	const struct rr_descriptor *row = record->rdata_len > 0 ? rr_descriptor(record->type) : NULL;
	struct rdata_walk walk;
	struct rdata_field field;

	if (!has_compressible_names(row)) {
		wcursor_put(&writer->cur, record->rdata, record->rdata_len);
		return;
	}
	rdata_walk_init(&walk, record->type, record->rdata, record->rdata_len);
	while (rdata_walk_next(&walk, &field)) {
		if (field.code == 'c')
			write_compressed(writer, field.data);
		else
			wcursor_put(&writer->cur, field.data, field.len);
	}
}

int message_write_record(struct message_writer *writer, enum section section, const struct record_out *record)
{
	struct message_mark mark = message_writer_mark(writer);

	write_owner(writer, record);
	size_t head_at = writer->cur.pos;
	uint8_t *head = wcursor_room(&writer->cur, RECORD_HEAD_LEN);
	if (head) {
		wire_put_u16(head, record->type);
		wire_put_u16(head + 2, record->rr_class);
		wire_put_u32(head + 4, record->ttl);
		write_rdata(writer, record);
	}
	if (writer->cur.status != ZT_OK || writer->count[section] == UINT16_MAX) {
		message_writer_rollback(writer, &mark);
		return ZT_ESPACE;
	}
	wire_put_u16(head + 8, (uint16_t)(writer->cur.pos - head_at - RECORD_HEAD_LEN));
	writer->count[section]++;
	return ZT_OK;
}

int message_write_edns(struct message_writer *writer, const struct edns_out *edns)
{
	struct record_out opt = {
		.owner = name_root,
		.type = TYPE_OPT,
		.rr_class = edns->udp_size,
		.ttl = (uint32_t)(edns->rcode >> 4) << 24 | edns->flags,
		.rdata = edns->options,
		.rdata_len = edns->options_len,
	};
	int status = message_write_record(writer, SECTION_ADDITIONAL, &opt);
	if (status == ZT_OK) {
		uint16_t flags = wire_get_u16(writer->cur.base + 2);
		message_writer_set_flags(writer, (uint16_t)((flags & ~FLAG_RCODE_MASK) | (edns->rcode & FLAG_RCODE_MASK)));
	}
	return status;
}
