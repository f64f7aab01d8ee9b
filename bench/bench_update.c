/* What an UPDATE of one record costs authd's manage side, from message to published version, journal and fdatasync included; on zones of
 * growing size. No sockets.
 *
 * usage: bench_update [RECORDS…]    prints one row per zone size. The journal goes to a temporary folder under TMPDIR (default /tmp), so
 * choose a real disk. Needs as much memory as authd itself. */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authd/manage/loader.h"
#include "authd/manage/consumer.h"
#include "authd/manage/updater.h"
#include "lib/dns/writer.h"
#include "lib/net/acl.h"

enum { UPDATES = 2000, WARM_UP = 200 };

static void require(int status, const char *what)
{
	if (status == ZT_OK)
		return;
	fprintf(stderr, "bench_update: %s: %s\n", what, status_text(status));
	exit(1);
}

/* Resident bytes by a key of /proc/self/status ("VmRSS", "RssAnon", "RssFile", "VmHWM"). */
static double resident_mib(const char *key)
{
	char line[256];
	double kib = 0;
	FILE *in = fopen("/proc/self/status", "r");

	while (in && fgets(line, sizeof(line), in))
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtod(line + strlen(key) + 1, NULL);
	if (in)
		fclose(in);
	return kib / 1024;
}

static void write_zone_file(const char *path, unsigned long records)
{
	FILE *out = fopen(path, "w");

	if (!out) {
		perror(path);
		exit(1);
	}
	fputs("$TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n@ IN NS ns\nns IN A 127.0.0.1\n", out);
	for (unsigned long i = 0; i < records; i++)
		fprintf(out, "host-%lu IN A 10.%lu.%lu.%lu\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
	fclose(out);
}

/* The i-th message: deletes what a host has and gives it another address. */
static struct request *message_make(unsigned long records, unsigned i)
{
	struct request *request = request_new(REQUEST_UPDATE);
	struct message_writer writer;
	uint8_t zone[NAME_MAX_LEN], owner[NAME_MAX_LEN], address[4] = { 127, 1, (uint8_t)(i >> 8), (uint8_t)i };
	char name[64];
	struct record_out remove = { .owner = owner, .type = TYPE_A, .rr_class = CLASS_ANY, .rdata = address };
	struct record_out add = { .owner = owner, .type = TYPE_A, .rr_class = CLASS_IN, .ttl = 60, .rdata = address, .rdata_len = 4 };

	snprintf(name, sizeof(name), "host-%lu.bench.", (i * 7919UL) % records);
	request->wire = malloc(512);
	require(name_from_text(zone, "bench.", NULL), "name");
	require(name_from_text(owner, name, NULL), name);
	message_writer_init(&writer, request->wire, 512, (uint16_t)i, opcode_flags(OPCODE_UPDATE));
	require(message_write_question(&writer, zone, TYPE_SOA, CLASS_IN), "message");
	require(message_write_record(&writer, SECTION_AUTHORITY, &remove), "message");
	require(message_write_record(&writer, SECTION_AUTHORITY, &add), "message");
	request->wire_len = message_writer_finish(&writer);
	require(netaddr_from_text(&request->peer, "127.0.0.1", 53), "address");
	return request;
}

static int cmp(const void *a, const void *b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;
	return (x > y) - (x < y);
}

struct bench {
	struct manage manage;
	struct zone_options options;
	uint8_t apex[NAME_MAX_LEN];
	struct zone_entry *entry;
	struct served_zone served;
	struct acl acl;
	struct log log;
	char dir[256];
	char file[300];
};

static void bench_open(struct bench *bench)
{
	struct manage *manage = &bench->manage;
	struct journal_options options = { .dir = bench->dir, .key = &manage->fingerprint_key, .log = &bench->log };
	usec_t before = clock_now(clock_system());

	memset(manage, 0, sizeof(*manage));
	log_init(&bench->log, 2, "bench_update");
	bench->log.level = LOG_LEVEL_WARN;
	manage->clock = clock_system();
	manage->log = &bench->log;
	require(journal_open(&manage->journal, &options), "journal");
	require(registry_init(&manage->registry, 1), "registry");
	acl_init(&bench->acl);
	require(acl_add_text(&bench->acl, "127.0.0.0/8"), "acl");
	bench->options = (struct zone_options){ .apex = bench->apex, .file = bench->file, .allow_update = &bench->acl };
	require(name_from_text(bench->apex, "bench.", NULL), "name");
	require((bench->entry = zone_entry_new(bench->apex)) ? ZT_OK : ZT_ENOMEM, "entry");
	bench->entry->options = &bench->options;
	require(zone_new(bench->entry->apex, &manage->fingerprint_key, &bench->entry->zone), "zone");
	bench->served = (struct served_zone){ .apex = bench->entry->apex, .zone = bench->entry->zone };
	bench->entry->served = &bench->served;
	require(registry_add(&manage->registry, bench->entry), "registry");
	require(loader_load(manage, bench->entry), "load");
	printf("#   loaded in %.0f ms; resident %.1f MiB (anonymous %.1f, mapped files %.1f), peak %.1f; zone itself %.1f\n",
		(double)(clock_now(clock_system()) - before) / 1000, resident_mib("VmRSS"), resident_mib("RssAnon"), resident_mib("RssFile"),
		resident_mib("VmHWM"), (double)zone_version_memory(zone_current(bench->entry->zone)) / (1 << 20));
}

static void bench_close(struct bench *bench)
{
	registry_remove(&bench->manage.registry, bench->entry);
	registry_fini(&bench->manage.registry);
	zone_free(bench->entry->zone);
	zone_entry_free(bench->entry);
	journal_close(bench->manage.journal);
	acl_fini(&bench->acl);
}

static void bench_updates(struct bench *bench, unsigned long records)
{
	static usec_t took[UPDATES];

	for (unsigned i = 0; i < WARM_UP + UPDATES; i++) {
		struct request *request = message_make(records, i);
		usec_t before = clock_now(clock_system());
		updater_run(&bench->manage, &request, 1);
		if (i >= WARM_UP)
			took[i - WARM_UP] = clock_now(clock_system()) - before;
		if (request->reply.len < MESSAGE_HEADER_LEN || (request->reply.data[3] & 0xf) != 0) {
			fprintf(stderr, "bench_update: UPDATE failed\n");
			exit(1);
		}
		request_free(request);
	}
	qsort(took, UPDATES, sizeof(*took), cmp);
	printf("%10lu records: one UPDATE %4lld us median, %4lld us p90, %5lld us p99; resident %.1f MiB (anonymous %.1f, mapped files %.1f)\n", records,
		(long long)took[UPDATES / 2], (long long)took[UPDATES * 9 / 10], (long long)took[UPDATES * 99 / 100], resident_mib("VmRSS"),
		resident_mib("RssAnon"), resident_mib("RssFile"));
}

static void dir_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[600];

	while (dir && (entry = readdir(dir))) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		unlink(file);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void bench_run(unsigned long records)
{
	static struct bench bench;
	const char *base = getenv("TMPDIR");

	snprintf(bench.dir, sizeof(bench.dir), "%.200s/zt-bench-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(bench.dir)) {
		perror(bench.dir);
		exit(1);
	}
	snprintf(bench.file, sizeof(bench.file), "%s/zone", bench.dir);
	write_zone_file(bench.file, records);
	sleep(2);      /* a file that is read right after it was written is read again by the next start */
	printf("# %lu records, first start\n", records);
	bench_open(&bench);
	bench_updates(&bench, records);
	bench_close(&bench);
	malloc_trim(0);
	printf("# %lu records, restart\n", records);
	bench_open(&bench);
	bench_close(&bench);
	dir_remove(bench.dir);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		bench_run(strtoul(argv[i], NULL, 10));
	if (argc == 1) {
		bench_run(1000);
		bench_run(100000);
		bench_run(1000000);
	}
	return 0;
}
