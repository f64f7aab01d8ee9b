/* Starting and ending processes. */
#include "tools/zonelab/lab/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
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

/* Beside this program's build tree, or in the same installation. */
static bool find_beside(const char *name, char out[4096])
{
	static const char *const relative[] = { "../../", "../", "", "../sbin/" };
	static const bool has_folder[] = { true, true, false, false };
	char self[2048];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len <= 0)
		return false;
	self[len] = '\0';
	char *slash = strrchr(self, '/');
	*slash = '\0';
	for (size_t i = 0; i < 4; i++) {
		int used = has_folder[i] ? snprintf(out, 4096, "%s/%s%s/%s", self, relative[i], name, name)
					 : snprintf(out, 4096, "%s/%s%s", self, relative[i], name);
		if (used < 4096 && is_program(out))
			return true;
	}
	return false;
}

static bool find_on_path(const char *path, const char *name, char out[4096])
{
	for (const char *at = path; *at;) {
		size_t part = strcspn(at, ":");
		if (snprintf(out, 4096, "%.*s/%s", (int)part, at, name) < 4096 && is_program(out))
			return true;
		at += part + (at[part] == ':');
	}
	return false;
}

/* Daemons often lie where an ordinary user's PATH does not lead. */
bool process_find_program(const char *name, char out[4096])
{
	const char *path = getenv("PATH");

	return find_beside(name, out) || (path && find_on_path(path, name, out)) || find_on_path("/usr/local/sbin:/usr/sbin:/sbin", name, out);
}

/* The 22nd field of /proc/PID/stat: start time in clock ticks since boot. 0 when there is no such process. */
static unsigned long long start_time(pid_t pid, bool *is_zombie)
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
	if (!at || at[1] != ' ')
		return 0;
	*is_zombie = at[2] == 'Z';
	at += 2;      /* at the third field */
	for (int field = 3; field < 22 && at; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

/* The environment with the additions in place of what they replace. The strings are borrowed; NULL without memory. */
static char **environment_make(const char *const *additions)
{
	size_t count = 0, added = 0;

	while (environ[count])
		count++;
	while (additions && additions[added])
		added++;
	char **out = calloc(count + added + 1, sizeof(*out));
	if (!out)
		return NULL;
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		size_t name = strcspn(environ[i], "=") + 1, j = 0;
		while (j < added && strncmp(environ[i], additions[j], name) != 0)
			j++;
		if (j == added)
			out[used++] = environ[i];
	}
	for (size_t j = 0; j < added; j++)
		out[used++] = (char *)(uintptr_t)additions[j];
	return out;
}

/* What a child could not do. */
enum child_step { CHILD_START, CHILD_NETWORK, CHILD_LOG, CHILD_FOLDER, CHILD_READY };
static const char *const step_texts[] = { "start", "enter the network of", "open the log of", "enter the folder of" };

struct child_failure {
	int err;
	enum child_step step;
};

/* libfaketime makes shared memory there that is named by pid and stays when the process is killed, or becomes another program. Only system calls: also for
 * a child. */
void process_own_memory(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		(void)mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, NULL);
}

/* How a child begins: a daemon by its spec, or a program whose output is read. */
struct beginning {
	char *const *argv;
	char *const *environment;
	const struct process_spec *daemon;      /* NULL: a program */
	int output;                             /* of a program */
	unsigned flags;                         /* enum process_flags, of a program */
	int report;                             /* a pipe that closes with exec, or says what failed */
};

/* Our parent may have died before we asked; the pipe's reader is gone then. */
static bool die_with_parent(const struct beginning *how)
{
	struct pollfd parent = { .fd = how->report };
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && poll(&parent, 1, 0) == 0;
}

static enum child_step daemon_become(const struct beginning *how)
{
	const struct process_spec *spec = how->daemon;

	if (setsid() < 0 || !die_with_parent(how))
		return CHILD_START;
	if (spec->network >= 0 && space_move(spec->network) != ZT_OK)
		return CHILD_NETWORK;
	if (spec->own_memory)
		process_own_memory();
	int null = open("/dev/null", O_RDONLY), log = open(spec->log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (null < 0 || log < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		return CHILD_LOG;
	close(null);
	close(log);
	return chdir(spec->folder) == 0 ? CHILD_READY : CHILD_FOLDER;
}

static enum child_step program_become(const struct beginning *how)
{
	if ((how->flags & PROCESS_DIES_WITH_US) && !die_with_parent(how))
		return CHILD_START;
	if (dup2(how->output, STDOUT_FILENO) < 0 || ((how->flags & PROCESS_ERRORS_TOO) && dup2(STDOUT_FILENO, STDERR_FILENO) < 0))
		return CHILD_START;
	return CHILD_READY;
}

/* In the child, where only system calls are allowed: this process may have threads. */
static void child_run(const struct beginning *how)
{
	struct child_failure failure = { .step = how->daemon ? daemon_become(how) : program_become(how) };
	sigset_t none;

	if (failure.step == CHILD_READY) {
		signal(SIGPIPE, SIG_DFL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve(how->argv[0], how->argv, how->environment);
		failure.step = CHILD_START;
	}
	failure.err = errno;
	ssize_t written = write(how->report, &failure, sizeof(failure));
	_exit(written == sizeof(failure) ? 127 : 126);
}

static int failure_tell(const char *program, const struct child_failure *failure)
{
	fprintf(stderr, "zonelab: cannot %s %s: %s\n", step_texts[failure->step], program, strerror(failure->err));
	return status_from_errno(failure->err);
}

static int child_begin(struct beginning *how, const struct space *space, pid_t *pid)
{
	struct child_failure failure;
	int report[2];

	if (pipe2(report, O_CLOEXEC) != 0)
		return failure_tell(how->argv[0], &(struct child_failure){ .err = errno, .step = CHILD_START });
	how->report = report[1];
	*pid = space ? space_fork(space) : fork();
	if (*pid == 0) {
		close(report[0]);
		child_run(how);
	}
	close(report[1]);
	failure = (struct child_failure){ .err = errno, .step = CHILD_START };
	bool failed = *pid < 0 || read(report[0], &failure, sizeof(failure)) == (ssize_t)sizeof(failure);
	close(report[0]);
	if (!failed)
		return ZT_OK;
	if (*pid > 0)
		waitpid(*pid, NULL, 0);
	return failure_tell(how->argv[0], &failure);
}

int process_start(struct lab_process *process, const struct process_spec *spec)
{
	char **environment = environment_make(spec->environment);
	struct beginning how = { .argv = spec->argv, .environment = environment, .daemon = spec };
	pid_t pid;
	int status = environment ? child_begin(&how, spec->space, &pid) : ZT_ENOMEM;

	free(environment);
	if (status == ZT_OK)
		*process = process_of(pid);
	return status;
}

int process_run(char *const argv[], unsigned flags, FILE **from, pid_t *pid)
{
	struct beginning how = { .argv = argv, .environment = environ, .flags = flags };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return failure_tell(argv[0], &(struct child_failure){ .err = errno, .step = CHILD_START });
	how.output = ends[1];
	int status = child_begin(&how, NULL, pid);
	close(ends[1]);
	*from = status == ZT_OK ? fdopen(ends[0], "r") : NULL;
	if (!*from)
		close(ends[0]);
	return status == ZT_OK && !*from ? ZT_ENOMEM : status;
}

struct lab_process process_of(pid_t pid)
{
	bool is_zombie;
	return (struct lab_process){ .pid = pid, .started = start_time(pid, &is_zombie) };
}

static bool is_there(const struct lab_process *process, bool *is_zombie)
{
	*is_zombie = false;
	return process->pid > 0 && process->started != 0 && start_time(process->pid, is_zombie) == process->started;
}

bool process_is_alive(const struct lab_process *process)
{
	char path[64], program[8];
	bool is_zombie;

	if (!is_there(process, &is_zombie) || is_zombie)
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)process->pid);
	return readlink(path, program, sizeof(program)) >= 0 || errno != ENOENT;
}

bool process_gone_within(const struct lab_process *process, int patience_ms)
{
	bool is_zombie;
	int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (fd < 0)
		return !is_there(process, &is_zombie);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	/* Of one with threads the first may be a zombie while another still has the files. */
	int ready = is_there(process, &is_zombie) ? poll(&wait, 1, patience_ms) : 1;
	close(fd);
	return ready > 0;
}

void process_kill_all(struct lab_process *processes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (process_is_alive(&processes[i]))
			kill(processes[i].pid, SIGKILL);
	}
	for (uint32_t i = 0; i < count; i++)
		process_gone_within(&processes[i], STOP_PATIENCE_MS);
}
