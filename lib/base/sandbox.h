/* What a running daemon may do, kept to what it needs: files by Landlock (landlock.h), system calls by seccomp (syscalls.h).
 *
 * Entered once, when all is open and before the first thread is made; there is no way back. What the kernel lacks is left out and reported, so a daemon runs on every
 * kernel. It is left out altogether in builds with sanitizers and under valgrind and rr, which do inside the process what a sandbox forbids, and where
 * the operator says so. gdb, strace and perf work from outside.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/folders.h"
#include "lib/base/status.h"

struct sandbox_plan {
	struct folders reads;            /* read, with all below; those that do not exist are left out */
	struct folders writes;           /* read and written; must exist */
	const char *off;                 /* why there shall be no sandbox; NULL: there shall be one */
};

struct sandbox_state {
	int landlock_abi;                /* in force; 0: not */
	const char *landlock_off;        /* why not; NULL when in force */
	bool has_seccomp;
	const char *seccomp_off;
};

void sandbox_plan_init(struct sandbox_plan *plan);
void sandbox_plan_fini(struct sandbox_plan *plan);
/* Why the program as it was built and started should have none; NULL: it may. */
const char *sandbox_obstacle(void);
/* An error: the kernel has it and refused it. */
ZT_MUST_CHECK int sandbox_enter(const struct sandbox_plan *plan, struct sandbox_state *state);

/* Keeps the process's memory from being dumped into a core file, and from being read by other processes of its user. */
void sandbox_hide_memory(void);
bool sandbox_hides_memory(void);

/* What an operator can do about a file or folder that could not be opened for reading: a clause that begins with "; ", or "" where rights are not the trouble. */
const char *sandbox_hint(const char *path);
