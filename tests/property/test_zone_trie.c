/* Random edits of a zone against a naive model: content, order, look-up, ranks, fingerprints, differences, old versions. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "lib/zone/bulk.h"
#include "lib/zone/find.h"
#include "lib/zone/replace.h"
#include "lib/zone/version.h"
#include "tests/property/zone_model.h"
#include "tests/support/suite.h"

enum { PINS = 3, SCRIPTS_PER_ZONE = 200 };

/* A version kept from the past: it must stay as it was, and the sum of all differences since must lead to the present. */
struct pin {
	const struct zone_version *version;
	struct model model;
	struct changeset since;
};

struct world {
	struct rng *rng;
	struct universe uni;
	struct zone *zone;
	struct zone *twin;         /* follows by changesets alone */
	struct model model;
	struct pin pin[PINS];
};

/* ---- the trie's own rules -------------------------------------------------------------------------------------------------- */

struct structure {
	const struct zone_version *version;
	size_t memory;
	unsigned leaves;
};

static struct zone_summary check_structure(struct structure *all, twig_t twig, unsigned above)
{
	const struct zone *zone = all->version->zone;
	struct zone_summary sum = { 0 };
	struct key key;

	if (twig_is_leaf(twig)) {
		const struct znode *node = twig_leaf(twig);
		MUST(twig == twig_of_leaf(node));
		all->memory += twig_memory(zone, twig);
		all->leaves++;
		return znode_summary(node, &zone->key, zone_is_apex(zone, node));
	}
	const struct branch *branch = twig_branch(twig);
	unsigned offset = branch_offset(branch), count = branch_twigs(branch), at = 0;
	MUST(twig == twig_of_branch(branch));
	MUST(count >= 2);
	MUST(offset >= above);
	for (unsigned symbol = 0; symbol < KEY_SYMBOLS; symbol++) {
		if (!branch_has(branch, symbol))
			continue;
		MUST(branch_index(branch, symbol) == at);
		key_make(&key, twig_first_leaf(branch_twig(branch, at))->bytes, zone->apex_len);
		MUST(key.sym[offset] == symbol);
		MUST(offset < key.len);
		sum = summary_add(sum, check_structure(all, branch_twig(branch, at++), offset + 1));
	}
	MUST(at == count);
	MUST(branch_summary(branch).count == sum.count);
	MUST(fingerprint_equal(branch_summary(branch).fingerprint, sum.fingerprint));
	all->memory += twig_memory(zone, twig);
	return sum;
}

static void check_version_structure(const struct zone_version *version)
{
	struct structure all = { .version = version };

	if (version->root)
		check_structure(&all, version->root, 0);
	MUST(zone_version_memory(version) == all.memory);
	MUST(zone_version_name_count(version) == all.leaves);
}

/* ---- edits ------------------------------------------------------------------------------------------------------------------ */

/* The name, slot and rdata that an operation is about; the model's set is set. */
struct target {
	unsigned name, slot, rdata;
	uint8_t owner[NAME_MAX_LEN];
	struct change_record record;
	struct model_set *set;
};

static struct target draw_target(struct world *world)
{
	struct rng *rng = world->rng;
	struct target target = { .name = (unsigned)rng_below(rng, world->uni.name_count), .slot = (unsigned)rng_below(rng, MODEL_SLOTS) };

	/* An SOA elsewhere is no zone, and differences would not know which one comes first. */
	if (target.slot == MODEL_SOA)
		target.name = 0;
	do
		target.rdata = (unsigned)rng_below(rng, MODEL_RDATA);
	while (!world->uni.rdata[target.slot][target.rdata].data);
	name_copy(target.owner, world->uni.name[target.name]);
	scramble_name(rng, target.owner);
	target.set = &world->model.set[target.name][target.slot];
	target.record = (struct change_record){
		.type = model_slot[target.slot].type,
		.ttl = rng_below(rng, 4) ? 300 : (uint32_t)rng_below(rng, 3),
		.rdata = world->uni.rdata[target.slot][target.rdata].data,
		.rdata_len = world->uni.rdata[target.slot][target.rdata].len,
	};
	return target;
}

static void do_add(struct zone_edit *edit, struct target *target)
{
	uint8_t bit = (uint8_t)(1 << target->rdata);
	int expected = target->set->present & bit ? ZT_EEXIST : ZT_OK;

	target->record.owner = target->owner;
	MUST(zone_edit_add(edit, &target->record) == expected);
	target->set->present |= bit;
	target->set->ttl = target->record.ttl;
}

static void do_remove(struct zone_edit *edit, struct target *target)
{
	uint8_t bit = (uint8_t)(1 << target->rdata);
	int expected = target->set->present & bit ? ZT_OK : ZT_ENOENT;
	const struct change_record *record = &target->record;

	MUST(zone_edit_remove(edit, target->owner, record->type, record->rdata, record->rdata_len) == expected);
	target->set->present &= (uint8_t)~bit;
}

static void do_put(struct world *world, struct zone_edit *edit, struct target *target)
{
	uint8_t bytes[2 * MODEL_RDATA * 2048], present = 0;
	struct rrset set = { .type = target->record.type, .covers = model_slot[target->slot].covers, .ttl = target->record.ttl, .rdata = bytes };

	/* In any order, with duplicates. */
	for (uint64_t left = 1 + rng_below(world->rng, 2 * MODEL_RDATA); left > 0; left--) {
		unsigned i = (unsigned)rng_below(world->rng, MODEL_RDATA);
		const struct model_rdata *rdata = &world->uni.rdata[target->slot][i];
		if (!rdata->data)
			continue;
		memcpy(bytes + set.rdata_size, &rdata->len, 2);
		memcpy(bytes + set.rdata_size + 2, rdata->data, rdata->len);
		set.rdata_size += 2 + (size_t)rdata->len;
		set.count++;
		present |= (uint8_t)(1 << i);
	}
	MUST(zone_edit_put_rrset(edit, target->owner, &set) == (set.count ? ZT_OK : ZT_EINVAL));
	if (set.count)
		*target->set = (struct model_set){ present, set.ttl };
}

static void do_remove_rrset(struct zone_edit *edit, struct target *target)
{
	int expected = target->set->present ? ZT_OK : ZT_ENOENT;

	MUST(zone_edit_remove_rrset(edit, target->owner, target->record.type, model_slot[target->slot].covers) == expected);
	target->set->present = 0;
}

static void do_remove_name(struct world *world, struct zone_edit *edit, struct target *target)
{
	int expected = model_has_name(&world->model, target->name) ? ZT_OK : ZT_ENOENT;

	MUST(zone_edit_remove_name(edit, target->owner) == expected);
	memset(world->model.set[target->name], 0, sizeof(world->model.set[target->name]));
}

static void do_anything(struct world *world, struct zone_edit *edit)
{
	struct target target = draw_target(world);
	uint64_t kind = rng_below(world->rng, 200);

	if (kind < 100) {
		do_add(edit, &target);
	} else if (kind < 140) {
		do_remove(edit, &target);
	} else if (kind < 160) {
		do_put(world, edit, &target);
	} else if (kind < 175) {
		do_remove_rrset(edit, &target);
	} else if (kind < 199) {
		do_remove_name(world, edit, &target);
	} else {
		MUST(zone_edit_clear(edit) == ZT_OK);
		memset(&world->model, 0, sizeof(world->model));
	}
}

/* One record of the model for a bulk load; those of a place come in the order of `when`. */
struct load_record {
	unsigned name, slot, rdata;
	uint64_t when;
};

static int earlier_first(const void *a, const void *b)
{
	const struct load_record *x = a, *y = b;
	return (x->when > y->when) - (x->when < y->when);
}

/* All of the model, some of it twice; names in order, or all in any order. */
static unsigned list_records(struct world *world, struct load_record *out)
{
	bool in_order = rng_below(world->rng, 2) == 0;
	unsigned count = 0;

	for (unsigned name = 0; name < world->uni.name_count; name++)
		for (unsigned slot = 0; slot < MODEL_SLOTS; slot++)
			for (unsigned i = 0; i < 2 * MODEL_RDATA; i++) {
				if (!(world->model.set[name][slot].present >> i % MODEL_RDATA & 1) || (i >= MODEL_RDATA && rng_below(world->rng, 4)))
					continue;
				uint64_t when = in_order ? (uint64_t)name << 32 | (uint32_t)rng_u64(world->rng) : rng_u64(world->rng);
				out[count++] = (struct load_record){ name, slot, i % MODEL_RDATA, when };
			}
	qsort(out, count, sizeof(*out), earlier_first);
	return count;
}

/* Either adds a record. */
struct loader {
	struct zone_bulk *bulk;
	struct zone_replace *replace;
};

static int loader_add(struct loader *loader, const struct change_record *record, uint32_t *ttl)
{
	return loader->bulk ? zone_bulk_add(loader->bulk, record, ttl) : zone_replace_add(loader->replace, record, ttl);
}

/* Tells all of the model. A first record gives its RRset the TTL. */
static unsigned tell_model(struct world *world, struct loader *loader)
{
	static struct load_record records[MODEL_NAMES * MODEL_SLOTS * 2 * MODEL_RDATA];
	uint8_t seen[MODEL_NAMES][MODEL_SLOTS] = { { 0 } }, owner[NAME_MAX_LEN];
	uint32_t ttl;

	unsigned count = list_records(world, records);
	for (unsigned i = 0; i < count; i++) {
		const struct load_record *at = &records[i];
		const struct model_rdata *rdata = &world->uni.rdata[at->slot][at->rdata];
		uint32_t expected = world->model.set[at->name][at->slot].ttl;
		uint8_t *set_seen = &seen[at->name][at->slot], bit = (uint8_t)(1 << at->rdata);
		name_copy(owner, world->uni.name[at->name]);
		scramble_name(world->rng, owner);
		int status = loader_add(loader, &(struct change_record){ owner, model_slot[at->slot].type,
			*set_seen ? expected + 7 : expected, rdata->data, rdata->len }, &ttl);
		MUST(status == (*set_seen & bit ? ZT_EEXIST : ZT_OK));
		MUST(ttl == expected);
		*set_seen |= bit;
	}
	return count;
}

/* The same content once more, built in bulk. */
static void do_rebuild(struct world *world, struct zone_edit *edit)
{
	struct loader loader = { 0 };

	MUST(zone_edit_clear(edit) == ZT_OK);
	MUST(zone_bulk_begin(edit, &loader.bulk) == ZT_OK);
	unsigned count = tell_model(world, &loader);
	MUST(zone_bulk_finish(loader.bulk) == ZT_OK);
	MUST(zone_bulk_begin(edit, &loader.bulk) == (count ? ZT_EINVAL : ZT_OK));
	if (count == 0)
		zone_bulk_abort(loader.bulk);
}

/* ---- one script ------------------------------------------------------------------------------------------------------------- */

/* Several at once find what each finds alone. */
static void check_finders(struct world *world, const struct zone_version *version)
{
	enum { COUNT = 4 };
	uint8_t name[COUNT][NAME_MAX_LEN];
	struct zone_finder finders[COUNT], *running[COUNT];
	struct zone_lookup batch, single;
	unsigned count = 1 + (unsigned)rng_below(world->rng, COUNT);

	for (unsigned i = 0; i < count; i++) {
		universe_draw_name(&world->uni, world->rng, name[i]);
		zone_finder_start(&finders[i], version, name[i]);
		running[i] = &finders[i];
	}
	zone_finders_run(running, count);
	for (unsigned i = 0; i < count; i++) {
		zone_finder_finish(&finders[i], &batch);
		zone_find(version, name[i], &single);
		MUST(batch.match == single.match && batch.node == single.node && batch.cut == single.cut && batch.dname == single.dname);
		MUST(batch.wildcard == single.wildcard && batch.wildcard_is_empty == single.wildcard_is_empty);
		MUST(batch.encloser_labels == single.encloser_labels);
	}
}

static void check_questions(struct world *world, const struct model *model, const struct zone_version *version)
{
	uint8_t name[NAME_MAX_LEN], other[NAME_MAX_LEN];
	const uint8_t *range[2] = { name, other };

	for (int i = 0; i < 3; i++) {
		universe_draw_name(&world->uni, world->rng, name);
		model_check_find(&world->uni, model, version, name);
	}
	model_check_order(&world->uni, model, version, name);
	universe_draw_name(&world->uni, world->rng, other);
	if (rng_below(world->rng, 8) == 0)
		range[rng_below(world->rng, 2)] = NULL;
	model_check_range(&world->uni, model, version, range);
	model_check_rank(&world->uni, model, version, world->rng);
	check_finders(world, version);
}

/* The twin gets the difference as another server would: through bytes, applied strictly. */
static void follow(struct world *world, const struct changeset *change)
{
	struct zone_edit *edit;
	struct changeset received;
	struct buf bytes;

	buf_init(&bytes);
	changeset_init(&received);
	MUST(changeset_write(change, &bytes) == ZT_OK);
	MUST(changeset_read(&received, bytes.data, bytes.len) == ZT_OK);
	MUST(zone_edit_begin(world->twin, &edit) == ZT_OK);
	MUST(zone_edit_apply(edit, &received) == ZT_OK);
	zone_edit_publish(edit);
	MUST(zone_diff(zone_current(world->twin), zone_current(world->zone), &received) == ZT_OK);
	MUST(changeset_is_empty(&received));
	changeset_fini(&received);
	buf_fini(&bytes);
}

static void unpin(struct pin *pin)
{
	if (!pin->version)
		return;
	zone_version_release(pin->version);
	changeset_fini(&pin->since);
	pin->version = NULL;
}

/* Each pinned version still is what it was, and differs from the present as the model says. */
static void check_pins(struct world *world, const struct changeset *change)
{
	struct changeset diff;
	const struct zone_version *current = zone_current(world->zone);

	changeset_init(&diff);
	for (struct pin *pin = world->pin; pin < world->pin + PINS; pin++) {
		if (!pin->version)
			continue;
		MUST(changeset_condense(&pin->since, change) == ZT_OK);
		if (rng_below(world->rng, 4) != 0)
			continue;
		model_check_content(&world->uni, &pin->model, pin->version);
		check_questions(world, &pin->model, pin->version);
		MUST(zone_diff(pin->version, current, &diff) == ZT_OK);
		model_check_changeset(&world->uni, &pin->model, &world->model, &diff);
		model_check_changeset(&world->uni, &pin->model, &world->model, &pin->since);
		if (rng_below(world->rng, 3) == 0)
			unpin(pin);
	}
	changeset_fini(&diff);
}

static void maybe_pin(struct world *world)
{
	struct pin *pin = &world->pin[rng_below(world->rng, PINS)];

	if (pin->version || rng_below(world->rng, 4) != 0)
		return;
	pin->version = zone_version_acquire(zone_current(world->zone));
	pin->model = world->model;
	changeset_init(&pin->since);
}

static void run_script(struct world *world)
{
	struct model before = world->model;
	struct changeset change;
	struct zone_edit *edit;

	MUST(zone_edit_begin(world->zone, &edit) == ZT_OK);
	if (rng_below(world->rng, 10) == 0) {
		do_rebuild(world, edit);
		check_version_structure(zone_edit_view(edit));
		model_check_content(&world->uni, &world->model, zone_edit_view(edit));
	}
	for (uint64_t left = rng_below(world->rng, rng_below(world->rng, 8) ? 8 : 60); left > 0; left--)
		do_anything(world, edit);
	check_questions(world, &world->model, zone_edit_view(edit));
	changeset_init(&change);
	MUST(zone_edit_changeset(edit, &change) == ZT_OK);
	model_check_changeset(&world->uni, &before, &world->model, &change);
	MUST(zone_edit_is_empty(edit) == changeset_is_empty(&change));
	if (rng_below(world->rng, 8) == 0) {
		zone_edit_abort(edit);
		world->model = before;
	} else {
		zone_edit_publish(edit);
		follow(world, &change);
		check_pins(world, &change);
	}
	changeset_fini(&change);
	model_check_content(&world->uni, &world->model, zone_current(world->zone));
	check_version_structure(zone_current(world->zone));
	maybe_pin(world);
}

/* As a file that is read again: told record by record to a fork, some of it changed; then more is done there, and the difference goes to the zone. */
static void run_reload(struct world *world)
{
	struct model before = world->model;
	struct loader loader = { 0 };
	struct changeset change;
	struct zone_edit *edit;
	struct zone *fork;

	for (uint64_t left = rng_below(world->rng, 6); left > 0; left--) {
		struct target target = draw_target(world);
		target.set->present ^= (uint8_t)(1 << target.rdata);
		target.set->ttl = target.record.ttl;
	}
	MUST(zone_fork(world->zone, &fork) == ZT_OK);
	MUST(zone_edit_begin(fork, &edit) == ZT_OK);
	MUST(zone_replace_begin(edit, &loader.replace) == ZT_OK);
	tell_model(world, &loader);
	MUST(zone_replace_finish(loader.replace) == ZT_OK);
	model_check_content(&world->uni, &world->model, zone_edit_view(edit));
	check_version_structure(zone_edit_view(edit));
	zone_edit_publish(edit);
	MUST(zone_edit_begin(fork, &edit) == ZT_OK);
	for (uint64_t left = rng_below(world->rng, 5); left > 0; left--)
		do_anything(world, edit);
	zone_edit_publish(edit);
	model_check_content(&world->uni, &world->model, zone_current(fork));
	changeset_init(&change);
	MUST(zone_diff(zone_current(world->zone), zone_current(fork), &change) == ZT_OK);
	model_check_changeset(&world->uni, &before, &world->model, &change);
	MUST(zone_edit_begin(world->zone, &edit) == ZT_OK);
	MUST(zone_edit_apply(edit, &change) == ZT_OK);
	zone_edit_publish(edit);
	zone_free(fork);
	follow(world, &change);
	check_pins(world, &change);
	changeset_fini(&change);
	model_check_content(&world->uni, &world->model, zone_current(world->zone));
	check_version_structure(zone_current(world->zone));
}

/* What a zone no longer shows to anybody, it no longer holds, regions included. */
static void check_emptying(struct zone *zone)
{
	struct zone_edit *edit;

	MUST(zone_edit_begin(zone, &edit) == ZT_OK);
	MUST(zone_edit_clear(edit) == ZT_OK);
	zone_edit_publish(edit);
	while (zone->oldest != zone_current(zone)) {
		zone_reclaim(zone);
		sched_yield();
	}
	MUST(zone->regions == NULL);
}

static void run_zone(struct rng *rng, unsigned long scripts)
{
	struct world *world = calloc(1, sizeof(*world));

	MUST(world != NULL);
	world->rng = rng;
	universe_draw(&world->uni, rng);
	MUST(zone_new(world->uni.apex, &world->uni.key, &world->zone) == ZT_OK);
	MUST(zone_new(world->uni.apex, &world->uni.key, &world->twin) == ZT_OK);
	/* Some zones get so old that their generations begin anew. */
	unsigned long ages_at = rng_below(rng, 2 * scripts);
	for (unsigned long i = 0; i < scripts; i++) {
		if (i == ages_at)
			zone_current_mutable(world->zone)->generation = UINT32_MAX - (uint32_t)rng_below(rng, 10);
		if (rng_below(rng, 10) == 0)
			run_reload(world);
		else
			run_script(world);
	}
	for (unsigned i = 0; i < PINS; i++)
		unpin(&world->pin[i]);
	check_emptying(world->zone);
	zone_free(world->zone);
	zone_free(world->twin);
	universe_fini(&world->uni);
	free(world);
}

START_TEST(random_edit_scripts_agree_with_a_sorted_array)
{
	struct rng rng;
	rng_seed(&rng, suite_seed("random_edit_scripts_agree_with_a_sorted_array"));
	unsigned long scripts = suite_rounds(100000);
	while (scripts > 0) {
		unsigned long some = scripts < SCRIPTS_PER_ZONE ? scripts : SCRIPTS_PER_ZONE;
		run_zone(&rng, some);
		scripts -= some;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone_trie");
	TCase *tc = tcase_create("model");
	tcase_add_test(tc, random_edit_scripts_agree_with_a_sorted_array);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
