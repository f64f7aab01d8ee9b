/* Asking a lab's keeper. */
#pragma once

#include "lib/ctl/ctl_client.h"
#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/lab/lab.h"

/* Asks for a command with all words as its arguments and prints what it says. Errors are printed. Returns the exit code. */
int ask_and_print(const struct arguments *args, const char *command);
/* Asks for a command without arguments; its result does not matter. */
int ask_quietly(const struct lab *lab, const char *command, char error[CTL_ERROR_SIZE]) ZT_MUST_CHECK;
/* Asks for a command; `words` (a list, taken over) may be NULL. *result is the caller's. `error` says what went wrong. */
int ask_result(const struct lab *lab, const char *command, json_t *words, json_t **result, char error[CTL_ERROR_SIZE]) ZT_MUST_CHECK;
