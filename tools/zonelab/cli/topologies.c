/* Topologies are looked for in the folder we are in, in the checkout this was built from, and where they were installed. */
#include "tools/zonelab/cli/topologies.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/nearest.h"
#include "tools/zonelab/cli/commands.h"

#define ENDING ".yaml"

enum { WORD_SIZE = 256 };

static const char *const bases[] = { "zones", ZT_SRCDIR "/zones", ZT_DATADIR };

enum { BASE_COUNT = sizeof(bases) / sizeof(bases[0]) };

static bool file_in(const char *base, const char *name, char out[4096])
{
	return snprintf(out, 4096, "%s/%s" ENDING, base, name) < 4096 && access(out, R_OK) == 0;
}

static bool has_ending(const char *word)
{
	size_t len = strlen(word);
	return len > strlen(ENDING) && strcmp(word + len - strlen(ENDING), ENDING) == 0;
}

static int is_topology(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && has_ending(entry->d_name);
}

/* The first folder of labs that there is, with what is in it, sorted; -1 without any. */
static int labs_list(char folder[4096], struct dirent ***entries)
{
	for (size_t i = 0; i < BASE_COUNT; i++) {
		snprintf(folder, 4096, "%s/labs", bases[i]);
		int count = scandir(folder, entries, is_topology, alphasort);
		if (count >= 0)
			return count;
	}
	return -1;
}

static void labs_free(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	if (count >= 0)
		free(entries);
}

/* "labs/two-tier.yaml" -> "two-tier"; false where it is no such name. */
static bool name_of(const char *word, char name[WORD_SIZE])
{
	if (strncmp(word, "labs/", 5) == 0)
		word += 5;
	int len = (int)strlen(word) - (has_ending(word) ? (int)strlen(ENDING) : 0);
	return !strchr(word, '/') && len > 0 && snprintf(name, WORD_SIZE, "%.*s", len, word) < WORD_SIZE;
}

static bool named_find(const char *name, char out[4096])
{
	char lab[WORD_SIZE + 8];

	snprintf(lab, sizeof(lab), "labs/%s", name);
	for (size_t i = 0; i < BASE_COUNT; i++) {
		if (file_in(bases[i], lab, out))
			return true;
	}
	return false;
}

static void missing_report(const char *word, const char *name)
{
	char folder[4096];
	struct dirent **entries = NULL;
	const char *nearest = NULL;
	int count = labs_list(folder, &entries);

	for (int i = 0; i < count; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - strlen(ENDING)] = '\0';
		nearest_consider(name, entries[i]->d_name, &nearest);
	}
	fprintf(stderr, "zonelab: cannot read the topology %s: %s", word, strerror(ENOENT));
	if (nearest)
		fprintf(stderr, "; did you mean %s?\n", nearest);
	else
		fputs("; zonelab labs lists those that come along\n", stderr);
	labs_free(entries, count);
}

bool topologies_find(const char *word, char out[4096])
{
	char name[WORD_SIZE];

	for (size_t i = 0; !word && i < BASE_COUNT; i++) {
		if (file_in(bases[i], "lab", out))
			return true;
	}
	if (!word) {
		fputs("zonelab: cannot find zones/lab.yaml; name a topology file\n", stderr);
		return false;
	}
	bool is_name = name_of(word, name);
	if (access(word, F_OK) != 0 && errno == ENOENT && is_name) {
		if (named_find(name, out))
			return true;
		missing_report(word, name);
		return false;
	}
	if (snprintf(out, 4096, "%s", word) < 4096)
		return true;
	fprintf(stderr, "zonelab: cannot read the topology %s: %s\n", word, strerror(ENAMETOOLONG));
	return false;
}

/* What a topology's first line, a comment, says; "" without one. */
static const char *first_comment(const char *path, char line[512])
{
	FILE *file = fopen(path, "r");
	bool is_read = file && fgets(line, 512, file);

	if (file)
		fclose(file);
	if (!is_read || line[0] != '#')
		return "";
	line[strcspn(line, "\n")] = '\0';
	return line + 1 + strspn(line + 1, " ");
}

int command_labs(const struct arguments *args)
{
	char folder[4096], path[4096 + WORD_SIZE], line[512];
	struct dirent **entries = NULL;
	int count = labs_list(folder, &entries);

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%.*s", folder, WORD_SIZE - 2, entries[i]->d_name);
		printf("%-18.*s %s\n", (int)(strlen(entries[i]->d_name) - strlen(ENDING)), entries[i]->d_name, first_comment(path, line));
	}
	labs_free(entries, count);
	if (count <= 0) {
		fputs("zonelab: cannot find the folder zones/labs; is zonetide installed as a whole?\n", stderr);
		return EXIT_FAILED;
	}
	printf("\nTheir files, with what to try, are in %s. Start one: %s up NAME\n", folder, args->program);
	return EXIT_OK;
}
