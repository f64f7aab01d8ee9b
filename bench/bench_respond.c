/* What a query costs authd's worker between recvmmsg and sendmmsg: batches of 64 through respond_begin, zone_finders_run and respond_finish, each
 * stage timed on its own. No sockets.
 *
 * usage: bench_respond ZONE FILE QUERIES [do|tsig]     QUERIES: lines "NAME TYPE" as for dnsperf; do: with EDNS and the DO bit; tsig: signed (HMAC-SHA-256)
 * Prints nanoseconds a query for each stage, the median of 15 rounds over all queries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authd/serve/respond.h"
#include "lib/base/qsbr.h"
#include "lib/dns/writer.h"
#include "lib/zone/edit.h"
#include "lib/zone/zonefile.h"

enum { BATCH = 64, ROUNDS = 15, SLOT = 1232, QUERY_MAX = 480, STAGES = 3 };

struct query {
	uint16_t len;
	uint8_t wire[QUERY_MAX];
};

struct bench {
	struct view *view;
	struct query *queries;
	size_t count;
	bool with_do;
	struct tsig_key *key;      /* signs the queries; NULL: nobody does */
	struct tsig_keys keys;
	struct moment moment;
	struct respond responds[BATCH];
	uint8_t in[BATCH][512];
	uint8_t out[BATCH][SLOT];
	uint64_t spent[STAGES];
	uint64_t answer_bytes;
};

static const char *const stage_names[STAGES] = { "read", "look up", "write" };

static void require(int status, const char *what)
{
	if (status == ZT_OK)
		return;
	fprintf(stderr, "bench_respond: %s: %s\n", what, status_text(status));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static struct zone *zone_make(const uint8_t *apex, const char *path)
{
	static const struct fingerprint_key key = { { 1 } };
	static struct zonefile_report report;
	struct zone_edit *edit;
	struct zone *zone;

	require(zone_new(apex, &key, &zone), "zone");
	require(zone_edit_begin(zone, &edit), "zone");
	zonefile_report_init(&report);
	int status = zonefile_load(path, apex, edit, &report);
	for (unsigned i = 0; i < report.message_count; i++)
		fprintf(stderr, "%s\n", report.messages[i].text);
	require(status, path);
	zone_edit_publish(edit);
	return zone;
}

static void query_sign(const struct bench *bench, struct query *query)
{
	struct tsig_stamp stamp = { .time = (uint64_t)(clock_wall(clock_system()) / USEC_PER_SEC), .fudge = TSIG_FUDGE_S };
	struct tsig_message message = { query->wire, query->len, sizeof(query->wire) };
	struct tsig_chain chain;

	tsig_chain_init(&chain, bench->key);
	require(tsig_sign(&chain, &message, &stamp), "signing");
	query->len = (uint16_t)message.len;
}

static void query_make(const struct bench *bench, struct query *query, const char *name, const char *type)
{
	struct message_writer writer;
	uint8_t wire[NAME_MAX_LEN];
	uint16_t number;

	require(name_from_text(wire, name, NULL), name);
	require(rr_type_from_text(type, &number) ? ZT_OK : ZT_ESYNTAX, type);
	message_writer_init(&writer, query->wire, sizeof(query->wire), 1, 0);
	require(message_write_question(&writer, wire, number, CLASS_IN), name);
	if (bench->with_do)
		require(message_write_edns(&writer, &(struct edns_out){ .udp_size = SLOT, .flags = EDNS_FLAG_DO }), name);
	query->len = (uint16_t)message_writer_finish(&writer);
	if (bench->key)
		query_sign(bench, query);
}

static void queries_read(struct bench *bench, const char *path)
{
	char name[1100], type[32];
	size_t room = 0;
	FILE *in = fopen(path, "r");

	if (!in) {
		perror(path);
		exit(1);
	}
	while (fscanf(in, "%1099s %31s", name, type) == 2) {
		if (bench->count == room) {
			room = room ? room * 2 : 1 << 16;
			bench->queries = realloc(bench->queries, room * sizeof(*bench->queries));
			require(bench->queries ? ZT_OK : ZT_ENOMEM, path);
		}
		query_make(bench, &bench->queries[bench->count++], name, type);
	}
	fclose(in);
	bench->count -= bench->count % BATCH;
	require(bench->count > 0 ? ZT_OK : ZT_EINVAL, path);
}

static void batch_run(struct bench *bench, const struct query *queries)
{
	static const struct netaddr peer = { .v4 = { .sin_family = AF_INET } };
	struct zone_finder *finders[BATCH];
	unsigned waiting[BATCH], count = 0;

	/* As the kernel would: the queries are in the cache. */
	for (unsigned i = 0; i < BATCH; i++)
		memcpy(bench->in[i], queries[i].wire, queries[i].len);
	uint64_t start = now_ns();
	moment_begin(&bench->moment, clock_system());
	for (unsigned i = 0; i < BATCH; i++) {
		struct respond *r = &bench->responds[i];
		r->view = bench->view;
		r->query = bench->in[i];
		r->query_len = queries[i].len;
		r->peer = &peer;
		r->moment = &bench->moment;
		r->out = bench->out[i];
		r->out_size = SLOT;
		if (respond_begin(r) == RESPOND_LOOKUP) {
			waiting[count] = i;
			finders[count++] = &r->finder;
		}
	}
	uint64_t read = now_ns();
	zone_finders_run(finders, count);
	uint64_t found = now_ns();
	for (unsigned i = 0; i < count; i++)
		respond_finish(&bench->responds[waiting[i]]);
	uint64_t written = now_ns();
	bench->spent[0] += read - start;
	bench->spent[1] += found - read;
	bench->spent[2] += written - found;
	for (unsigned i = 0; i < BATCH; i++)
		bench->answer_bytes += bench->responds[i].out_len;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	static double rounds[STAGES + 1][ROUNDS];
	uint8_t apex[NAME_MAX_LEN];
	struct served_zone served = { .apex = apex };

	if (argc < 4) {
		fprintf(stderr, "usage: bench_respond ZONE FILE QUERIES [do|tsig]\n");
		return 2;
	}
	qsbr_register();
	require(name_from_text(apex, argv[1], NULL), argv[1]);
	name_lower(apex);
	served.zone = zone_make(apex, argv[2]);
	atomic_init(&served.state, SERVED_OK);
	bench.view = view_new(&(struct served_zone *){ &served }, 1, 1);
	bench.with_do = argc > 4 && strcmp(argv[4], "do") == 0;
	if (argc > 4 && strcmp(argv[4], "tsig") == 0) {
		const char *why;
		require(tsig_key_from_text(&bench.key, "bench-key:bm90IHRvIGJlIGd1ZXNzZWQgYnkgYW55Ym9keSAhISE=", &why), "key");
		bench.keys = (struct tsig_keys){ &bench.key, 1 };
		bench.view->settings.keys = &bench.keys;
	}
	queries_read(&bench, argv[3]);
	for (int round = -1; round < ROUNDS; round++) {
		memset(bench.spent, 0, sizeof(bench.spent));
		bench.answer_bytes = 0;
		for (size_t at = 0; at < bench.count; at += BATCH)
			batch_run(&bench, bench.queries + at);
		for (int stage = 0; stage < STAGES && round >= 0; stage++) {
			rounds[stage][round] = (double)bench.spent[stage] / (double)bench.count;
			rounds[STAGES][round] += rounds[stage][round];
		}
	}
	for (int stage = 0; stage <= STAGES; stage++) {
		qsort(rounds[stage], ROUNDS, sizeof(double), by_value);
		printf("%-8s %7.1f ns/query\n", stage < STAGES ? stage_names[stage] : "all", rounds[stage][ROUNDS / 2]);
	}
	printf("answers  %7.1f bytes\n", (double)bench.answer_bytes / (double)bench.count);
	return 0;
}
