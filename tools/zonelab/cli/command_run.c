/* zonelab run: a scenario, in a lab of its own. */
#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/cli/lab_up.h"
#include "tools/zonelab/cli/scenarios.h"
#include "tools/zonelab/cli/topologies.h"
#include "tools/zonelab/lab/door.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/scenario/choice.h"
#include "tools/zonelab/scenario/note.h"
#include "tools/zonelab/scenario/report.h"
#include "tools/zonelab/scenario/runner.h"

enum { FILE_SIZE_MAX = 16 << 20 };

struct run {
	const struct arguments *args;
	char path[4096];                       /* of the scenario */
	const char *report;                    /* where a page about it goes; NULL */
	struct choice choices[SCENARIO_LIST_MAX];
	const char *choice_words[SCENARIO_LIST_MAX];
	size_t choice_count;
	struct buf text, lab_text, chosen;     /* the scenario's, the topology's, and that with other kinds */
	char topology[4096];                   /* the topology's file */
	char folder[64];                       /* made by us; "" when the user named one */
	const char *dir;                       /* of the lab */
	struct scenario scenario;
	struct lab lab;
	struct play play;
};

/* ---- the command line ---- */

static int choice_read(struct run *run, char *word)
{
	char *equals = word ? strchr(word, '=') : NULL;

	if (!equals || equals == word || equals[1] == '\0')
		return usage_error("--kind: expected WHO=KIND, such as secondary=knot, not ", word ? word : "nothing");
	if (run->choice_count == SCENARIO_LIST_MAX)
		return usage_error("too many of --kind: ", word);
	/* For the report, before it is taken apart. */
	run->choice_words[run->choice_count] = strdup(word);
	if (!run->choice_words[run->choice_count])
		return EXIT_FAILED;
	*equals = '\0';
	run->choices[run->choice_count++] = (struct choice){ word, equals + 1 };
	return EXIT_OK;
}

static int words_read(struct run *run, const char **scenario)
{
	const struct arguments *args = run->args;
	int exit_code = EXIT_OK;

	for (int i = 0; i < args->word_count && exit_code == EXIT_OK; i++) {
		char *value = i + 1 < args->word_count ? args->words[i + 1] : NULL;
		if (strcmp(args->words[i], "--kind") == 0) {
			exit_code = choice_read(run, value);
			i++;
		} else if (strcmp(args->words[i], "--report") == 0) {
			run->report = value;
			exit_code = value ? EXIT_OK : usage_error("--report: expected a file", "");
			i++;
		} else if (args->words[i][0] == '-') {
			exit_code = usage_error("unknown option of run: ", args->words[i]);
		} else if (*scenario) {
			exit_code = usage_error("run takes one scenario, not also ", args->words[i]);
		} else {
			*scenario = args->words[i];
		}
	}
	return exit_code;
}

/* ---- reading ---- */

static int file_read(const char *path, struct buf *out)
{
	uint8_t block[16384];
	size_t len;
	FILE *file = fopen(path, "r");

	if (!file) {
		fprintf(stderr, "zonelab: cannot read %s: %s\n", path, strerror(errno));
		return EXIT_USAGE;
	}
	while ((len = fread(block, 1, sizeof(block), file)) > 0 && out->len <= FILE_SIZE_MAX)
		buf_add(out, block, len);
	bool failed = ferror(file) || out->status != ZT_OK || out->len > FILE_SIZE_MAX;
	fclose(file);
	if (failed)
		fprintf(stderr, "zonelab: cannot read %s: it can't be read, or is larger than 16 MiB\n", path);
	return failed ? EXIT_USAGE : EXIT_OK;
}

static struct topology_text text_of(const char *path, const struct buf *text)
{
	return (struct topology_text){ path, text->data ? (const char *)text->data : "", text->len };
}

static int problems_tell(struct problems *problems, int status)
{
	struct buf said;

	buf_init(&said);
	problems_write(problems, &said);
	if (said.len > 0)
		fwrite(said.data, 1, said.len, stderr);
	else if (status != ZT_OK)
		fprintf(stderr, "zonelab: %s: %s\n", problems->file, status_text(status));
	buf_fini(&said);
	problems_fini(problems);
	return status == ZT_OK ? EXIT_OK : status == ZT_ESYNTAX ? EXIT_USAGE : EXIT_FAILED;
}

static int scenario_read(struct run *run)
{
	struct problems problems;
	int exit_code = file_read(run->path, &run->text);

	if (exit_code != EXIT_OK)
		return exit_code;
	struct topology_text source = text_of(run->path, &run->text);
	problems_init(&problems, run->path);
	return problems_tell(&problems, scenario_parse(&run->scenario, &source, &problems));
}

/* A file beside the scenario, or else what `zonelab up` would take. */
static int topology_find(struct run *run)
{
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s", run->path);
	int used = run->scenario.topology[0] == '/' ? snprintf(run->topology, sizeof(run->topology), "%s", run->scenario.topology)
						    : snprintf(run->topology, sizeof(run->topology), "%s/%s", dirname(folder), run->scenario.topology);
	if (used < (int)sizeof(run->topology) && access(run->topology, R_OK) == 0)
		return EXIT_OK;
	return topologies_find(run->scenario.topology, run->topology) ? EXIT_OK : EXIT_USAGE;
}

/* The scenario is held against its topology before anything starts. */
static int scenario_check(struct run *run)
{
	struct problems problems;
	struct topology topology;
	char error[256];
	int exit_code = file_read(run->topology, &run->lab_text);

	if (exit_code != EXIT_OK)
		return exit_code;
	struct topology_text source = text_of(run->topology, &run->lab_text);
	struct choices choices = { run->choices, run->choice_count };
	if (choice_apply(&source, &run->scenario, &choices, &run->chosen, error) != ZT_OK)
		return usage_error("--kind: ", error);
	source = text_of(run->topology, &run->chosen);
	problems_init(&problems, run->topology);
	exit_code = problems_tell(&problems, topology_parse(&topology, &source, &problems));
	if (exit_code != EXIT_OK)
		return exit_code;
	problems_init(&problems, run->path);
	exit_code = problems_tell(&problems, scenario_bind(&run->scenario, &topology, &problems));
	topology_free(&topology);
	return exit_code;
}

/* ---- the lab ---- */

/* How many times as fast the lab's clocks run. */
static double speed_of(const struct run *run)
{
	return run->lab.clock.clock.speed;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

enum { TMPDIR_MAX = 60 };      /* bytes; in a longer one the paths of nodes' control sockets would be longer than a socket's path may be */

/* Where the lab lives: the user's folder, or one of our own. With other kinds the topology is written there. */
static int folder_make(struct run *run)
{
	run->dir = run->args->dir;
	if (strcmp(run->args->dir, DEFAULT_DIR) == 0) {
		const char *tmp = getenv("TMPDIR");
		snprintf(run->folder, sizeof(run->folder), "%s/zonelab-XXXXXX", tmp && *tmp && strlen(tmp) <= TMPDIR_MAX ? tmp : "/tmp");
		if (!mkdtemp(run->folder)) {
			fprintf(stderr, "zonelab: cannot create folder %s: %s\n", run->folder, strerror(errno));
			run->folder[0] = '\0';
			return EXIT_FAILED;
		}
		run->dir = run->folder;
	}
	return EXIT_OK;
}

static int topology_write(struct run *run)
{
	char path[4096];

	if (run->choice_count == 0)
		return EXIT_OK;
	if (snprintf(path, sizeof(path), "%s/chosen.yaml", run->dir) >= (int)sizeof(path))
		return EXIT_FAILED;
	FILE *to = mkdir(run->dir, 0755) == 0 || errno == EEXIST ? fopen(path, "w") : NULL;
	bool failed = !to || fwrite(run->chosen.data, 1, run->chosen.len, to) != run->chosen.len;
	failed = (to && fclose(to) != 0) || failed;
	if (failed)
		fprintf(stderr, "zonelab: cannot write %s: %s\n", path, strerror(errno));
	snprintf(run->topology, sizeof(run->topology), "%s", path);
	return failed ? EXIT_FAILED : EXIT_OK;
}

/* Read again, for good: against the lab that runs. */
static int scenario_bind_lab(struct run *run)
{
	struct problems problems;

	scenario_free(&run->scenario);
	buf_clear(&run->text);
	int exit_code = scenario_read(run);
	if (exit_code != EXIT_OK)
		return exit_code;
	problems_init(&problems, run->path);
	return problems_tell(&problems, scenario_bind(&run->scenario, &run->lab.topology, &problems));
}

static void step_tell(void *ctx, const struct play *play, uint32_t step)
{
	(void)ctx;
	report_step(stdout, play, step);
}

static void nothing_tell(void *ctx, const struct play *play, uint32_t step)
{
	(void)ctx;
	(void)play;
	(void)step;
}

static int page_write(const struct run *run, const struct report_about *about)
{
	FILE *to = fopen(run->report, "w");

	if (to)
		report_markdown(to, &run->play, about);
	if (to && !ferror(to) && fclose(to) == 0)
		return EXIT_OK;
	fprintf(stderr, "zonelab: cannot write %s: %s\n", run->report, strerror(errno));
	return EXIT_FAILED;
}

static int result_tell(const struct run *run)
{
	struct report_about about = {
		.mode = lab_mode_text(run->lab.topology.mode), .speed = speed_of(run), .kinds = run->choice_words,
		.kind_count = run->choice_count,
	};
	int exit_code = run->play.has_failed ? EXIT_FAILED : EXIT_OK;

	if (run->args->json) {
		json_t *whole = report_json(&run->play, &about);
		if (!whole || json_dumpf(whole, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) != 0)
			exit_code = EXIT_FAILED;
		putchar('\n');
		json_decref(whole);
	} else {
		report_end(stdout, &run->play);
		fflush(stdout);
	}
	if (interrupt_is_waiting())
		fputs("zonelab: interrupted\n", stderr);
	if (run->report && page_write(run, &about) != EXIT_OK)
		exit_code = EXIT_FAILED;
	return exit_code;
}

static int lab_run(struct run *run)
{
	struct arguments args = *run->args;
	struct launched launched;
	struct keeper_part note = note_part();
	char *words[] = { run->topology, NULL };

	args.dir = run->dir;
	args.words = words;
	args.word_count = 1;
	if (args.speed == 0)
		args.speed = (int)run->scenario.speed;
	if (run->scenario.needs_net && args.mode == MODE_DEFAULT)
		args.mode = MODE_NET;
	int status = lab_up(&args, &run->lab, &launched, &note);
	if (status == ZT_EUNSUPPORTED)
		return EXIT_NOT_REACHED;
	if (status != ZT_OK)
		return lab_up_exit_code(status);
	int exit_code = scenario_bind_lab(run);
	struct runner_config config = {
		.lab = &run->lab, .scenario = &run->scenario, .speed = speed_of(run),
		.told = run->args->json ? nothing_tell : step_tell,
	};
	if (exit_code == EXIT_OK && runner_run(&config, &run->play) != ZT_OK)
		exit_code = EXIT_FAILED;
	else if (exit_code == EXIT_OK)
		exit_code = result_tell(run);
	play_fini(&run->play);
	launch_end(&launched);
	lab_free(&run->lab);
	return exit_code;
}

/* A folder of our own goes where all is well; else it stays for reading. */
static void folder_end(const struct run *run, int exit_code)
{
	if (run->folder[0] == '\0')
		return;
	bool is_of_use = exit_code != EXIT_OK && exit_code != EXIT_NOT_REACHED && !interrupt_is_waiting();
	if (!is_of_use && nftw(run->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fprintf(stderr, "zonelab: cannot remove %s: %s\n", run->folder, strerror(errno));
	if (is_of_use)
		fprintf(stderr, "zonelab: the lab's logs and events are in %s\n", run->folder);
}

static int run_all(struct run *run)
{
	int exit_code = scenario_read(run);

	if (exit_code == EXIT_OK)
		exit_code = topology_find(run);
	if (exit_code == EXIT_OK)
		exit_code = scenario_check(run);
	if (exit_code == EXIT_OK && run->scenario.needs_net && run->args->mode == MODE_LOOPBACK) {
		fprintf(stderr, "zonelab: %s needs net mode: it has faults, or looks at messages between nodes\n", run->path);
		return EXIT_NOT_REACHED;
	}
	if (exit_code != EXIT_OK)
		return exit_code;
	if (!run->args->json)
		printf("%s\n", run->scenario.title);
	exit_code = folder_make(run);
	if (exit_code == EXIT_OK)
		exit_code = topology_write(run);
	if (exit_code == EXIT_OK)
		exit_code = lab_run(run);
	folder_end(run, exit_code);
	return exit_code;
}

int command_scenario(const struct arguments *args)
{
	struct run *run = calloc(1, sizeof(*run));
	const char *word = NULL;

	if (!run)
		return EXIT_FAILED;
	run->args = args;
	buf_init(&run->text);
	buf_init(&run->lab_text);
	buf_init(&run->chosen);
	int exit_code = words_read(run, &word);
	if (exit_code == EXIT_OK && !word)
		exit_code = scenarios_list(args->program);
	else if (exit_code == EXIT_OK)
		exit_code = scenarios_find(word, run->path) ? run_all(run) : EXIT_USAGE;
	scenario_free(&run->scenario);
	buf_fini(&run->text);
	buf_fini(&run->lab_text);
	buf_fini(&run->chosen);
	for (size_t i = 0; i < run->choice_count; i++)
		free((char *)(uintptr_t)run->choice_words[i]);
	free(run);
	return exit_code;
}
