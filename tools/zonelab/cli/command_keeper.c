/* Commands that the lab's keeper carries out. */
#include "tools/zonelab/cli/ask.h"
#include "tools/zonelab/cli/commands.h"

int command_kill(const struct arguments *args)
{
	return ask_and_print(args, "kill");
}

int command_start(const struct arguments *args)
{
	return ask_and_print(args, "start");
}
