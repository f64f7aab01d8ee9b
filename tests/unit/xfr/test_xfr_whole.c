/* lib/xfr/xfr_whole through xfr_in: whole zones in any order become an edit of what differs; long histories are condensed to what is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/dns/writer.h"
#include "lib/xfr/xfr_in.h"
#include "lib/xfr/xfr_out.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

#define SOA(serial) "@ 300 SOA ns mail " serial " 3600 600 86400 300\n"
#define HOSTS "$GENERATE 1-250 host-$ 300 A 10.0.0.$\n"

enum { ID = 4711, RECORDS_MAX = 2048 };

static struct xfr_in *in_new(struct zone *zone, uint16_t type)
{
	struct xfr_in_config config = { .zone = zone, .type = type, .id = ID };
	struct xfr_in *in;
	ck_assert_int_eq(xfr_in_new(&config, &in), ZT_OK);
	return in;
}

/* ---- whole zones, record by record -------------------------------------------------------------------------------------------------------- */

struct list {
	struct record_out records[RECORDS_MAX];
	unsigned count;
};

/* All records of a zone but the SOA, borrowed from it. */
static void list_make(struct list *list, const struct zone_version *version)
{
	const struct znode *node;
	struct zone_iter iter;
	struct rrset set;

	list->count = 0;
	zone_iter_init(&iter, version, NULL);
	while ((node = zone_iter_next(&iter)) != NULL) {
		for (size_t pos = 0; znode_next(node, &pos, &set);) {
			const uint8_t *at = set.rdata;
			struct record_out record = { .owner = znode_owner(node), .type = set.type, .rr_class = CLASS_IN, .ttl = set.ttl };
			while (set.type != TYPE_SOA && rrset_next(&set, &at, &record.rdata, &record.rdata_len)) {
				ck_assert_uint_lt(list->count, RECORDS_MAX);
				list->records[list->count++] = record;
			}
		}
	}
}

static struct record_out soa_of(const struct zone_version *version)
{
	struct record_out record = { .owner = znode_owner(zone_version_apex(version)), .type = TYPE_SOA, .rr_class = CLASS_IN };
	struct rrset soa;

	ck_assert(zone_version_soa(version, &soa));
	const uint8_t *at = soa.rdata;
	record.ttl = soa.ttl;
	ck_assert(rrset_next(&soa, &at, &record.rdata, &record.rdata_len));
	return record;
}

/* Tells the receiver the SOA, the records and, if `whole`, the SOA again, a hundred to a message. */
static enum xfr_in_result tell(struct xfr_in *in, const struct zone_version *version, const struct list *list, bool whole)
{
	static uint8_t wire[MESSAGE_MAX_LEN];
	struct record_out soa = soa_of(version);
	enum xfr_in_result result = XFR_IN_MORE;

	for (unsigned i = 0, count = list->count + 1 + whole; i < count && result == XFR_IN_MORE;) {
		struct message_writer writer;
		message_writer_init(&writer, wire, sizeof(wire), ID, FLAG_QR | FLAG_AA);
		for (unsigned end = i + 100; i < end && i < count; i++)
			ck_assert_int_eq(message_write_record(&writer, SECTION_ANSWER, i == 0 || i > list->count ? &soa : &list->records[i - 1]), ZT_OK);
		result = xfr_in_message(in, wire, message_writer_finish(&writer));
	}
	return result;
}

static void shuffle(struct list *list, struct rng *rng)
{
	for (unsigned i = list->count; i > 1; i--) {
		unsigned j = (unsigned)rng_below(rng, i);
		struct record_out other = list->records[i - 1];
		list->records[i - 1] = list->records[j];
		list->records[j] = other;
	}
}

START_TEST(records_come_in_any_order_and_more_than_once)
{
	struct zone *from = zone_text_new("example.", SOA("2") "@ 300 NS ns\n@ 300 NS ns.other.\n" HOSTS "host-7 300 TXT a\n");
	struct list *list = malloc(sizeof(*list));
	struct rng rng;

	rng_seed(&rng, suite_seed("records_come_in_any_order_and_more_than_once"));
	for (unsigned round = 0; round < 20; round++) {
		struct zone *to = zone_text_new("example.", round % 2 ? SOA("1") HOSTS "gone 300 A 192.0.2.1\nhost-7 300 AAAA ::1\n" : NULL);
		struct xfr_in *in = in_new(to, TYPE_AXFR);

		list_make(list, zone_current(from));
		for (unsigned again = 0; again < 50; again++, list->count++)
			list->records[list->count] = list->records[rng_below(&rng, list->count)];
		shuffle(list, &rng);
		ck_assert_int_eq(tell(in, zone_current(from), list, true), XFR_IN_DONE);
		zone_edit_publish(xfr_in_take_edit(in));
		zone_text_assert_equal(zone_current(to), zone_current(from));
		ck_assert(zone_text_equal(zone_current(to), zone_current(from)));
		xfr_in_free(in);
		zone_free(to);
	}
	free(list);
	zone_free(from);
}
END_TEST

/* ---- what differs -------------------------------------------------------------------------------------------------------------------------- */

/* How many nodes two versions share. */
static unsigned shared_nodes(const struct zone_version *a, const struct zone_version *b)
{
	const struct znode *node;
	struct zone_iter iter;
	unsigned count = 0;

	zone_iter_init(&iter, a, NULL);
	while ((node = zone_iter_next(&iter)) != NULL)
		count += zone_get(b, znode_owner(node)) == node;
	return count;
}

START_TEST(a_whole_zone_becomes_a_difference_and_shares_what_is_the_same)
{
	struct zone *from = zone_text_new("example.", SOA("2") "@ 300 NS ns\n" HOSTS);
	struct zone *to = zone_text_new("example.", SOA("1") "@ 300 NS ns\n" HOSTS);
	struct list *list = malloc(sizeof(*list));
	struct changeset change;

	zone_text_publish(from, "- host-3 300 A 10.0.0.3\n+ host-3 300 A 10.9.9.9\n- host-4 300 A 10.0.0.4\n+ host-4 60 A 10.0.0.4\n"
				"- host-5 300 A 10.0.0.5\n+ new 300 A 10.0.0.1\n+ host-6 300 TXT more");
	struct xfr_in *in = in_new(to, TYPE_AXFR);
	list_make(list, zone_current(from));
	ck_assert_int_eq(tell(in, zone_current(from), list, true), XFR_IN_DONE);
	struct zone_edit *edit = xfr_in_take_edit(in);
	changeset_init(&change);
	ck_assert_int_eq(zone_edit_changeset(edit, &change), ZT_OK);
	/* SOA, host-3, host-4 (its TTL), host-5 | SOA, host-3, host-4, new, host-6's TXT */
	ck_assert_uint_eq(change.removed_count, 4);
	ck_assert_uint_eq(change.added_count, 5);
	ck_assert_uint_eq(shared_nodes(zone_current(to), zone_edit_view(edit)), 251 - 5);
	zone_edit_publish(edit);
	zone_text_assert_equal(zone_current(to), zone_current(from));
	changeset_fini(&change);
	xfr_in_free(in);
	free(list);
	zone_free(from);
	zone_free(to);
}
END_TEST

START_TEST(a_transfer_that_breaks_off_leaves_the_zone_as_it_was_and_free)
{
	struct zone *from = zone_text_new("example.", SOA("2") "@ 300 NS ns\n" HOSTS);
	struct list *list = malloc(sizeof(*list));

	list_make(list, zone_current(from));
	for (unsigned round = 0; round < 4; round++) {
		struct zone *to = zone_text_new("example.", round % 2 ? SOA("1") "x 1 A 192.0.2.1\n" : NULL);
		char *before = zone_text_dump(zone_current(to));
		struct xfr_in *in = in_new(to, TYPE_AXFR);
		struct zone_edit *edit;

		ck_assert_int_eq(tell(in, zone_current(from), list, false), XFR_IN_MORE);
		ck_assert_int_eq(zone_edit_begin(to, &edit), ZT_EBUSY);
		if (round < 2)      /* by what comes, or by us */
			ck_assert_int_eq(xfr_in_message(in, (const uint8_t *)"garbage, more of it", 19), XFR_IN_FAILED);
		else
			xfr_in_free(in);
		char *after = zone_text_dump(zone_current(to));
		ck_assert_str_eq(after, before);
		ck_assert_int_eq(zone_edit_begin(to, &edit), ZT_OK);
		zone_edit_abort(edit);
		if (round < 2)
			xfr_in_free(in);
		free(before);
		free(after);
		zone_free(to);
	}
	free(list);
	zone_free(from);
}
END_TEST

/* ---- long histories -------------------------------------------------------------------------------------------------------------------------- */

/* The next version: one of 40 names gets another address, comes, or goes. */
static void step(struct zone *zone, struct rng *rng, uint32_t serial, struct changeset *change)
{
	unsigned host = (unsigned)rng_below(rng, 40);
	struct zone_edit *edit;
	char owner[64], script[256];
	struct rrset set;

	snprintf(owner, sizeof(owner), "h%u.example.", host);
	const struct znode *node = zone_get(zone_current(zone), zone_text_name(owner));
	bool is_there = node && znode_rrset(node, TYPE_A, 0, &set);
	int len = snprintf(script, sizeof(script), "= %u\n", serial);
	if (is_there)
		len += snprintf(script + len, sizeof(script) - (size_t)len, "- %s %u A 10.0.%u.%u\n", owner, set.ttl, set.rdata[4], set.rdata[5]);
	if (!is_there || rng_below(rng, 3) > 0)
		snprintf(script + len, sizeof(script) - (size_t)len, "+ %s %u A 10.0.%u.%u", owner, rng_below(rng, 2) ? 300u : 60u,
			 (unsigned)rng_below(rng, 2), (unsigned)rng_below(rng, 3));
	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	zone_text_change(edit, script);
	changeset_clear(change);
	ck_assert_int_eq(zone_edit_changeset(edit, change), ZT_OK);
	zone_edit_publish(edit);
}

static enum xfr_in_result ixfr(const struct zone *from, struct zone *to, struct xfr_history *history, uint64_t *records)
{
	static uint8_t wire[MESSAGE_MAX_LEN];
	struct xfr_in *in = in_new(to, TYPE_IXFR);
	enum xfr_in_result result = XFR_IN_MORE;
	struct message query;
	struct xfr_out *out;
	size_t len;

	ck_assert_int_eq(xfr_in_query(in, wire, sizeof(wire), &len), ZT_OK);
	ck_assert_int_eq(message_read(&query, wire, len), ZT_OK);
	struct xfr_out_config config = { .query = &query, .version = zone_current(from), .history = history };
	ck_assert_int_eq(xfr_client_serial(&query, &config.client_serial), ZT_OK);
	ck_assert_int_eq(xfr_out_new(&config, &out), ZT_OK);
	ck_assert_int_eq(xfr_out_style(out), XFR_OUT_DIFFERENCES);
	while (xfr_out_next(out, wire, &len) == ZT_OK)
		result = xfr_in_message(in, wire, len);
	*records = xfr_out_records(out);
	if (result == XFR_IN_DONE)
		zone_edit_publish(xfr_in_take_edit(in));
	xfr_out_free(out);
	xfr_in_free(in);
	return result;
}

START_TEST(step_by_step_and_condensed_lead_to_the_same)
{
	struct rng rng;

	rng_seed(&rng, suite_seed("step_by_step_and_condensed_lead_to_the_same"));
	for (unsigned steps = 1; steps < 3000; steps = steps * 3 / 2 + 1) {
		struct zone *from = zone_text_new("example.", SOA("1") "@ 300 NS ns\n");
		struct zone *by_steps = zone_text_new("example.", SOA("1") "@ 300 NS ns\n"), *at_once = zone_text_new("example.", SOA("1") "@ 300 NS ns\n");
		struct xfr_history single, condensed;
		struct changeset change, least;
		uint64_t records[2];

		changeset_init(&change);
		changeset_init(&least);
		xfr_history_init(&single, UINT64_MAX, false);
		xfr_history_init(&condensed, UINT64_MAX, true);
		for (unsigned i = 0; i < steps; i++) {
			step(from, &rng, i + 2, &change);
			ck_assert_int_eq(xfr_history_add(&single, &change), ZT_OK);
			ck_assert_int_eq(xfr_history_add(&condensed, &change), ZT_OK);
		}
		ck_assert_int_eq(zone_diff(zone_current(at_once), zone_current(from), &least), ZT_OK);
		ck_assert_int_eq(ixfr(from, by_steps, &single, &records[0]), XFR_IN_DONE);
		ck_assert_int_eq(ixfr(from, at_once, &condensed, &records[1]), XFR_IN_DONE);
		zone_text_assert_equal(zone_current(by_steps), zone_current(from));
		zone_text_assert_equal(zone_current(at_once), zone_current(from));
		/* Not a record more than what the two versions differ by, and the SOA before and after. */
		ck_assert_uint_eq(records[1], (uint64_t)least.removed_count + least.added_count + 2);
		ck_assert_uint_ge(records[0], records[1]);
		changeset_fini(&change);
		changeset_fini(&least);
		xfr_history_fini(&single);
		xfr_history_fini(&condensed);
		zone_free(from);
		zone_free(by_steps);
		zone_free(at_once);
	}
}
END_TEST

START_TEST(a_condensed_history_that_is_still_too_long_is_given_up)
{
	struct zone *from = zone_text_new("example.", SOA("1") "@ 300 NS ns\n");
	struct message query = { .qtype = TYPE_IXFR, .qname = "\7example" };
	struct xfr_history history;
	struct changeset change;
	struct xfr_out *out;
	struct rng rng;

	rng_seed(&rng, 1);
	changeset_init(&change);
	xfr_history_init(&history, 1000, true);
	for (unsigned i = 0; i < 100; i++) {
		step(from, &rng, i + 2, &change);
		ck_assert_int_eq(xfr_history_add(&history, &change), ZT_OK);
	}
	history.record_limit = 10;
	struct xfr_out_config config = { .query = &query, .version = zone_current(from), .client_serial = 1, .history = &history };
	ck_assert_int_eq(xfr_out_new(&config, &out), ZT_OK);
	ck_assert_int_eq(xfr_out_style(out), XFR_OUT_ZONE);
	xfr_out_free(out);
	xfr_history_fini(&history);
	changeset_fini(&change);
	zone_free(from);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xfr_whole");
	TCase *tc = tcase_create("whole"), *history = tcase_create("history");

	tcase_add_test(tc, records_come_in_any_order_and_more_than_once);
	tcase_add_test(tc, a_whole_zone_becomes_a_difference_and_shares_what_is_the_same);
	tcase_add_test(tc, a_transfer_that_breaks_off_leaves_the_zone_as_it_was_and_free);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(history, 60);
	tcase_add_test(history, step_by_step_and_condensed_lead_to_the_same);
	tcase_add_test(history, a_condensed_history_that_is_still_too_long_is_given_up);
	suite_add_tcase(suite, history);
	return suite_run(suite);
}
