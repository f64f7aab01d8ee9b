/* lib/zone under threads: readers look up and iterate while a writer publishes thousands of versions. Run it under ThreadSanitizer and
 * AddressSanitizer: they see the race, or the use after free, that a missing grace period would be. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/qsbr.h"
#include "lib/base/rng.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/edit.h"
#include "lib/zone/version.h"
#include "tests/support/suite.h"

enum { NAMES = 300, READERS = 2, BATCH = 32 };

static const struct fingerprint_key key = { "0123456789abcdef" };

struct stage {
	struct zone *zone;
	atomic_bool stop;
	atomic_ulong graces;       /* grace periods that the writer saw end */
};

struct grace_count {
	struct rcu_head rcu;       /* first, so that its address is that of the whole */
	struct stage *stage;
	atomic_bool is_pending;
};

static void make_name(uint8_t out[NAME_MAX_LEN], unsigned i)
{
	char text[32];
	snprintf(text, sizeof(text), "n%u.s%u", i, i % 7);
	if (name_from_text(out, text, (const uint8_t *)"\7example") != ZT_OK)
		abort();
}

/* Check's assertions are for one thread; a failure here ends the test at once. */
static void require(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "# %s\n", what);
		abort();
	}
}

static void read_node(const struct znode *node)
{
	struct rrset set;
	unsigned records = 0;

	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		const uint8_t *p = set.rdata, *data;
		uint16_t len;
		while (rrset_next(&set, &p, &data, &len)) {
			require(len == 4, "an A record has 4 bytes");
			records++;
		}
	}
	require(records > 0, "a name in the zone owns records");
}

/* A worker: borrows the current version for a batch. */
static void *look_up(void *arg)
{
	struct stage *stage = arg;
	struct rng rng;
	uint8_t name[NAME_MAX_LEN];
	struct zone_lookup look;

	rng_seed(&rng, (uintptr_t)&rng);
	qsbr_register();
	while (!atomic_load(&stage->stop)) {
		const struct zone_version *version = zone_current(stage->zone);
		for (unsigned i = 0; i < BATCH; i++) {
			make_name(name, (unsigned)rng_below(&rng, NAMES));
			zone_find(version, name, &look);
			if (look.match == ZONE_MATCH_EXACT)
				require(name_equal(znode_owner(look.node), name), "an exact match has the name");
			if (look.node)
				read_node(look.node);
		}
		qsbr_quiescent();
	}
	qsbr_unregister();
	return NULL;
}

static void check_whole(const struct zone_version *version)
{
	struct zone_summary sum = { 0 };
	struct zone_iter iter;
	const struct znode *node;
	size_t names = 0;

	zone_iter_init(&iter, version, NULL);
	while ((node = zone_iter_next(&iter))) {
		sum = summary_add(sum, znode_summary(node, &key, false));
		names++;
	}
	require(names == zone_version_name_count(version), "a pinned version has all its names");
	require(sum.count == zone_summary(version).count && fingerprint_equal(sum.fingerprint, zone_summary(version).fingerprint),
		"a pinned version's summary is that of its content");
}

/* A transfer: pins a version, lets go of RCU, reads everything at leisure, while its grace period passes by. */
static void *read_whole(void *arg)
{
	struct stage *stage = arg;

	qsbr_register();
	while (!atomic_load(&stage->stop)) {
		const struct zone_version *version = zone_version_acquire(zone_current(stage->zone));
		qsbr_offline();
		unsigned long graces = atomic_load(&stage->graces);
		do
			check_whole(version);
		while (atomic_load(&stage->graces) - graces < 3 && !atomic_load(&stage->stop));
		/* A pin of a pinned version needs no RCU. */
		const struct zone_version *again = zone_version_acquire(version);
		zone_version_release(version);
		check_whole(again);
		zone_version_release(again);
		qsbr_online();
	}
	qsbr_unregister();
	return NULL;
}

static void publish_one(struct stage *stage, struct rng *rng)
{
	struct zone_edit *edit;
	uint8_t name[NAME_MAX_LEN], address[4];

	ck_assert_int_eq(zone_edit_begin(stage->zone, &edit), ZT_OK);
	for (uint64_t left = 1 + rng_below(rng, 6); left > 0; left--) {
		make_name(name, (unsigned)rng_below(rng, NAMES));
		rng_fill(rng, address, sizeof(address));
		struct change_record record = { name, TYPE_A, 300, address, sizeof(address) };
		int status = rng_below(rng, 2) ? zone_edit_add(edit, &record) : zone_edit_remove_name(edit, name);
		ck_assert(status == ZT_OK || status == ZT_ENOENT || status == ZT_EEXIST);
	}
	if (rng_below(rng, 300) == 0)
		ck_assert_int_eq(zone_edit_clear(edit), ZT_OK);
	if (rng_below(rng, 10) == 0) {
		zone_edit_abort(edit);
		return;
	}
	zone_edit_publish(edit);
}

static void count_grace(struct rcu_head *head)
{
	struct grace_count *count = (struct grace_count *)head;

	qsbr_in_callback(head);
	atomic_fetch_add(&count->stage->graces, 1);
	atomic_store(&count->is_pending, false);
}

/* With no reader left, everything displaced is freed once its grace period has passed. */
static void wait_until_reclaimed(struct zone *zone)
{
	usec_t deadline = clock_now(clock_system()) + 30 * USEC_PER_SEC;

	for (zone_reclaim(zone); zone->oldest != zone_current_mutable(zone); zone_reclaim(zone)) {
		ck_assert_msg(clock_now(clock_system()) < deadline, "displaced versions are not reclaimed");
		sched_yield();
	}
}

START_TEST(readers_see_whole_versions_while_thousands_are_published)
{
	struct stage stage = { 0 };
	struct grace_count count = { .stage = &stage };
	pthread_t thread[READERS + 1];
	struct rng rng;

	rng_seed(&rng, suite_seed("readers_see_whole_versions_while_thousands_are_published"));
	ck_assert_int_eq(zone_new((const uint8_t *)"\7example", &key, &stage.zone), ZT_OK);
	for (unsigned i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, look_up, &stage), 0);
	ck_assert_int_eq(pthread_create(&thread[READERS], NULL, read_whole, &stage), 0);
	for (unsigned long left = suite_rounds(20000); left > 0 || atomic_load(&stage.graces) < 10; left -= left > 0) {
		publish_one(&stage, &rng);
		if (!atomic_exchange(&count.is_pending, true))
			qsbr_call(&count.rcu, count_grace);
		if (left % 64 == 0)
			sched_yield();
	}
	atomic_store(&stage.stop, true);
	for (unsigned i = 0; i < READERS + 1; i++)
		pthread_join(thread[i], NULL);
	wait_until_reclaimed(stage.zone);
	while (atomic_load(&count.is_pending))
		sched_yield();
	zone_free(stage.zone);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone_threads");
	TCase *tc = tcase_create("threads");
	tcase_add_test(tc, readers_see_whole_versions_while_thousands_are_published);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
