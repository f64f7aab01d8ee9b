/* Landlock: the kernel keeps the process, for good, to the folders it named. By the kernel's interface, which has no library.
 *
 * What a rule set handles is what this file knows of and the running kernel too; a right that is handled and that no rule gives is denied, to root as well.
 * Handled are all file rights, binding TCP ports (a chosen port is denied, one of the kernel's choice is not, since transfers leave from such), and signals and
 * abstract sockets of processes outside. Connecting is free: primaries and notified servers may have any port.
 *
 * A rule set belongs to the calling thread and those it makes later. Not here: which folders (sandbox.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/status.h"

struct landlock {
	int fd;                    /* the rule set under construction; -1: none */
	int abi;                   /* of the kernel */
	uint64_t handled_files;
};

/* The version of the kernel's Landlock, 1 and up; 0 where it has none, `reason` then says why. */
int landlock_version(const char **reason);
ZT_MUST_CHECK int landlock_begin(struct landlock *landlock);
/* Reading of the files in the folder and all below. ZT_ENOENT: there is no such folder. */
ZT_MUST_CHECK int landlock_allow_read(struct landlock *landlock, const char *folder);
/* Reading, writing, making and removing of files and folders, and making of sockets. */
ZT_MUST_CHECK int landlock_allow_write(struct landlock *landlock, const char *folder);
/* Puts it in force for this thread; no_new_privs must be set. */
ZT_MUST_CHECK int landlock_apply(struct landlock *landlock);
/* For a rule set that is not applied; harmless after landlock_apply. */
void landlock_end(struct landlock *landlock);
