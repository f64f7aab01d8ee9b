/* Scenarios are looked for in the folder we are in, in the checkout this was built from, and where they were installed. */
#include "tools/zonelab/cli/scenarios.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/nearest.h"
#include "tools/zonelab/cli/commands.h"

#define ENDING ".yaml"

static const char *const bases[] = { "zones/scenarios", ZT_SRCDIR "/zones/scenarios", ZT_DATADIR "/scenarios" };

enum { BASE_COUNT = sizeof(bases) / sizeof(bases[0]) };

static int is_scenario(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return entry->d_name[0] != '.' && len > strlen(ENDING) && strcmp(entry->d_name + len - strlen(ENDING), ENDING) == 0;
}

/* The first folder that there is, with what is in it, sorted, without the ending; -1 without any. */
static int list(const char **folder, struct dirent ***entries)
{
	for (size_t i = 0; i < BASE_COUNT; i++) {
		int count = scandir(bases[i], entries, is_scenario, alphasort);
		for (int k = 0; k < count; k++)
			(*entries)[k]->d_name[strlen((*entries)[k]->d_name) - strlen(ENDING)] = '\0';
		*folder = bases[i];
		if (count >= 0)
			return count;
	}
	return -1;
}

static void list_free(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	if (count >= 0)
		free(entries);
}

static void missing_report(const char *word)
{
	const char *folder, *nearest = NULL;
	struct dirent **entries = NULL;
	int count = list(&folder, &entries);

	for (int i = 0; i < count; i++)
		nearest_consider(word, entries[i]->d_name, &nearest);
	fprintf(stderr, "zonelab: there is no scenario %s", word);
	if (nearest)
		fprintf(stderr, "; did you mean %s?\n", nearest);
	else
		fputs("; zonelab run lists those that come along\n", stderr);
	list_free(entries, count);
}

bool scenarios_find(const char *word, char out[4096])
{
	if (access(word, F_OK) == 0 || strchr(word, '/'))
		return snprintf(out, 4096, "%s", word) < 4096;
	for (size_t i = 0; i < BASE_COUNT; i++) {
		if (snprintf(out, 4096, "%s/%s" ENDING, bases[i], word) < 4096 && access(out, R_OK) == 0)
			return true;
	}
	missing_report(word);
	return false;
}

/* What follows "title:" at the begin of a line. */
static void title_print(const char *folder, const char *name)
{
	char path[4096], line[512];
	FILE *file = snprintf(path, sizeof(path), "%s/%s" ENDING, folder, name) < (int)sizeof(path) ? fopen(path, "r") : NULL;

	printf("%-24s ", name);
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "title:", 6) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		printf("%s", line + 6 + strspn(line + 6, " "));
		break;
	}
	putchar('\n');
	if (file)
		fclose(file);
}

int scenarios_list(const char *program)
{
	const char *folder;
	struct dirent **entries = NULL;
	int count = list(&folder, &entries);

	for (int i = 0; i < count; i++)
		title_print(folder, entries[i]->d_name);
	list_free(entries, count);
	if (count <= 0) {
		fputs("zonelab: cannot find the folder zones/scenarios; is zonetide installed as a whole?\n", stderr);
		return EXIT_FAILED;
	}
	printf("\nTheir files, with what they teach, are in %s. Run one: %s run NAME\n", folder, program);
	return EXIT_OK;
}
