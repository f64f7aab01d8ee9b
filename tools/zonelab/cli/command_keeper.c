/* Commands that the lab's keeper carries out. */
#include <string.h>

#include "tools/zonelab/cli/ask.h"
#include "tools/zonelab/cli/commands.h"

int command_kill(const struct arguments *args)
{
	return ask_and_print(args, "kill");
}

/* Also fault partition … and fault heal …. */
int command_fault(const struct arguments *args)
{
	struct arguments rest = *args;

	rest.words++;
	rest.word_count--;
	if (strcmp(args->words[0], "partition") == 0)
		return rest.word_count > 0 ? ask_and_print(&rest, "partition") : usage_error("fault partition needs A[,A...] [B[,B...]]", "");
	if (strcmp(args->words[0], "heal") == 0)
		return ask_and_print(&rest, "heal");
	return rest.word_count > 0 ? ask_and_print(args, "fault") : usage_error("fault needs LINK [one-way] KEY=VALUE...", "");
}

int command_partition(const struct arguments *args)
{
	return ask_and_print(args, "partition");
}

int command_heal(const struct arguments *args)
{
	return ask_and_print(args, "heal");
}

int command_start(const struct arguments *args)
{
	return ask_and_print(args, "start");
}
