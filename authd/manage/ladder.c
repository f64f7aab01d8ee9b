/* The steps that a secondary tried. */
#include "authd/manage/ladder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ladder_row {
	struct ladder_step step;
	char *reason;          /* NULL: none */
};

const char *ladder_kind_text(enum ladder_kind kind)
{
	switch (kind) {
	case LADDER_SOA: return "soa";
	case LADDER_IXFR: return "ixfr";
	case LADDER_RECONCILIATION: return "reconciliation";
	case LADDER_AXFR: return "axfr";
	case LADDER_KINDS: break;
	}
	return "";
}

const char *ladder_result_text(enum ladder_result result)
{
	switch (result) {
	case LADDER_TAKEN: return "taken";
	case LADDER_CURRENT: return "current";
	case LADDER_NEWER: return "newer";
	case LADDER_OLDER: return "older";
	case LADDER_DIVERGED: return "diverged";
	case LADDER_OFFERED: return "offered";
	case LADDER_FAILED: return "failed";
	case LADDER_RESULTS: break;
	}
	return "";
}

void ladder_fini(struct ladder *ladder)
{
	for (unsigned i = 0; i < ladder->count; i++)
		free(ladder->rows[i].reason);
	free(ladder->rows);
	*ladder = (struct ladder){ 0 };
}

/* Whether the step only says again what the last one said. */
static bool is_repetition(const struct ladder *ladder, const struct ladder_step *step)
{
	if (ladder->count == 0)
		return false;
	const struct ladder_step *last = &ladder->rows[(ladder->next + LADDER_STEPS - 1) % LADDER_STEPS].step;
	return step->result == LADDER_CURRENT && last->result == LADDER_CURRENT && last->kind == step->kind && last->serial == step->serial &&
	       netaddr_equal(&last->from, &step->from);
}

void ladder_note(struct ladder *ladder, struct ladder_counters *counters, const struct ladder_step *step, const char *reason)
{
	counters->steps[step->kind][step->result]++;
	if (!ladder->rows && !(ladder->rows = calloc(LADDER_STEPS, sizeof(*ladder->rows))))
		return;
	if (is_repetition(ladder, step))
		ladder->next = (ladder->next + LADDER_STEPS - 1) % LADDER_STEPS;
	else if (ladder->count < LADDER_STEPS)
		ladder->count++;
	struct ladder_row *row = &ladder->rows[ladder->next];
	free(row->reason);
	row->step = *step;
	row->reason = *reason ? strndup(reason, LADDER_REASON_SIZE) : NULL;
	ladder->next = (ladder->next + 1) % LADDER_STEPS;
}

static json_t *row_json(const struct ladder_row *row)
{
	const struct ladder_step *step = &row->step;
	char from[NETADDR_TEXT_SIZE], wall[WALL_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s?, s:I, s:f}", "at", wall_to_text(step->wall, wall), "kind", ladder_kind_text(step->kind), "from",
			 netaddr_to_text(&step->from, from), "result", ladder_result_text(step->result), "serial",
			 step->result == LADDER_FAILED ? json_null() : json_integer(step->serial), "reason", row->reason, "bytes", (json_int_t)step->bytes,
			 "duration_s", (double)step->duration / USEC_PER_SEC);
}

json_t *ladder_json(const struct ladder *ladder)
{
	json_t *list = json_array();

	for (unsigned i = 0; list && i < ladder->count; i++) {
		const struct ladder_row *row = &ladder->rows[(ladder->next + LADDER_STEPS - ladder->count + i) % LADDER_STEPS];
		if (json_array_append_new(list, row_json(row)) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}
