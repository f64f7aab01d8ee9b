/* The keeper's command `note`. */
#include "tools/zonelab/scenario/note.h"

#include <stdlib.h>

static void run_note(struct keeper *keeper, struct keeper_call *call, void *ctx)
{
	json_t *event = json_pack("{s:s, s:s, s:i, s:s, s:s}", "event", "scenario", "name", keeper_call_arg(call, 0), "step",
				  (int)strtol(keeper_call_arg(call, 1), NULL, 10), "state", keeper_call_arg(call, 2), "text", keeper_call_arg(call, 3));
	(void)ctx;

	events_add(keeper_events(keeper), event);
	keeper_call_say(call, "noted");
}

static const struct keeper_command commands[] = {
	{ "note", 4, 4, "SCENARIO STEP STATE TEXT", "write down how far a scenario has come", run_note },
};

static int note_start(struct keeper *keeper, void *ctx)
{
	(void)keeper;
	(void)ctx;
	return ZT_OK;
}

static void note_stop(void *ctx)
{
	(void)ctx;
}

struct keeper_part note_part(void)
{
	return (struct keeper_part){ .start = note_start, .stop = note_stop, .commands = commands, .command_count = 1 };
}
