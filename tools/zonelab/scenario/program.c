/* Running a program for a node. */
#include "tools/zonelab/scenario/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "tools/zonelab/files/speed.h"
#include "tools/zonelab/lab/process.h"

enum { OUTPUT_MAX = 1 << 20, NOT_EXITED = 128, VARIABLES = 4, LIST_MAX = VARIABLES + SPEED_VARIABLES_MAX + 1 };

/* The word with each {NODE} replaced; NULL without memory. */
static char *word_expand(const struct lab *lab, const char *word)
{
	struct buf out;

	buf_init(&out);
	while (*word) {
		char name[256], address[NETADDR_TEXT_SIZE];
		size_t len = *word == '{' ? strcspn(word + 1, "{}") : 0;
		const struct topology_node *node = NULL;
		if (*word == '{' && word[1 + len] == '}' && len < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)len, word + 1);
			node = topology_node(&lab->topology, name);
		}
		if (node)
			buf_printf(&out, "%s", netaddr_to_text(&node->address, address));
		else
			buf_add_u8(&out, (uint8_t)*word);
		word += node ? len + 2 : 1;
	}
	buf_add_u8(&out, 0);
	size_t len;
	return (char *)buf_take(&out, &len);
}

static void words_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

/* Programs of ours are found where this one lies. */
static char **words_make(const struct lab *lab, const struct exec_what *what)
{
	char **words = calloc(what->word_count + 1, sizeof(*words));
	char path[4096];

	for (uint32_t i = 0; words && i < what->word_count; i++) {
		words[i] = i == 0 && process_find_program(what->words[0], path) ? strdup(path) : word_expand(lab, what->words[i]);
		if (!words[i]) {
			words_free(words);
			return NULL;
		}
	}
	return words;
}

static void variables_free(char *variables[VARIABLES])
{
	for (size_t i = 0; i < VARIABLES; i++)
		free(variables[i]);
}

static int variables_make(const struct lab *lab, const struct topology_node *node, char *variables[VARIABLES])
{
	char address[NETADDR_TEXT_SIZE], socket_path[4096];
	int status = lab_path(lab, node, "control.sock", socket_path);

	if (status == ZT_OK && (asprintf(&variables[0], "ZONELAB_NODE=%s", node->name) < 0 ||
				asprintf(&variables[1], "ZONELAB_ADDRESS=%s", netaddr_ip_to_text(&node->address, address)) < 0 ||
				asprintf(&variables[2], "ZONELAB_PORT=%u", netaddr_port(&node->address)) < 0 ||
				asprintf(&variables[3], "ZONETIDE_SOCKET=%s", socket_path) < 0))
		status = ZT_ENOMEM;
	return status;
}

/* All of both. */
static void list_make(const char *list[LIST_MAX], char *const variables[VARIABLES], const struct speed_environment *speed)
{
	size_t count = 0;

	for (size_t i = 0; i < VARIABLES; i++)
		list[count++] = variables[i];
	for (size_t i = 0; speed->list[i]; i++)
		list[count++] = speed->list[i];
}

int program_start(struct program *program, const struct lab *lab, const struct exec_what *what, unsigned number)
{
	char file[32];
	char *variables[VARIABLES] = { 0 };
	const char *list[LIST_MAX] = { NULL };
	struct speed_environment speed;
	char **words = words_make(lab, what);
	int status = words ? variables_make(lab, what->node, variables) : ZT_ENOMEM;

	*program = (struct program){ .what = what };
	snprintf(file, sizeof(file), "exec-%u.out", number);
	if (status == ZT_OK)
		status = lab_path(lab, what->node, file, program->output);
	if (status == ZT_OK) {
		speed_environment_of_program(&speed, lab, words[0]);
		list_make(list, variables, &speed);
		struct space space;      /* a child of ours like any other */
		space_init(&space);
		struct process_spec spec = {
			.argv = words, .environment = list, .folder = lab->dir, .log_path = program->output,
			.space = &space, .network = lab->networks ? lab->networks[what->node - lab->topology.nodes] : -1,
		};
		unlink(program->output);
		status = process_start(&program->process, &spec);
	}
	variables_free(variables);
	words_free(words);
	return status;
}

/* Whether the output holds what it should; its last line becomes the sight's text. */
static void output_look(const struct program *program, struct sight *sight)
{
	struct buf text;
	FILE *from = fopen(program->output, "r");
	uint8_t block[4096];
	size_t len;

	buf_init(&text);
	while (from && text.len < OUTPUT_MAX && (len = fread(block, 1, sizeof(block), from)) > 0)
		buf_add(&text, block, len);
	if (from)
		fclose(from);
	buf_add_u8(&text, 0);
	char *all = (char *)text.data;
	sight->prints = all && (!program->what->prints || strstr(all, program->what->prints));
	for (char *end = all ? all + strlen(all) : NULL; end && end > all && end[-1] == '\n'; end--)
		end[-1] = '\0';
	const char *last = all ? strrchr(all, '\n') : NULL;
	snprintf(sight->text, sizeof(sight->text), "%s", last ? last + 1 : all ? all : "");
	for (char *p = sight->text; *p; p++) {      /* it goes to a terminal, and into JSON */
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	buf_fini(&text);
}

bool program_ended(struct program *program, int patience_ms, struct sight *sight)
{
	int status;

	if (program->process.pid == 0 || (!process_gone_within(&program->process, patience_ms) && process_is_alive(&program->process)))
		return false;
	if (waitpid(program->process.pid, &status, 0) != program->process.pid)
		status = NOT_EXITED << 8;
	program->process.pid = 0;
	sight->exit = WIFEXITED(status) ? WEXITSTATUS(status) : NOT_EXITED;
	output_look(program, sight);
	return true;
}

void program_stop(struct program *program)
{
	if (program->process.pid == 0)
		return;
	kill(program->process.pid, SIGKILL);
	waitpid(program->process.pid, NULL, 0);
	program->process.pid = 0;
}
