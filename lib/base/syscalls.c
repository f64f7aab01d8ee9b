/* The allow-list of system calls. */
#include "lib/base/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By name, so that the list has what is known on some architecture or in some version of libseccomp only. */
static const char *const allowed[] = {
	/* files */
	"access", "chmod", "close", "close_range", "creat", "dup", "faccessat", "faccessat2", "fallocate", "fchmod", "fchmodat", "fcntl", "fcntl64", "fdatasync", "flock", "fstat", "fstat64",
	"fstatat64", "fstatfs", "fsync", "ftruncate", "ftruncate64", "getcwd", "getdents", "getdents64", "_llseek", "lseek", "lstat", "lstat64", "mkdir", "mkdirat",
	"msync", "newfstatat", "open", "openat", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readlink", "readlinkat", "readv", "rename", "renameat",
	"renameat2", "rmdir", "stat", "stat64", "statfs", "statx", "sync_file_range", "truncate", "umask", "unlink", "unlinkat", "write", "writev",
	/* memory */
	"brk", "madvise", "mincore", "mlock", "mlock2", "mremap", "munlock", "munmap",
	/* waiting */
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd2", "pipe", "pipe2", "poll", "ppoll", "pselect6", "select", "_newselect",
	"timerfd_create", "timerfd_gettime", "timerfd_settime",
	/* network */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv", "recvfrom", "recvmmsg", "recvmsg", "send", "sendmmsg", "sendmsg",
	"sendto", "setsockopt", "shutdown", "socketpair",
	/* threads */
	"clone3", "exit", "exit_group", "futex", "futex_waitv", "get_robust_list", "getcpu", "gettid", "membarrier", "restart_syscall", "rseq", "sched_getaffinity", "sched_getparam",
	"sched_getscheduler", "sched_setaffinity", "sched_yield", "set_robust_list", "set_tid_address",
	/* signals */
	"pause", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack", "sigreturn",
	/* time, and asking who one is */
	"clock_getres", "clock_gettime", "clock_nanosleep", "getegid", "geteuid", "getgid", "getgroups", "getpgrp", "getpid", "getppid", "getrandom", "getresgid", "getresuid",
	"getrlimit", "getrusage", "gettimeofday", "getuid", "nanosleep", "sysinfo", "time", "times", "uname", "capget",
	/* 32-bit machines */
	"clock_gettime64", "clock_nanosleep_time64", "futex_time64", "ppoll_time64", "pselect6_time64", "recvmmsg_time64", "timerfd_gettime64", "timerfd_settime64",
	"getuid32", "geteuid32", "getgid32", "getegid32", "set_thread_area",
};

/* What ends the process. */
static const char *const deadly[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "mount", "umount",
	"umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "bpf", "keyctl", "add_key", "request_key", "setns",
	"unshare", "reboot", "swapon", "swapoff", "open_by_handle_at", "iopl", "ioperm",
};

/* Calls that go through when one argument, masked, has a value. */
struct condition {
	const char *name;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
};

static const struct condition conditions[] = {
	{ "clone", 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM },      /* threads, no processes */
	{ "socket", 0, UINT32_MAX, AF_INET },
	{ "socket", 0, UINT32_MAX, AF_INET6 },
	{ "socket", 0, UINT32_MAX, AF_UNIX },
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mmap2", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "ioctl", 1, UINT32_MAX, FIONREAD },                                   /* libevent, before each read */
	{ "ioctl", 1, UINT32_MAX, FIONBIO },
	{ "prctl", 0, UINT32_MAX, PR_SET_NAME },
	{ "prctl", 0, UINT32_MAX, PR_GET_NAME },
	{ "prctl", 0, UINT32_MAX, PR_GET_DUMPABLE },
	{ "prctl", 0, UINT32_MAX, PR_CAPBSET_READ },
	{ "prlimit64", 2, UINT64_MAX, 0 },                                      /* asking, not setting */
};

bool syscalls_can_restrict(const char **reason)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		return true;
	*reason = errno == ENOSYS || errno == EINVAL ? "this kernel has no filters of system calls (seccomp)" : "this kernel's seccomp is too old";
	return false;
}

static int names_add(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);
		if (number == __NR_SCMP_ERROR)
			continue;
		int err = seccomp_rule_add(filter, action, number, 0);
		if (err != 0)
			return err;
	}
	return 0;
}

static int conditions_add(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		const struct condition *c = &conditions[i];
		int number = seccomp_syscall_resolve_name(c->name);
		struct scmp_arg_cmp compare = { .arg = c->argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = c->mask, .datum_b = c->value };
		if (number == __NR_SCMP_ERROR)
			continue;
		int err = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
		if (err != 0)
			return err;
	}
	return 0;
}

/* A signal goes to threads of this process only; abort needs that. */
static int own_signals_add(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp compare = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &compare);
}

static int attributes_set(scmp_filter_ctx filter, bool is_logged)
{
	/* All threads; refusals logged where the kernel's audit is on; a tree instead of a long row of comparisons; and no slower speculation for the whole
	 * process, which would protect it from code of strangers inside it, of which there is none (kernels from 5.16 on do the same). */
	const struct {
		enum scmp_filter_attr name;
		uint32_t value;
	} attributes[] = { { SCMP_FLTATR_CTL_TSYNC, 1 }, { SCMP_FLTATR_CTL_LOG, is_logged }, { SCMP_FLTATR_CTL_OPTIMIZE, 2 }, { SCMP_FLTATR_CTL_SSB, 1 } };
	int err = 0;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]) && err == 0; i++) {
		err = seccomp_attr_set(filter, attributes[i].name, attributes[i].value);
		if (err == -EOPNOTSUPP)      /* an older kernel; each is good to have and none is vital before the first thread is made */
			err = 0;
	}
	return err;
}

/* The C library tries clone3 for each thread it makes, whose flags a filter can't see, and then uses clone. It is refused by a filter of its own, so that the
 * audit is not told of every thread. */
static int clone3_refuse(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int number = seccomp_syscall_resolve_name("clone3");

	if (!filter)
		return -ENOMEM;
	int err = attributes_set(filter, false);
	if (err == 0 && number != __NR_SCMP_ERROR)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

static int list_enforce(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

	if (!filter)
		return -ENOMEM;
	int err = attributes_set(filter, true);
	if (err == 0)
		err = names_add(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
	if (err == 0)
		err = names_add(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0]));
	if (err == 0)
		err = conditions_add(filter);
	if (err == 0)
		err = own_signals_add(filter);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

int syscalls_restrict(void)
{
	int err = clone3_refuse();

	if (err == 0)
		err = list_enforce();
	return err == 0 ? ZT_OK : status_from_errno(-err);
}
