/* lib/xfr/xfr_out and xfr_in: transfers from end to end, message by message, and answers that nobody should send. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/writer.h"
#include "lib/xfr/xfr_in.h"
#include "lib/xfr/xfr_out.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

#define SOA(serial) "@ 300 SOA ns mail " serial " 3600 600 86400 300\n"
#define BASE "@ 300 NS ns\nns 300 A 192.0.2.1\nWWW 300 A 192.0.2.2\nwww 300 TXT \"one\" \"two\"\n*.wild 60 MX 10 mail.Example.NET.\n"

enum { ID = 4711 };

/* ---- fixtures ------------------------------------------------------------------------------------------------------------------------- */

struct question {
	uint8_t wire[512];
	size_t len;
	struct message message;
};

struct wire {
	uint8_t bytes[MESSAGE_MAX_LEN];
	size_t len;
};

static struct xfr_in *in_new(struct zone *zone, uint16_t type)
{
	struct xfr_in_config config = { .zone = zone, .type = type, .id = ID };
	struct xfr_in *in;
	ck_assert_int_eq(xfr_in_new(&config, &in), ZT_OK);
	return in;
}

static void question_of(struct question *question, const struct xfr_in *in)
{
	ck_assert_int_eq(xfr_in_query(in, question->wire, sizeof(question->wire), &question->len), ZT_OK);
	ck_assert_int_eq(message_read(&question->message, question->wire, question->len), ZT_OK);
}

static void publish(struct xfr_in *in)
{
	struct zone_edit *edit = xfr_in_take_edit(in);
	ck_assert_ptr_nonnull(edit);
	zone_edit_publish(edit);
}

/* Feeds everything that `out` has to say, in messages of at most `size` bytes. */
static enum xfr_in_result feed(struct xfr_in *in, struct xfr_out *out)
{
	struct wire *wire = malloc(sizeof(*wire));
	enum xfr_in_result result = XFR_IN_MORE;
	int status;

	ck_assert_ptr_nonnull(wire);
	while ((status = xfr_out_next(out, wire->bytes, &wire->len)) == ZT_OK) {
		ck_assert_int_eq(result, XFR_IN_MORE);
		result = xfr_in_message(in, wire->bytes, wire->len);
	}
	ck_assert_int_eq(status, ZT_EDONE);
	ck_assert(xfr_out_is_done(out));
	free(wire);
	return result;
}

struct transfer {
	struct zone *from, *to;
	uint16_t type;
	struct xfr_history *history;
	size_t message_size;
	/* results */
	enum xfr_out_style style;
	enum xfr_in_style in_style;
	uint64_t messages;
	int status;
};

static enum xfr_in_result run(struct transfer *t)
{
	struct xfr_in *in = in_new(t->to, t->type);
	struct question question;
	struct xfr_out_config config = {
		.query = &question.message, .version = zone_current(t->from), .history = t->history, .message_size = t->message_size,
	};
	struct xfr_out *out;

	question_of(&question, in);
	if (t->type == TYPE_IXFR)
		ck_assert_int_eq(xfr_client_serial(&question.message, &config.client_serial), ZT_OK);
	ck_assert_int_eq(xfr_out_new(&config, &out), ZT_OK);
	t->style = xfr_out_style(out);
	enum xfr_in_result result = feed(in, out);
	t->messages = xfr_out_messages(out);
	t->in_style = xfr_in_style(in);
	t->status = xfr_in_failure(in)->status;
	if (result == XFR_IN_DONE) {
		ck_assert(xfr_in_is_complete(in));
		publish(in);
	}
	xfr_out_free(out);
	xfr_in_free(in);
	return result;
}

/* A new version of the zone, and the difference to it. */
static void publish_change(struct zone *zone, const char *script, struct changeset *change)
{
	struct zone_edit *edit;
	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	zone_text_change(edit, script);
	ck_assert_int_eq(zone_edit_changeset(edit, change), ZT_OK);
	zone_edit_publish(edit);
}

/* Adds the step from one serial to the next to the zone and to the history. */
static void step(struct zone *zone, struct xfr_history *history, const char *script)
{
	struct changeset change;
	changeset_init(&change);
	publish_change(zone, script, &change);
	ck_assert_int_eq(xfr_history_add(history, &change), ZT_OK);
	changeset_fini(&change);
}

/* ---- whole transfers -------------------------------------------------------------------------------------------------------------------- */

START_TEST(axfr_fills_an_empty_zone)
{
	struct transfer t = { .from = zone_text_new("example.", SOA("1") BASE), .to = zone_text_new("example.", NULL), .type = TYPE_AXFR };

	ck_assert_int_eq(run(&t), XFR_IN_DONE);
	ck_assert_int_eq(t.style, XFR_OUT_ZONE);
	ck_assert_uint_eq(t.messages, 1);
	ck_assert(zone_text_equal(zone_current(t.from), zone_current(t.to)));
	zone_free(t.from);
	zone_free(t.to);
}
END_TEST

START_TEST(letter_case_of_names_arrives_unchanged)
{
	struct transfer t = { .from = zone_text_new("example.", SOA("1") BASE), .to = zone_text_new("example.", NULL), .type = TYPE_AXFR };
	uint8_t name[NAME_MAX_LEN];

	ck_assert_int_eq(run(&t), XFR_IN_DONE);
	ck_assert_int_eq(name_from_text(name, "www.example.", NULL), ZT_OK);
	ck_assert_mem_eq(znode_owner(zone_get(zone_current(t.to), name)), "\3WWW\7example", 13);
	zone_free(t.from);
	zone_free(t.to);
}
END_TEST

START_TEST(axfr_of_a_large_zone_takes_many_messages_and_keeps_what_did_not_change)
{
	struct transfer t = { .from = zone_text_new("example.", SOA("2") BASE "$GENERATE 1-20000 host-$ 300 A 10.0.0.1\n"),
			      .to = zone_text_new("example.", SOA("1") BASE "$GENERATE 2-20001 host-$ 300 A 10.0.0.1\n"), .type = TYPE_AXFR };
	uint8_t name[NAME_MAX_LEN];

	ck_assert_int_eq(name_from_text(name, "host-77.example.", NULL), ZT_OK);
	const struct znode *before = zone_get(zone_current(t.to), name);
	ck_assert_int_eq(run(&t), XFR_IN_DONE);
	ck_assert_uint_gt(t.messages, 5);
	ck_assert_uint_lt(t.messages, 30);
	ck_assert(zone_text_equal(zone_current(t.from), zone_current(t.to)));
	ck_assert_ptr_eq(zone_get(zone_current(t.to), name), before);
	zone_free(t.from);
	zone_free(t.to);
}
END_TEST

START_TEST(every_message_size_gives_the_same_zone)
{
	for (size_t size = 150; size < 700; size += 7) {
		struct transfer t = { .from = zone_text_new("example.", SOA("2") BASE), .to = zone_text_new("example.", SOA("1") BASE "x 1 A 10.1.1.1\n"),
				      .type = TYPE_AXFR, .message_size = size };
		ck_assert_int_eq(run(&t), XFR_IN_DONE);
		ck_assert(zone_text_equal(zone_current(t.from), zone_current(t.to)));
		zone_free(t.from);
		zone_free(t.to);
	}
}
END_TEST

START_TEST(ixfr_brings_a_secondary_forward)
{
	for (size_t size = 0; size < 600; size += 150) {
		struct transfer t = { .from = zone_text_new("example.", SOA("4294967290") BASE), .to = zone_text_new("example.", SOA("4294967290") BASE),
				      .type = TYPE_IXFR, .message_size = size };
		struct xfr_history history;

		xfr_history_init(&history, 1000, false);
		step(t.from, &history, "= 4294967295\n- ns 300 A 192.0.2.1\n+ new 300 A 10.0.0.1\n+ ns 300 AAAA ::1");
		step(t.from, &history, "= 1\n- new 300 A 10.0.0.1\n+ new 300 A 10.0.0.2");
		step(t.from, &history, "= 2\n- www 300 TXT one two\n+ www 60 TXT one two");
		t.history = &history;
		ck_assert_int_eq(run(&t), XFR_IN_DONE);
		ck_assert_int_eq(t.style, XFR_OUT_DIFFERENCES);
		ck_assert_int_eq(t.in_style, XFR_IN_DIFFERENCES);
		ck_assert(zone_text_equal(zone_current(t.from), zone_current(t.to)));
		xfr_history_fini(&history);
		zone_free(t.from);
		zone_free(t.to);
	}
}
END_TEST

START_TEST(condensed_history_sends_only_what_is_left)
{
	struct transfer t = { .from = zone_text_new("example.", SOA("1") BASE), .to = zone_text_new("example.", SOA("1") BASE), .type = TYPE_IXFR };
	struct xfr_history history;

	xfr_history_init(&history, 100, true);
	step(t.from, &history, "= 2\n+ flap 300 A 10.0.0.1");
	step(t.from, &history, "= 3\n- flap 300 A 10.0.0.1");
	step(t.from, &history, "= 4\n+ stay 300 A 10.0.0.1");
	/* Raw it is 9 records, condensed 3. */
	history.record_limit = 3;
	t.history = &history;
	ck_assert_int_eq(run(&t), XFR_IN_DONE);
	ck_assert_int_eq(t.style, XFR_OUT_DIFFERENCES);
	ck_assert(zone_text_equal(zone_current(t.from), zone_current(t.to)));
	xfr_history_fini(&history);
	zone_free(t.from);
	zone_free(t.to);
}
END_TEST

START_TEST(ixfr_without_history_is_answered_by_the_zone)
{
	struct transfer t = { .from = zone_text_new("example.", SOA("5") BASE "more 1 A 10.0.0.1\n"), .to = zone_text_new("example.", SOA("1") BASE),
			      .type = TYPE_IXFR };

	ck_assert_int_eq(run(&t), XFR_IN_DONE);
	ck_assert_int_eq(t.style, XFR_OUT_ZONE);
	ck_assert_int_eq(t.in_style, XFR_IN_WHOLE);
	ck_assert(zone_text_equal(zone_current(t.from), zone_current(t.to)));
	zone_free(t.from);
	zone_free(t.to);
}
END_TEST

START_TEST(current_and_newer_clients_get_one_soa)
{
	static const char *const client[] = { SOA("5") BASE, SOA("6") BASE };
	for (int i = 0; i < 2; i++) {
		struct transfer t = { .from = zone_text_new("example.", SOA("5") BASE), .to = zone_text_new("example.", client[i]), .type = TYPE_IXFR };
		ck_assert_int_eq(run(&t), XFR_IN_CURRENT);
		ck_assert_int_eq(t.style, XFR_OUT_SOA);
		zone_free(t.from);
		zone_free(t.to);
	}
}
END_TEST

START_TEST(history_is_refused_when_too_long_or_broken)
{
	struct zone *zone = zone_text_new("example.", SOA("1") BASE);
	struct xfr_history history;
	struct changeset change;

	changeset_init(&change);
	publish_change(zone, "= 2\n+ a 1 A 10.0.0.1\n+ b 1 A 10.0.0.1", &change);
	xfr_history_init(&history, 3, false);
	ck_assert_int_eq(xfr_history_add(&history, &change), ZT_ELIMIT);
	xfr_history_fini(&history);
	xfr_history_init(&history, 300, false);
	ck_assert_int_eq(xfr_history_add(&history, &change), ZT_OK);
	ck_assert_int_eq(xfr_history_add(&history, &change), ZT_EDIFF);
	xfr_history_fini(&history);
	changeset_fini(&change);
	zone_free(zone);
}
END_TEST

START_TEST(difference_that_does_not_fit_is_told_apart)
{
	struct transfer t = { .from = zone_text_new("example.", SOA("1") BASE), .to = zone_text_new("example.", SOA("1") "@ 300 NS ns\n"), .type = TYPE_IXFR };
	struct xfr_history history;

	xfr_history_init(&history, 100, false);
	step(t.from, &history, "= 2\n- ns 300 A 192.0.2.1\n+ new 300 A 10.0.0.1");
	t.history = &history;
	ck_assert_int_eq(run(&t), XFR_IN_FAILED);
	ck_assert_int_eq(t.status, ZT_EDIFF);
	/* Nothing of it is left in the zone, which takes the whole one next. */
	ck_assert_uint_eq(zone_version_serial(zone_current(t.to)), 1);
	t.type = TYPE_AXFR;
	ck_assert_int_eq(run(&t), XFR_IN_DONE);
	ck_assert(zone_text_equal(zone_current(t.from), zone_current(t.to)));
	xfr_history_fini(&history);
	zone_free(t.from);
	zone_free(t.to);
}
END_TEST

START_TEST(whole_zone_with_an_old_serial_is_taken_only_on_demand)
{
	struct zone *from = zone_text_new("example.", SOA("5") BASE), *to = zone_text_new("example.", SOA("9") BASE "x 1 A 10.0.0.1\n");
	struct transfer t = { .from = from, .to = to, .type = TYPE_AXFR };

	ck_assert_int_eq(run(&t), XFR_IN_CURRENT);
	struct xfr_in_config config = { .zone = to, .type = TYPE_AXFR, .id = ID, .any_serial = true };
	struct question question;
	struct xfr_out_config out_config = { .query = &question.message, .version = zone_current(from) };
	struct xfr_out *out;
	struct xfr_in *in;
	ck_assert_int_eq(xfr_in_new(&config, &in), ZT_OK);
	question_of(&question, in);
	ck_assert_int_eq(xfr_out_new(&out_config, &out), ZT_OK);
	ck_assert_int_eq(feed(in, out), XFR_IN_DONE);
	publish(in);
	ck_assert(zone_text_equal(zone_current(from), zone_current(to)));
	xfr_out_free(out);
	xfr_in_free(in);
	zone_free(from);
	zone_free(to);
}
END_TEST

/* ---- UDP ----------------------------------------------------------------------------------------------------------------------------------- */

static enum xfr_in_result run_udp(struct zone *from, struct zone *to, struct xfr_history *history, size_t size)
{
	struct xfr_in_config config = { .zone = to, .type = TYPE_IXFR, .id = ID, .udp = true };
	struct question question;
	struct xfr_out_config out = { .query = &question.message, .version = zone_current(from), .history = history, .client_serial = 1 };
	uint8_t wire[1500];
	struct xfr_in *in;
	size_t len;

	ck_assert_int_eq(xfr_in_new(&config, &in), ZT_OK);
	question_of(&question, in);
	ck_assert_int_eq(xfr_out_udp(&out, wire, size, &len), ZT_OK);
	ck_assert_uint_le(len, size);
	enum xfr_in_result result = xfr_in_message(in, wire, len);
	if (result == XFR_IN_DONE)
		publish(in);
	xfr_in_free(in);
	return result;
}

START_TEST(udp_carries_what_fits_and_points_to_tcp_otherwise)
{
	static const struct { size_t size; bool with_history; enum xfr_in_result result; } cases[] = {
		{ 512, true, XFR_IN_DONE }, { 120, true, XFR_IN_RETRY_TCP }, { 1400, false, XFR_IN_RETRY_TCP },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct zone *from = zone_text_new("example.", SOA("1") BASE), *to = zone_text_new("example.", SOA("1") BASE);
		struct xfr_history history;

		xfr_history_init(&history, 100, false);
		step(from, &history, "= 2\n+ new 300 A 10.0.0.1");
		ck_assert_int_eq(run_udp(from, to, cases[i].with_history ? &history : NULL, cases[i].size), cases[i].result);
		ck_assert_uint_eq(zone_text_equal(zone_current(from), zone_current(to)), cases[i].result == XFR_IN_DONE);
		xfr_history_fini(&history);
		zone_free(from);
		zone_free(to);
	}
}
END_TEST

/* ---- answers that nobody should send -------------------------------------------------------------------------------------------------------- */

struct made {
	uint8_t bytes[4096];
	struct message_writer writer;
};

static void make(struct made *made, uint16_t id, uint16_t flags)
{
	message_writer_init(&made->writer, made->bytes, sizeof(made->bytes), id, flags);
}

static void make_record(struct made *made, const char *owner, uint16_t type, const void *rdata, uint16_t len)
{
	uint8_t name[NAME_MAX_LEN];
	struct record_out record = { .owner = name, .type = type, .rr_class = CLASS_IN, .ttl = 300, .rdata = rdata, .rdata_len = len };

	ck_assert_int_eq(name_from_text(name, owner, NULL), ZT_OK);
	ck_assert_int_eq(message_write_record(&made->writer, SECTION_ANSWER, &record), ZT_OK);
}

static void make_soa(struct made *made, const char *owner, uint32_t serial)
{
	uint8_t rdata[] = "\2ns\7example\0\4mail\7example\0ssss\0\0\16\20\0\0\2\130\0\1\121\200\0\0\1\54";
	soa_set_serial(rdata, sizeof(rdata) - 1, serial);
	make_record(made, owner, TYPE_SOA, rdata, sizeof(rdata) - 1);
}

static void make_a(struct made *made, const char *owner)
{
	make_record(made, owner, TYPE_A, "\12\0\0\1", 4);
}

static enum xfr_in_result send(struct xfr_in *in, struct made *made)
{
	size_t len = message_writer_finish(&made->writer);
	/* An exact copy, so that AddressSanitizer sees a read past the end. */
	uint8_t *copy = malloc(len);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, made->bytes, len);
	enum xfr_in_result result = xfr_in_message(in, copy, len);
	free(copy);
	return result;
}

struct bad_case {
	struct zone *zone;
	struct xfr_in *in;
	struct made made;
};

static void bad_begin(struct bad_case *c, uint16_t type)
{
	c->zone = zone_text_new("example.", SOA("1") BASE);
	c->in = in_new(c->zone, type);
	make(&c->made, ID, FLAG_QR | FLAG_AA);
}

static void bad_expect(struct bad_case *c, enum xfr_in_result result, int status)
{
	ck_assert_int_eq(send(c->in, &c->made), result);
	ck_assert_int_eq(xfr_in_failure(c->in)->status, status);
	ck_assert_uint_eq(xfr_in_failure(c->in)->text[0] != '\0', result == XFR_IN_FAILED);
	xfr_in_free(c->in);
	/* Nothing holds the zone. */
	zone_text_publish(c->zone, "= 2");
	zone_free(c->zone);
}

START_TEST(response_codes_are_reported)
{
	struct bad_case c;
	bad_begin(&c, TYPE_IXFR);
	make(&c.made, ID, FLAG_QR | RCODE_NOTIMP);
	ck_assert_int_eq(send(c.in, &c.made), XFR_IN_FAILED);
	ck_assert_int_eq(xfr_in_failure(c.in)->status, ZT_EREFUSED);
	ck_assert_uint_eq(xfr_in_failure(c.in)->rcode, RCODE_NOTIMP);
	xfr_in_free(c.in);
	zone_free(c.zone);
}
END_TEST

START_TEST(foreign_ids_questions_and_queries_are_no_answer)
{
	struct bad_case c;

	bad_begin(&c, TYPE_AXFR);
	make(&c.made, ID + 1, FLAG_QR);
	make_soa(&c.made, "example.", 2);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);

	bad_begin(&c, TYPE_AXFR);
	make(&c.made, ID, 0);
	make_soa(&c.made, "example.", 2);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);

	bad_begin(&c, TYPE_AXFR);
	ck_assert_int_eq(message_write_question(&c.made.writer, (const uint8_t *)"\5other", TYPE_AXFR, CLASS_IN), ZT_OK);
	make_soa(&c.made, "example.", 2);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);

	bad_begin(&c, TYPE_AXFR);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);      /* no record at all */
}
END_TEST

START_TEST(answer_must_begin_and_end_with_one_soa)
{
	struct bad_case c;

	bad_begin(&c, TYPE_AXFR);
	make_a(&c.made, "www.example.");
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);

	bad_begin(&c, TYPE_AXFR);      /* the zone changed meanwhile */
	make_soa(&c.made, "example.", 2);
	make_a(&c.made, "www.example.");
	make_soa(&c.made, "example.", 3);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);

	bad_begin(&c, TYPE_AXFR);
	make_soa(&c.made, "example.", 2);
	make_a(&c.made, "www.example.");
	make_soa(&c.made, "example.", 2);
	make_a(&c.made, "late.example.");
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);

	bad_begin(&c, TYPE_AXFR);
	make_soa(&c.made, "example.", 2);
	make_soa(&c.made, "sub.example.", 2);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);
}
END_TEST

START_TEST(messages_after_the_end_are_an_error)
{
	struct bad_case c;

	bad_begin(&c, TYPE_AXFR);
	make_soa(&c.made, "example.", 2);
	make_a(&c.made, "www.example.");
	make_soa(&c.made, "example.", 2);
	ck_assert_int_eq(send(c.in, &c.made), XFR_IN_DONE);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);
}
END_TEST

START_TEST(records_outside_the_zone_and_without_a_place_in_one_are_refused)
{
	struct bad_case c;

	bad_begin(&c, TYPE_AXFR);
	make_soa(&c.made, "example.", 2);
	make_a(&c.made, "www.elsewhere.");
	bad_expect(&c, XFR_IN_FAILED, ZT_EOUTOFZONE);

	bad_begin(&c, TYPE_IXFR);
	make_soa(&c.made, "example.", 2);
	make_soa(&c.made, "example.", 1);
	make_soa(&c.made, "example.", 2);
	make_a(&c.made, "www.elsewhere.");
	bad_expect(&c, XFR_IN_FAILED, ZT_EOUTOFZONE);

	bad_begin(&c, TYPE_AXFR);
	make_soa(&c.made, "example.", 2);
	make_record(&c.made, "www.example.", TYPE_TKEY, "", 0);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);

	bad_begin(&c, TYPE_AXFR);
	make_soa(&c.made, "example.", 2);
	make_record(&c.made, "www.example.", TYPE_A, "\1\2\3", 3);
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);
}
END_TEST

/* Makes the compressed name that begins with `label` point at its own pointer. */
static void name_break(struct made *made, const char *label)
{
	size_t len = strlen(label), full = message_writer_finish(&made->writer);
	uint8_t *at = memmem(made->bytes, full, label, len);

	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(at[len] & 0xC0, 0xC0);
	wire_put_u16(at + len, (uint16_t)(0xC000 | (at + len - made->bytes)));
}

START_TEST(records_behind_a_name_that_leads_nowhere_are_not_passed_over)
{
	struct bad_case c;

	bad_begin(&c, TYPE_AXFR);
	make_soa(&c.made, "example.", 2);
	make_record(&c.made, "example.", TYPE_NS, "\2ns\7example", 12);
	make_a(&c.made, "lost.example.");
	make_a(&c.made, "behind.example.");
	name_break(&c.made, "\4lost");
	bad_expect(&c, XFR_IN_FAILED, ZT_EMALFORMED);
}
END_TEST

START_TEST(differences_must_form_a_chain_from_our_serial)
{
	struct bad_case c;

	bad_begin(&c, TYPE_IXFR);      /* from another serial */
	make_soa(&c.made, "example.", 5);
	make_soa(&c.made, "example.", 3);
	make_soa(&c.made, "example.", 5);
	make_soa(&c.made, "example.", 5);
	bad_expect(&c, XFR_IN_FAILED, ZT_EDIFF);

	bad_begin(&c, TYPE_IXFR);      /* a gap */
	make_soa(&c.made, "example.", 5);
	make_soa(&c.made, "example.", 1);
	make_soa(&c.made, "example.", 2);
	make_soa(&c.made, "example.", 3);
	bad_expect(&c, XFR_IN_FAILED, ZT_EDIFF);

	bad_begin(&c, TYPE_IXFR);      /* one that goes back */
	make_soa(&c.made, "example.", 5);
	make_soa(&c.made, "example.", 1);
	make_soa(&c.made, "example.", 3);
	make_soa(&c.made, "example.", 3);
	make_soa(&c.made, "example.", 2);
	make_soa(&c.made, "example.", 2);
	make_soa(&c.made, "example.", 5);
	make_soa(&c.made, "example.", 5);
	bad_expect(&c, XFR_IN_FAILED, ZT_EDIFF);

	bad_begin(&c, TYPE_IXFR);      /* a record to add that is there */
	make_soa(&c.made, "example.", 5);
	make_soa(&c.made, "example.", 1);
	make_soa(&c.made, "example.", 5);
	make_record(&c.made, "ns.example.", TYPE_A, "\300\0\2\1", 4);
	make_soa(&c.made, "example.", 5);
	bad_expect(&c, XFR_IN_FAILED, ZT_EDIFF);
}
END_TEST

START_TEST(limits_end_a_transfer)
{
	struct zone *zone = zone_text_new("example.", NULL);
	struct xfr_in_config config = { .zone = zone, .type = TYPE_AXFR, .id = ID, .max_records = 2 };
	struct made made;
	struct xfr_in *in;

	ck_assert_int_eq(xfr_in_new(&config, &in), ZT_OK);
	make(&made, ID, FLAG_QR);
	make_soa(&made, "example.", 2);
	make_a(&made, "a.example.");
	make_a(&made, "b.example.");
	ck_assert_int_eq(send(in, &made), XFR_IN_FAILED);
	ck_assert_int_eq(xfr_in_failure(in)->status, ZT_ELIMIT);
	xfr_in_free(in);

	config.max_records = 0;
	config.max_bytes = 80;
	ck_assert_int_eq(xfr_in_new(&config, &in), ZT_OK);
	make(&made, ID, FLAG_QR);
	make_soa(&made, "example.", 2);
	ck_assert_int_eq(send(in, &made), XFR_IN_MORE);
	make(&made, ID, FLAG_QR);
	make_a(&made, "a.example.");
	ck_assert_int_eq(send(in, &made), XFR_IN_FAILED);
	ck_assert_int_eq(xfr_in_failure(in)->status, ZT_ELIMIT);
	xfr_in_free(in);
	zone_free(zone);
}
END_TEST

START_TEST(cut_messages_are_malformed_at_every_length)
{
	struct made made;

	make(&made, ID, FLAG_QR);
	make_soa(&made, "example.", 2);
	make_a(&made, "a.example.");
	make_soa(&made, "example.", 2);
	size_t full = message_writer_finish(&made.writer);
	for (size_t len = 0; len < full; len++) {
		struct zone *zone = zone_text_new("example.", NULL);
		struct xfr_in *in = in_new(zone, TYPE_AXFR);
		uint8_t *copy = malloc(len + 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, made.bytes, len);
		ck_assert_int_eq(xfr_in_message(in, copy, len), XFR_IN_FAILED);
		free(copy);
		xfr_in_free(in);
		zone_free(zone);
	}
}
END_TEST

START_TEST(ixfr_question_needs_its_soa)
{
	struct made made;
	struct message message;
	uint32_t serial;

	make(&made, ID, 0);
	ck_assert_int_eq(message_write_question(&made.writer, (const uint8_t *)"\7example", TYPE_IXFR, CLASS_IN), ZT_OK);
	ck_assert_int_eq(message_read(&message, made.bytes, message_writer_finish(&made.writer)), ZT_OK);
	ck_assert_int_eq(xfr_client_serial(&message, &serial), ZT_EMALFORMED);
}
END_TEST

/* ---- SOA queries ------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(soa_reply_gives_the_serial_only_with_authority)
{
	static const uint8_t apex[] = "\7example";
	struct made made;
	struct message message;
	uint32_t serial;
	unsigned rcode;

	for (int authoritative = 0; authoritative < 2; authoritative++) {
		make(&made, 5, (uint16_t)(FLAG_QR | (authoritative ? FLAG_AA : 0)));
		ck_assert_int_eq(message_write_question(&made.writer, apex, TYPE_SOA, CLASS_IN), ZT_OK);
		make_soa(&made, "example.", 77);
		ck_assert_int_eq(message_read(&message, made.bytes, message_writer_finish(&made.writer)), ZT_OK);
		ck_assert_int_eq(soa_reply_read(&message, 5, apex, &serial, &rcode), authoritative ? ZT_OK : ZT_EREFUSED);
		ck_assert_int_eq(soa_reply_read(&message, 6, apex, &serial, &rcode), ZT_EMALFORMED);
	}
	ck_assert_uint_eq(serial, 77);
	make(&made, 5, FLAG_QR | RCODE_SERVFAIL);
	ck_assert_int_eq(message_read(&message, made.bytes, message_writer_finish(&made.writer)), ZT_OK);
	ck_assert_int_eq(soa_reply_read(&message, 5, apex, &serial, &rcode), ZT_EREFUSED);
	ck_assert_uint_eq(rcode, RCODE_SERVFAIL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xfr");
	TCase *tc = tcase_create("xfr");
	tcase_add_test(tc, axfr_fills_an_empty_zone);
	tcase_add_test(tc, letter_case_of_names_arrives_unchanged);
	tcase_add_test(tc, axfr_of_a_large_zone_takes_many_messages_and_keeps_what_did_not_change);
	tcase_add_test(tc, every_message_size_gives_the_same_zone);
	tcase_add_test(tc, ixfr_brings_a_secondary_forward);
	tcase_add_test(tc, condensed_history_sends_only_what_is_left);
	tcase_add_test(tc, ixfr_without_history_is_answered_by_the_zone);
	tcase_add_test(tc, current_and_newer_clients_get_one_soa);
	tcase_add_test(tc, history_is_refused_when_too_long_or_broken);
	tcase_add_test(tc, difference_that_does_not_fit_is_told_apart);
	tcase_add_test(tc, whole_zone_with_an_old_serial_is_taken_only_on_demand);
	tcase_add_test(tc, udp_carries_what_fits_and_points_to_tcp_otherwise);
	tcase_add_test(tc, response_codes_are_reported);
	tcase_add_test(tc, foreign_ids_questions_and_queries_are_no_answer);
	tcase_add_test(tc, answer_must_begin_and_end_with_one_soa);
	tcase_add_test(tc, messages_after_the_end_are_an_error);
	tcase_add_test(tc, records_outside_the_zone_and_without_a_place_in_one_are_refused);
	tcase_add_test(tc, records_behind_a_name_that_leads_nowhere_are_not_passed_over);
	tcase_add_test(tc, records_behind_a_name_that_leads_nowhere_are_not_passed_over);
	tcase_add_test(tc, differences_must_form_a_chain_from_our_serial);
	tcase_add_test(tc, limits_end_a_transfer);
	tcase_add_test(tc, cut_messages_are_malformed_at_every_length);
	tcase_add_test(tc, ixfr_question_needs_its_soa);
	tcase_add_test(tc, soa_reply_gives_the_serial_only_with_authority);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
