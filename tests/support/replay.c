/* Runs a fuzz target over its stored corpus: `fuzz_NAME DIRECTORY` prints TAP, one line a file. The same target links with libFuzzer
 * instead of this file when configured with --enable-fuzzers. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	/* An exact-size heap copy, so that AddressSanitizer sees a read past the end. */
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
	int result = -1;
	if (data && size >= 0 && fread(data, 1, (size_t)size, file) == (size_t)size)
		result = LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	fclose(file);
	return result;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	struct dirent **entries;
	int count = scandir(argv[1], &entries, NULL, alphasort);
	if (count < 0) {
		fprintf(stderr, "%s: cannot read %s\n", argv[0], argv[1]);
		return 2;
	}
	int number = 0, failed = 0;
	for (int i = 0; i < count; i++) {
		char path[4096];
		if (entries[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
			int bad = replay_file(path) != 0;
			failed += bad;
			printf("%sok %d - %s\n", bad ? "not " : "", ++number, entries[i]->d_name);
		}
		free(entries[i]);
	}
	free(entries);
	printf("1..%d\n", number);
	return failed || number == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
