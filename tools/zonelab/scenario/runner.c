/* Running a scenario. */
#include "tools/zonelab/scenario/runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/ctl/ctl_client.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/scenario/asker.h"
#include "tools/zonelab/scenario/backup.h"
#include "tools/zonelab/scenario/flood.h"
#include "tools/zonelab/scenario/journal.h"
#include "tools/zonelab/scenario/program.h"

enum { COMMAND_PATIENCE_S = 30, PROGRAM_PATIENCE_MS = 30000, PROGRAM_LOOK_MS = 100, STEP_MS = 10, OWN_PROGRAM = UINT16_MAX };

struct runner {
	const struct runner_config *config;
	struct lab_time time;
	struct asker *asker;
	struct journal journal;
	struct play *play;
	pid_t floods[SCENARIO_LIST_MAX];
	uint32_t flood_count;
};

/* Asks the lab's keeper for something. `text` is what it says, or what is wrong. */
static int keeper_ask_words(const struct runner *runner, const char *command, const char *const *words, size_t count, char text[CTL_ERROR_SIZE])
{
	char path[4096];
	struct ctl_client client = { .path = path, .timeout = COMMAND_PATIENCE_S * USEC_PER_SEC, .clock = runner->time.clock };
	struct ctl_answer answer = { 0 };
	json_t *args = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(args, json_string(words[i]));
	json_t *request = json_pack("{s:s, s:o}", "command", command, "args", args);
	int status = lab_file(runner->config->lab, LAB_SOCKET, path);
	if (status == ZT_OK)
		status = request ? ctl_call(&client, request, &answer, text) : ZT_ENOMEM;
	if (status == ZT_OK) {
		const char *said = json_string_value(json_object_get(answer.result, "text"));
		snprintf(text, CTL_ERROR_SIZE, "%s", said ? said : "");
	}
	ctl_answer_fini(&answer);
	json_decref(request);
	return status;
}

/* The lab's own time, so that events can be told from those before. */
static int origin_find(struct runner *runner)
{
	char path[4096], error[CTL_ERROR_SIZE] = "";
	struct ctl_client client = { .path = path, .timeout = COMMAND_PATIENCE_S * USEC_PER_SEC, .clock = runner->time.clock };
	struct ctl_answer answer = { 0 };
	json_t *request = json_pack("{s:s}", "command", "state");
	int status = lab_file(runner->config->lab, LAB_SOCKET, path);

	if (status == ZT_OK)
		status = request ? ctl_call(&client, request, &answer, error) : ZT_ENOMEM;
	if (status == ZT_OK) {
		runner->time.origin = clock_now(runner->time.clock);
		runner->journal.behind = (usec_t)(json_number_value(json_object_get(answer.result, "t")) * USEC_PER_SEC);
	} else {
		fprintf(stderr, "zonelab: the lab's keeper does not answer: %s\n", error[0] ? error : status_text(status));
	}
	ctl_answer_fini(&answer);
	json_decref(request);
	return status;
}

/* ---- what steps do ---- */

static int each_node(const struct runner *runner, const struct step *step, const char *command, char text[CTL_ERROR_SIZE])
{
	int status = ZT_OK;

	for (uint32_t i = 0; i < step->node_count && status == ZT_OK; i++)
		status = keeper_ask_words(runner, command, &step->nodes[i]->name, 1, text);
	if (status == ZT_OK)
		text[0] = '\0';
	return status;
}

static int backups_make(const struct runner *runner, const struct step *step)
{
	int status = ZT_OK;

	for (uint32_t i = 0; i < step->node_count && status == ZT_OK; i++)
		status = backup_make(runner->config->lab, step->nodes[i]);
	return status;
}

/* A node that is down already stays so until it is started. */
static int backup_bring(const struct runner *runner, const struct topology_node *node, char text[CTL_ERROR_SIZE])
{
	bool ran = keeper_ask_words(runner, "kill", &node->name, 1, text) == ZT_OK;
	int status = backup_restore(runner->config->lab, node);

	return status == ZT_OK && ran ? keeper_ask_words(runner, "start", &node->name, 1, text) : status;
}

static int exec_run(const struct runner *runner, const struct step *step, char text[CTL_ERROR_SIZE])
{
	struct program program;
	struct sight sight = { 0 };
	int status = program_start(&program, runner->config->lab, step->exec, OWN_PROGRAM);

	if (status != ZT_OK)
		return status;
	for (int waited = 0; !program_ended(&program, PROGRAM_LOOK_MS, &sight); waited += PROGRAM_LOOK_MS) {
		bool is_interrupted = interrupt_is_waiting();
		if (waited < PROGRAM_PATIENCE_MS && !is_interrupted)
			continue;
		program_stop(&program);
		snprintf(text, CTL_ERROR_SIZE, is_interrupted ? "interrupted" : "it has not ended within %d s", PROGRAM_PATIENCE_MS / 1000);
		return ZT_ETIMEOUT;
	}
	snprintf(text, CTL_ERROR_SIZE, "exit %d%s%s", sight.exit, sight.text[0] ? ": " : "", sight.text);
	return sight.exit == step->exec->exit && sight.prints ? ZT_OK : ZT_EREFUSED;
}

static int flood_begin(struct runner *runner, const struct step *step, char text[CTL_ERROR_SIZE])
{
	if (runner->flood_count == SCENARIO_LIST_MAX) {
		snprintf(text, CTL_ERROR_SIZE, "more than %d floods", SCENARIO_LIST_MAX);
		return ZT_ELIMIT;
	}
	int status = flood_start(runner->config->lab, step, &runner->time, &runner->floods[runner->flood_count]);
	if (status == ZT_OK)
		runner->flood_count++;
	return status;
}

static void floods_end(struct runner *runner)
{
	for (uint32_t i = 0; i < runner->flood_count; i++) {
		kill(runner->floods[i], SIGKILL);
		waitpid(runner->floods[i], NULL, 0);
	}
}

static int step_do(struct runner *runner, const struct step *step, char text[CTL_ERROR_SIZE])
{
	int status = ZT_OK;

	switch (step->kind) {
	case STEP_UPDATE:
	case STEP_FAULT:
	case STEP_PARTITION:
	case STEP_HEAL: return keeper_ask_words(runner, step_kind_text(step->kind), step->words, step->word_count, text);
	case STEP_KILL:
	case STEP_START: return each_node(runner, step, step_kind_text(step->kind), text);
	case STEP_BACKUP: return backups_make(runner, step);
	case STEP_RESTORE:
		for (uint32_t i = 0; i < step->node_count && status == ZT_OK; i++)
			status = backup_bring(runner, step->nodes[i], text);
		return status;
	case STEP_FLOOD: return flood_begin(runner, step, text);
	case STEP_EXEC: return exec_run(runner, step, text);
	case STEP_EXPECT:
	case STEP_KIND_COUNT: break;
	}
	return ZT_EINVAL;
}

/* ---- telling ---- */

/* A line in the lab's events, for who watches. A keeper that does not take it does not matter here. */
static void step_note(const struct runner *runner, uint32_t index)
{
	static const char *const states[] = { [PLAY_OPEN] = "begun", [PLAY_PASSED] = "passed", [PLAY_FAILED] = "failed", [PLAY_SKIPPED] = "skipped" };
	const struct step *step = &runner->config->scenario->steps[index];
	const struct play_step *run = &runner->play->steps[index];
	char number[16], text[CTL_ERROR_SIZE], about[1000];

	snprintf(number, sizeof(number), "%u", index + 1);
	snprintf(about, sizeof(about), "%s %s%s%s", step_kind_text(step->kind), step->text, run->text[0] ? ": " : "", run->text);
	const char *words[] = { runner->config->scenario->title, number, states[run->state], about };
	int status = keeper_ask_words(runner, "note", words, 4, text);
	(void)status;
}

/* All steps that have gone on since the last look. */
static void changes_tell(const struct runner *runner, enum play_state *told)
{
	for (uint32_t i = 0; i < runner->config->scenario->step_count; i++) {
		if (runner->play->steps[i].state == told[i])
			continue;
		told[i] = runner->play->steps[i].state;
		step_note(runner, i);
		runner->config->told(runner->config->ctx, runner->play, i);
	}
}

static void act(struct runner *runner, uint32_t index)
{
	char text[CTL_ERROR_SIZE] = "";
	int status = step_do(runner, &runner->config->scenario->steps[index], text);

	if (status != ZT_OK && text[0] == '\0')
		snprintf(text, sizeof(text), "%s", status_text(status));
	play_acted(runner->play, index, status == ZT_OK, text, lab_time_now(&runner->time));
}

static void play_on(struct runner *runner, enum play_state *told)
{
	for (;;) {
		usec_t now = lab_time_now(&runner->time);
		struct play_next next = play_next(runner->play, now);
		changes_tell(runner, told);
		if (next.want == PLAY_END)
			return;
		if (interrupt_is_waiting()) {
			play_abandon(runner->play, "interrupted", now);
		} else if (next.want == PLAY_ACT) {
			act(runner, next.step);
		} else {
			asker_step(runner->asker, runner->play, STEP_MS);
			journal_step(&runner->journal, runner->play, lab_time_now(&runner->time));
		}
	}
}

int runner_run(const struct runner_config *config, struct play *play)
{
	struct runner runner = { .config = config, .play = play, .time = { .clock = clock_system(), .speed = config->speed } };
	enum play_state told[SCENARIO_STEPS_MAX] = { PLAY_WAITING };
	int status = play_init(play, config->scenario);

	if (status != ZT_OK)
		return status;
	runner.journal.speed = config->speed;
	status = origin_find(&runner);
	if (status == ZT_OK)
		status = journal_open(&runner.journal, config->lab);
	if (status == ZT_OK)
		status = asker_new(&runner.asker, config->lab, config->scenario, &runner.time);
	if (status == ZT_OK)
		play_on(&runner, told);
	asker_free(runner.asker);
	journal_close(&runner.journal);
	floods_end(&runner);
	if (status != ZT_OK)
		play_fini(play);
	return status;
}
