/* zonesync pull. */
#include "zonesync/pull.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone/check.h"
#include "lib/zone/zonefile.h"
#include "zonesync/save.h"

static bool is_to_stdout(const struct command *command)
{
	return strcmp(command->output, "-") == 0;
}

/* ZT_OK, or the zone is not fit to be written: `why` gets all errors. Warnings are only told. */
static int rules_check(const struct source *source, const struct zone_version *version, struct buf *why)
{
	struct zone_findings *findings = malloc(sizeof(*findings));
	char text[ZONE_FINDING_TEXT_SIZE], from[SOURCE_TEXT_SIZE];

	if (!findings)
		return ZT_ENOMEM;
	source_to_text(source, from);
	int status = zone_check(version, findings);
	for (unsigned i = 0; i < findings->count; i++) {
		zone_finding_to_text(&findings->list[i], text);
		if (findings->list[i].is_error)
			buf_printf(why, "%s; ", text);
		else
			fprintf(stderr, "%s: %s (warning)\n", from, text);
	}
	free(findings);
	return status;
}

static enum command_exit zone_write(const struct command *command, const struct zone_version *version)
{
	char error[SAVE_ERROR_SIZE];

	if (!is_to_stdout(command))
		return save_zone(version, command->output, error) == ZT_OK ? COMMAND_OK : command_failed(command, error);
	if (zonefile_write(version, stdout) == ZT_OK)
		return COMMAND_OK;
	perror("zonesync: cannot write the zone to standard output");
	return COMMAND_FAILED;
}

static enum command_exit done_tell(const struct command *command, const struct source *source, const struct zone *zone, const struct fetch_cost *cost)
{
	const struct zone_version *version = zone_current(zone);
	char from[SOURCE_TEXT_SIZE], name[NAME_TEXT_SIZE];

	if (command->json)
		return command_print_json(json_pack("{s:b, s:s, s:s, s:o, s:o}", "ok", 1, "zone", name_to_text(source->zone, name), "by", cost->reconciled ? "reconciliation" : "axfr",
						    "from", command_source_json(command, source, zone), "file", command_text_json(command->output)), COMMAND_OK);
	fprintf(is_to_stdout(command) ? stderr : stdout, "%s: serial %u, %zu records, from %s", is_to_stdout(command) ? "standard output" : command->output,
		zone_version_serial(version), zone_version_record_count(version), source_to_text(source, from));
	if (cost->reconciled)
		fprintf(stdout, "; reconciled with what was there, %llu bytes", (unsigned long long)cost->bytes);
	fputc('\n', is_to_stdout(command) ? stderr : stdout);
	return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
}

enum command_exit pull_check(const struct command *command, const struct source *source, const struct zone_version *version)
{
	enum command_exit result = COMMAND_OK;
	struct buf why;

	buf_init(&why);
	buf_printf(&why, "not written, the zone breaks the rules of the DNS: ");
	int status = rules_check(source, version, &why);
	buf_printf(&why, "mend it at the server");
	buf_add_u8(&why, '\0');
	if (status != ZT_OK)
		result = command_failed(command, status == ZT_EZONE && why.status == ZT_OK ? (const char *)why.data : status_text(status));
	buf_fini(&why);
	return result;
}

static enum command_exit received(const struct command *command, const struct source *source, const struct zone *zone, const struct fetch_cost *cost)
{
	enum command_exit result = pull_check(command, source, zone_current(zone));

	if (result == COMMAND_OK)
		result = zone_write(command, zone_current(zone));
	return result == COMMAND_OK ? done_tell(command, source, zone, cost) : result;
}

/* The zone that the file holds already; NULL where it holds none, or not just that. */
static struct zone *older_load(const struct command *command, const char *zone_name)
{
	struct source_loader loader = command->loader;
	char error[SOURCE_ERROR_SIZE];
	struct source_notes notes;
	struct zone *zone = NULL;
	struct source source;

	if (is_to_stdout(command) || source_from_file(&source, command->output, zone_name, error) != ZT_OK)
		return NULL;
	loader.key = command->sync_key;
	source_notes_init(&notes);
	if (source_load(&source, &loader, &notes, &zone) != ZT_OK)
		zone = NULL;
	source_notes_fini(&notes);
	return zone;
}

enum command_exit pull_run(const struct command *command)
{
	struct fetch_cost cost = { .reconciled = false };
	char error[SOURCE_ERROR_SIZE];
	struct source source;
	struct zone *zone;

	if (source_from_server(&source, command->operands[0], command->operands[1], error) != ZT_OK)
		return command_wrong(error);
	zone = older_load(command, command->operands[1]);
	enum command_exit result = zone ? command_fetch_into(command, &source, zone, &cost) : command_load(command, &source, &zone);
	if (result == COMMAND_OK)
		result = received(command, &source, zone, &cost);
	if (zone)
		zone_free(zone);
	return result;
}
