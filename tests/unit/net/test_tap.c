/* lib/net: dnstap's bytes, and lanes that lose exchanges only when they are full. */
#include <fstrm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/net/tap.h"
#include "tests/support/suite.h"

static struct netaddr addr_of(const char *text)
{
	struct netaddr addr;
	ck_assert_int_eq(netaddr_from_text(&addr, text, 53), ZT_OK);
	return addr;
}

START_TEST(a_frame_has_the_bytes_of_the_schema)
{
	static const uint8_t expected[] = {
		0x0a, 2, 'm', 'e',                                  /* identity */
		0x12, 1, 'v',                                       /* version */
		0x78, 1,                                            /* type: MESSAGE */
		0x72, 54,                                           /* message */
		0x08, 2,                                            /* AUTH_RESPONSE */
		0x10, 2,                                            /* INET6 */
		0x18, 1,                                            /* UDP */
		0x22, 16, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0x30, 0xe9, 0x07,                                   /* query port 1001 */
		0x2a, 4, 192, 0, 2, 1,
		0x38, 53,
		0x40, 3, 0x4d, 0x40, 0x0d, 0x03, 0x00,              /* 3.0002 s */
		0x60, 4, 0x6d, 0xe8, 0x03, 0x00, 0x00,              /* 4.000001 s */
		0x72, 3, 'a', 'b', 'c',
	};
	struct netaddr client = addr_of("2001:db8::1@1001"), server = addr_of("192.0.2.1");
	struct dnstap_event event = {
		.kind = DNSTAP_AUTH_RESPONSE, .transport = DNSTAP_UDP, .client = &client, .server = &server, .query_wall = 3 * USEC_PER_SEC + 200,
		.response_wall = 4 * USEC_PER_SEC + 1, .message = (const uint8_t *)"abc", .len = 3,
	};
	struct dnstap_origin origin = { "me", "v" };
	struct buf out;

	buf_init(&out);
	dnstap_write(&event, &origin, &out);
	ck_assert_int_eq(out.status, ZT_OK);
	ck_assert_uint_eq(out.len, sizeof(expected));
	ck_assert_mem_eq(out.data, expected, sizeof(expected));
	/* A length of two bytes before the message, and nothing told of who says it. */
	static uint8_t large[300];
	origin = (struct dnstap_origin){ 0 };
	event.kind = DNSTAP_AUTH_QUERY;
	event.message = large;
	event.len = sizeof(large);
	buf_clear(&out);
	dnstap_write(&event, &origin, &out);
	ck_assert_mem_eq(out.data, ((const uint8_t[]){ 0x78, 1, 0x72, 0xd9, 0x02, 0x08, 1 }), 7);
	ck_assert_uint_eq(out.len, 2 + 3 + 345);
	buf_fini(&out);
}
END_TEST

struct bench {
	char folder[64], path[96];
	struct log log;
	struct tap *tap;
	struct netaddr client, server;
};

static void bench_open(struct bench *bench, uint32_t lanes)
{
	struct tap_config config = {
		.file = bench->path, .file_limit = UINT64_MAX, .queries = true, .responses = true, .lanes = lanes, .log = &bench->log,
	};

	snprintf(bench->folder, sizeof(bench->folder), "/tmp/tap-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof(bench->path), "%s/tap", bench->folder);
	log_init(&bench->log, -1, "test");
	bench->client = addr_of("192.0.2.9@999");
	bench->server = addr_of("192.0.2.1");
	ck_assert_int_eq(tap_new(&bench->tap, &config), ZT_OK);
}

static void bench_close(struct bench *bench)
{
	unlink(bench->path);
	rmdir(bench->folder);
}

static void put(struct bench *bench, uint32_t lane, const uint8_t *data, size_t len)
{
	struct tap_exchange exchange = {
		.client = &bench->client, .server = &bench->server, .transport = DNSTAP_TCP, .query = data, .query_len = (uint32_t)(len / 3), .response = data,
		.response_len = (uint32_t)len,
	};
	tap_put(tap_lane(bench->tap, lane), &exchange);
}

static uint64_t dropped(struct bench *bench)
{
	struct tap_counters counters;
	tap_counters(bench->tap, &counters);
	return counters.dropped;
}

typedef void on_frame(void *ctx, const uint8_t *data, size_t len);

static unsigned file_read(const char *path, on_frame *frame, void *ctx)
{
	struct fstrm_file_options *options = fstrm_file_options_init();
	const uint8_t *data;
	size_t len;
	unsigned count = 0;

	fstrm_file_options_set_file_path(options, path);
	struct fstrm_reader *reader = fstrm_file_reader_init(options, NULL);
	ck_assert_ptr_nonnull(reader);
	fstrm_res result;
	for (; (result = fstrm_reader_read(reader, &data, &len)) == fstrm_res_success; count++)
		frame(ctx, data, len);
	ck_assert_int_eq(result, fstrm_res_stop);
	fstrm_reader_destroy(&reader);
	fstrm_file_options_destroy(&options);
	return count;
}

static void frame_ignore(void *ctx, const uint8_t *data, size_t len)
{
	(void)ctx;
	(void)data;
	ck_assert_uint_gt(len, 0);
}

START_TEST(a_lane_takes_what_fits_and_counts_the_rest)
{
	static uint8_t data[3000];
	struct bench bench;
	unsigned puts = 0;

	bench_open(&bench, 2);
	while (dropped(&bench) == 0) {
		put(&bench, 1, data, sizeof(data));
		puts++;
	}
	ck_assert_uint_eq(dropped(&bench), 1);
	ck_assert_uint_gt(puts, TAP_RING_SIZE / 5000);
	ck_assert_uint_lt(puts, TAP_RING_SIZE / 4000);
	put(&bench, 0, data, sizeof(data));      /* another lane has room */
	ck_assert_uint_eq(dropped(&bench), 1);
	ck_assert_int_eq(tap_start(bench.tap), ZT_OK);
	tap_free(bench.tap);
	ck_assert_uint_eq(file_read(bench.path, frame_ignore, NULL), 2 * puts);      /* query and response of each, all but one, and of the other lane's */
	bench_close(&bench);
}
END_TEST

enum { SIZE_MAX_RANDOM = 40000, HEAD = 12 };

struct sequence {
	uint32_t next;
	uint32_t lost;
	unsigned responses;
};

/* The message stands at the end: a mark, its number and size, then bytes that follow from them. Queries hold a part of it. */
static void frame_check(void *ctx, const uint8_t *data, size_t len)
{
	struct sequence *sequence = ctx;
	uint32_t number, size;

	for (size_t i = 0; i + HEAD <= len && i < 100; i++) {
		if (memcmp(data + i, "mark", 4) != 0)
			continue;
		memcpy(&number, data + i + 4, 4);
		memcpy(&size, data + i + 8, 4);
		if (len - i != size)
			return;
		for (size_t k = HEAD; k < size; k++)
			ck_assert_uint_eq(data[i + k], (uint8_t)(number + k));
		ck_assert_uint_ge(number, sequence->next);
		sequence->lost += number - sequence->next;
		sequence->next = number + 1;
		sequence->responses++;
		return;
	}
}

START_TEST(exchanges_of_all_sizes_come_through_the_ring_whole_and_in_order)
{
	static uint8_t data[SIZE_MAX_RANDOM];
	struct bench bench;
	struct sequence sequence = { 0 };
	struct rng rng;
	unsigned rounds = (unsigned)suite_rounds(20000);

	rng_seed(&rng, suite_seed("tap"));
	bench_open(&bench, 1);
	ck_assert_int_eq(tap_start(bench.tap), ZT_OK);
	for (uint32_t number = 0; number < rounds; number++) {
		uint32_t size = (uint32_t)(rng_below(&rng, 50) == 0 ? HEAD + rng_below(&rng, SIZE_MAX_RANDOM - HEAD) : HEAD + rng_below(&rng, 600));
		memcpy(data, "mark", 4);
		memcpy(data + 4, &number, 4);
		memcpy(data + 8, &size, 4);
		for (size_t k = HEAD; k < size; k++)
			data[k] = (uint8_t)(number + k);
		put(&bench, 0, data, size);
	}
	uint64_t lost = dropped(&bench);
	tap_free(bench.tap);
	file_read(bench.path, frame_check, &sequence);
	ck_assert_uint_eq(sequence.responses + lost, rounds);
	ck_assert_uint_gt(sequence.responses, 0);
	bench_close(&bench);
}
END_TEST

START_TEST(a_tap_that_was_never_started_can_be_freed)
{
	struct bench bench;

	bench_open(&bench, 3);
	put(&bench, 2, (const uint8_t *)"abcdefgh", 8);
	tap_free(bench.tap);
	tap_free(NULL);
	bench_close(&bench);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tap");
	TCase *tests = tcase_create("tap");

	tcase_add_test(tests, a_frame_has_the_bytes_of_the_schema);
	tcase_add_test(tests, a_lane_takes_what_fits_and_counts_the_rest);
	tcase_add_test(tests, exchanges_of_all_sizes_come_through_the_ring_whole_and_in_order);
	tcase_add_test(tests, a_tap_that_was_never_started_can_be_freed);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
