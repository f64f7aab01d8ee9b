/* The work folder and lab.json. */
#include "tools/zonelab/lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "tools/zonelab/lab/process.h"
#include "tools/zonelab/topology/zonecheck.h"

enum { TOPOLOGY_SIZE_MAX = 16 << 20, ENDING_PATIENCE_MS = 15000 };

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

int lab_file(const struct lab *lab, const char *file, char out[4096])
{
	return snprintf(out, 4096, "%s/%s", lab->dir, file) < 4096 ? ZT_OK : ZT_ELIMIT;
}

int lab_path(const struct lab *lab, const struct topology_node *node, const char *file, char out[4096])
{
	return snprintf(out, 4096, "%s/%s/%s", lab->dir, node->name, file) < 4096 ? ZT_OK : ZT_ELIMIT;
}

const char *lab_mode_text(enum topology_mode mode)
{
	return mode == TOPOLOGY_NET ? "net" : "loopback";
}

static void lab_init(struct lab *lab)
{
	*lab = (struct lab){ .lock = -1 };
	space_init(&lab->space);
	lab_clock_init(&lab->clock, 1, 0);
}

static int processes_new(struct lab *lab)
{
	lab->processes = calloc(lab->topology.node_count + 1, sizeof(*lab->processes));
	lab->networks = malloc((lab->topology.node_count + 1) * sizeof(*lab->networks));
	for (uint32_t i = 0; lab->networks && i < lab->topology.node_count; i++)
		lab->networks[i] = -1;
	return lab->processes && lab->networks ? ZT_OK : ZT_ENOMEM;
}

static struct lab_process process_read(const json_t *row)
{
	return (struct lab_process){
		.pid = (pid_t)json_integer_value(json_object_get(row, "pid")),
		.started = (unsigned long long)json_integer_value(json_object_get(row, "started")),
	};
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
		lab->processes[node - lab->topology.nodes] = process_read(row);
		const json_t *network = json_object_get(row, "network");
		if (json_is_integer(network))
			lab->networks[node - lab->topology.nodes] = (int)json_integer_value(network);
	}
	lab->keeper = process_read(json_object_get(root, "keeper"));
}

static bool lab_has_processes(const struct lab *lab)
{
	for (uint32_t i = 0; i < lab->topology.node_count; i++) {
		if (process_is_alive(&lab->processes[i]))
			return true;
	}
	return false;
}

bool lab_is_alive(const struct lab *lab)
{
	return process_is_alive(&lab->keeper);
}

static int text_read(const char *path, struct buf *out)
{
	uint8_t block[16384];
	size_t len;
	FILE *file = fopen(path, "r");

	buf_init(out);
	if (!file)
		return fail("cannot read", path);
	while ((len = fread(block, 1, sizeof(block), file)) > 0 && out->len <= TOPOLOGY_SIZE_MAX)
		buf_add(out, block, len);
	int status = ferror(file) ? fail("cannot read", path) : out->status;
	fclose(file);
	if (out->len > TOPOLOGY_SIZE_MAX) {
		fprintf(stderr, "zonelab: %s is larger than a topology may be, %d bytes\n", path, TOPOLOGY_SIZE_MAX);
		status = ZT_ELIMIT;
	}
	return status;
}

static int text_write(const char *path, const struct buf *text)
{
	FILE *file = fopen(path, "w");
	bool failed = !file || fwrite(text->data, 1, text->len, file) != text->len;

	if ((file && fclose(file) != 0) || failed)
		return fail("cannot write", path);
	return ZT_OK;
}

/* Reads lab->topology from text that is, or is a copy of, lab->topology_path. `wish` is of a new lab, whose
 * zones are checked, too; else NULL. Problems are printed. */
static int topology_take(struct lab *lab, const struct buf *text, const struct lab_wish *wish)
{
	struct topology_text source = { lab->topology_path, text->data ? (const char *)text->data : "", text->len };
	struct problems problems;
	struct buf said;

	problems_init(&problems, lab->topology_path);
	buf_init(&said);
	int status = topology_parse(&lab->topology, &source, &problems);
	if (status == ZT_OK && wish) {
		topology_set_mode(&lab->topology, wish->mode);
		if (wish->port > 0)
			topology_set_port(&lab->topology, wish->port);
	}
	if (status == ZT_OK && wish)
		status = zonecheck_all(&lab->topology, &problems);
	problems_write(&problems, &said);
	if (said.len > 0)
		fwrite(said.data, 1, said.len, stderr);
	else if (status != ZT_OK)
		fprintf(stderr, "zonelab: cannot use the topology %s: %s\n", lab->topology_path, status_text(status));
	buf_fini(&said);
	problems_fini(&problems);
	return status;
}

/* Loads lab.json and the copy of the topology into an empty lab. ZT_ENOENT, silently, when there is no lab.json. */
static int record_load(struct lab *lab)
{
	char path[4096], copy[4096];
	struct buf text;
	json_error_t error;
	int status = lab_file(lab, "lab.json", path);

	if (status == ZT_OK)
		status = lab_file(lab, "topology.yaml", copy);
	if (status != ZT_OK || access(path, F_OK) != 0)
		return status != ZT_OK ? status : ZT_ENOENT;
	json_t *root = json_load_file(path, 0, &error);
	const char *topology = json_string_value(json_object_get(root, "topology"));
	if (!topology || snprintf(lab->topology_path, sizeof(lab->topology_path), "%s", topology) >= (int)sizeof(lab->topology_path)) {
		fprintf(stderr, "zonelab: %s cannot be used: %s\n", path, root ? "it names no topology" : error.text);
		json_decref(root);
		return ZT_ECORRUPT;
	}
	status = text_read(copy, &text);
	if (status == ZT_OK)
		status = topology_take(lab, &text, NULL);
	buf_fini(&text);
	if (status == ZT_OK)
		status = processes_new(lab);
	if (status == ZT_OK) {
		topology_set_port(&lab->topology, (uint16_t)json_integer_value(json_object_get(root, "port")));
		processes_read(lab, root);
		const char *clock = json_string_value(json_object_get(root, "clock"));
		if (!clock || lab_clock_from_text(&lab->clock, clock) != ZT_OK)
			lab_clock_init(&lab->clock, 1, 0);
		const char *mode = json_string_value(json_object_get(root, "mode"));
		topology_set_mode(&lab->topology, mode && strcmp(mode, "net") == 0 ? TOPOLOGY_NET : TOPOLOGY_LOOPBACK);
	}
	json_decref(root);
	return status;
}

int lab_open(struct lab *lab, const char *dir)
{
	lab_init(lab);
	int status = realpath(dir, lab->dir) ? record_load(lab) : ZT_ENOENT;
	if (status == ZT_ENOENT)
		fprintf(stderr, "zonelab: no lab is running in %s; start one with: zonelab up, or name its folder with --dir\n", dir);
	if (status != ZT_OK)
		lab_free(lab);
	return status;
}

int lab_find(struct lab *lab, const char *dir)
{
	int status = lab_open(lab, dir);

	if (status != ZT_OK || lab_is_alive(lab))
		return status;
	fprintf(stderr, "zonelab: the lab in %s is no more: its keeper, process %ld, was killed; start one with: zonelab up\n", lab->dir,
		(long)lab->keeper.pid);
	lab_free(lab);
	return ZT_ENOENT;
}

/* What an earlier lab has left in the folder, whose lock we have: its keeper is gone, and what it did not take along. */
static void leftovers_remove(const struct lab *lab, struct lab *earlier)
{
	fprintf(stderr, "zonelab: an earlier lab in %s was not ended: its keeper, process %ld, is gone%s\n", lab->dir, (long)earlier->keeper.pid,
		lab_has_processes(earlier) ? "; the daemons it left are ended" : ", and its daemons with it");
	process_kill_all(earlier->processes, earlier->topology.node_count);
	lab_forget(earlier);
}

/* Takes the folder: no lab runs in it, and no other zonelab is starting one. */
static int folder_take(struct lab *lab)
{
	struct lab other;

	lab->lock = open(lab->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lab->lock < 0 || access(lab->dir, W_OK | X_OK) != 0)
		return fail("cannot use the folder", lab->dir);
	bool is_ours = flock(lab->lock, LOCK_EX | LOCK_NB) == 0;
	lab_init(&other);
	snprintf(other.dir, sizeof(other.dir), "%s", lab->dir);
	bool is_recorded = record_load(&other) == ZT_OK;
	/* A killed keeper of many networks takes a moment to close them. */
	if (!is_ours && is_recorded && !lab_is_alive(&other) && process_gone_within(&other.keeper, ENDING_PATIENCE_MS))
		is_ours = flock(lab->lock, LOCK_EX | LOCK_NB) == 0;
	if (is_ours && is_recorded)
		leftovers_remove(lab, &other);
	lab_free(&other);
	if (is_ours)
		return ZT_OK;
	fprintf(stderr, "zonelab: %s %s; end it with: zonelab down, or choose another folder with --dir\n",
		is_recorded ? "a lab is already running in" : "another zonelab is just using", lab->dir);
	return ZT_EBUSY;
}

/* A control socket's path must fit into the kernel's struct. */
static int socket_paths_check(const struct lab *lab)
{
	enum { MOST = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1 };
	char path[4096];

	if (lab_file(lab, LAB_SOCKET, path) != ZT_OK || strlen(path) > MOST) {
		fprintf(stderr, "zonelab: %s/" LAB_SOCKET " is too long for a socket's path, %d bytes; choose a shorter folder with --dir\n", lab->dir, MOST);
		return ZT_ELIMIT;
	}
	for (uint32_t i = 0; i < lab->topology.node_count; i++) {
		if (lab_path(lab, &lab->topology.nodes[i], "control.sock", path) == ZT_OK && strlen(path) <= MOST)
			continue;
		fprintf(stderr, "zonelab: %s/%s/control.sock is too long for a socket's path, %d bytes; choose a shorter folder with --dir\n", lab->dir,
			lab->topology.nodes[i].name, MOST);
		return ZT_ELIMIT;
	}
	return ZT_OK;
}

static int folders_make(const struct lab *lab, const struct buf *topology)
{
	char path[4096];
	int status = lab_file(lab, "topology.yaml", path);

	if (status == ZT_OK)
		status = text_write(path, topology);
	for (uint32_t i = 0; i < lab->topology.node_count && status == ZT_OK; i++) {
		status = lab_path(lab, &lab->topology.nodes[i], "", path);
		if (status == ZT_OK)
			status = folder_make(path);
	}
	return status;
}

int lab_read(struct lab *lab, const char *topology_path)
{
	struct buf text;

	lab_init(lab);
	if (!realpath(topology_path, lab->topology_path))
		return fail("cannot read the topology", topology_path);
	int status = text_read(lab->topology_path, &text);
	if (status == ZT_OK)
		status = topology_take(lab, &text, &(struct lab_wish){ .mode = TOPOLOGY_LOOPBACK });
	buf_fini(&text);
	if (status != ZT_OK)
		lab_free(lab);
	return status;
}

int lab_create(struct lab *lab, const struct lab_wish *wish)
{
	const char *dir = wish->dir;
	struct buf text;

	lab_init(lab);
	lab->seed = wish->seed;
	if (wish->speed > 1)
		lab_clock_init(&lab->clock, wish->speed, clock_wall(clock_system()));
	if (!realpath(wish->topology_path, lab->topology_path))
		return fail("cannot read the topology", wish->topology_path);
	int status = text_read(lab->topology_path, &text);
	if (status == ZT_OK)
		status = topology_take(lab, &text, wish);
	if (status == ZT_OK)
		status = folder_make(dir);
	if (status == ZT_OK && !realpath(dir, lab->dir))
		status = fail("cannot use the folder", dir);
	if (status == ZT_OK)
		status = folder_take(lab);
	if (status == ZT_OK)
		status = socket_paths_check(lab);
	if (status == ZT_OK)
		status = processes_new(lab);
	if (status == ZT_OK)
		status = folders_make(lab, &text);
	buf_fini(&text);
	if (status != ZT_OK)
		lab_free(lab);
	return status;
}

void lab_free(struct lab *lab)
{
	for (uint32_t i = 0; lab->is_inside && i < lab->topology.node_count; i++) {
		if (lab->networks[i] >= 0)
			close(lab->networks[i]);
	}
	free(lab->networks);
	lab->networks = NULL;
	free(lab->processes);
	lab->processes = NULL;
	topology_free(&lab->topology);
	space_end(&lab->space);
	if (lab->lock >= 0)
		close(lab->lock);
	lab->lock = -1;
}

/* In place of the one that is there, at once: whoever reads sees the old one or the new one. */
int lab_save(const struct lab *lab)
{
	char path[4096], written[4096], clock[LAB_CLOCK_TEXT_SIZE];
	json_t *list = json_array();
	int status = lab_file(lab, "lab.json", path);

	if (status == ZT_OK)
		status = lab_file(lab, "lab.json.new", written);
	for (uint32_t i = 0; i < lab->topology.node_count; i++) {
		int network = lab->networks[i];
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:o}", "node", lab->topology.nodes[i].name, "pid",
						      (json_int_t)lab->processes[i].pid, "started", (json_int_t)lab->processes[i].started, "network",
						      network >= 0 ? json_integer(network) : json_null()));
	}
	json_t *root = json_pack("{s:s, s:s, s:i, s:s, s:{s:I, s:I}, s:o}", "topology", lab->topology_path, "mode", lab_mode_text(lab->topology.mode),
				 "port", (int)lab->topology.port, "clock", lab_clock_to_text(&lab->clock, clock), "keeper", "pid", (json_int_t)lab->keeper.pid, "started", (json_int_t)lab->keeper.started,
				 "processes", list);
	if (status == ZT_OK && (!root || json_dump_file(root, written, JSON_INDENT(1)) != 0 || rename(written, path) != 0))
		status = fail("cannot write", path);
	json_decref(root);
	return status;
}

void lab_forget(const struct lab *lab)
{
	char path[4096];
	if (lab_file(lab, "lab.json", path) == ZT_OK)
		remove(path);
}
