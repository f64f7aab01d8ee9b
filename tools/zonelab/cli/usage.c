/* What zonelab -h and zonelab COMMAND -h say. */
#include "tools/zonelab/cli/usage.h"

#include <string.h>

enum { COLUMNS = 80, HELP_AT = 25 };

/* Where a line of at most `room` bytes ends: at the last space outside of brackets, or at the first one when a word is longer than that. */
static int line_end(const char *text, int room)
{
	int depth = 0, cut = 0;

	for (int i = 0; text[i]; i++) {
		if (i > room && cut > 0)
			return cut;
		depth += (text[i] == '[') - (text[i] == ']');
		if (text[i] == ' ' && depth == 0)
			cut = i;
	}
	return (int)strlen(text) > room && cut > 0 ? cut : (int)strlen(text);
}

/* `text` from column `at` on, with lines after the first beginning at `indent`. */
static void wrapped_print(FILE *to, int at, int indent, const char *text)
{
	while (*text) {
		int end = line_end(text, COLUMNS - at);
		fprintf(to, "%.*s\n", end, text);
		text += end;
		text += strspn(text, " ");
		if (*text)
			fprintf(to, "%*s", indent, "");
		at = indent;
	}
}

/* A word and its arguments on the left, help on the right, or below where the left is long. */
static void entry_print(FILE *to, const char *name, const char *arguments, const char *help)
{
	int used = fprintf(to, "  %s%s%s", name, *arguments ? " " : "", arguments);

	if (used + 2 <= HELP_AT)
		fprintf(to, "%*s", HELP_AT - used, "");
	else
		fprintf(to, "\n%*s", HELP_AT, "");
	wrapped_print(to, HELP_AT, HELP_AT, help);
}

/* Those that `flags` say a command takes, under the heading of who takes them. */
static void options_print(const struct usage *usage, unsigned flags, FILE *to)
{
	const char *takers = NULL;

	for (size_t i = 0; i < usage->option_count; i++) {
		const struct option *option = &usage->options[i];
		if (option->takers != 0 && !(flags & option->takers))
			continue;
		if (!takers || strcmp(takers, option->takers_text) != 0)
			fprintf(to, "\nOptions%s%s\n", *option->takers_text ? " of " : "", option->takers_text);
		takers = option->takers_text;
		entry_print(to, option->name, option->argument, option->help);
	}
}

void usage_print(const struct usage *usage, FILE *to)
{
	const char *group = "";

	fputs("usage: zonelab [OPTION]... COMMAND ...\n\n"
	      "A DNS internet on one machine. zonelab COMMAND -h and zonelab(1) say more.\n", to);
	for (size_t i = 0; i < usage->command_count; i++) {
		const struct command *command = &usage->commands[i];
		if (strcmp(group, command->group) != 0)
			fprintf(to, "\n%s\n", command->group);
		group = command->group;
		entry_print(to, command->name, command->arguments, command->help);
	}
	options_print(usage, ~0U, to);
	fputs("\nOptions may stand before the command or after it.\n"
	      "TOPOLOGY is a file or a name that labs lists, by default zones/lab.yaml.\n"
	      "LINK is A:B (both ways), A (all links of a node), or '*' (all there are).\n"
	      "Exit status: 0 done, 1 failed, 2 wrong command line or topology,\n"
	      "3 not in the time that was given, or (run) not possible on this machine.\n", to);
}

void usage_print_lines(const struct usage *usage, const char *name, FILE *to)
{
	const char *head = "usage:";

	for (size_t i = 0; i < usage->command_count; i++) {
		const struct command *command = &usage->commands[i];
		if (strcmp(command->name, name) != 0)
			continue;
		int used = fprintf(to, "%s zonelab %s%s", head, command->name, *command->arguments ? " " : "");
		if (*command->arguments)
			wrapped_print(to, used, used, command->arguments);
		else
			fputc('\n', to);
		head = "      ";
	}
}

void usage_print_command(const struct usage *usage, const char *name, FILE *to)
{
	unsigned flags = 0;

	usage_print_lines(usage, name, to);
	fputc('\n', to);
	for (size_t i = 0; i < usage->command_count; i++) {
		const struct command *command = &usage->commands[i];
		if (strcmp(command->name, name) != 0)
			continue;
		fputs("  ", to);
		wrapped_print(to, 2, 2, command->help);
		if (*command->more) {
			fputs("\n  ", to);
			wrapped_print(to, 2, 2, command->more);
		}
		flags = command->flags;
	}
	options_print(usage, flags, to);
}
