/* Asking propest. */
#include "tools/zonelab/cli/predict.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/wait.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/files/facts.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/process.h"

static bool row_read(const json_t *root, const char *key, struct prediction_row *row)
{
	const json_t *object = json_object_get(root, key);
	const struct {
		const char *key;
		double *value;
	} members[] = { { "p50", &row->p50 }, { "p90", &row->p90 }, { "p99", &row->p99 }, { "bound", &row->bound } };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *value = json_object_get(object, members[i].key);
		if (!json_is_number(value))
			return false;
		*members[i].value = json_number_value(value);
	}
	return true;
}

static int prediction_read(FILE *from, struct prediction *out)
{
	json_error_t error;
	json_t *root = json_loadf(from, 0, &error);
	const json_t *bound = json_object_get(root, "bound");
	bool whole = row_read(root, "authoritative", &out->servers) && row_read(root, "first_fresh", &out->first_fresh) &&
		     row_read(root, "last_stale", &out->last_stale) && json_is_number(bound);

	out->bound = json_number_value(bound);
	json_decref(root);
	return whole ? ZT_OK : ZT_EMALFORMED;
}

static int program_run(char *const argv[], struct prediction *out)
{
	FILE *from;
	pid_t pid;
	int exit_status, status = process_run(argv, 0, &from, &pid);

	if (status != ZT_OK)
		return status;
	status = prediction_read(from, out);
	fclose(from);
	waitpid(pid, &exit_status, 0);
	return status;
}

int predict_change(const struct lab *lab, const struct topology_zone *zone, const char *name, uint16_t type, struct prediction *out)
{
	char program[4096], type_text[RR_TYPE_TEXT_SIZE], facts[4096];
	/* In net mode it asks from where the primary is. */
	const char *argv[] = { "/proc/self/exe", "--dir", lab->dir, "exec", zone->primary->name, program, "estimate", name, rr_type_to_text(type, type_text),
			       "--change", "modify", "--json", "--topology", facts, NULL };
	const char **own = lab->topology.mode == TOPOLOGY_NET ? argv : argv + 5;

	if (!process_find_program("propest", program)) {
		fprintf(stderr, "zonelab: cannot find propest; build it (make) or put it on PATH\n");
		return ZT_ENOENT;
	}
	int status = facts_path(lab, zone, facts);
	if (status == ZT_OK)
		status = program_run((char *const *)(uintptr_t)own, out);
	if (status != ZT_OK && !interrupt_is_waiting())
		fprintf(stderr, "zonelab: %s gave no prediction: %s\n", program, status_text(status));
	return status;
}
