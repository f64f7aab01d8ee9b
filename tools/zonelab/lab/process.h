/* Starting and ending processes.
 *
 * A daemon of a lab is a child of the lab's keeper and dies with it. Where that is not enough (it dropped privileges, it has children), the
 * keeper's PID namespace ends it.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "tools/zonelab/lab/lab.h"

/* A daemon to start. */
struct process_spec {
	char *const *argv;                 /* argv[0] is a path; ends with NULL */
	const char *const *environment;    /* "NAME=value" besides what this process has, instead of the same name there; ends with NULL, may be NULL */
	const char *folder;                /* where it runs */
	const char *log_path;              /* its output is appended */
	const struct space *space;         /* it is a child in */
	int network;                       /* descriptor of its network namespace; -1: this process's */
	bool own_memory;                   /* process_own_memory */
};

/* Finds a program: beside this one's build tree, in the same installation, on PATH, then where daemons lie. False when it is nowhere. */
bool process_find_program(const char *name, char out[4096]);

/* Starts a daemon, with a session of its own, that dies with this thread. Errors are printed. */
int process_start(struct lab_process *process, const struct process_spec *spec) ZT_MUST_CHECK;
/* Gives this process, and those it will start, a /dev/shm that ends with them, where the system lets us. */
void process_own_memory(void);
enum process_flags {
	PROCESS_ERRORS_TOO = 1,            /* standard error is read, too */
	PROCESS_DIES_WITH_US = 2,          /* killed when this thread ends */
};

/* Starts `argv`, whose standard output is to be read from *from; the caller closes that and waits for the pid. Errors are printed. */
int process_run(char *const argv[], unsigned flags, FILE **from, pid_t *pid) ZT_MUST_CHECK;
/* The process with this pid, as it is now. */
struct lab_process process_of(pid_t pid);
/* Not one that has only its files to close yet. */
bool process_is_alive(const struct lab_process *process);
/* Waits until the process is gone and its files are closed, at most `patience_ms`; whosever child it is. */
bool process_gone_within(const struct lab_process *process, int patience_ms);
/* Ends by force those that are still the ones that were started. */
void process_kill_all(struct lab_process *processes, uint32_t count);
