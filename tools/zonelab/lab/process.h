/* Starting and ending the daemons of a lab. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "tools/zonelab/lab/lab.h"

/* Finds a program of ours: beside this one's build tree, in the same installation, then on PATH. False when it is nowhere. */
bool process_find_program(const char *name, char out[4096]);

/* Starts `argv` with its output appended to `log_path`; the process does not die with this one. Errors are printed. */
int process_start(struct lab_process *process, char *const argv[], const char *log_path) ZT_MUST_CHECK;
/* Starts `argv`, whose standard output is to be read from *from; the caller closes that and waits for the pid. */
int process_run(char *const argv[], FILE **from, pid_t *pid) ZT_MUST_CHECK;
bool process_is_alive(const struct lab_process *process);
/* Asks all to end, waits, ends the rest by force. Only processes that are still the ones that were started. */
void process_stop_all(struct lab_process *processes, uint32_t count);
