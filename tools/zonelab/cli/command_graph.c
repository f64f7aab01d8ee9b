/* zonelab graph: a topology as a picture. Drawing is Graphviz' work. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/cli/topologies.h"
#include "tools/zonelab/lab/lab.h"
#include "tools/zonelab/lab/probe.h"
#include "tools/zonelab/lab/process.h"
#include "tools/zonelab/topology/dot.h"

#define ANSWER_WAIT USEC_PER_SEC

/* A topology, and what runs of it. */
struct drawing {
	struct lab lab;
	int64_t *serials;          /* NULL: nothing runs */
};

struct graph_words {
	const char *topology;      /* NULL: what runs, or the default one */
	const char *file;          /* NULL: standard output */
};

static int words_read(const struct arguments *args, struct graph_words *words)
{
	for (int i = 0; i < args->word_count; i++) {
		const char *word = args->words[i];
		if (strcmp(word, "-o") == 0) {
			if (i + 1 == args->word_count)
				return usage_error("-o: expected a file, such as lab.svg", "");
			words->file = args->words[++i];
		} else if (word[0] == '-' || words->topology) {
			return usage_error("graph takes a topology and -o FILE, not ", word);
		} else {
			words->topology = word;
		}
	}
	return EXIT_OK;
}

/* What every server of the running lab serves now, as dot_write takes it; NULL without memory or sockets. free() it. */
static int64_t *serials_ask(const struct lab *lab)
{
	const struct topology *topology = &lab->topology;
	uint32_t most = topology_role_count(topology), count = 0;
	struct probe *probes = calloc(most, sizeof(*probes));
	int64_t *serials = calloc(most, sizeof(*serials));

	for (uint32_t i = 0; probes && i < topology->zone_count; i++) {
		const struct topology_zone *zone = &topology->zones[i];
		for (uint32_t j = 0; j <= zone->secondary_count; j++)
			probes[count++] = (struct probe){ .node = topology_server(zone, j), .name = zone->apex, .type = TYPE_SOA };
	}
	if (!probes || !serials || probe_all(lab, probes, count, ANSWER_WAIT) != ZT_OK) {
		free(probes);
		free(serials);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		serials[i] = probes[i].answered && probes[i].count > 0 ? (int64_t)probes[i].serial : -1;
	free(probes);
	return serials;
}

/* What follows the last dot; "" without one. */
static const char *ending_of(const char *file)
{
	const char *slash = strrchr(file, '/'), *dot = strrchr(slash ? slash : file, '.');
	return dot ? dot + 1 : "";
}

static int write_failed(const char *file)
{
	fprintf(stderr, "zonelab: cannot write %s: %s\n", file, strerror(errno));
	return EXIT_FAILED;
}

static int text_write(const struct drawing *drawing, const char *file)
{
	FILE *to = fopen(file, "w");

	if (!to)
		return write_failed(file);
	dot_write(to, &drawing->lab.topology, drawing->serials);
	bool failed = ferror(to) != 0;
	return fclose(to) != 0 || failed ? write_failed(file) : EXIT_OK;
}

/* Graphviz reads the text at its standard input. */
static int drawing_write(const struct drawing *drawing, const char *file)
{
	char program[4096], format[16], option[] = "-o", path[4096];
	char *const argv[] = { program, format, option, path, NULL };
	int ends[2], result = 0;

	if (!process_find_program("dot", program)) {
		fputs("zonelab: cannot find dot, which draws; apt-get install graphviz, or write FILE.dot\n", stderr);
		return EXIT_FAILED;
	}
	snprintf(format, sizeof(format), "-T%s", ending_of(file));
	if (snprintf(path, sizeof(path), "%s", file) >= (int)sizeof(path) || pipe(ends) != 0)
		return write_failed(file);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(program, argv);
		_exit(127);
	}
	close(ends[0]);
	FILE *to = fdopen(ends[1], "w");
	if (to) {
		dot_write(to, &drawing->lab.topology, drawing->serials);
		fclose(to);      /* what could not be written dot complains about */
	}
	if (pid < 0 || waitpid(pid, &result, 0) != pid || !to)
		return write_failed(file);
	if (WIFEXITED(result) && WEXITSTATUS(result) == 0)
		return EXIT_OK;
	fprintf(stderr, "zonelab: %s could not draw %s\n", program, file);
	return EXIT_FAILED;
}

/* The named topology, or the lab that runs in the folder, or else the default topology. */
static int drawing_open(struct drawing *drawing, const struct arguments *args, const char *topology)
{
	char path[4096];

	drawing->serials = NULL;
	if (!topology && snprintf(path, sizeof(path), "%s/lab.json", args->dir) < (int)sizeof(path) && access(path, F_OK) == 0) {
		int status = lab_find_inside(&drawing->lab, args->dir);
		if (status == ZT_OK)
			drawing->serials = serials_ask(&drawing->lab);
		return status;
	}
	return topologies_find(topology, path) ? lab_read(&drawing->lab, path) : ZT_ENOENT;
}

int command_graph(const struct arguments *args)
{
	struct graph_words words = { 0 };
	struct drawing drawing;
	int exit_code = words_read(args, &words);

	if (exit_code == EXIT_OK && words.file && strcmp(ending_of(words.file), "svg") != 0 && strcmp(ending_of(words.file), "png") != 0 &&
	    strcmp(ending_of(words.file), "dot") != 0)
		exit_code = usage_error("-o: expected a file that ends in .svg, .png or .dot, not ", words.file);
	if (exit_code != EXIT_OK)
		return exit_code;
	int status = drawing_open(&drawing, args, words.topology);
	if (status != ZT_OK)
		return status == ZT_ESYNTAX ? EXIT_USAGE : EXIT_FAILED;
	if (!words.file)
		dot_write(stdout, &drawing.lab.topology, drawing.serials);
	else if (strcmp(ending_of(words.file), "dot") == 0)
		exit_code = text_write(&drawing, words.file);
	else
		exit_code = drawing_write(&drawing, words.file);
	free(drawing.serials);
	lab_free(&drawing.lab);
	return exit_code;
}
