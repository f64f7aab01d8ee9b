/* What a transfer of a whole zone costs a processor, without sockets, checks and journal: the messages made from a zone, the messages taken in by who has
 * nothing, and by who has the same zone but for the serial.
 *
 * usage: bench_transfer [RECORDS]     (default: 1,000,000 A records of as many names) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/dns/writer.h"
#include "lib/xfr/xfr_in.h"
#include "lib/xfr/xfr_out.h"
#include "lib/zone/bulk.h"

enum { ROUNDS = 5 };

static const struct fingerprint_key key = { "bench_transfer" };

static void require(int status, const char *what)
{
	if (status == ZT_OK)
		return;
	fprintf(stderr, "bench_transfer: %s: %s\n", what, status_text(status));
	exit(1);
}

static struct zone *zone_make(void)
{
	uint8_t apex[NAME_MAX_LEN];
	struct zone *zone;

	require(name_from_text(apex, "example.", NULL), "name");
	require(zone_new(apex, &key, &zone), "zone");
	return zone;
}

static void soa_add(struct zone_bulk *bulk, const uint8_t *apex, uint32_t serial)
{
	uint8_t rdata[22] = { 0 };      /* both names are the root */
	uint32_t ttl;

	wire_put_u32(rdata + 2, serial);
	require(zone_bulk_add(bulk, &(struct change_record){ apex, TYPE_SOA, 300, rdata, sizeof(rdata) }, &ttl), "record");
}

static struct zone *zone_fill(unsigned long records, uint32_t serial)
{
	struct zone *zone = zone_make();
	struct zone_edit *edit;
	struct zone_bulk *bulk;
	uint32_t ttl;

	require(zone_edit_begin(zone, &edit), "edit");
	require(zone_bulk_begin(edit, &bulk), "bulk");
	soa_add(bulk, zone_apex(zone), serial);
	for (unsigned long i = 0; i < records; i++) {
		uint8_t owner[NAME_MAX_LEN], address[4];
		char text[64];
		snprintf(text, sizeof(text), "host%lu.example.", i);
		require(name_from_text(owner, text, NULL), "name");
		wire_put_u32(address, (uint32_t)(UINT32_C(10) << 24 | i));
		require(zone_bulk_add(bulk, &(struct change_record){ owner, TYPE_A, 300, address, 4 }, &ttl), "record");
	}
	require(zone_bulk_finish(bulk), "zone");
	zone_edit_publish(edit);
	return zone;
}

static void question_make(struct message *message, uint8_t wire[512])
{
	struct message_writer writer;
	uint8_t apex[NAME_MAX_LEN];

	require(name_from_text(apex, "example.", NULL), "name");
	message_writer_init(&writer, wire, 512, 1, 0);
	require(message_write_question(&writer, apex, TYPE_AXFR, CLASS_IN), "question");
	require(message_read(message, wire, message_writer_finish(&writer)), "question");
}

/* All messages with their lengths before them; returns how long it took. */
static usec_t send_all(const struct zone *zone, struct buf *out)
{
	static uint8_t message[MESSAGE_MAX_LEN];
	uint8_t wire[512];
	struct message query;
	struct xfr_out *xfr;
	size_t len;
	int status;

	question_make(&query, wire);
	buf_clear(out);
	usec_t started = clock_now(clock_system());
	require(xfr_out_new(&(struct xfr_out_config){ .query = &query, .version = zone_current(zone) }, &xfr), "transfer");
	while ((status = xfr_out_next(xfr, message, &len)) == ZT_OK) {
		buf_add_u16(out, (uint16_t)len);
		buf_add(out, message, len);
	}
	xfr_out_free(xfr);
	require(status == ZT_EDONE ? out->status : status, "transfer");
	return clock_now(clock_system()) - started;
}

static usec_t take_all(struct zone *zone, const struct buf *in)
{
	struct xfr_in_config config = { .zone = zone, .type = TYPE_AXFR, .id = 1 };
	enum xfr_in_result result = XFR_IN_MORE;
	usec_t started = clock_now(clock_system());
	struct xfr_in *xfr;

	require(xfr_in_new(&config, &xfr), "transfer");
	for (size_t at = 0; at < in->len && result == XFR_IN_MORE; at += 2u + wire_get_u16(in->data + at))
		result = xfr_in_message(xfr, in->data + at + 2, wire_get_u16(in->data + at));
	if (result != XFR_IN_DONE) {
		fprintf(stderr, "bench_transfer: %s\n", xfr_in_failure(xfr)->text);
		exit(1);
	}
	zone_edit_publish(xfr_in_take_edit(xfr));
	xfr_in_free(xfr);
	return clock_now(clock_system()) - started;
}

static void row(const char *what, const usec_t took[ROUNDS], unsigned long records)
{
	usec_t least = took[0];

	for (unsigned i = 1; i < ROUNDS; i++)
		least = took[i] < least ? took[i] : least;
	printf("%-28s %8.1f ms %6.0f ns a record\n", what, (double)least / 1000, (double)least * 1000 / (double)records);
}

int main(int argc, char **argv)
{
	unsigned long records = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	usec_t out_took[ROUNDS], in_took[ROUNDS], again_took[ROUNDS];
	struct zone *zones[2] = { zone_fill(records, 1), zone_fill(records, 2) };
	struct buf out, other;

	buf_init(&out);
	buf_init(&other);
	send_all(zones[1], &other);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct zone *copy = zone_make();
		out_took[i] = send_all(zones[0], &out);
		in_took[i] = take_all(copy, &out);
		again_took[i] = take_all(copy, &other);
		zone_free(copy);
	}
	printf("%lu records, %.1f MB\n", records, (double)out.len / 1e6);
	row("sent", out_took, records);
	row("taken by who has nothing", in_took, records);
	row("taken by who has the same", again_took, records);
	buf_fini(&out);
	buf_fini(&other);
	zone_free(zones[0]);
	zone_free(zones[1]);
	return 0;
}
