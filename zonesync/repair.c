/* zonesync repair. */
#include "zonesync/repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/zone/edit.h"
#include "zonesync/mend.h"
#include "zonesync/pull.h"
#include "zonesync/save.h"

/* What was done. */
struct outcome {
	struct fetch_cost cost;
	bool is_copy;                /* A is a file too */
	uint32_t removed, added;     /* records of B */
};

static int copy(const struct zone_version *from, struct zone *to)
{
	struct zone_edit *edit = NULL;
	struct changeset change;

	changeset_init(&change);
	int status = zone_diff(zone_current(to), from, &change);
	if (status == ZT_OK)
		status = zone_edit_begin(to, &edit);
	if (status == ZT_OK)
		status = zone_edit_apply(edit, &change);
	changeset_fini(&change);
	if (status == ZT_OK)
		zone_edit_publish(edit);
	else
		zone_edit_abort(edit);
	return status;
}

/* B becomes A in memory. */
static enum command_exit take_over(const struct command *command, const struct command_pair *pair, struct outcome *outcome)
{
	outcome->is_copy = !pair->source[0].is_server;
	if (outcome->is_copy) {
		int status = copy(zone_current(pair->zone[0]), pair->zone[1]);
		return status == ZT_OK ? COMMAND_OK : command_failed(command, status_text(status));
	}
	return command_fetch_into(command, &pair->source[0], pair->zone[1], &outcome->cost);
}

static const char *means(const struct outcome *outcome)
{
	return outcome->is_copy ? "copy" : outcome->cost.reconciled ? "reconciliation" : "axfr";
}

static enum command_exit tell(const struct command *command, const struct command_pair *pair, const struct outcome *outcome)
{
	const struct fetch_cost *cost = &outcome->cost;
	char zone[NAME_TEXT_SIZE], b[SOURCE_TEXT_SIZE];

	if (command->json)
		return command_print_json(json_pack("{s:b, s:s, s:b, s:I, s:I, s:s, s:I, s:I, s:s, s:b, s:o}", "ok", 1, "zone", name_to_text(pair->source[0].zone, zone),
			"changed", outcome->removed + outcome->added > 0, "removed", (json_int_t)outcome->removed, "added", (json_int_t)outcome->added,
			"by", means(outcome), "bytes", (json_int_t)cost->bytes, "round_trips", (json_int_t)cost->round_trips,
			"why_not_reconciled", cost->why_not, "alarm", (int)cost->is_alarm, "b", command_source_json(command, &pair->source[1], pair->zone[1])), COMMAND_OK);
	printf("%s: ", source_to_text(&pair->source[1], b));
	if (outcome->removed + outcome->added == 0)
		printf("holds what A holds already, serial %" PRIu32, zone_version_serial(zone_current(pair->zone[1])));
	else
		printf("repaired to serial %" PRIu32 ": %" PRIu32 " records removed, %" PRIu32 " added", zone_version_serial(zone_current(pair->zone[1])), outcome->removed,
		       outcome->added);
	if (!outcome->is_copy)
		printf("; by %s, %" PRIu64 " bytes in %u round trips", cost->reconciled ? "reconciliation" : "AXFR", cost->bytes, cost->round_trips);
	if (cost->why_not[0])
		printf(" (not by reconciliation: %s)", cost->why_not);
	putchar('\n');
	return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
}

static enum command_exit save_and_tell(const struct command *command, const struct command_pair *pair, struct outcome *outcome, const struct changeset *change)
{
	char error[SAVE_ERROR_SIZE];

	outcome->removed = change->removed_count;
	outcome->added = change->added_count;
	if (changeset_is_empty(change))
		return tell(command, pair, outcome);
	enum command_exit result = pull_check(command, &pair->source[0], zone_current(pair->zone[1]));
	if (result != COMMAND_OK)
		return result;
	if (save_zone(zone_current(pair->zone[1]), pair->source[1].path, error) != ZT_OK)
		return command_failed(command, error);
	return tell(command, pair, outcome);
}

static enum command_exit repair(const struct command *command, struct command_pair *pair)
{
	struct outcome outcome = { 0 };
	struct changeset change;

	const struct zone_version *before = zone_version_acquire(zone_current(pair->zone[1]));
	enum command_exit result = take_over(command, pair, &outcome);
	changeset_init(&change);
	if (result == COMMAND_OK) {
		int status = zone_diff(before, zone_current(pair->zone[1]), &change);
		result = status == ZT_OK ? save_and_tell(command, pair, &outcome, &change) : command_failed(command, status_text(status));
	}
	changeset_fini(&change);
	zone_version_release(before);
	return result;
}

static enum command_exit file_repair(const struct command *command, struct command_pair *pair)
{
	enum command_exit result = COMMAND_OK;

	if (!pair->source[0].is_server)
		result = command_load(command, &pair->source[0], &pair->zone[0]);
	if (result == COMMAND_OK)
		result = command_load(command, &pair->source[1], &pair->zone[1]);
	return result == COMMAND_OK ? repair(command, pair) : result;
}

enum command_exit repair_run(const struct command *command)
{
	struct command keyed = *command;
	struct command_pair pair;

	/* The key that the server uses: what differs is found by it, and proved by a digest. */
	keyed.loader.key = command->sync_key;
	enum command_exit result = command_pair_parse(&keyed, &pair);
	if (result == COMMAND_OK)
		result = pair.source[1].is_server ? mend_run(&keyed, &pair) : file_repair(&keyed, &pair);
	command_pair_free(&pair);
	return result;
}
