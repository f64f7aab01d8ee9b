/* The work folder and lab.json. */
#include "tools/zonelab/lab.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/zonelab/process.h"

static int fail(const char *what, const char *path)
{
	int err = errno;
	fprintf(stderr, "zonelab: %s %s: %s\n", what, path, strerror(err));
	return status_from_errno(err);
}

static int folder_make(const char *path)
{
	return mkdir(path, 0755) == 0 || errno == EEXIST ? ZT_OK : fail("cannot create folder", path);
}

static int record_path(const struct lab *lab, char out[4096])
{
	return snprintf(out, 4096, "%s/lab.json", lab->dir) < 4096 ? ZT_OK : ZT_ELIMIT;
}

int lab_path(const struct lab *lab, const struct topology_node *node, const char *file, char out[4096])
{
	return snprintf(out, 4096, "%s/%s/%s", lab->dir, node->name, file) < 4096 ? ZT_OK : ZT_ELIMIT;
}

static int processes_new(struct lab *lab)
{
	lab->processes = calloc(lab->topology.node_count ? lab->topology.node_count : 1, sizeof(*lab->processes));
	return lab->processes ? ZT_OK : ZT_ENOMEM;
}

/* Fills lab->processes from the list in lab.json; nodes it does not name did not run. */
static void processes_read(struct lab *lab, const json_t *root)
{
	const json_t *list = json_object_get(root, "processes"), *row;
	size_t i;

	json_array_foreach(list, i, row) {
		const char *name = json_string_value(json_object_get(row, "node"));
		const struct topology_node *node = name ? topology_node(&lab->topology, name) : NULL;
		if (!node)
			continue;
		struct lab_process *process = &lab->processes[node - lab->topology.nodes];
		process->pid = (pid_t)json_integer_value(json_object_get(row, "pid"));
		process->started = (unsigned long long)json_integer_value(json_object_get(row, "started"));
	}
}

static bool anything_runs(const struct lab *lab)
{
	for (uint32_t i = 0; i < lab->topology.node_count; i++) {
		if (process_is_alive(&lab->processes[i]))
			return true;
	}
	return false;
}

/* Loads lab.json and the topology it names into an empty lab. */
static int record_load(struct lab *lab)
{
	char path[4096];
	json_error_t error;
	int status = record_path(lab, path);

	if (status != ZT_OK)
		return status;
	json_t *root = json_load_file(path, 0, &error);
	if (!root)
		return ZT_ENOENT;
	const char *topology = json_string_value(json_object_get(root, "topology"));
	struct topology_overrides overrides = { .port = (uint16_t)json_integer_value(json_object_get(root, "port")) };
	status = ZT_ECORRUPT;
	size_t used = topology ? (size_t)snprintf(lab->topology_path, sizeof(lab->topology_path), "%s", topology) : sizeof(lab->topology_path);
	if (used < sizeof(lab->topology_path)) {
		status = topology_read(&lab->topology, topology, &overrides);
	}
	if (status == ZT_OK)
		status = processes_new(lab);
	if (status == ZT_OK)
		processes_read(lab, root);
	json_decref(root);
	return status;
}

int lab_find(struct lab *lab, const char *dir)
{
	*lab = (struct lab){ 0 };
	if (!realpath(dir, lab->dir)) {
		fprintf(stderr, "zonelab: no lab in %s; start one with: zonelab up\n", dir);
		return ZT_ENOENT;
	}
	int status = record_load(lab);
	if (status == ZT_ENOENT)
		fprintf(stderr, "zonelab: no lab is running in %s; start one with: zonelab up\n", lab->dir);
	else if (status != ZT_OK)
		fprintf(stderr, "zonelab: %s/lab.json cannot be used: %s\n", lab->dir, status_text(status));
	if (status != ZT_OK)
		lab_free(lab);
	return status;
}

/* Whether the folder holds a lab that still runs. */
static bool is_taken(const char *dir)
{
	struct lab other = { 0 };
	bool taken = false;

	snprintf(other.dir, sizeof(other.dir), "%s", dir);
	char path[4096];
	struct stat st;
	if (record_path(&other, path) == ZT_OK && stat(path, &st) == 0 && record_load(&other) == ZT_OK)
		taken = anything_runs(&other);
	lab_free(&other);
	return taken;
}

int lab_create(struct lab *lab, const char *dir, const char *topology_path, const struct topology_overrides *overrides)
{
	*lab = (struct lab){ 0 };
	if (!realpath(topology_path, lab->topology_path))
		return fail("cannot read the topology", topology_path);
	int status = folder_make(dir);
	if (status != ZT_OK)
		return status;
	if (!realpath(dir, lab->dir))
		return fail("cannot use the folder", dir);
	if (is_taken(lab->dir)) {
		fprintf(stderr, "zonelab: a lab is already running in %s; end it with: zonelab down\n", lab->dir);
		return ZT_EBUSY;
	}
	status = topology_read(&lab->topology, lab->topology_path, overrides);
	if (status == ZT_OK)
		status = processes_new(lab);
	for (uint32_t i = 0; i < lab->topology.node_count && status == ZT_OK; i++) {
		char path[4096];
		status = lab_path(lab, &lab->topology.nodes[i], "", path);
		if (status == ZT_OK)
			status = folder_make(path);
	}
	if (status != ZT_OK)
		lab_free(lab);
	return status;
}

void lab_free(struct lab *lab)
{
	topology_free(&lab->topology);
	free(lab->processes);
	lab->processes = NULL;
}

int lab_save(const struct lab *lab)
{
	char path[4096];
	json_t *list = json_array();
	int status = record_path(lab, path);

	for (uint32_t i = 0; i < lab->topology.node_count; i++) {
		json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "node", lab->topology.nodes[i].name, "pid",
						      (json_int_t)lab->processes[i].pid, "started", (json_int_t)lab->processes[i].started));
	}
	json_t *root = json_pack("{s:s, s:i, s:o}", "topology", lab->topology_path, "port", (int)lab->topology.port, "processes", list);
	if (status == ZT_OK && (!root || json_dump_file(root, path, JSON_INDENT(1)) != 0))
		status = fail("cannot write", path);
	json_decref(root);
	return status;
}

void lab_forget(const struct lab *lab)
{
	char path[4096];
	if (record_path(lab, path) == ZT_OK)
		remove(path);
}
