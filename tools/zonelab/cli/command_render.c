/* render: manifests of a lab for containers. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/cli/topologies.h"
#include "tools/zonelab/render/render.h"

enum { WORDS_MAX = 2 };

struct words {
	int (*write)(const struct render *render);
	const char *network;
	const char *plain[WORDS_MAX];      /* DIR, TOPOLOGY */
	int plain_count;
};

static int words_read(const struct arguments *args, struct words *words)
{
	for (int i = 0; i < args->word_count; i++) {
		const char *word = args->words[i];
		if (strcmp(word, "--compose") == 0)
			words->write = render_compose;
		else if (strcmp(word, "--kubernetes") == 0)
			words->write = render_kubernetes;
		else if (strcmp(word, "--network") == 0 && i + 1 < args->word_count)
			words->network = args->words[++i];
		else if (word[0] == '-' || words->plain_count == WORDS_MAX)
			return usage_error("render: expected --compose or --kubernetes, --network IP, DIR and TOPOLOGY, not ", word);
		else
			words->plain[words->plain_count++] = word;
	}
	if (!words->write)
		return usage_error("render: expected --compose or --kubernetes", "");
	if (words->plain_count == 0)
		return usage_error("render: expected a folder to write to", "");
	const char *expected = topology_network_check(words->network);
	if (expected) {
		fprintf(stderr, "zonelab: --network is \"%s\", expected %s\n", words->network, expected);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int folders_name(struct lab *lab, const char *dir, char out[4096])
{
	char absolute[PATH_MAX];

	if ((mkdir(dir, 0755) != 0 && errno != EEXIST) || !realpath(dir, absolute)) {
		fprintf(stderr, "zonelab: cannot use the folder %s: %s\n", dir, strerror(errno));
		return ZT_EIO;
	}
	return snprintf(out, 4096, "%s", absolute) < 4096 && snprintf(lab->dir, sizeof(lab->dir), "%s/nodes", absolute) < (int)sizeof(lab->dir) ? ZT_OK : ZT_ELIMIT;
}

int command_render(const struct arguments *args)
{
	struct words words = { .network = "10.53.0.0" };
	struct lab lab;
	char dir[4096], path[4096];
	int exit_code = words_read(args, &words);

	if (exit_code != EXIT_OK)
		return exit_code;
	if (!topologies_find(words.plain_count > 1 ? words.plain[1] : NULL, path))
		return EXIT_FAILED;
	int status = lab_read(&lab, path);
	if (status != ZT_OK)
		return status == ZT_ESYNTAX ? EXIT_USAGE : EXIT_FAILED;
	topology_set_mode(&lab.topology, TOPOLOGY_NET);
	status = folders_name(&lab, words.plain[0], dir);
	if (status == ZT_OK) {
		struct render render = { .lab = &lab, .dir = dir, .network = words.network };
		status = words.write(&render);
	}
	lab_free(&lab);
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}
