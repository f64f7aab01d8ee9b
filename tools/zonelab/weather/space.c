/* Entering and leaving the lab's namespaces, and the init of its processes. */
#include "tools/zonelab/weather/space.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/zonelab/weather/nodenet.h"
#include "tools/zonelab/weather/proc.h"

__attribute__((format(printf, 2, 3))) static int refuse(char reason[SPACE_REASON_SIZE], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(reason, SPACE_REASON_SIZE, format, args);
	va_end(args);
	return ZT_EUNSUPPORTED;
}

static void close_and_forget(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void space_init(struct space *space)
{
	*space = (struct space){ .hub = -1, .children = -1 };
}

/* From a pipe, signals aside. */
static bool read_whole(int fd, void *out, size_t len)
{
	ssize_t got;
	do {
		got = read(fd, out, len);
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)len;
}

static bool identity_map(const char *path, unsigned id)
{
	char map[64];
	snprintf(map, sizeof(map), "%u %u 1", id, id);
	return proc_write(path, map);
}

static int enter_user(char reason[SPACE_REASON_SIZE])
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		return refuse(reason, "no user namespaces for this user: %s", errno == ENOSPC ? "none are left (user.max_user_namespaces)" : strerror(errno));
	if (!proc_write("/proc/self/setgroups", "deny") || !identity_map("/proc/self/uid_map", uid) || !identity_map("/proc/self/gid_map", gid))
		return refuse(reason, "the user namespace can't be given its user: %s", strerror(errno));
	return ZT_OK;
}

/* The init of the lab's processes: reaps orphans until it is killed, which the kernel makes the end of all of them. */
__attribute__((noreturn)) static void init_run(int ready)
{
	sigset_t all;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Nobody reads this if the keeper ended before that line, whose end would not be told any more. */
	signal(SIGPIPE, SIG_IGN);
	if (write(ready, "", 1) != 1)
		_exit(EXIT_SUCCESS);
	prctl(PR_SET_NAME, "zonelab-init");
	close_range(0, ~0U, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sigwaitinfo(&all, NULL);
	}
}

/* fork with flags of clone3(2). The C library knows nothing of it, so the child execs or ends before long. */
static pid_t clone_with(uint64_t flags, int exit_signal)
{
	struct clone_args args = { .flags = flags, .exit_signal = (uint64_t)exit_signal };
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* This process itself stays in its PID namespace, for its own children too: without privileges outside there would be no way back to it, and who is between two of
 * them can't make threads. */
static int enter_children(struct space *space, char reason[SPACE_REASON_SIZE])
{
	char path[64];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return refuse(reason, "no pipe: %s", strerror(errno));
	pid_t pid = clone_with(CLONE_NEWPID, SIGCHLD);
	if (pid == 0) {
		close(ends[0]);
		init_run(ends[1]);
	}
	int err = errno;
	close(ends[1]);
	/* No process is made before the init is tied to this one. */
	char byte;
	bool is_ready = pid > 0 && read_whole(ends[0], &byte, 1);
	close(ends[0]);
	if (pid < 0)
		return refuse(reason, "no PID namespaces for this user: %s", strerror(err));
	space->init = pid;
	if (!is_ready)
		return refuse(reason, "the init of the lab has ended");
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	space->children = open(path, O_RDONLY | O_CLOEXEC);
	if (space->children < 0)
		return refuse(reason, "the PID namespace can't be opened: %s", strerror(errno));
	return ZT_OK;
}

static int enter_hub(struct space *space, char reason[SPACE_REASON_SIZE])
{
	if (unshare(CLONE_NEWNET) < 0)
		return refuse(reason, "no network namespaces for this user: %s", strerror(errno));
	space->hub = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (space->hub < 0)
		return refuse(reason, "the network namespace can't be opened: %s", strerror(errno));
	return ZT_OK;
}

int space_enter(struct space *space, unsigned flags, char reason[SPACE_REASON_SIZE])
{
	int status = geteuid() == 0 ? ZT_OK : enter_user(reason);

	if (status == ZT_OK && (flags & SPACE_NET))
		status = enter_hub(space, reason);
	if (status == ZT_OK)
		status = enter_children(space, reason);
	if (status != ZT_OK)
		space_end(space);
	return status;
}

/* Tries in a child, whose namespaces end with it. What it says on the pipe is the reason; nothing is success. */
static void check_run(int out)
{
	char reason[SPACE_REASON_SIZE] = "";
	struct space space;
	struct nodenet node;
	struct nodenet_config config = { .mtu = NODENET_MTU };

	space_init(&space);
	int status = space_enter(&space, SPACE_NET, reason);
	if (status == ZT_OK)
		status = nodenet_make(&space, &config, &node, reason);
	space_end(&space);
	if (status != ZT_OK && write(out, reason, strlen(reason)) < 0)
		_exit(EXIT_FAILURE);
	_exit(status == ZT_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}

int space_check(char reason[SPACE_REASON_SIZE])
{
	int ends[2], status;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return refuse(reason, "no pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		check_run(ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return refuse(reason, "no child: %s", strerror(errno));
	}
	ssize_t len = read(ends[0], reason, SPACE_REASON_SIZE - 1);
	reason[len > 0 ? len : 0] = '\0';
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (len > 0)
		return ZT_EUNSUPPORTED;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return refuse(reason, "the trial of the namespaces ended with status %d", status);
	return ZT_OK;
}

/* In a helper: makes the child, which becomes a child of the helper's parent, and says its number, or a negative errno. Returns only in the child. */
static void fork_inside(const struct space *space, int out)
{
	int32_t said = setns(space->children, CLONE_NEWPID) < 0 ? -errno : clone_with(CLONE_PARENT, 0);

	if (said == 0)
		return;
	if (said == -1)
		said = -errno;
	_exit(write(out, &said, sizeof(said)) == (ssize_t)sizeof(said) ? EXIT_SUCCESS : EXIT_FAILURE);
}

pid_t space_fork(const struct space *space)
{
	int ends[2];
	int32_t said = -EIO;

	if (space->children < 0)
		return fork();
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t helper = fork();
	if (helper == 0) {
		fork_inside(space, ends[1]);
		close(ends[0]);
		close(ends[1]);
		return 0;
	}
	int err = errno;
	close(ends[1]);
	if (helper > 0) {
		err = read_whole(ends[0], &said, sizeof(said)) ? -said : EIO;
		while (waitpid(helper, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	errno = err;
	return helper > 0 && said > 0 ? said : -1;
}

void space_end(struct space *space)
{
	if (space->init > 0) {
		pid_t reaped;
		kill(space->init, SIGKILL);
		do {
			reaped = waitpid(-1, NULL, 0);
		} while (reaped != space->init && (reaped > 0 || errno == EINTR));
	}
	space->init = 0;
	close_and_forget(&space->children);
	close_and_forget(&space->hub);
}

static int join_failed(pid_t keeper, char reason[SPACE_REASON_SIZE])
{
	int err = errno;

	refuse(reason, "the lab's process %d can't be joined: %s", (int)keeper, strerror(err));
	return status_from_errno(err);
}

static int open_of(pid_t pid, const char *what)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Root's keeper has made no user namespace, and entering the one where one is already is an error. */
static bool same_file(int fd, const char *path)
{
	struct stat mine, its;
	return fstat(fd, &its) == 0 && stat(path, &mine) == 0 && mine.st_dev == its.st_dev && mine.st_ino == its.st_ino;
}

int space_join(struct space *space, pid_t keeper, char reason[SPACE_REASON_SIZE])
{
	space_init(space);
	int user = open_of(keeper, "ns/user");
	space->hub = user < 0 ? -1 : open_of(keeper, "ns/net");
	bool good = space->hub >= 0 && (same_file(user, "/proc/self/ns/user") || setns(user, CLONE_NEWUSER) == 0) && setns(space->hub, CLONE_NEWNET) == 0;
	int status = good ? ZT_OK : join_failed(keeper, reason);
	if (user >= 0)
		close(user);
	if (!good)
		close_and_forget(&space->hub);
	return status;
}

int space_open(pid_t keeper, int number, int *netns)
{
	char what[32];

	snprintf(what, sizeof(what), "fd/%d", number);
	*netns = open_of(keeper, what);
	return *netns < 0 ? status_from_errno(errno) : ZT_OK;
}

int space_move(int netns)
{
	return setns(netns, CLONE_NEWNET) < 0 ? status_from_errno(errno) : ZT_OK;
}

int space_socket(const struct space *space, int netns, int family, int type, int *fd)
{
	int status = space_move(netns);

	*fd = -1;
	if (status != ZT_OK)
		return status;
	*fd = socket(family, type | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		status = status_from_errno(errno);
	if (setns(space->hub, CLONE_NEWNET) < 0) {
		/* This thread is somewhere else now than its caller believes. */
		status = ZT_ESYSTEM;
		close_and_forget(fd);
	}
	return status;
}
