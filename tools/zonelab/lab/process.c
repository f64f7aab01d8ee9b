/* Starting and ending the daemons of a lab. */
#include "tools/zonelab/lab/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	STOP_PATIENCE_MS = 5000,
};

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

bool process_find_program(const char *name, char out[4096])
{
	char self[2048];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len > 0) {
		self[len] = '\0';
		char *slash = strrchr(self, '/');
		*slash = '\0';
		const char *relative[] = { "../../", "../", "", "../sbin/" };
		const bool has_folder[] = { true, true, false, false };
		for (size_t i = 0; i < 4; i++) {
			int used = has_folder[i] ? snprintf(out, 4096, "%s/%s%s/%s", self, relative[i], name, name)
						 : snprintf(out, 4096, "%s/%s%s", self, relative[i], name);
			if (used < 4096 && is_program(out))
				return true;
		}
	}
	const char *path = getenv("PATH");
	for (const char *at = path ? path : ""; *at;) {
		size_t part = strcspn(at, ":");
		if (snprintf(out, 4096, "%.*s/%s", (int)part, at, name) < 4096 && is_program(out))
			return true;
		at += part + (at[part] == ':');
	}
	return false;
}

/* The 22nd field of /proc/PID/stat: start time in clock ticks since boot. 0 when there is no such process or it is a zombie. */
static unsigned long long start_time(pid_t pid)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	size_t len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	/* The second field is the command in parentheses and may hold anything. */
	char *at = strrchr(text, ')');
	if (!at || at[1] != ' ' || at[2] == 'Z')
		return 0;
	at += 2;      /* at the third field */
	for (int field = 3; field < 22 && at; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

/* Starts `argv` with the default signal handling. `is_daemon`: in a session of its own, so that neither Ctrl-C nor a closing terminal is for it. */
static int spawn(char *const argv[], const posix_spawn_file_actions_t *actions, bool is_daemon, pid_t *pid)
{
	posix_spawnattr_t attributes;
	sigset_t none, reset;

	posix_spawnattr_init(&attributes);
	sigemptyset(&none);
	sigemptyset(&reset);
	sigaddset(&reset, SIGPIPE);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &reset);
	posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (is_daemon ? POSIX_SPAWN_SETSID : 0)));
	int err = posix_spawn(pid, argv[0], actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	if (err == 0)
		return ZT_OK;
	fprintf(stderr, "zonelab: cannot start %s: %s\n", argv[0], strerror(err));
	return status_from_errno(err);
}

int process_start(struct lab_process *process, char *const argv[], const char *log_path)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	int status = spawn(argv, &actions, true, &pid);
	posix_spawn_file_actions_destroy(&actions);
	if (status != ZT_OK)
		return status;
	process->pid = pid;
	process->started = start_time(pid);
	return ZT_OK;
}

int process_run(char *const argv[], FILE **from, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return ZT_ESYSTEM;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	int status = spawn(argv, &actions, false, pid);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*from = status == ZT_OK ? fdopen(ends[0], "r") : NULL;
	if (!*from)
		close(ends[0]);
	return status == ZT_OK && !*from ? ZT_ENOMEM : status;
}

bool process_is_alive(const struct lab_process *process)
{
	return process->pid > 0 && process->started != 0 && start_time(process->pid) == process->started;
}

/* Waits until the process is gone, at most `patience_ms`; also when it is not our child. */
static bool gone_within(const struct lab_process *process, int patience_ms)
{
	int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (fd < 0)
		return !process_is_alive(process);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int ready = poll(&wait, 1, patience_ms);
	close(fd);
	return ready > 0;
}

void process_stop_all(struct lab_process *processes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (process_is_alive(&processes[i]))
			kill(processes[i].pid, SIGTERM);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (process_is_alive(&processes[i]) && !gone_within(&processes[i], STOP_PATIENCE_MS)) {
			kill(processes[i].pid, SIGKILL);
			gone_within(&processes[i], STOP_PATIENCE_MS);
		}
		if (processes[i].pid > 0)
			waitpid(processes[i].pid, NULL, WNOHANG);      /* where it is our child it must not stay as a zombie */
		processes[i] = (struct lab_process){ 0 };
	}
}
