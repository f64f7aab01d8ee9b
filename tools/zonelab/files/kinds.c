/* The table of kinds, and the command lines made from it. */
#include "tools/zonelab/files/kinds.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/buf.h"
#include "tools/zonelab/lab/process.h"

enum { WORDS_MAX = KIND_ARGUMENTS_MAX + 1 };

static const struct kind *const kinds[NODE_KIND_COUNT] = {
	[NODE_AUTHD] = &kind_authd,
	[NODE_NSD] = &kind_nsd,
	[NODE_KNOT] = &kind_knot,
	[NODE_BIND] = &kind_bind,
	[NODE_PDNS] = &kind_pdns,
	[NODE_RESOLVERD] = &kind_resolverd,
	[NODE_UNBOUND] = &kind_unbound,
	[NODE_KNOT_RESOLVER] = &kind_knot_resolver,
	[NODE_BIND_RESOLVER] = &kind_bind_resolver,
	[NODE_RECURSOR] = &kind_recursor,
};

const struct kind *kind_of(const struct topology_node *node)
{
	return kinds[node->kind];
}

/* What words of the table stand for. */
struct place_holder {
	const char *word, *value;
};

/* Appends a word of the table with its place holders replaced, and a NUL. */
static void word_add(struct buf *to, const char *word, const struct place_holder *holders)
{
	while (*word) {
		const struct place_holder *holder = holders;
		while (holder->word && strncmp(word, holder->word, strlen(holder->word)) != 0)
			holder++;
		buf_add(to, holder->word ? holder->value : word, holder->word ? strlen(holder->value) : 1);
		word += holder->word ? strlen(holder->word) : 1;
	}
	buf_add_u8(to, 0);
}

/* The words one behind the other, after the pointers to them. */
static char **command_pack(const char *const *words, const struct place_holder *holders)
{
	struct buf text;
	size_t count = 0;

	buf_init(&text);
	for (; words[count]; count++)
		word_add(&text, words[count], holders);
	size_t head = (count + 1) * sizeof(char *);
	char **argv = text.status == ZT_OK ? malloc(head + text.len) : NULL;
	char *at = argv ? memcpy((char *)argv + head, text.data, text.len) : NULL;
	for (size_t i = 0; argv && i < count; i++) {
		argv[i] = at;
		at += strlen(at) + 1;
	}
	if (argv)
		argv[count] = NULL;
	buf_fini(&text);
	return argv;
}

/* A command of the table, whose first word is a program. `zone` may be NULL. */
static char **command_new(const struct lab *lab, const struct topology_node *node, const char *const *words, const struct topology_zone *zone)
{
	const struct kind *kind = kind_of(node);
	char program[4096], config[4096], folder[4096];
	const struct place_holder holders[] = {
		{ "CONFIG", config }, { "FOLDER", folder }, { zone ? "ZONE" : NULL, zone ? zone->text : NULL }, { NULL, NULL },
	};
	const char *found[WORDS_MAX + 1] = { program };

	if (!process_find_program(words[0], program)) {
		fprintf(stderr, "zonelab: node %s: cannot find %s; ", node->name, words[0]);
		fprintf(stderr, kind->package ? "apt-get install %s\n" : "build it (make) or put it on PATH\n", kind->package);
		return NULL;
	}
	if (lab_path(lab, node, kind->config, config) != ZT_OK || lab_path(lab, node, "", folder) != ZT_OK)
		return NULL;
	for (size_t i = 1; i < WORDS_MAX && words[i]; i++)
		found[i] = words[i];
	return command_pack(found, holders);
}

char **kind_command_new(const struct lab *lab, const struct topology_node *node)
{
	const struct kind *kind = kind_of(node);
	const char *words[WORDS_MAX + 1] = { kind->program };

	for (size_t i = 0; i < KIND_ARGUMENTS_MAX && kind->arguments[i]; i++)
		words[i + 1] = kind->arguments[i];
	return command_new(lab, node, words, NULL);
}

void kind_command_write(FILE *to, const struct topology_node *node, const char *folder)
{
	const struct kind *kind = kind_of(node);
	char config[4096];
	struct place_holder holders[] = { { "CONFIG", config }, { "FOLDER", folder }, { NULL, NULL } };
	struct buf word;

	snprintf(config, sizeof(config), "%s/%s", folder, kind->config);
	fputs(kind->program, to);
	buf_init(&word);
	for (size_t i = 0; i < KIND_ARGUMENTS_MAX && kind->arguments[i]; i++) {
		buf_clear(&word);
		word_add(&word, kind->arguments[i], holders);
		if (word.status == ZT_OK)
			fprintf(to, " %s", (const char *)word.data);
	}
	buf_fini(&word);
}

static int signal_send(const struct lab *lab, const struct topology_node *node)
{
	const struct lab_process *process = &lab->processes[node - lab->topology.nodes];

	if (process_is_alive(process) && kill(process->pid, SIGHUP) == 0)
		return ZT_OK;
	fprintf(stderr, "zonelab: node %s does not run and cannot read its zone file again\n", node->name);
	return ZT_ECLOSED;
}

int kind_run(const struct lab *lab, const struct topology_node *node, const char *const *words, const struct topology_zone *zone)
{
	char **argv = command_new(lab, node, words, zone);
	int wait_status = -1;
	char line[512], rest[512];
	FILE *said;
	pid_t pid;

	if (!argv)
		return ZT_ENOENT;
	int status = process_run(argv, PROCESS_ERRORS_TOO, &said, &pid);
	free(argv);
	if (status != ZT_OK)
		return status;
	size_t len = fread(line, 1, sizeof(line) - 1, said);
	line[len] = '\0';
	while (fread(rest, 1, sizeof(rest), said) > 0)      /* or it would die of what nobody reads */
		continue;
	fclose(said);
	while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		continue;
	if (wait_status == 0)
		return ZT_OK;
	fprintf(stderr, "zonelab: node %s: %s %s failed: %s\n", node->name, words[0], words[2], line);
	return ZT_ECLOSED;
}

int kind_reload(const struct lab *lab, const struct topology_zone *zone)
{
	const struct kind *kind = kind_of(zone->primary);

	return kind->reload[0] ? kind_run(lab, zone->primary, kind->reload, zone) : signal_send(lab, zone->primary);
}
