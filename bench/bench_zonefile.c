/* What reading a zone file costs from text to records, with a sink that only counts; no zone is built.
 *
 * usage: bench_zonefile [-n ROUNDS] [-o ORIGIN] [FILE…]    prints one row a file: records, MB, best and median seconds, ns a record. Without
 * a file it writes one of 1,000,000 A records to a temporary folder (TMPDIR, default /tmp) and reads that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/dns/name.h"
#include "lib/zone/zonefile.h"

enum { ROUNDS_MAX = 101, NAMES = 1000000 };

static int count_record(void *arg, const struct zonefile_record *record)
{
	size_t *bytes = arg;

	*bytes += record->rdata_len;
	return ZT_OK;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int usec_cmp(const void *a, const void *b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;
	return (x > y) - (x < y);
}

static usec_t one_round(const char *path, const uint8_t *origin, size_t *records)
{
	size_t bytes = 0;
	struct zonefile_sink sink = { .on_record = count_record, .arg = &bytes };
	struct zonefile_report report;

	zonefile_report_init(&report);
	usec_t start = clock_now(clock_system());
	int status = zonefile_read(path, origin, &sink, &report);
	usec_t end = clock_now(clock_system());
	if (status != ZT_OK) {
		fprintf(stderr, "%s\n", report.message_count > 0 ? report.messages[0].text : status_text(status));
		exit(1);
	}
	*records = report.record_count;
	zonefile_report_fini(&report);
	return end - start;
}

static void measure(const char *path, const uint8_t *origin, unsigned rounds)
{
	usec_t taken[ROUNDS_MAX];
	struct stat info;
	size_t records = 0;

	if (stat(path, &info) != 0)
		die(path);
	for (unsigned i = 0; i < rounds; i++)
		taken[i] = one_round(path, origin, &records);
	qsort(taken, rounds, sizeof(taken[0]), usec_cmp);
	printf("%-32s %9zu records %7.1f MB  best %.4f s  median %.4f s  %6.1f ns/record\n", path, records, (double)info.st_size / 1e6,
	       (double)taken[0] / 1e6, (double)taken[rounds / 2] / 1e6, records ? (double)taken[0] * 1e3 / (double)records : 0);
}

/* The zone of bench/run memory. */
static void write_zone(const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		die(path);
	fputs("$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1\n", out);
	for (unsigned i = 0; i < NAMES; i++)
		fprintf(out, "h%u A 10.%u.%u.%u\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
	if (fclose(out) != 0)
		die(path);
}

static void measure_default(const uint8_t *origin, unsigned rounds)
{
	const char *base = getenv("TMPDIR");
	char folder[512], path[600];

	snprintf(folder, sizeof(folder), "%s/bench-zonefile-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(folder))
		die(folder);
	snprintf(path, sizeof(path), "%s/zone", folder);
	write_zone(path);
	measure(path, origin, rounds);
	unlink(path);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	uint8_t origin[NAME_MAX_LEN] = "\5bench";
	unsigned long rounds = 7;
	int option;

	while ((option = getopt(argc, argv, "n:o:")) != -1) {
		if (option == 'n')
			rounds = strtoul(optarg, NULL, 10);
		if (option == '?' || rounds == 0 || rounds > ROUNDS_MAX || (option == 'o' && name_from_text(origin, optarg, NULL) != ZT_OK)) {
			fprintf(stderr, "usage: bench_zonefile [-n ROUNDS] [-o ORIGIN] [FILE...]\n");
			return 2;
		}
	}
	for (int i = optind; i < argc; i++)
		measure(argv[i], origin, (unsigned)rounds);
	if (optind == argc)
		measure_default(origin, (unsigned)rounds);
	return 0;
}
