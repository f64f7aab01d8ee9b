/* Reconciliation: for random zones and edit scripts the client ends with the server's zone, record for record; and what it costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/reconcile_pair.h"
#include "tests/support/reconcile_zones.h"
#include "tests/support/suite.h"

enum { RANDOM_ZONES = 2000 };

/* ---- equal in the end -------------------------------------------------------------------------------------------------------------------- */

/* Runs the client on its zone and publishes; fails where the outcome is not the server's zone. */
static void reconcile(struct zone *ours, const struct zone_version *theirs, struct reconcile_pair *pair, bool at_any_cost)
{
	struct reconcile_client_config config = { .zone = ours, .key = &reconcile_key, .id = 65530, .any_serial = true, .at_any_cost = at_any_cost };
	struct reconcile_client *client;

	*pair = (struct reconcile_pair){ .version = theirs, .key = &reconcile_key };
	ck_assert_int_eq(reconcile_client_new(&config, &client), ZT_OK);
	enum reconcile_result result = reconcile_pair_run(pair, client);
	ck_assert_msg(result == RECONCILE_DONE, "result %d: %s", result, reconcile_client_failure(client)->text);
	ck_assert(reconcile_client_is_complete(client));
	ck_assert_uint_eq(pair->ignored, 0);
	ck_assert_uint_eq(pair->bytes, reconcile_client_bytes_in(client) + reconcile_client_bytes_out(client) + 2u * (pair->messages + pair->queries));
	zone_edit_publish(reconcile_client_take_edit(client));
	struct zone_digest a = reconcile_pair_digest(zone_current(ours)), b = reconcile_pair_digest(theirs);
	ck_assert_mem_eq(a.bytes, b.bytes, ZONE_DIGEST_LEN);
	pair->calls = reconcile_client_round_trips(client);
	reconcile_client_free(client);
}

static void random_case(struct rng *rng)
{
	unsigned size = (unsigned)rng_below(rng, 8) == 0 ? (unsigned)rng_below(rng, 2000) : (unsigned)rng_below(rng, 120);
	struct zone_edit *edit;
	struct reconcile_pair pair;
	struct zone *b = zone_with_same(NULL, &edit);

	random_records(rng, edit, size);
	put_soa(edit, 7);
	zone_edit_publish(edit);
	bool begins_empty = rng_below(rng, 20) == 0;
	struct zone *a = zone_with_same(begins_empty ? NULL : zone_current(b), &edit);
	for (uint64_t steps = begins_empty ? 0 : rng_below(rng, 6); steps > 0; steps--)
		random_step(rng, edit);
	if (!begins_empty)
		put_soa(edit, (uint32_t)rng_below(rng, 9));
	zone_edit_publish(edit);
	/* In both directions: what one has more, the other has less. */
	if (!begins_empty && rng_below(rng, 2) == 0)
		reconcile(b, zone_current(a), &pair, true);
	else
		reconcile(a, zone_current(b), &pair, true);
	zone_free(a);
	zone_free(b);
}

START_TEST(the_client_ends_with_the_servers_zone)
{
	struct rng rng;

	rng_seed(&rng, suite_seed("reconcile"));
	for (unsigned long i = suite_rounds(RANDOM_ZONES); i > 0; i--)
		random_case(&rng);
}
END_TEST

/* ---- what it costs ------------------------------------------------------------------------------------------------------------------------ */

/* What is written here was measured; growth beyond a tenth fails. (The exchange that opens it is not counted; issue 4 allows one round trip for it.) */
static const struct cost {
	unsigned hosts, differing;
	bool clustered;
	unsigned bytes, round_trips;
} costs[] = {
	{ 10000, 1, false, 1535, 3 },
	{ 10000, 100, false, 28475, 3 },
	{ 100000, 1, false, 1913, 3 },
	{ 100000, 1000, false, 290794, 3 },
	{ 1000000, 1, false, 2332, 3 },
	{ 1000000, 100, false, 93408, 3 },
	{ 1000000, 10000, false, 3225753, 3 },
	{ 1000000, 1000, true, 41200, 3 },
};

static const unsigned sizes[] = { 10000, 100000, 1000000 };

static void cost_check(const struct cost *cost, struct zone *ours, const struct zone_version *theirs)
{
	struct reconcile_pair pair;
	struct zone_edit *edit;

	ck_assert_int_eq(zone_edit_begin(ours, &edit), ZT_OK);
	for (unsigned i = 0; i < cost->differing; i++)
		change_host(edit, cost->clustered ? cost->hosts / 3 + i : (unsigned)((uint64_t)i * cost->hosts / cost->differing));
	zone_edit_publish(edit);
	reconcile(ours, theirs, &pair, false);
	printf("# %u records, %u differ%s: %llu bytes, %zu round trips, %u queries, %u answers\n", cost->hosts, cost->differing, cost->clustered ? " side by side" : "",
	       (unsigned long long)pair.bytes, pair.calls, pair.queries, pair.messages);
	ck_assert_uint_le(pair.bytes, cost->bytes + cost->bytes / 10);
	ck_assert_uint_le(pair.calls, cost->round_trips);
}

START_TEST(it_costs_what_it_did)
{
	struct zone_edit *edit;
	struct zone *theirs = host_zone(sizes[_i], NULL, &edit);

	zone_edit_publish(edit);
	struct zone *ours = host_zone(sizes[_i], zone_current(theirs), &edit);
	zone_edit_publish(edit);
	/* Each time they are equal again in the end. */
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		if (costs[i].hosts == sizes[_i])
			cost_check(&costs[i], ours, zone_current(theirs));
	}
	zone_free(ours);
	zone_free(theirs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reconcile");
	TCase *tc = tcase_create("reconcile");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, the_client_ends_with_the_servers_zone);
	tcase_add_loop_test(tc, it_costs_what_it_did, 0, sizeof(sizes) / sizeof(sizes[0]));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
