/* Asking propest. */
#include "tools/zonelab/predict.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/process.h"

enum { ARGUMENTS_MAX = 160 };

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

/* Starts the program with its standard output in *from. */
static int program_start(char *const argv[], FILE **from, pid_t *pid)
{
	int ends[2];

	if (pipe(ends) != 0)
		return ZT_ESYSTEM;
	*pid = fork();
	if (*pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(ends[1]);
	*from = *pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (!*from)
		close(ends[0]);
	return *from ? ZT_OK : ZT_ESYSTEM;
}

int predict_change(const struct lab *lab, const struct topology_zone *zone, const char *name, uint16_t type, struct prediction *out)
{
	char program[4096], type_text[RR_TYPE_TEXT_SIZE], caches[16], (*addresses)[NETADDR_TEXT_SIZE];
	const char *argv[ARGUMENTS_MAX] = { program, "estimate", name, rr_type_to_text(type, type_text), "--change", "modify", "--json", "--caches", caches };
	size_t argc = 9;
	unsigned resolvers = 0;
	FILE *from;
	pid_t pid;

	if (!process_find_program("propest", program)) {
		fprintf(stderr, "zonelab: cannot find propest; build it (make) or put it on PATH\n");
		return ZT_ENOENT;
	}
	for (uint32_t i = 0; i < lab->topology.node_count; i++)
		resolvers += lab->topology.nodes[i].kind == NODE_RESOLVERD;
	snprintf(caches, sizeof(caches), "%u", resolvers > 0 ? resolvers : 1);
	addresses = calloc(zone->secondary_count + 1, sizeof(*addresses));
	if (!addresses)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i <= zone->secondary_count && argc + 3 < ARGUMENTS_MAX; i++) {
		argv[argc++] = "--server";
		argv[argc++] = netaddr_to_text(&topology_server(zone, i)->address, addresses[i]);
	}
	int status = program_start((char *const *)(uintptr_t)argv, &from, &pid);
	if (status == ZT_OK) {
		int exit_status;
		status = prediction_read(from, out);
		fclose(from);
		waitpid(pid, &exit_status, 0);
	}
	if (status != ZT_OK)
		fprintf(stderr, "zonelab: %s gave no prediction: %s\n", program, status_text(status));
	free(addresses);
	return status;
}
