/* zonesync diff: the two lists of a changeset, each in canonical order, merged into one. */
#include "zonesync/diff.h"

#include <stdio.h>

#include "lib/base/wire.h"
#include "lib/dns/present.h"
#include "lib/zone/edit.h"

enum { FLUSH_SIZE = 64 << 10 };

static struct record_out record_of(const struct change_record *record)
{
	return (struct record_out){ .owner = record->owner, .type = record->type, .rr_class = CLASS_IN, .ttl = record->ttl, .rdata = record->rdata,
				    .rdata_len = record->rdata_len };
}

/* Where a record's RRset stands within its name: the SOA first, as in the lists, then by type and covered type. */
static uint32_t rrset_rank(const struct change_record *record)
{
	uint16_t covers = record->type == TYPE_RRSIG && record->rdata_len >= 2 ? wire_get_u16(record->rdata) : 0;
	return record->type == TYPE_SOA ? 0 : (uint32_t)record->type << 16 | covers;
}

/* Of one RRset what is removed comes before what is added. */
static bool is_removed_next(const struct change_record *removed, const struct change_record *added)
{
	int order = name_cmp(removed->owner, added->owner);
	return order < 0 || (order == 0 && rrset_rank(removed) <= rrset_rank(added));
}

/* Prints what is full enough. */
static enum command_exit flush(struct buf *text, size_t at_least)
{
	enum command_exit result = COMMAND_OK;

	if (text->len >= at_least || text->status != ZT_OK) {
		result = command_print_text(text, COMMAND_OK);
		buf_clear(text);
	}
	return result;
}

static void line_write(char sign, const struct change_record *record, struct buf *out)
{
	struct record_out out_record = record_of(record);

	buf_printf(out, "%c ", sign);
	record_to_text(&out_record, out);
	buf_add_u8(out, '\n');
}

static enum command_exit lines_print(const struct changeset *change)
{
	struct change_record removed, added;
	size_t removed_pos = 0, added_pos = 0;
	bool has_removed = change_record_next(&change->removed, &removed_pos, &removed);
	bool has_added = change_record_next(&change->added, &added_pos, &added);
	enum command_exit result = COMMAND_OK;
	struct buf text;

	buf_init(&text);
	while (result == COMMAND_OK && (has_removed || has_added)) {
		if (has_removed && (!has_added || is_removed_next(&removed, &added))) {
			line_write('-', &removed, &text);
			has_removed = change_record_next(&change->removed, &removed_pos, &removed);
		} else {
			line_write('+', &added, &text);
			has_added = change_record_next(&change->added, &added_pos, &added);
		}
		result = flush(&text, FLUSH_SIZE);
	}
	if (result == COMMAND_OK)
		result = flush(&text, 1);
	buf_fini(&text);
	return result;
}

static json_t *record_json(const struct change_record *record)
{
	char owner[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE];
	json_t *json = NULL;
	struct buf rdata;

	buf_init(&rdata);
	rdata_to_text(record->type, record->rdata, record->rdata_len, &rdata);
	buf_add_u8(&rdata, '\0');
	if (rdata.status == ZT_OK)
		json = json_pack("{s:s, s:I, s:s, s:s, s:s}", "owner", name_to_text(record->owner, owner), "ttl", (json_int_t)record->ttl, "class", "IN",
				 "type", rr_type_to_text(record->type, type), "rdata", (const char *)rdata.data);
	buf_fini(&rdata);
	return json;
}

/* NULL: no memory. */
static json_t *list_json(const struct buf *list)
{
	json_t *json = json_array();
	struct change_record record;

	for (size_t pos = 0; json && change_record_next(list, &pos, &record);) {
		if (json_array_append_new(json, record_json(&record)) != 0) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

static enum command_exit json_print(const struct command *command, const struct command_pair *pair, const struct changeset *change)
{
	char zone[NAME_TEXT_SIZE];

	return command_print_json(json_pack("{s:b, s:s, s:b, s:o, s:o, s:o, s:o}", "ok", 1, "zone", name_to_text(pair->source[0].zone, zone),
					    "equal", (int)changeset_is_empty(change), "a", command_source_json(command, &pair->source[0], pair->zone[0]),
					    "b", command_source_json(command, &pair->source[1], pair->zone[1]), "removed", list_json(&change->removed),
					    "added", list_json(&change->added)), COMMAND_OK);
}

static enum command_exit compare(const struct command *command, const struct command_pair *pair)
{
	struct changeset change;
	enum command_exit result;

	changeset_init(&change);
	int status = zone_diff(zone_current(pair->zone[0]), zone_current(pair->zone[1]), &change);
	if (status != ZT_OK)
		result = command_failed(command, status_text(status));
	else
		result = command->json ? json_print(command, pair, &change) : lines_print(&change);
	if (result == COMMAND_OK && !changeset_is_empty(&change))
		result = COMMAND_FAILED;
	changeset_fini(&change);
	return result;
}

enum command_exit diff_run(const struct command *command)
{
	struct command_pair pair;

	enum command_exit result = command_pair_load(command, &pair);
	if (result == COMMAND_OK)
		result = compare(command, &pair);
	command_pair_free(&pair);
	return result;
}
