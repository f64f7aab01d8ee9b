/* The scenarios that come with zonelab, by name. */
#pragma once

#include <stdbool.h>

/* The file that a word of the command line means: a path, or the name of a scenario that comes along. False, printed with the nearest name, when there is none. */
bool scenarios_find(const char *word, char out[4096]);
/* Prints them all with their titles. Returns the exit code. */
int scenarios_list(const char *program);
