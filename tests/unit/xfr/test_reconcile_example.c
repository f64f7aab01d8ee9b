/* The example session of doc/protocol-zonesync.md: what is printed there is what the machines say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/xfr/reconcile_entry.h"
#include "tests/support/reconcile_pair.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

enum { HOSTS = 20, PER_LINE = 32 };

struct scribe {
	struct buf text;
	unsigned queries, answers;
};

static struct fingerprint_key key;

static void hex(struct buf *text, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_printf(text, "%s%02x", i > 0 && i % PER_LINE == 0 ? "\n        " : i > 0 && i % 4 == 0 ? " " : "", bytes[i]);
	buf_printf(text, "\n");
}

/* The bound as its string is: the labels from the apex down, a dot where 0 stands between two. */
static void bound(struct buf *text, const char *lead, const struct reconcile_bound *of)
{
	buf_printf(text, "%s\"", lead);
	for (unsigned i = 0; i < of->len; i++)
		buf_printf(text, "%c", of->bytes[i] ? of->bytes[i] : '.');
	buf_printf(text, "\"");
}

static void entries(struct buf *text, const uint8_t *data, size_t len)
{
	static const char *const kinds[] = { "SKIP", "FP", "LIST", "WANT", "GIVE" };
	struct reconcile_reader reader;
	size_t at = 0;

	reconcile_reader_init(&reader, data, len);
	while (reconcile_reader_next(&reader)) {
		const struct reconcile_entry *entry = &reader.entry;
		bound(text, "    # ", &entry->range.from);
		if (entry->range.to_end)
			buf_printf(text, " to the end");
		else
			bound(text, " to ", &entry->range.to);
		buf_printf(text, ": %s of %llu\n        ", kinds[entry->kind], (unsigned long long)entry->count);
		hex(text, data + at, reader.cur.pos - at);
		at = reader.cur.pos;
	}
	ck_assert_int_eq(reader.cur.status, ZT_OK);
}

static void option_note(struct buf *text, const struct message *message, uint16_t code, const char *name)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns_option(&message->edns, code, &data, &len))
		return;
	buf_printf(text, "    # %s\n        ", name);
	hex(text, data, len);
}

static void records_note(struct buf *text, const struct message *message)
{
	struct record_iter iter;
	struct record record;
	char owner[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE];

	record_iter_init(&iter, message, SECTION_ANSWER);
	while (record_iter_next(&iter, &record)) {
		buf_printf(text, "    # in the Answer section: %s %s\n        ", name_to_text(record.owner, owner), rr_type_to_text(record.type, type));
		hex(text, message->wire + record.at, record.rdata_at + record.rdata_len - record.at);
	}
}

static void note(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t *len)
{
	struct scribe *scribe = pair->ctx;
	struct reconcile_query query;
	struct reconcile_answer answer;
	struct message message;
	const uint8_t *data;
	uint16_t option_len;

	ck_assert_int_eq(message_read(&message, wire, *len), ZT_OK);
	ck_assert(edns_option(&message.edns, RECONCILE_OPTION, &data, &option_len));
	size_t entries_len = 0;
	if (to_server) {
		buf_printf(&scribe->text, "query %u, %zu bytes\n", ++scribe->queries, *len);
		ck_assert_int_eq(reconcile_query_read(&message.edns, &query), ZT_OK);
		entries_len = query.entries_len;
	} else {
		buf_printf(&scribe->text, "answer %u, %zu bytes\n", ++scribe->answers, *len);
		ck_assert_int_eq(reconcile_answer_read(&message.edns, &answer), ZT_OK);
		entries_len = answer.entries_len;
	}
	option_note(&scribe->text, &message, ZSYNC_OPTION, "option ZSYNC");
	buf_printf(&scribe->text, "    # option ZSYNC-MESSAGE: head\n        ");
	hex(&scribe->text, data, option_len - entries_len);
	entries(&scribe->text, data + option_len - entries_len, entries_len);
	records_note(&scribe->text, &message);
}

static struct zone *zone_make(unsigned serial, unsigned changed)
{
	char text[4096];
	size_t len = (size_t)snprintf(text, sizeof(text), "example. 300 SOA ns.example. mail.example. %u 3600 600 86400 60\nexample. 300 NS ns.example.\n", serial);
	struct zone *source, *zone;
	struct zone_edit *edit;
	struct changeset all;

	for (unsigned i = 0; i < HOSTS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "h%02u.example. 300 A 192.0.2.%u\n", i, i == changed ? 99 : i);
	source = zone_text_new("example.", text);
	/* The same under the well-known key. */
	ck_assert_int_eq(zone_new(zone_apex(source), &key, &zone), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	changeset_init(&all);
	ck_assert_int_eq(zone_diff(zone_current(zone), zone_current(source), &all), ZT_OK);
	ck_assert_int_eq(zone_edit_apply(edit, &all), ZT_OK);
	zone_edit_publish(edit);
	changeset_fini(&all);
	zone_free(source);
	return zone;
}

/* What stands in the document between the lines that hold ``` behind "A whole session". */
static char *document_example(void)
{
	const char *top = getenv("ZT_SRC");
	char path[4096];
	static char text[1 << 18];

	snprintf(path, sizeof(path), "%s/doc/protocol-zonesync.md", top ? top : "..");
	FILE *in = fopen(path, "r");
	ck_assert_msg(in != NULL, "cannot open %s (ZT_SRC is the top of the sources)", path);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	char *begin = strstr(text, "## A whole session");
	ck_assert_ptr_nonnull(begin);
	begin = strstr(begin, "```\n");
	ck_assert_ptr_nonnull(begin);
	char *end = strstr(begin + 4, "```");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	return begin + 4;
}

START_TEST(the_document_shows_what_is_said)
{
	struct scribe scribe = { .queries = 0 };
	struct reconcile_client *client;

	ck_assert_int_eq(zsync_key(NULL, &key), ZT_OK);
	struct zone *ours = zone_make(1, HOSTS), *theirs = zone_make(2, 13);
	struct reconcile_client_config config = { .zone = ours, .key = &key, .id = 1 };
	buf_init(&scribe.text);
	ck_assert_int_eq(reconcile_client_new(&config, &client), ZT_OK);
	struct reconcile_pair pair = { .version = zone_current(theirs), .key = &key, .meddle = note, .ctx = &scribe };
	ck_assert_int_eq(reconcile_pair_run(&pair, client), RECONCILE_DONE);
	buf_add_u8(&scribe.text, 0);
	ck_assert_int_eq(scribe.text.status, ZT_OK);
	const char *text = (const char *)scribe.text.data, *shown = document_example();
	if (strcmp(text, shown) != 0)
		fprintf(stderr, "%s", text);
	ck_assert_msg(strcmp(text, shown) == 0, "doc/protocol-zonesync.md shows something else than what is on standard error");
	buf_fini(&scribe.text);
	reconcile_client_free(client);
	zone_free(ours);
	zone_free(theirs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reconcile example");
	TCase *tc = tcase_create("example");

	tcase_add_test(tc, the_document_shows_what_is_said);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
