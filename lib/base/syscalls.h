/* The system calls a running daemon may make: an allow-list, put in force by libseccomp.
 *
 * Three answers. A call on the list goes through. One of the few that only somebody who took the process over would make (execute a file, trace or read
 * another process, load a module, mount, bpf, keys, leave the root folder) ends the process: a server under foreign control is worse than none, and what started
 * it starts it again. Every other call fails with ENOSYS, as on a kernel that lacks it, and is logged by the kernel's audit where that is on; so a newer C library that
 * tries a newer call falls back to the one it used before, and an update of a library does not end a name server. (EPERM would not do: libraries take it for
 * an answer and fail.)
 *
 * The list has everything the daemon's own code, libevent, LMDB, OpenSSL, fstrm and glibc use once the daemon has started, not what starting takes.
 * Where a call has dangerous and harmless forms, its arguments are looked at: clone makes threads only, socket only Internet and Unix ones, memory never becomes
 * executable, and so on.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/status.h"

/* Whether the kernel has filters of system calls; `reason` says why not. */
bool syscalls_can_restrict(const char **reason);
/* All threads of the process, for good. Sets no_new_privs. */
ZT_MUST_CHECK int syscalls_restrict(void);
