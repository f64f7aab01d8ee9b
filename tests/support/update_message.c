/* UPDATE messages of tests as text. */
#include "tests/support/update_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/writer.h"
#include "lib/zone/zonefile.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

struct line {
	struct message_writer *writer;
	enum section section;
	uint16_t rr_class;
	uint32_t ttl;
	bool has_rdata;
};

static int write_parsed(void *arg, const struct zonefile_record *record)
{
	const struct line *line = arg;
	struct record_out out = {
		.owner = record->owner, .type = record->type, .rr_class = line->rr_class, .ttl = line->ttl == UINT32_MAX ? record->ttl : line->ttl,
		.rdata = record->rdata, .rdata_len = record->rdata_len,
	};
	return message_write_record(line->writer, line->section, &out);
}

/* A record with rdata, which is parsed as zone file text. */
static void put_record(struct line *line, const char *text)
{
	struct zonefile_report report;
	struct zonefile_sink sink = { write_parsed, line };
	struct zonefile_text source = { "test", text, strlen(text) };

	zonefile_report_init(&report);
	int status = zonefile_read_text(&source, name_root, &sink, &report);
	ck_assert_msg(status == ZT_OK, "%s: %s", text, report.message_count ? report.messages[0].text : "");
	zonefile_report_fini(&report);
}

static uint16_t type_of(const char *text)
{
	uint16_t type;
	if (strcmp(text, "ANY") == 0)
		return TYPE_ANY;
	ck_assert_msg(rr_type_from_text(text, &type), "bad type %s", text);
	return type;
}

static void put_empty(struct line *line, const char *name, uint16_t type)
{
	struct record_out out = { .owner = zone_text_name(name), .type = type, .rr_class = line->rr_class, .ttl = line->ttl, .rdata = (const uint8_t *)"" };
	ck_assert_int_eq(message_write_record(line->writer, line->section, &out), ZT_OK);
}

static void put_raw(struct line *line, char *fields)
{
	char *save, *name = strtok_r(fields, " ", &save), *rr_class = strtok_r(NULL, " ", &save), *ttl = strtok_r(NULL, " ", &save),
		*type = strtok_r(NULL, " ", &save), *hex = strtok_r(NULL, " ", &save);
	uint8_t rdata[256], bytes[NAME_MAX_LEN + 10 + 256];
	size_t len = 0;
	uint16_t class_number;

	ck_assert_ptr_nonnull(type);
	for (; hex && hex[2 * len]; len++) {
		char pair[3] = { hex[2 * len], hex[2 * len + 1], 0 };
		rdata[len] = (uint8_t)strtoul(pair, NULL, 16);
	}
	if (strcmp(rr_class, "NONE") == 0)
		class_number = CLASS_NONE;
	else if (strcmp(rr_class, "ANY") == 0)
		class_number = CLASS_ANY;
	else
		ck_assert_msg(rr_class_from_text(rr_class, &class_number), "bad class %s", rr_class);
	/* The rdata may be broken: written by hand. */
	struct wcursor cur = wcursor_over(bytes, sizeof(bytes));
	const uint8_t *owner = zone_text_name(name);
	wcursor_put(&cur, owner, name_len(owner));
	wcursor_u16(&cur, type_of(type));
	wcursor_u16(&cur, class_number);
	wcursor_u32(&cur, (uint32_t)strtoul(ttl, NULL, 10));
	wcursor_u16(&cur, (uint16_t)len);
	wcursor_put(&cur, rdata, len);
	ck_assert_int_eq(cur.status, ZT_OK);
	wcursor_put(&line->writer->cur, bytes, cur.pos);
	line->writer->count[line->section]++;
}

static void put_prerequisite(struct line *line, const char *form, char *rest)
{
	char name[256], type[32] = "ANY";
	int at = 0;

	ck_assert_int_ge(sscanf(rest, "%255s %31s %n", name, type, &at), 1);
	line->rr_class = form[0] == 'y' ? CLASS_ANY : CLASS_NONE;
	if (at == 0 || !rest[at]) {
		put_empty(line, name, type_of(type));
		return;
	}
	char text[1024];
	line->rr_class = CLASS_IN;
	snprintf(text, sizeof(text), "%s 0 IN %s %s\n", name, type, rest + at);
	put_record(line, text);
}

static void put_update(struct line *line, const char *form, char *rest)
{
	char name[256], type[32] = "ANY", text[1024];
	int at = 0;

	if (strcmp(form, "add") == 0) {
		line->rr_class = CLASS_IN;
		line->ttl = UINT32_MAX;
		snprintf(text, sizeof(text), "%s\n", rest);
		put_record(line, text);
		return;
	}
	ck_assert_str_eq(form, "del");
	ck_assert_int_ge(sscanf(rest, "%255s %31s %n", name, type, &at), 1);
	line->rr_class = at > 0 && rest[at] ? CLASS_NONE : CLASS_ANY;
	if (line->rr_class == CLASS_ANY) {
		put_empty(line, name, type_of(type));
		return;
	}
	snprintf(text, sizeof(text), "%s 0 IN %s %s\n", name, type, rest + at);
	put_record(line, text);
}

static void put_line(struct message_writer *writer, char *text)
{
	char kind, form[16];
	int at;
	struct line line = { .writer = writer };

	ck_assert_msg(sscanf(text, "%c %15s %n", &kind, form, &at) == 2, "bad line %s", text);
	line.section = kind == 'p' ? SECTION_ANSWER : SECTION_AUTHORITY;
	if (strcmp(form, "raw") == 0)
		put_raw(&line, text + at);
	else if (kind == 'p')
		put_prerequisite(&line, form, text + at);
	else
		put_update(&line, form, text + at);
}

void update_message_make(struct buf *out, const char *apex, const char *script)
{
	struct message_writer writer;
	char line[1024];

	buf_init(out);
	ck_assert_ptr_nonnull(buf_reserve(out, MESSAGE_MAX_LEN));
	message_writer_init(&writer, out->data, MESSAGE_MAX_LEN, 0x1234, opcode_flags(OPCODE_UPDATE));
	ck_assert_int_eq(message_write_question(&writer, zone_text_name(apex), TYPE_SOA, CLASS_IN), ZT_OK);
	while (*script) {
		size_t len = strcspn(script, "\n");
		ck_assert_uint_lt(len, sizeof(line));
		memcpy(line, script, len);
		line[len] = 0;
		if (len > 0)
			put_line(&writer, line);
		script += len + (script[len] == '\n');
	}
	out->len = message_writer_finish(&writer);
}
