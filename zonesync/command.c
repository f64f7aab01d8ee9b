/* What the commands share. */
#include "zonesync/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fingerprint.h"
#include "lib/zone/znode.h"

static void text_write(const struct buf *text, FILE *to)
{
	if (text->len > 0)
		fwrite(text->data, 1, text->len, to);
}

/* Lines of a place and what is wrong there. */
static void warnings_write(const struct buf *lines)
{
	for (size_t i = 0; i < lines->len; i++) {
		if (lines->data[i] == '\n')
			fputs(" (warning)", stderr);
		fputc(lines->data[i], stderr);
	}
}

void command_notes_write(const struct source_notes *notes)
{
	text_write(&notes->errors, stderr);
	warnings_write(&notes->warnings);
}

json_t *command_text_json(const char *text)
{
	json_t *json = json_string(text);
	char *copy = json ? NULL : strdup(text);

	for (char *p = copy; p && *p; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	if (copy)
		json = json_string(copy);
	free(copy);
	return json;
}

enum command_exit command_failed(const struct command *command, const char *text)
{
	if (!command->json) {
		fprintf(stderr, "zonesync: %s\n", text);
		return COMMAND_FAILED;
	}
	return command_print_json(json_pack("{s:b, s:o}", "ok", 0, "error", command_text_json(text)), COMMAND_FAILED);
}

enum command_exit command_wrong(const char *text)
{
	fprintf(stderr, "zonesync: %s (see zonesync -h)\n", text);
	return COMMAND_WRONG;
}

/* The loader's lines name their place already. */
static void lines_failed(const struct command *command, struct buf *lines)
{
	if (!command->json) {
		text_write(lines, stderr);
		return;
	}
	lines->len--;                    /* the last newline */
	buf_add_u8(lines, '\0');
	if (lines->status == ZT_OK)
		command_failed(command, (const char *)lines->data);
}

enum command_exit command_load(const struct command *command, const struct source *source, struct zone **out)
{
	struct source_notes notes;

	source_notes_init(&notes);
	int status = source_load(source, &command->loader, &notes, out);
	warnings_write(&notes.warnings);
	if (status != ZT_OK && notes.errors.len > 0)
		lines_failed(command, &notes.errors);
	else if (status != ZT_OK)
		command_failed(command, status_text(status));
	source_notes_fini(&notes);
	return status == ZT_OK ? COMMAND_OK : COMMAND_FAILED;
}

enum command_exit command_fetch_into(const struct command *command, const struct source *source, struct zone *zone, struct fetch_cost *cost)
{
	char error[FETCH_ERROR_SIZE], text[SOURCE_TEXT_SIZE + FETCH_ERROR_SIZE];
	struct fetch fetch = source_fetch(source, &command->loader);

	fetch.key = &command->sync_key;
	if (fetch_into(&fetch, zone, cost, error) == ZT_OK) {
		if (cost->is_alarm)
			fprintf(stderr, "zonesync: ALARM: %s. What is here and there had equal fingerprints and was not equal; the zone was transferred whole\n", cost->why_not);
		return COMMAND_OK;
	}
	size_t len = strlen(source_to_text(source, text));
	snprintf(text + len, FETCH_ERROR_SIZE, ": %.500s", error);
	return command_failed(command, text);
}

enum command_exit command_pair_parse(const struct command *command, struct command_pair *pair)
{
	char error[SOURCE_ERROR_SIZE];

	pair->zone[0] = pair->zone[1] = NULL;
	(void)command;
	int status = source_from_text(&pair->source[0], command->operands[0], error);
	if (status == ZT_OK)
		status = source_from_text(&pair->source[1], command->operands[1], error);
	if (status == ZT_OK)
		status = source_pair(&pair->source[0], &pair->source[1], error);
	return status == ZT_OK ? COMMAND_OK : command_wrong(error);
}

enum command_exit command_pair_load(const struct command *command, struct command_pair *pair)
{
	enum command_exit result = command_pair_parse(command, pair);
	if (result == COMMAND_OK)
		result = command_load(command, &pair->source[0], &pair->zone[0]);
	return result == COMMAND_OK ? command_load(command, &pair->source[1], &pair->zone[1]) : result;
}

void command_pair_free(struct command_pair *pair)
{
	for (int i = 0; i < 2; i++) {
		if (pair->zone[i])
			zone_free(pair->zone[i]);
	}
}

struct zone_summary command_summary(const struct command *command, const struct zone *zone)
{
	const struct zone_version *version = zone_current(zone);
	const struct znode *apex = zone_version_apex(version), *node;
	struct zone_summary sum = { 0 };
	struct zone_iter iter;

	zone_iter_init(&iter, version, NULL);
	while ((node = zone_iter_next(&iter)) != NULL)
		sum = summary_add(sum, znode_summary(node, &command->sync_key, node == apex));
	return sum;
}

json_t *command_source_json(const struct command *command, const struct source *source, const struct zone *zone)
{
	const struct zone_version *version = zone_current(zone);
	struct zone_summary summary = command_summary(command, zone);
	char text[SOURCE_TEXT_SIZE], fingerprint[33];

	fingerprint_to_text(summary.fingerprint, fingerprint);
	return json_pack("{s:o, s:I, s:I, s:I, s:s}", "source", command_text_json(source_to_text(source, text)),
			 "serial", (json_int_t)zone_version_serial(version), "records", (json_int_t)zone_version_record_count(version),
			 "rrsets", (json_int_t)summary.count, "fingerprint", fingerprint);
}

static enum command_exit printed(enum command_exit done)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return done;
	if (errno != EPIPE)      /* who reads it has seen enough: | head */
		perror("zonesync: cannot write the result");
	return COMMAND_FAILED;
}

enum command_exit command_print_json(json_t *object, enum command_exit done)
{
	if (!object) {
		fprintf(stderr, "zonesync: %s\n", status_text(ZT_ENOMEM));
		return COMMAND_FAILED;
	}
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
	return printed(done);
}

enum command_exit command_print_text(const struct buf *text, enum command_exit done)
{
	if (text->status != ZT_OK) {
		fprintf(stderr, "zonesync: %s\n", status_text(text->status));
		return COMMAND_FAILED;
	}
	text_write(text, stdout);
	return printed(done);
}
