/* The table of kinds, and the command lines made from it. */
#include "tools/zonelab/files/kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/lab/process.h"

static const struct kind *const kinds[NODE_KIND_COUNT] = {
	[NODE_AUTHD] = &kind_authd,
	[NODE_RESOLVERD] = &kind_resolverd,
};

const struct kind *kind_of(const struct topology_node *node)
{
	return kinds[node->kind];
}

/* What an argument of the table stands for. */
static const char *argument(const char *template, const char *config, const char *folder)
{
	return strcmp(template, "CONFIG") == 0 ? config : strcmp(template, "FOLDER") == 0 ? folder : template;
}

/* The words one behind the other, after the pointers to them. */
static char **command_pack(const char *const words[], size_t count)
{
	size_t size = (count + 1) * sizeof(char *);

	for (size_t i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	char **argv = malloc(size);
	char *at = argv ? (char *)(argv + count + 1) : NULL;
	for (size_t i = 0; argv && i < count; i++) {
		size_t len = strlen(words[i]) + 1;
		argv[i] = memcpy(at, words[i], len);
		at += len;
	}
	if (argv)
		argv[count] = NULL;
	return argv;
}

char **kind_command_new(const struct lab *lab, const struct topology_node *node)
{
	const struct kind *kind = kind_of(node);
	char program[4096], config[4096], folder[4096];
	const char *words[KIND_ARGUMENTS_MAX + 1] = { program };
	size_t count = 1;

	if (!process_find_program(kind->program, program)) {
		fprintf(stderr, "zonelab: node %s: cannot find %s; ", node->name, kind->program);
		fprintf(stderr, kind->package ? "apt-get install %s\n" : "build it (make) or put it on PATH\n", kind->package);
		return NULL;
	}
	if (lab_path(lab, node, kind->config, config) != ZT_OK || lab_path(lab, node, "", folder) != ZT_OK)
		return NULL;
	for (size_t i = 0; i < KIND_ARGUMENTS_MAX && kind->arguments[i]; i++)
		words[count++] = argument(kind->arguments[i], config, folder);
	return command_pack(words, count);
}
