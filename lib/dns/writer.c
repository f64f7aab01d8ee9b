/* Writing DNS messages. */
#include "lib/dns/writer.h"

#include <assert.h>
#include <string.h>

enum { POINTER_MAX = 0x3fff };

void message_writer_init(struct message_writer *writer, void *out, size_t size, uint16_t id, uint16_t flags)
{
	assert(size >= MESSAGE_HEADER_LEN);
	writer->cur = wcursor_over(out, size > MESSAGE_MAX_LEN ? MESSAGE_MAX_LEN : size);
	memset(writer->count, 0, sizeof(writer->count));
	writer->slot_count = 0;
	writer->keep_case = false;
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
	memcpy(writer->count, mark->count, sizeof(mark->count));
}

size_t message_writer_finish(struct message_writer *writer)
{
	for (int i = 0; i < 4; i++)
		wire_put_u16(writer->cur.base + 4 + 2 * i, writer->count[i]);
	return writer->cur.pos;
}

/* Whether the (possibly compressed) name at `offset` of our own message equals `name`, case folded unless case is kept. */
static bool suffix_matches(const struct message_writer *writer, size_t offset, const uint8_t *name)
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

/* Writes a name, as short as earlier names allow. */
static void write_compressed(struct message_writer *writer, const uint8_t *name)
{
	uint8_t starts[NAME_MAX_LABELS];
	uint16_t hashes[NAME_MAX_LABELS];
	unsigned count = 0, written = 0;

	for (const uint8_t *p = name; *p; p += *p + 1)
		starts[count++] = (uint8_t)(p - name);
	/* Hash of each suffix, from the root leftwards. */
	uint32_t hash = 0;
	for (unsigned i = count; i-- > 0;) {
		const uint8_t *label = name + starts[i];
		for (unsigned j = 0; j <= *label; j++)
			hash = hash * 31 + name_fold(label[j]);
		hashes[i] = (uint16_t)(hash ^ hash >> 16);
	}
	uint16_t pointer = 0;
	for (written = 0; written < count && pointer == 0; written++) {
		for (unsigned slot = 0; slot < writer->slot_count; slot++) {
			if (writer->slots[slot].hash == hashes[written] &&
			    suffix_matches(writer, writer->slots[slot].offset, name + starts[written])) {
				pointer = writer->slots[slot].offset;
				break;
			}
		}
		if (pointer)
			break;
	}
	size_t plain_len = written < count ? starts[written] : name_len(name) - 1;
	size_t at = writer->cur.pos;
	wcursor_put(&writer->cur, name, plain_len);
	if (pointer)
		wcursor_u16(&writer->cur, (uint16_t)(0xc000 | pointer));
	else
		wcursor_u8(&writer->cur, 0);
	if (writer->cur.status != ZT_OK)
		return;
	for (unsigned i = 0; i < written && writer->slot_count < COMPRESSION_SLOTS && at + starts[i] <= POINTER_MAX; i++)
		writer->slots[writer->slot_count++] = (struct compression_slot){ (uint16_t)(at + starts[i]), hashes[i] };
}

int message_write_question(struct message_writer *writer, const uint8_t *name, uint16_t type, uint16_t rr_class)
{
	struct message_mark mark = message_writer_mark(writer);
	write_compressed(writer, name);
	wcursor_u16(&writer->cur, type);
	wcursor_u16(&writer->cur, rr_class);
	if (writer->cur.status != ZT_OK) {
		message_writer_rollback(writer, &mark);
		return ZT_ESPACE;
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

	write_compressed(writer, record->owner);
	wcursor_u16(&writer->cur, record->type);
	wcursor_u16(&writer->cur, record->rr_class);
	wcursor_u32(&writer->cur, record->ttl);
	size_t len_at = writer->cur.pos;
	wcursor_u16(&writer->cur, 0);
	write_rdata(writer, record);
	if (writer->cur.status != ZT_OK || writer->count[section] == UINT16_MAX) {
		message_writer_rollback(writer, &mark);
		return ZT_ESPACE;
	}
	wire_put_u16(writer->cur.base + len_at, (uint16_t)(writer->cur.pos - len_at - 2));
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
