/* This program as a child of the keeper. */
#include "tools/zonelab/keeper/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/ctl/ctl_message.h"
#include "tools/zonelab/keeper/keeper_inner.h"
#include "tools/zonelab/lab/process.h"

enum { OUTPUT_MAX = 64 * 1024 };

/* Ends when the child has ended and all of its output was read. */
struct job {
	struct keeper_call *call;
	struct job *next;
	struct jobs *jobs;
	pid_t pid;                /* 0: has ended */
	int wait_status;
	FILE *from;               /* NULL: at its end */
	struct loop_io io;
	struct buf output;
};

static void job_free(struct job *job)
{
	struct job **at = &job->jobs->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (job->from) {
		loop_io_stop(&job->io);
		fclose(job->from);
	}
	buf_fini(&job->output);
	free(job);
}

static void job_finish(struct job *job)
{
	if (job->from || job->pid > 0)
		return;
	while (job->output.len > 0 && job->output.data[job->output.len - 1] == '\n')
		job->output.len--;
	const char *text = job->output.data ? (const char *)job->output.data : "";
	int len = (int)job->output.len;
	if (WIFEXITED(job->wait_status) && WEXITSTATUS(job->wait_status) == 0)
		keeper_call_say(job->call, "%.*s", len, text);
	else if (len > 0)
		keeper_call_fail(job->call, ZT_EINVAL, "%.*s", len, text);
	else
		keeper_call_fail(job->call, ZT_EIO, "it ended without a word");
	job_free(job);
}

static void on_output(void *ctx)
{
	struct job *job = ctx;
	char block[4096];
	ssize_t len = read(fileno(job->from), block, sizeof(block));

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len > 0 && job->output.len < OUTPUT_MAX)
		buf_add(&job->output, (const uint8_t *)block, (size_t)len);
	if (len > 0)
		return;
	loop_io_stop(&job->io);
	fclose(job->from);
	job->from = NULL;
	job_finish(job);
}

bool job_reaped(struct jobs *jobs, pid_t pid, int wait_status)
{
	for (struct job *job = jobs->first; job; job = job->next) {
		if (job->pid != pid)
			continue;
		job->pid = 0;
		job->wait_status = wait_status;
		job_finish(job);
		return true;
	}
	return false;
}

static int job_start(struct keeper *keeper, struct job *job, const char *command)
{
	enum { WORDS = 4 };
	char option[] = "--dir", self[] = "/proc/self/exe", name[32];
	char *argv[WORDS + CTL_ARGS_MAX + 1] = { self, option, keeper->lab->dir, name };

	snprintf(name, sizeof(name), "%s", command);
	for (size_t i = 0; i < keeper_call_arg_count(job->call); i++)
		argv[WORDS + i] = (char *)(uintptr_t)keeper_call_arg(job->call, i);
	int status = process_run(argv, PROCESS_ERRORS_TOO | PROCESS_DIES_WITH_US, &job->from, &job->pid);
	if (status == ZT_OK && fcntl(fileno(job->from), F_SETFL, O_NONBLOCK) != 0)
		status = ZT_ESYSTEM;
	if (status == ZT_OK)
		status = loop_io_start(&job->io, &keeper->loop, fileno(job->from), LOOP_READ);
	return status;
}

void job_run(struct keeper *keeper, struct keeper_call *call, const char *command)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		keeper_call_fail(call, ZT_ENOMEM, "out of memory");
		return;
	}
	job->call = call;
	job->jobs = &keeper->jobs;
	job->next = keeper->jobs.first;
	keeper->jobs.first = job;
	buf_init(&job->output);
	loop_io_init(&job->io, on_output, job);
	int status = job_start(keeper, job, command);
	if (status == ZT_OK)
		return;
	keeper_call_fail(call, status, "cannot run %s: %s", command, status_text(status));
	job_free(job);
}

void jobs_end(struct jobs *jobs)
{
	while (jobs->first) {
		struct job *job = jobs->first;
		if (job->pid > 0)
			kill(job->pid, SIGKILL);
		keeper_call_fail(job->call, ZT_ECLOSED, "the lab is ending");
		job_free(job);
	}
}
