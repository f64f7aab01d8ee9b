/* The keeper's life: start, loop, end. */
#include "tools/zonelab/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/descriptors.h"
#include "tools/zonelab/keeper/control.h"
#include "tools/zonelab/keeper/keeper_inner.h"
#include "tools/zonelab/keeper/network.h"
#include "tools/zonelab/keeper/nodes.h"
#include "tools/zonelab/keeper/ready.h"
#include "tools/zonelab/keeper/state.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/process.h"

enum { STOP_PATIENCE_S = 5 };

struct lab *keeper_lab(struct keeper *keeper)
{
	return keeper->lab;
}

struct loop *keeper_loop(struct keeper *keeper)
{
	return &keeper->loop;
}

struct events *keeper_events(struct keeper *keeper)
{
	return &keeper->events;
}

json_t *keeper_state(struct keeper *keeper)
{
	json_t *state = state_make(keeper);

	if (state)
		faults_state_add(keeper, state);
	for (size_t i = 0; i < keeper->parts_started && state; i++) {
		if (keeper->parts[i].state_add)
			keeper->parts[i].state_add(keeper->parts[i].ctx, state);
	}
	return state;
}

/* Nodes that do not end when they are asked to are ended. */
static void on_impatience(void *ctx)
{
	nodes_signal(ctx, SIGKILL);
}

void keeper_end(struct keeper *keeper)
{
	if (keeper->is_ending)
		return;
	keeper->is_ending = true;
	while (keeper->parts_started > 0) {
		const struct keeper_part *part = &keeper->parts[--keeper->parts_started];
		part->stop(part->ctx);
	}
	jobs_end(&keeper->jobs);
	captures_end(keeper);
	nodes_signal(keeper, SIGTERM);
	nodes_signal(keeper, SIGCONT);      /* a stopped one could not end */
	loop_timer_in(&keeper->patience, STOP_PATIENCE_S * USEC_PER_SEC);
	if (!nodes_are_running(keeper))
		loop_stop(&keeper->loop);
}

static void on_end_signal(void *ctx)
{
	keeper_end(ctx);
}

static void on_child(void *ctx)
{
	struct keeper *keeper = ctx;
	bool is_changed = false;
	int wait_status;
	pid_t pid;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
		if (node_reaped(keeper, pid, wait_status))
			is_changed = true;
		else
			job_reaped(&keeper->jobs, pid, wait_status);
	}
	if (keeper->is_ending && !nodes_are_running(keeper))
		loop_stop(&keeper->loop);
	else if (is_changed && !keeper->is_ending && lab_save(keeper->lab) != ZT_OK)
		fputs("zonelab: lab.json names processes that are gone\n", stderr);
}

static void report_close(struct keeper *keeper)
{
	loop_io_stop(&keeper->report_io);
	close(keeper->report);
	keeper->report = -1;
}

/* Who asked for the lab leaves it alone, or has gone. */
static void on_report(void *ctx)
{
	struct keeper *keeper = ctx;
	char word;
	ssize_t len = read(keeper->report, &word, 1);

	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	report_close(keeper);
	if (len != 1 || word != KEEPER_DETACH)
		keeper_end(keeper);
}

static void events_init(struct keeper *keeper)
{
	loop_io_init(&keeper->report_io, on_report, keeper);
	loop_signal_init(&keeper->child_signal, on_child, keeper);
	for (size_t i = 0; i < END_SIGNALS; i++)
		loop_signal_init(&keeper->end_signals[i], on_end_signal, keeper);
	loop_timer_init(&keeper->patience, &keeper->loop, on_impatience, keeper);
}

/* From here on the loop is who hears of signals. */
static int signals_take(struct keeper *keeper)
{
	const int ending[END_SIGNALS] = { SIGTERM, SIGINT, SIGHUP };
	int status = loop_signal_start(&keeper->child_signal, &keeper->loop, SIGCHLD);

	for (size_t i = 0; i < END_SIGNALS && status == ZT_OK; i++)
		status = loop_signal_start(&keeper->end_signals[i], &keeper->loop, ending[i]);
	if (status == ZT_OK)
		interrupt_release();
	return status;
}

static int parts_prepare(const struct keeper *keeper)
{
	int status = ZT_OK;

	for (size_t i = 0; i < keeper->part_count && status == ZT_OK; i++) {
		if (keeper->parts[i].prepare)
			status = keeper->parts[i].prepare(keeper->parts[i].ctx);
	}
	return status;
}

static int parts_start(struct keeper *keeper)
{
	int status = ZT_OK;

	while (keeper->parts_started < keeper->part_count && status == ZT_OK) {
		const struct keeper_part *part = &keeper->parts[keeper->parts_started];
		status = part->start(keeper, part->ctx);
		if (status == ZT_OK)
			keeper->parts_started++;
	}
	return status;
}

/* Tells who asked that the lab is there; from now on nobody may read our messages but in the log. */
static int ready_tell(struct keeper *keeper)
{
	const char word = KEEPER_READY;

	if (write(keeper->report, &word, 1) != 1)
		return ZT_ECLOSED;
	dup2(STDOUT_FILENO, STDERR_FILENO);
	return loop_io_start(&keeper->report_io, &keeper->loop, keeper->report, LOOP_READ);
}

static int lab_start(struct keeper *keeper)
{
	int status = parts_prepare(keeper);

	if (status == ZT_OK)
		status = network_open(keeper);
	if (status == ZT_OK)
		status = lab_save(keeper->lab);      /* so that `down` finds us from now on */
	if (status == ZT_OK)
		status = ready_start(keeper);
	if (status == ZT_OK)
		status = lab_save(keeper->lab);
	if (status == ZT_OK)
		status = ready_wait(keeper);
	if (status == ZT_OK)
		status = control_open(keeper);
	if (status == ZT_OK)
		status = network_watch(keeper);
	if (status == ZT_OK)
		status = parts_start(keeper);
	if (status == ZT_OK)
		status = ready_tell(keeper);
	return status;
}

/* A session of its own, its output in the log; but for standard error, which is the user's until all is ready. */
static int process_settle(struct keeper *keeper)
{
	char path[4096];
	int status = lab_file(keeper->lab, "keeper.log", path);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int log = status == ZT_OK ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644) : -1;

	if (log < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 || chdir(keeper->lab->dir) != 0) {
		int err = errno;
		fprintf(stderr, "zonelab: cannot write %s: %s\n", path, strerror(err));
		status = status_from_errno(err);
	}
	if (log >= 0)
		close(log);
	if (null >= 0)
		close(null);
	setsid();
	descriptors_raise();      /* a node takes three */
	prctl(PR_SET_NAME, "zonelab-keeper");
	keeper->lab->keeper = process_of(getpid());
	return status;
}

static int keeper_open(struct keeper *keeper)
{
	char path[4096];
	int status = lab_file(keeper->lab, "events.jsonl", path);

	keeper->nodes = calloc(keeper->lab->topology.node_count + 1, sizeof(*keeper->nodes));
	if (status == ZT_OK && !keeper->nodes)
		status = ZT_ENOMEM;
	if (status == ZT_OK)
		status = events_open(&keeper->events, path, clock_system());
	return status;
}

static void keeper_close(struct keeper *keeper)
{
	control_close(keeper);
	network_close(keeper);
	faults_fini(&keeper->faults);
	loop_timer_stop(&keeper->patience);
	loop_signal_stop(&keeper->child_signal);
	for (size_t i = 0; i < END_SIGNALS; i++)
		loop_signal_stop(&keeper->end_signals[i]);
	if (keeper->report >= 0)
		report_close(keeper);
	events_close(&keeper->events);
	free(keeper->nodes);
	loop_fini(&keeper->loop);
}

int keeper_run(struct lab *lab, int report, const struct keeper_part *parts, size_t part_count)
{
	struct keeper keeper = { .lab = lab, .report = report, .parts = parts, .part_count = part_count, .events.fd = -1 };
	int status = loop_init(&keeper.loop, clock_system(), LOOP_PRECISE);

	if (status != ZT_OK)
		return status;
	events_init(&keeper);
	status = process_settle(&keeper);
	if (status == ZT_OK)
		status = keeper_open(&keeper);
	if (status == ZT_OK)
		status = lab_start(&keeper);
	int signals = signals_take(&keeper);
	if (status == ZT_OK)
		status = signals;
	if (status != ZT_OK)
		keeper_end(&keeper);
	on_child(&keeper);      /* who ended before we heard of it */
	int ran = nodes_are_running(&keeper) || !keeper.is_ending ? loop_run(&keeper.loop) : ZT_OK;
	if (status == ZT_OK)
		status = ran;
	lab_forget(lab);
	keeper_close(&keeper);
	return status;
}
