/* What zonelab -h and zonelab COMMAND -h say, in lines of at most 80 columns, of the tables of commands and options that main.c has. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "tools/zonelab/cli/commands.h"

struct command {
	const char *group;        /* the heading it stands under; commands of a group stand together */
	const char *name;
	const char *arguments;
	const char *help;
	const char *more;         /* said by COMMAND -h only; "" for nothing */
	int min_words, max_words;      /* max -1: any number */
	unsigned flags;
	int (*run)(const struct arguments *args);
};

struct option {
	const char *name;
	const char *argument;          /* "" for none */
	unsigned takers;               /* flags of the commands that take it; 0: all */
	const char *takers_text;
	int (*take)(struct arguments *args, const char *text);      /* `text` is "" where there was none; NULL: only in the help */
	const char *help;
};

struct usage {
	const struct command *commands;
	size_t command_count;
	const struct option *options;
	size_t option_count;
};

void usage_print(const struct usage *usage, FILE *to);
/* Of one command, with the options it takes. */
void usage_print_command(const struct usage *usage, const char *name, FILE *to);
/* Only its usage lines. */
void usage_print_lines(const struct usage *usage, const char *name, FILE *to);
