/* What an answer shows. */
#include "tools/zonelab/keeper/seen.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/dns/present.h"

enum { RDATA_ROOM = 4096, ZONEVERSION_SOA_SERIAL = 0, ZONEVERSION_LEN = 6 };

size_t seen_question_write(const struct seen_question *question, uint8_t out[SEEN_QUESTION_SIZE])
{
	static const uint8_t zoneversion[] = { 0, EDNS_ZONEVERSION, 0, 0 };
	struct message_writer writer;
	struct edns_out edns = { .udp_size = EDNS_UDP_SIZE };

	if (!question->recurse) {
		edns.options = zoneversion;
		edns.options_len = sizeof(zoneversion);
	}
	message_writer_init(&writer, out, SEEN_QUESTION_SIZE, question->id, question->recurse ? FLAG_RD : 0);
	if (message_write_question(&writer, question->name, question->type, CLASS_IN) != ZT_OK || message_write_edns(&writer, &edns) != ZT_OK)
		return 0;
	return message_writer_finish(&writer);
}

/* NULL when it is an answer. */
static const char *trouble_of(const struct message *message)
{
	unsigned rcode = message_rcode(message);

	if (rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN)
		return rcode_to_text(rcode);
	return message->flags & FLAG_TC ? "truncated" : NULL;
}

/* The SOA of a section. */
static bool soa_find(const struct message *message, enum section section, struct record *record, struct soa *soa)
{
	uint8_t rdata[RDATA_ROOM];
	struct record_iter iter;

	record_iter_init(&iter, message, section);
	while (record_iter_next(&iter, record)) {
		struct wcursor out = wcursor_over(rdata, sizeof(rdata));
		if (record->type == TYPE_SOA && record_rdata(message, record, &out) == ZT_OK && soa_from_rdata(soa, rdata, out.pos)) {
			soa->mname = soa->rname = NULL;      /* they would point into this function */
			return true;
		}
	}
	return false;
}

/* Label count, type of version, the version. Of a zone above or below it would not be this zone's. */
static bool zoneversion_find(const struct message *message, const uint8_t *apex, uint32_t *serial)
{
	const uint8_t *data;
	uint16_t len;

	if (!message->edns.present || !edns_option(&message->edns, EDNS_ZONEVERSION, &data, &len) || len != ZONEVERSION_LEN)
		return false;
	if (data[0] != name_label_count(apex) || data[1] != ZONEVERSION_SOA_SERIAL)
		return false;
	*serial = wire_get_u32(data + 2);
	return true;
}

struct seen_serial seen_serial_read(const struct message *message, const uint8_t *apex)
{
	struct seen_serial seen = { .trouble = trouble_of(message) };
	struct record record;
	struct soa soa;

	if (seen.trouble)
		return seen;
	if (!(message->flags & FLAG_AA) || !soa_find(message, SECTION_ANSWER, &record, &soa) || !name_equal(record.owner, apex)) {
		seen.trouble = message->flags & FLAG_AA ? "no SOA" : "no authority";
		return seen;
	}
	seen = (struct seen_serial){
		.serial = soa.serial, .by = SEEN_BY_SOA, .refresh = soa.refresh, .retry = soa.retry, .expire = soa.expire,
		.minimum = soa.minimum, .ttl = record.ttl,
	};
	if (zoneversion_find(message, apex, &seen.serial))
		seen.by = SEEN_BY_ZONEVERSION;
	return seen;
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A JSON list of the texts, sorted. Texts are freed. */
static json_t *list_make(char **texts, size_t count)
{
	json_t *list = json_array();

	qsort(texts, count, sizeof(*texts), text_cmp);
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(list, json_string(texts[i])) != 0) {
			json_decref(list);
			list = NULL;
		}
		free(texts[i]);
	}
	return list;
}

static char *record_text(const struct message *message, const struct record *record)
{
	uint8_t rdata[RDATA_ROOM];
	struct wcursor out = wcursor_over(rdata, sizeof(rdata));
	struct buf text;
	size_t len;

	if (record_rdata(message, record, &out) != ZT_OK || out.status != ZT_OK)
		return NULL;
	rdata_canonical(record->type, rdata, out.pos);
	buf_init(&text);
	rdata_to_text(record->type, rdata, out.pos, &text);
	buf_add_u8(&text, '\0');
	if (text.status == ZT_OK)
		return (char *)buf_take(&text, &len);
	buf_fini(&text);
	return NULL;
}

static void value_set(struct seen_value *value, const char *trouble, json_t *list)
{
	json_decref(value->list);
	*value = (struct seen_value){ .trouble = trouble, .list = list };
}

int seen_value_read(struct seen_value *value, const struct message *message)
{
	enum { RECORDS_MAX = 64 };      /* more do not come in one datagram of 1232 bytes, but of very short ones */
	char *texts[RECORDS_MAX];
	size_t count = 0;
	uint32_t ttl = UINT32_MAX;
	struct record_iter iter;
	struct record record;
	struct soa soa;

	record_iter_init(&iter, message, SECTION_ANSWER);
	while (count < RECORDS_MAX && record_iter_next(&iter, &record)) {
		if ((record.type != message->qtype && record.type != TYPE_CNAME) || !name_equal(record.owner, message->qname))
			continue;
		texts[count] = record_text(message, &record);
		count += texts[count] != NULL;
		ttl = record.ttl < ttl ? record.ttl : ttl;
	}
	json_t *list = list_make(texts, count);
	value_set(value, trouble_of(message), list);
	value->is_absent = message_rcode(message) == RCODE_NXDOMAIN && count == 0;
	if (count > 0)
		value->ttl = ttl;
	else if (soa_find(message, SECTION_AUTHORITY, &record, &soa))
		value->ttl = record.ttl;
	return list ? ZT_OK : ZT_ENOMEM;
}

void seen_value_fail(struct seen_value *value, const char *trouble)
{
	value_set(value, trouble, json_array());
}

void seen_value_clear(struct seen_value *value)
{
	value_set(value, NULL, NULL);
}

bool seen_value_equal(const struct seen_value *a, const struct seen_value *b)
{
	if (!a->list || !b->list)
		return a->list == b->list;
	if (a->trouble || b->trouble)
		return a->trouble && b->trouble && strcmp(a->trouble, b->trouble) == 0;
	return a->is_absent == b->is_absent && json_equal(a->list, b->list);
}
