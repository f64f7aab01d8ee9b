/* Scenarios in processes of their own. */
#include "tests/sim/xfr/trial.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 60, BATCH = 500, LARGE = 12 };      /* seconds for one scenario; scenarios in one process; servers */

/* What a child tells. */
struct report {
	uint64_t seed;
	bool is_sound;
	char failure[320];
	struct trial_sum sum;
};

static struct report *report_new(void)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(report != MAP_FAILED);
	return report;
}

static void run(const struct scenario *scenario, struct report *report)
{
	struct trial_sum *sum = &report->sum;
	struct world_outcome outcome;

	alarm(PATIENCE);
	world_run(scenario, NULL, &outcome);
	report->is_sound = outcome.is_sound;
	memcpy(report->failure, outcome.failure, sizeof(report->failure));
	sum->runs++;
	sum->steps += outcome.steps;
	sum->crashes += outcome.crashes;
	sum->expired += outcome.expired;
	sum->retries += outcome.retries;
	sum->ixfr += outcome.ixfr;
	sum->axfr += outcome.axfr;
	sum->repairs += outcome.repairs;
	sum->adopted += outcome.adopted;
	sum->large += scenario->server_count > LARGE;
	sum->journals += scenario->servers[0].has_journal;
	sum->took_sum += outcome.took;
	if (outcome.settled > sum->settled_longest)
		sum->settled_longest = outcome.settled;
	if (outcome.took > sum->took_longest) {
		sum->took_longest = outcome.took;
		sum->took_longest_seed = scenario->seed;
	}
}

/* Waits for the child; whether all went well. What killed it becomes the report's failure. */
static bool is_well(pid_t child, struct report *report)
{
	int status;
	pid_t ended = waitpid(child, &status, 0);

	assert(ended == child);
	if (WIFSIGNALED(status)) {
		bool is_late = WTERMSIG(status) == SIGALRM;
		snprintf(report->failure, sizeof(report->failure), is_late ? "it does not end" : "killed by signal %d", WTERMSIG(status));
		return false;
	}
	if (WEXITSTATUS(status) != 0 && report->is_sound) {      /* a sanitizer's end */
		snprintf(report->failure, sizeof(report->failure), "ended with status %d", WEXITSTATUS(status));
		return false;
	}
	return report->is_sound;
}

static void seeds_run(uint64_t first, unsigned long count, struct report *report)
{
	struct scenario *scenario = malloc(sizeof(*scenario));

	assert(scenario);
	for (unsigned long i = 0; i < count && report->is_sound; i++) {
		report->seed = first + i;
		scenario_draw(scenario, report->seed);
		run(scenario, report);
	}
	free(scenario);
}

static pid_t child_begin(void)
{
	fflush(NULL);
	pid_t child = fork();
	assert(child >= 0);
	return child;
}

bool trial_fails(const struct scenario *scenario, char failure[320])
{
	struct report *report = report_new();
	pid_t child = child_begin();

	if (child == 0) {
		run(scenario, report);
		_exit(report->is_sound ? 0 : 1);
	}
	bool fails = !is_well(child, report);
	memcpy(failure, report->failure, sizeof(report->failure));
	munmap(report, sizeof(*report));
	return fails;
}

bool trial_seeds(uint64_t first, unsigned long count, struct trial_sum *sum, uint64_t *seed, char failure[320])
{
	struct report *report = report_new();
	bool is_sound = true;

	report->is_sound = true;
	for (unsigned long done = 0; done < count && is_sound; done += BATCH) {
		pid_t child = child_begin();
		if (child == 0) {
			seeds_run(first + done, count - done < BATCH ? count - done : BATCH, report);
			_exit(report->is_sound ? 0 : 1);
		}
		is_sound = is_well(child, report);
	}
	*sum = report->sum;
	*seed = report->seed;
	memcpy(failure, report->failure, sizeof(report->failure));
	munmap(report, sizeof(*report));
	return !is_sound;
}
