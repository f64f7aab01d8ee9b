/* zonesync verify-file. */
#include "zonesync/verify_file.h"

#include <inttypes.h>
#include <string.h>

/* Lines as an array of strings. */
static json_t *lines_json(const struct buf *lines)
{
	json_t *json = json_array();
	struct buf line;

	buf_init(&line);
	for (size_t at = 0; at < lines->len;) {
		const uint8_t *newline = memchr(lines->data + at, '\n', lines->len - at);
		size_t len = newline ? (size_t)(newline - lines->data) - at : lines->len - at;
		buf_clear(&line);
		buf_add(&line, lines->data + at, len);
		buf_add_u8(&line, '\0');
		if (line.status == ZT_OK)
			json_array_append_new(json, command_text_json((const char *)line.data));
		at += len + 1;
	}
	buf_fini(&line);
	return json;
}

static enum command_exit tell_json(const struct command *command, const struct source *source, const struct source_notes *notes, const struct zone *zone)
{
	char name[NAME_TEXT_SIZE];

	return command_print_json(json_pack("{s:b, s:o, s:s, s:o, s:o, s:o*}", "ok", zone != NULL, "file", command_text_json(command->operands[0]),
					    "zone", name_to_text(source->zone, name), "errors", lines_json(&notes->errors),
					    "warnings", lines_json(&notes->warnings), "content", zone ? command_source_json(command, source, zone) : NULL),
				  zone ? COMMAND_OK : COMMAND_FAILED);
}

static enum command_exit tell(const struct command *command, const struct source *source, const struct source_notes *notes, const struct zone *zone)
{
	char name[NAME_TEXT_SIZE];
	struct buf text;

	if (command->json)
		return tell_json(command, source, notes, zone);
	command_notes_write(notes);
	if (!zone)
		return COMMAND_FAILED;
	const struct zone_version *version = zone_current(zone);
	buf_init(&text);
	buf_printf(&text, "%s: zone %s, serial %" PRIu32 ", %zu records, no errors\n", source->path, name_to_text(source->zone, name),
		   zone_version_serial(version), zone_version_record_count(version));
	enum command_exit result = command_print_text(&text, COMMAND_OK);
	buf_fini(&text);
	return result;
}

enum command_exit verify_file_run(const struct command *command)
{
	char error[SOURCE_ERROR_SIZE];
	struct source_notes notes;
	struct source source;
	struct zone *zone = NULL;

	if (source_from_file(&source, command->operands[0], command->operands[1], error) != ZT_OK)
		return command_wrong(error);
	source_notes_init(&notes);
	int status = source_load(&source, &command->loader, &notes, &zone);
	if (status != ZT_OK && notes.errors.len == 0)
		buf_printf(&notes.errors, "%s: %s\n", source.path, status_text(status));
	enum command_exit result = tell(command, &source, &notes, zone);
	source_notes_fini(&notes);
	if (zone)
		zone_free(zone);
	return result;
}
