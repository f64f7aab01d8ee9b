/* Fuzzes the message reader: read, iterate, decompress, write again, and read that to the same content. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/message.h"
#include "lib/dns/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t rewritten[MESSAGE_MAX_LEN];
static uint8_t rdata[RDATA_MAX_LEN], other_rdata[RDATA_MAX_LEN];

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool is_rewritable(uint16_t type)
{
	return type != TYPE_OPT && type != TYPE_TSIG;      /* bound to their places in a message */
}

/* Copies all that is sound; returns the length, 0 when it does not fit (decompressed rdata of newer types may need more room). */
static size_t rewrite(const struct message *message)
{
	struct message_writer writer;
	message_writer_init(&writer, rewritten, sizeof(rewritten), message->id, message->flags);
	if (message->qname_len > 0 && message_write_question(&writer, message->qname, message->qtype, message->qclass) != ZT_OK)
		return 0;
	for (int section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
		struct record_iter iter;
		struct record record;
		record_iter_init(&iter, message, (enum section)section);
		while (record_iter_next(&iter, &record)) {
			struct wcursor out = wcursor_over(rdata, sizeof(rdata));
			require(record.rdata_at + record.rdata_len <= message->len && name_is_valid(record.owner, record.owner_len));
			if (record_rdata(message, &record, &out) != ZT_OK || !is_rewritable(record.type))
				continue;
			require(rdata_is_valid(record.type, rdata, out.pos));
			struct record_out copy = { record.owner, record.type, record.rr_class, record.ttl, rdata, (uint16_t)out.pos, false };
			if (message_write_record(&writer, (enum section)section, &copy) != ZT_OK)
				return 0;
		}
	}
	return message_writer_finish(&writer);
}

/* The next record of the original that was written. */
static bool next_rewritable(struct record_iter *iter, const struct message *message, struct record *record, struct wcursor *out)
{
	while (record_iter_next(iter, record)) {
		*out = wcursor_over(rdata, sizeof(rdata));
		if (record_rdata(message, record, out) == ZT_OK && is_rewritable(record->type))
			return true;
	}
	return false;
}

static void compare(const struct message *message, const struct message *copy)
{
	for (int section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
		struct record_iter a_iter, b_iter;
		struct record a, b;
		struct wcursor a_out, b_out;
		record_iter_init(&a_iter, message, (enum section)section);
		record_iter_init(&b_iter, copy, (enum section)section);
		while (record_iter_next(&b_iter, &b)) {
			b_out = wcursor_over(other_rdata, sizeof(other_rdata));
			require(next_rewritable(&a_iter, message, &a, &a_out));
			require(record_rdata(copy, &b, &b_out) == ZT_OK);
			require(name_equal(a.owner, b.owner) && a.type == b.type && a.ttl == b.ttl && a.rr_class == b.rr_class);
			require(a_out.pos == b_out.pos && rdata_cmp(a.type, rdata, a_out.pos, other_rdata, b_out.pos) == 0);
		}
		require(!next_rewritable(&a_iter, message, &a, &a_out));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message, copy;

	if (size > MESSAGE_MAX_LEN || message_read(&message, data, size) != ZT_OK)
		return 0;
	if (message.edns.present) {
		size_t pos = 0;
		uint16_t code, len;
		const uint8_t *option;
		while (edns_option_next(&message.edns, &pos, &code, &option, &len))
			require(option + len <= data + size);
	}
	size_t len = rewrite(&message);
	if (len > 0) {
		require(message_read(&copy, rewritten, len) == ZT_OK);
		compare(&message, &copy);
	}
	return 0;
}
