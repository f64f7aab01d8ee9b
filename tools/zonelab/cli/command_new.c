/* zonelab new: a topology to begin with, which says in comments what else there is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/cli/topologies.h"
#include "tools/zonelab/topology/topology.h"

enum { NODES_MAX = 1000 };

struct new_words {
	const char *file;
	const char *like;                                  /* a topology to copy; NULL: made anew */
	unsigned long zones, secondaries, resolvers;       /* of a made one; zones and their secondaries, each */
	bool has_numbers;
};

static int number_read(const char *option, const char *word, unsigned long least, unsigned long *out)
{
	char *end = NULL;
	unsigned long value = word && *word >= '0' && *word <= '9' ? strtoul(word, &end, 10) : 0;

	if (end && *end == '\0' && value >= least && value < NODES_MAX) {
		*out = value;
		return EXIT_OK;
	}
	fprintf(stderr, "zonelab: %s: expected a number from %lu to %d, not %s; see zonelab -h\n", option, least, NODES_MAX - 1, word ? word : "nothing");
	return EXIT_USAGE;
}

static int words_read(const struct arguments *args, struct new_words *words)
{
	struct { const char *option; unsigned long least, *out; } numbers[] = {
		{ "--zones", 1, &words->zones }, { "--secondaries", 0, &words->secondaries }, { "--resolvers", 1, &words->resolvers },
	};
	bool has_file = false;

	for (int i = 0; i < args->word_count; i++) {
		const char *word = args->words[i], *next = i + 1 < args->word_count ? args->words[i + 1] : NULL;
		size_t n = 0;
		while (n < 3 && strcmp(word, numbers[n].option) != 0)
			n++;
		if (n < 3) {
			words->has_numbers = true;
			i++;
			if (number_read(word, next, numbers[n].least, numbers[n].out) != EXIT_OK)
				return EXIT_USAGE;
		} else if (strcmp(word, "--like") == 0 && next) {
			words->like = next;
			i++;
		} else if (word[0] == '-' || has_file) {
			return usage_error("new takes FILE, --like TOPOLOGY, --zones, --secondaries and --resolvers with a number, not ", word);
		} else {
			words->file = word;
			has_file = true;
		}
	}
	if (words->like && words->has_numbers)
		return usage_error("--like copies a topology as it is; expected no other option", "");
	if (words->zones * (words->secondaries + 1) + words->resolvers + 2 > NODES_MAX)
		return usage_error("a lab has at most 1,000 nodes; expected fewer zones, secondaries or resolvers", "");
	return EXIT_OK;
}

static void write_nodes(FILE *to, const struct new_words *words)
{
	fputs("\n# What runs. A node's name is its host name: it gets address records in the deepest zone of the lab that holds the name.\n", to);
	topology_keys_write(to, "node");
	fputs("nodes:\n  - {name: a.root, kind: authd}\n  - {name: ns.example, kind: authd}\n", to);
	for (unsigned long zone = 1; zone <= words->zones; zone++) {
		for (unsigned long server = 1; server <= words->secondaries + 1; server++)
			fprintf(to, "  - {name: ns%lu.zone%lu.example, kind: authd}\n", server, zone);
	}
	fprintf(to, "  - {name: resolver, kind: resolverd}                     # resolves from the root\n");
	for (unsigned long i = 1; i < words->resolvers; i++)
		fprintf(to, "  - {name: edge%lu, kind: resolverd, forward: resolver}%s\n", i, i == 1 ? "     # asks that one" : "");
}

static void write_zones(FILE *to, const struct new_words *words)
{
	fputs("\n# What is served. zonelab makes the SOA and NS records, the nodes' addresses, and the delegations with their glue.\n", to);
	topology_keys_write(to, "zone");
	fputs("# A secondary is a node's name, or\n", to);
	topology_keys_write(to, "secondary");
	fputs("zones:\n  - {name: ., primary: a.root}\n  - {name: example., primary: ns.example}\n", to);
	for (unsigned long zone = 1; zone <= words->zones; zone++) {
		fprintf(to, "  - name: zone%lu.example.\n    primary: ns1.zone%lu.example\n", zone, zone);
		for (unsigned long i = 1; i <= words->secondaries; i++)
			fprintf(to, "%s%sns%lu.zone%lu.example%s", i == 1 ? "    secondaries: [" : ", ", i > 1 && i % 6 == 1 ? "\n      " : "", i + 1, zone,
				i == words->secondaries ? "]\n" : "");
		fputs("    ttl: 10s\n    records: |\n      www   A      192.0.2.10\n      mail  A      192.0.2.25\n      @     MX     10 mail\n", to);
	}
}

static void write_rest(FILE *to)
{
	fputs("\n# In net mode, how far the nodes are from each other. Later entries change what earlier ones have given, and zonelab fault what all have.\n", to);
	topology_keys_write(to, "link");
	fputs("links:\n  - {from: '*', delay: 5ms}\n\n# Who asks the resolvers for what is watched.\n", to);
	topology_keys_write(to, "clients");
	fputs("clients: {rate: 1}\n\n# What zonelab demo changes, and what is watched.\n", to);
	topology_keys_write(to, "demo");
	fputs("demo: {zone: zone1.example., name: www.zone1.example., rdata: 192.0.2.99}\n", to);
}

static void write_made(FILE *to, const struct new_words *words)
{
	fprintf(to, "# A lab of your own.\n#   zonelab up %s\n#   zonelab dig resolver www.zone1.example\n#   zonelab graph %s -o lab.svg\n"
		    "# Durations are seconds, or such as 90s, 5m, 1h, 2d. A value behind a key's text is what it is without it.\n", words->file, words->file);
	topology_keys_write(to, "topology");
	fputs("name: lab\n", to);
	write_nodes(to, words);
	write_zones(to, words);
	write_rest(to);
}

static int copy(FILE *to, const char *name)
{
	char path[4096], block[65536];
	size_t len;

	if (!topologies_find(name, path))
		return EXIT_FAILED;
	FILE *from = fopen(path, "r");
	if (!from) {
		fprintf(stderr, "zonelab: cannot read the topology %s: %s\n", path, strerror(errno));
		return EXIT_FAILED;
	}
	while ((len = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, len, to);
	fclose(from);
	return EXIT_OK;
}

int command_new(const struct arguments *args)
{
	struct new_words words = { .file = "lab.yaml", .zones = 1, .secondaries = 2, .resolvers = 2 };
	int exit_code = words_read(args, &words);

	if (exit_code != EXIT_OK)
		return exit_code;
	int fd = open(words.file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);      /* nothing of somebody else's is written over */
	FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!to) {
		fprintf(stderr, "zonelab: cannot make %s: %s\n", words.file, strerror(errno));
		return EXIT_FAILED;
	}
	if (words.like)
		exit_code = copy(to, words.like);
	else
		write_made(to, &words);
	bool failed = ferror(to) != 0;
	if ((fclose(to) != 0 || failed) && exit_code == EXIT_OK) {
		fprintf(stderr, "zonelab: cannot write %s: %s\n", words.file, strerror(errno));
		exit_code = EXIT_FAILED;
	}
	if (exit_code != EXIT_OK)
		unlink(words.file);
	else
		printf("Wrote %s; start it: %s up %s\n", words.file, args->program, words.file);
	return exit_code;
}
