/* Commands that follow a lab: watch and report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/cli/ask.h"
#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/cli/report.h"
#include "tools/zonelab/cli/terminal.h"
#include "tools/zonelab/cli/watch.h"
#include "tools/zonelab/lab/interrupt.h"

enum { TIMEOUT_MAX_S = 1000000, WORDS_MAX = 3 };

struct words {
	const char *what[WORDS_MAX];      /* NAME TYPE NODE */
	int count;
	bool until_converged;
	double timeout_s;                 /* negative: none */
};

static int option_read(struct words *words, const char *option, const char *value)
{
	char *end = NULL;

	if (strcmp(option, "--until") == 0) {
		words->until_converged = true;
		return value && strcmp(value, "converged") == 0 ? EXIT_OK : usage_error("--until: expected converged, not ", value ? value : "nothing");
	}
	if (strcmp(option, "--timeout") != 0)
		return usage_error("unknown option of watch: ", option);
	words->timeout_s = value && *value >= '0' && *value <= '9' ? strtod(value, &end) : -1;
	if (words->timeout_s < 0 || *end || words->timeout_s > TIMEOUT_MAX_S)
		return usage_error("--timeout: expected seconds, not ", value ? value : "nothing");
	return EXIT_OK;
}

static int words_read(struct words *words, const struct arguments *args)
{
	uint8_t name[NAME_MAX_LEN];
	uint16_t type;

	*words = (struct words){ .timeout_s = -1 };
	for (int i = 0; i < args->word_count; i++) {
		if (strncmp(args->words[i], "--", 2) == 0) {
			int exit_code = option_read(words, args->words[i], i + 1 < args->word_count ? args->words[i + 1] : NULL);
			if (exit_code != EXIT_OK)
				return exit_code;
			i++;
		} else if (words->count == WORDS_MAX) {
			return usage_error("one word too many: ", args->words[i]);
		} else {
			words->what[words->count++] = args->words[i];
		}
	}
	if (words->timeout_s >= 0 && !words->until_converged)
		return usage_error("--timeout belongs to --until", "");
	if (words->count > 0 && name_from_text(name, words->what[0], NULL) != ZT_OK)
		return usage_error("not a domain name: ", words->what[0]);
	if (words->count > 1 && (!rr_type_from_text(words->what[1], &type) || rr_type_is_meta(type)))
		return usage_error("expected a record type, such as A, not ", words->what[1]);
	return EXIT_OK;
}

/* Tells the observer what to watch from now on, for all who look at this lab. */
static int watch_ask(const struct lab *lab, const struct words *words)
{
	char error[CTL_ERROR_SIZE];
	json_t *list = json_array(), *result;

	for (int i = 0; i < words->count; i++)
		json_array_append_new(list, json_string(words->what[i]));
	int status = ask_result(lab, "watch", list, &result, error);
	json_decref(result);
	if (status == ZT_OK)
		return EXIT_OK;
	fprintf(stderr, "zonelab: %s\n", error);
	return status == ZT_ENOENT || status == ZT_EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

/* What was seen of a change while the watch went on. */
static void end_print(const struct tally *tally, double began, const struct watch_options *options)
{
	if (options->style == WATCH_EVENTS || ferror(stdout) || !tally->has_watch)
		return;
	const struct tally_zone *zone = &tally->zones[tally->watched];
	if (zone->has_change && (options->style == WATCH_SCREEN || zone->changed >= began))
		report_print(tally);
}

static int watch_end(int status, const struct watch_options *options)
{
	if (status == ZT_ETIMEOUT) {
		fputs("zonelab: not converged in that time\n", stderr);
		return EXIT_NOT_REACHED;
	}
	if (status == ZT_ECLOSED) {
		fputs("zonelab: the lab has ended\n", stderr);
		return options->until_converged ? EXIT_FAILED : EXIT_OK;
	}
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}

static int lab_watch(const struct lab *lab, const struct words *words, bool json)
{
	struct follow follow;
	struct tally tally;

	if (follow_open(&follow, lab) != ZT_OK)
		return EXIT_FAILED;
	int exit_code = EXIT_FAILED;
	if (tally_init(&tally, &lab->topology) == ZT_OK) {
		double began = follow_now(&follow);
		struct watch_options options = {
			.style = json ? WATCH_EVENTS : terminal_is_there() ? WATCH_SCREEN : WATCH_LINES, .origin = began,
			.until_converged = words->until_converged, .deadline = words->timeout_s >= 0 ? began + words->timeout_s : -1,
		};
		watch_catch_up(&follow, &tally);
		exit_code = watch_end(watch_run(&follow, &tally, &options), &options);
		end_print(&tally, began, &options);
		tally_fini(&tally);
	}
	follow_close(&follow);
	return exit_code;
}

int command_watch(const struct arguments *args)
{
	struct words words;
	struct lab lab;
	int exit_code = words_read(&words, args);

	if (exit_code != EXIT_OK)
		return exit_code;
	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	if (words.count > 0)
		exit_code = watch_ask(&lab, &words);
	else if (!lab.topology.has_demo)
		fputs("zonelab: the topology has no demo section; until a name is given, only serials are watched\n", stderr);
	if (exit_code == EXIT_OK)
		exit_code = lab_watch(&lab, &words, args->json);
	interrupt_take();      /* Ctrl-C is how a watch ends */
	lab_free(&lab);
	return exit_code;
}

/* What a lab that runs, or has run, was made from. */
static int earlier_lab_read(struct lab *lab, const char *dir)
{
	char path[4096], folder[4096];

	if (!realpath(dir, folder) || snprintf(path, sizeof(path), "%s/topology.yaml", folder) >= (int)sizeof(path) || access(path, R_OK) != 0) {
		fprintf(stderr, "zonelab: there was no lab in %s; start one with: zonelab up, or name its folder with --dir\n", dir);
		return ZT_ENOENT;
	}
	int status = lab_read(lab, path);
	if (status == ZT_OK)
		snprintf(lab->dir, sizeof(lab->dir), "%s", folder);
	return status;
}

int command_report(const struct arguments *args)
{
	struct lab lab;
	struct follow follow;
	struct tally tally;

	if (earlier_lab_read(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	int exit_code = EXIT_FAILED;
	if (follow_open(&follow, &lab) == ZT_OK) {
		if (tally_init(&tally, &lab.topology) == ZT_OK) {
			watch_catch_up(&follow, &tally);
			(args->json ? report_print_json : report_print)(&tally);
			tally_fini(&tally);
			exit_code = EXIT_OK;
		}
		follow_close(&follow);
	}
	lab_free(&lab);
	return exit_code;
}
