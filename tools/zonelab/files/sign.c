/* Keys, DS records, signatures.
 *
 * One key signs everything in a zone (RFC 6781 section 3.1 calls it a single-type scheme), of ECDSA P-256, which is quick (RFC 6605). NSEC3 has no salt and
 * no more iterations, as RFC 9276 asks. A DS is made of the key alone, so once all keys are there and the DS records stand in the zones above,
 * all zones are signed side by side.
 */
#include "tools/zonelab/files/sign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/lab/process.h"
#include "tools/zonelab/topology/zonetext.h"

#define KEYGEN "ldns-keygen"
#define SIGNZONE "ldns-signzone"
#define ALGORITHM "ECDSAP256SHA256"

enum {
	DAY = 86400,
	/* A lab's clocks may run many times as fast as ours: months at sixty times the speed. */
	VALID_DAYS = 3650,
	VALID_BEFORE_DAYS = 730,      /* and for who has to live behind it (speed.c) */
	BESIDE_EACH_OTHER = 8,
	WORDS_MAX = 16,
	SAID_SIZE = 512,
	LINE_SIZE = 1024,
};

/* A program that runs for a zone. */
struct job {
	const struct topology_zone *zone;
	FILE *output;
	pid_t pid;
};

/* What is done for many zones. */
struct step {
	bool (*concerns)(const struct lab *lab, const struct topology_zone *zone);
	int (*start)(const struct lab *lab, struct job *job);
	int (*finish)(const struct lab *lab, const struct job *job, char said[SAID_SIZE]);
};

static int failed(const char *what, const char *path)
{
	int err = errno;
	fprintf(stderr, "zonelab: %s %s: %s\n", what, path, strerror(err));
	return status_from_errno(err);
}

static int key_path(const struct lab *lab, const struct topology_zone *zone, const char *ending, char out[4096])
{
	char name[ZONETEXT_FILE_NAME_SIZE];
	return snprintf(out, 4096, "%s/keys/%s", lab->dir, zonetext_file_name(zone, ending, name)) < 4096 ? ZT_OK : ZT_ELIMIT;
}

static int zone_path(const struct lab *lab, const struct topology_zone *zone, const char *ending, char out[4096])
{
	char name[ZONETEXT_FILE_NAME_SIZE];
	return lab_path(lab, zone->primary, zonetext_file_name(zone, ending, name), out);
}

/* ---- programs ------------------------------------------------------------------------------------------------------------ */

static int tool_find(const char *name, char out[4096])
{
	if (process_find_program(name, out))
		return ZT_OK;
	fprintf(stderr, "zonelab: cannot find %s, which signs zones; apt-get install ldnsutils\n", name);
	return ZT_ENOENT;
}

static int job_start(const char *const words[], struct job *job)
{
	char *argv[WORDS_MAX + 1] = { NULL };
	int status = ZT_OK;

	for (size_t i = 0; words[i] && status == ZT_OK; i++) {
		argv[i] = strdup(words[i]);
		status = argv[i] ? ZT_OK : ZT_ENOMEM;
	}
	if (status == ZT_OK)
		status = process_run(argv, PROCESS_ERRORS_TOO, &job->output, &job->pid);
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	return status;
}

static int job_end(const struct lab *lab, const struct step *step, struct job *job)
{
	char said[SAID_SIZE], rest[SAID_SIZE];
	int result = -1;
	size_t len = fread(said, 1, sizeof(said) - 1, job->output);

	said[len] = '\0';
	while (fread(rest, 1, sizeof(rest), job->output) > 0)
		continue;
	fclose(job->output);
	while (waitpid(job->pid, &result, 0) < 0 && errno == EINTR)
		continue;
	if (result == 0)
		return step->finish(lab, job, said);
	fprintf(stderr, "zonelab: cannot sign zone %s: %s\n", job->zone->text, said);
	return ZT_EZONE;
}

/* Does the step for every zone that it concerns, for some at the same time. */
static int step_run(const struct lab *lab, const struct step *step)
{
	struct job jobs[BESIDE_EACH_OTHER];
	uint32_t begun = 0, ended = 0;
	int status = ZT_OK;

	for (uint32_t i = 0; i < lab->topology.zone_count && status == ZT_OK; i++) {
		struct job *job = &jobs[begun % BESIDE_EACH_OTHER];
		if (!step->concerns(lab, &lab->topology.zones[i]))
			continue;
		if (begun - ended == BESIDE_EACH_OTHER)
			status = job_end(lab, step, &jobs[ended++ % BESIDE_EACH_OTHER]);
		*job = (struct job){ .zone = &lab->topology.zones[i] };
		if (status == ZT_OK)
			status = step->start(lab, job);
		begun += status == ZT_OK;
	}
	while (ended < begun) {
		int one = job_end(lab, step, &jobs[ended++ % BESIDE_EACH_OTHER]);
		status = status == ZT_OK ? one : status;
	}
	return status;
}

/* ---- keys ---------------------------------------------------------------------------------------------------------------- */

static bool is_signed(const struct lab *lab, const struct topology_zone *zone)
{
	(void)lab;
	return zone->signing != SIGNING_NONE;
}

/* The first copy of the zone that is signed. */
static bool has_own_key(const struct lab *lab, const struct topology_zone *zone)
{
	for (const struct topology_zone *before = lab->topology.zones; before < zone; before++) {
		if (is_signed(lab, before) && name_equal(before->apex, zone->apex))
			return false;
	}
	return is_signed(lab, zone);
}

/* It writes into the folder it runs in. */
static int key_start(const struct lab *lab, struct job *job)
{
	char program[4096], folder[4096];
	const char *const words[] = { "/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder, program, "-a", ALGORITHM, "-k", job->zone->text, NULL };
	int status = tool_find(KEYGEN, program);

	if (status == ZT_OK)
		status = lab_file(lab, "keys", folder);
	return status == ZT_OK ? job_start(words, job) : status;
}

/* `said` is the name that the key's files have, without their endings. */
static int key_finish(const struct lab *lab, const struct job *job, char said[SAID_SIZE])
{
	static const char *const endings[] = { ".key", ".private", ".ds" };
	char from[4096], to[4096];

	said[strcspn(said, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (snprintf(from, sizeof(from), "%s/keys/%s%s", lab->dir, said, endings[i]) >= (int)sizeof(from) ||
		    key_path(lab, job->zone, endings[i], to) != ZT_OK)
			return ZT_ELIMIT;
		if (rename(from, to) != 0)
			return failed("cannot rename", from);
	}
	return ZT_OK;
}

/* What stands behind the type in the one record of a key's file. */
static int record_read(const struct lab *lab, const struct topology_zone *zone, const char *ending, char rdata[LINE_SIZE])
{
	char path[4096], line[LINE_SIZE] = "";
	int status = key_path(lab, zone, ending, path);
	FILE *file = status == ZT_OK ? fopen(path, "r") : NULL;

	if (!file)
		return status != ZT_OK ? status : failed("cannot read", path);
	bool is_read = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	char *at = is_read ? strstr(line, "\tIN\t") : NULL;
	at = at ? strchr(at + 4, '\t') : NULL;
	if (!at) {
		fprintf(stderr, "zonelab: %s is not as " KEYGEN " writes it\n", path);
		return ZT_EZONE;
	}
	snprintf(rdata, LINE_SIZE, "%.*s", (int)strcspn(at + 1, "\n;"), at + 1);
	return ZT_OK;
}

/* Puts the zone's DS into every copy of the zone above. */
static int ds_add(const struct lab *lab, const struct topology_zone *zone)
{
	char rdata[LINE_SIZE], path[4096];
	int status = record_read(lab, zone, ".ds", rdata);

	for (uint32_t i = 0; i < lab->topology.zone_count && status == ZT_OK; i++) {
		const struct topology_zone *above = &lab->topology.zones[i];
		if (!name_equal(above->apex, zone->parent->apex) || !is_signed(lab, above))
			continue;
		status = zone_path(lab, above, zone_file_ending(above), path);
		FILE *file = status == ZT_OK ? fopen(path, "a") : NULL;
		if (!file)
			return status != ZT_OK ? status : failed("cannot write", path);
		fprintf(file, "%s\t%" PRIu32 "\tIN\tDS\t%s\n", zone->text, above->ttl, rdata);
		status = node_file_close(file, path);
	}
	return status;
}

static int anchor_write(const struct lab *lab, const struct topology_zone *top, const struct topology_node *node)
{
	char rdata[LINE_SIZE];
	int status = record_read(lab, top, ".key", rdata);
	FILE *file = status == ZT_OK ? node_file_open(lab, node, NODE_TRUST_ANCHOR) : NULL;

	if (!file)
		return status != ZT_OK ? status : ZT_EIO;
	fprintf(file, "%s\t%" PRIu32 "\tIN\tDNSKEY\t%s\n", top->text, top->ttl, rdata);
	return node_file_close(file, NODE_TRUST_ANCHOR);
}

/* To every resolver that validates. */
static int anchors_write(const struct lab *lab, const struct topology_zone *top)
{
	int status = ZT_OK;

	for (uint32_t i = 0; i < lab->topology.node_count && status == ZT_OK; i++) {
		if (lab->topology.nodes[i].validates)
			status = anchor_write(lab, top, &lab->topology.nodes[i]);
	}
	return status;
}

/* ---- signatures ---------------------------------------------------------------------------------------------------------- */

static int signing_start(const struct lab *lab, struct job *job)
{
	const struct topology_zone *zone = job->zone;
	char program[4096], from[4096], to[4096], key[4096], begins[32], ends[32];
	int64_t now = clock_wall(clock_system()) / USEC_PER_SEC;
	const char *words[WORDS_MAX + 1] = { program, "-i", begins, "-e", ends, "-f", to, "-o", zone->text };
	size_t count = 9;
	int status = tool_find(SIGNZONE, program);

	snprintf(begins, sizeof(begins), "%" PRId64, now - (int64_t)VALID_BEFORE_DAYS * DAY);
	snprintf(ends, sizeof(ends), "%" PRId64, now + (int64_t)VALID_DAYS * DAY);
	if (status == ZT_OK)
		status = zone_path(lab, zone, zone_file_ending(zone), from);
	if (status == ZT_OK)
		status = zone_path(lab, zone, ".zone.new", to);
	if (status == ZT_OK)
		status = key_path(lab, zone, "", key);
	if (status != ZT_OK)
		return status;
	if (zone->signing == SIGNING_NSEC3) {
		words[count++] = "-n";
		words[count++] = "-t";
		words[count++] = "0";
	}
	words[count++] = from;
	words[count++] = key;
	return job_start(words, job);
}

/* In place of the one that is there, at once. */
static int signing_finish(const struct lab *lab, const struct job *job, char said[SAID_SIZE])
{
	char from[4096], to[4096];
	int status = zone_path(lab, job->zone, ".zone.new", from);

	(void)said;
	if (status == ZT_OK)
		status = zone_path(lab, job->zone, ".zone", to);
	return status == ZT_OK && rename(from, to) != 0 ? failed("cannot replace", to) : status;
}

static const struct step key_step = { has_own_key, key_start, key_finish };
static const struct step signing_step = { is_signed, signing_start, signing_finish };

int sign_zone(const struct lab *lab, const struct topology_zone *zone)
{
	struct job job = { .zone = zone };
	int status = signing_start(lab, &job);
	return status == ZT_OK ? job_end(lab, &signing_step, &job) : status;
}

static int keys_make(const struct lab *lab)
{
	char folder[4096];
	int status = lab_file(lab, "keys", folder);

	if (status == ZT_OK && mkdir(folder, 0700) != 0 && errno != EEXIST)
		status = failed("cannot create folder", folder);
	return status == ZT_OK ? step_run(lab, &key_step) : status;
}

int sign_all(const struct lab *lab)
{
	const struct topology *topology = &lab->topology;
	bool any = false;

	for (uint32_t i = 0; i < topology->zone_count; i++)
		any = any || is_signed(lab, &topology->zones[i]);
	if (!any)
		return ZT_OK;
	int status = keys_make(lab);
	for (uint32_t i = 0; i < topology->zone_count && status == ZT_OK; i++) {
		const struct topology_zone *zone = &topology->zones[i];
		if (has_own_key(lab, zone))
			status = zone->parent ? ds_add(lab, zone) : anchors_write(lab, zone);
	}
	return status == ZT_OK ? step_run(lab, &signing_step) : status;
}
