/* The prediction for a change that is still to come. */
#include "tools/zonelab/keeper/predictor.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/dns/rrtype.h"
#include "tools/zonelab/keeper/faults.h"
#include "tools/zonelab/lab/process.h"

enum { CURVE_POINTS = 100, LOWEST_PRIORITY = 19 };

/* What a prediction is made from. */
struct ground {
	char *facts;              /* the file's text; NULL: none */
	char name[NAME_TEXT_SIZE];
	uint16_t type;
	bool is_absent;           /* so the change will be the first record */
};

struct predictor {
	struct keeper *keeper;
	json_t *made;
	struct ground ground;     /* of it, or of the one that is being made */
	pid_t pid;
	FILE *from;               /* of the child; NULL: none runs */
	struct loop_io io;
	struct buf output;
};

static void ground_fini(struct ground *ground)
{
	free(ground->facts);
	*ground = (struct ground){ 0 };
}

static bool ground_is_same(const struct ground *a, const struct ground *b)
{
	return a->facts && b->facts && strcmp(a->facts, b->facts) == 0 && strcmp(a->name, b->name) == 0 && a->type == b->type &&
	       a->is_absent == b->is_absent;
}

/* A datagram and its answer; a cut link loses everything. */
static struct facts_link link_between(void *ctx, uint32_t from, uint32_t to)
{
	const struct weather there = faults_weather(ctx, from, to), back = faults_weather(ctx, to, from);
	const double lost_there = there.cut ? 1 : there.loss, lost_back = back.cut ? 1 : back.loss;

	return (struct facts_link){
		.round_trip = there.delay + back.delay, .loss = 1 - sqrt((1 - lost_there) * (1 - lost_back)), .bytes_per_s = there.rate / 8,
	};
}

/* False when not all is known. */
static bool ground_take(struct ground *ground, const struct predictor *predictor, const struct observer *observer)
{
	const struct observer_watch *watch = observer_watched(observer);
	struct facts_known known = { .link = link_between, .ctx = predictor->keeper };
	size_t len;

	*ground = (struct ground){ 0 };
	if (!watch || !observer_clocks(observer, &known.clocks))
		return false;
	name_to_text(watch->name, ground->name);
	ground->type = watch->type;
	ground->is_absent = observer_target_is_absent(observer);
	FILE *to = open_memstream(&ground->facts, &len);
	if (!to)
		return false;
	facts_print(to, keeper_lab(predictor->keeper), watch->zone, &known);
	if (fclose(to) == 0)
		return true;
	ground_fini(ground);
	return false;
}

static int ground_write(const struct ground *ground, const char *path)
{
	FILE *to = fopen(path, "w");
	bool failed = !to || fputs(ground->facts, to) < 0;

	return (to && fclose(to) != 0) || failed ? ZT_EIO : ZT_OK;
}

/* One row of propest's table: seconds, servers done, first fresh, share of fresh caches, last stale. */
static bool point_read(const char *line, double *seconds, double *share)
{
	return sscanf(line, "%lf,%*f,%*f,%lf", seconds, share) == 2;
}

/* The share of caches that are fresh, over time; not more points than a picture needs. */
static json_t *curve_read(const char *path, double speed)
{
	FILE *from = fopen(path, "r");
	json_t *curve = json_array();
	char line[256];
	double seconds, share, last_share = -1;

	while (from && fgets(line, sizeof(line), from)) {
		if (!point_read(line, &seconds, &share))
			continue;
		if (share - last_share < 1.0 / CURVE_POINTS && share < 1)
			continue;
		json_array_append_new(curve, json_pack("[f, f]", seconds / speed, share));
		last_share = share;
	}
	if (from)
		fclose(from);
	return curve;
}

/* propest tells of the lab's time, events of the real one. What is no number stays what it is. */
static json_t *seconds_take(const json_t *root, const char *key, double speed)
{
	json_t *value = json_object_get(root, key);

	return json_is_number(value) ? json_real(json_number_value(value) / speed) : json_incref(value);
}

static json_t *quantiles_take(const json_t *root, const char *key, double speed)
{
	json_t *from = json_object_get(root, key);

	return json_pack("{s:o, s:o, s:o, s:o}", "p50", seconds_take(from, "p50", speed), "p90", seconds_take(from, "p90", speed), "p99",
			 seconds_take(from, "p99", speed), "bound", seconds_take(from, "bound", speed));
}

/* NULL when it is not what propest prints. */
static json_t *prediction_make(const struct predictor *predictor, const char *table)
{
	json_error_t error;
	char type[RR_TYPE_TEXT_SIZE];
	json_t *root = json_loadb((const char *)predictor->output.data, predictor->output.len, 0, &error);
	const double speed = keeper_lab(predictor->keeper)->clock.clock.speed;
	json_t *made = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", predictor->ground.name, "type",
				 rr_type_to_text(predictor->ground.type, type), "bound", seconds_take(root, "bound", speed), "servers",
				 quantiles_take(root, "authoritative", speed), "first_fresh", quantiles_take(root, "first_fresh", speed),
				 "last_stale", quantiles_take(root, "last_stale", speed), "curve", curve_read(table, speed));

	if (made && json_object_get(root, "all_caches"))
		json_object_set_new(made, "all_caches", quantiles_take(root, "all_caches", speed));
	json_decref(root);
	return made;
}

static int table_path(const struct predictor *predictor, char out[4096])
{
	return lab_file(keeper_lab(predictor->keeper), "prediction.csv", out);
}

static void child_forget(struct predictor *predictor)
{
	loop_io_stop(&predictor->io);
	if (predictor->from)
		fclose(predictor->from);
	predictor->from = NULL;
	buf_clear(&predictor->output);
}

static void child_finish(struct predictor *predictor)
{
	char table[4096];

	json_decref(predictor->made);
	predictor->made = table_path(predictor, table) == ZT_OK && predictor->output.len > 0 ? prediction_make(predictor, table) : NULL;
	if (!predictor->made)
		fputs("zonelab: propest gave no prediction\n", stderr);
	child_forget(predictor);
}

static void on_output(void *ctx)
{
	struct predictor *predictor = ctx;
	uint8_t block[4096];
	ssize_t len = read(fileno(predictor->from), block, sizeof(block));

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len > 0)
		buf_add(&predictor->output, block, (size_t)len);
	else
		child_finish(predictor);
}

static int child_start(struct predictor *predictor)
{
	char program[4096], facts[4096], table[4096], type[RR_TYPE_TEXT_SIZE];
	const char *argv[] = { program, "estimate", predictor->ground.name, rr_type_to_text(predictor->ground.type, type), "--change",
			       predictor->ground.is_absent ? "add" : "modify", "--no-net", "--topology", facts, "--json", "--csv", table, NULL };

	if (!process_find_program("propest", program))
		return ZT_ENOENT;
	int status = lab_file(keeper_lab(predictor->keeper), "prediction.yaml", facts);
	if (status == ZT_OK)
		status = table_path(predictor, table);
	if (status == ZT_OK)
		status = ground_write(&predictor->ground, facts);
	if (status == ZT_OK)
		status = process_run((char *const *)(uintptr_t)argv, PROCESS_DIES_WITH_US, &predictor->from, &predictor->pid);
	if (status != ZT_OK)
		return status;
	setpriority(PRIO_PROCESS, (id_t)predictor->pid, LOWEST_PRIORITY);      /* as well without */
	if (fcntl(fileno(predictor->from), F_SETFL, O_NONBLOCK) != 0)
		return ZT_ESYSTEM;
	return loop_io_start(&predictor->io, keeper_loop(predictor->keeper), fileno(predictor->from), LOOP_READ);
}

void predictor_look(struct predictor *predictor, const struct observer *observer)
{
	struct ground ground;

	if (predictor->from || !observer_is_at_rest(observer, loop_now(keeper_loop(predictor->keeper))) || !ground_take(&ground, predictor, observer))
		return;
	if (ground_is_same(&ground, &predictor->ground)) {      /* also when that failed: it would again */
		ground_fini(&ground);
		return;
	}
	ground_fini(&predictor->ground);
	predictor->ground = ground;
	json_decref(predictor->made);
	predictor->made = NULL;
	int status = child_start(predictor);
	if (status == ZT_OK)
		return;
	fprintf(stderr, "zonelab: no predictions: propest: %s\n", status_text(status));
	child_forget(predictor);
}

const json_t *predictor_get(const struct predictor *predictor)
{
	return predictor->made;
}

int predictor_new(struct predictor **out, struct keeper *keeper)
{
	struct predictor *predictor = *out = calloc(1, sizeof(*predictor));

	if (!predictor)
		return ZT_ENOMEM;
	predictor->keeper = keeper;
	buf_init(&predictor->output);
	loop_io_init(&predictor->io, on_output, predictor);
	return ZT_OK;
}

void predictor_free(struct predictor *predictor)
{
	if (!predictor)
		return;
	if (predictor->from)
		kill(predictor->pid, SIGKILL);
	child_forget(predictor);
	buf_fini(&predictor->output);
	ground_fini(&predictor->ground);
	json_decref(predictor->made);
	free(predictor);
}
