/* Zones of tests, signed. */
#include "tests/support/sign_zone.h"

#include <stdlib.h>

#include "lib/dns/rrtype.h"
#include "lib/zone/edit.h"
#include "lib/zone/nsec3.h"
#include "tests/support/suite.h"

enum { NAMES_MAX = 1000, TYPES = 256 };

const uint8_t sign_zone_salt[2] = { 0xab, 0xcd };

/* A name of the chain. */
struct link {
	uint8_t name[NAME_MAX_LEN];
	uint8_t hash[NSEC3_HASH_LEN];
	uint8_t has[TYPES / 8];       /* a bitmap in wire order */
};

struct chain {
	struct zone_edit *edit;
	const uint8_t *apex;
	enum sign_way way;
	const uint8_t *salt;          /* of sizeof(sign_zone_salt) bytes */
	bool is_second;               /* everything but the chain is there already */
	struct link *links;
	unsigned count;
};

static void type_add(struct link *link, unsigned type)
{
	link->has[type / 8] |= (uint8_t)(0x80 >> type % 8);
}

static struct link *link_get(struct chain *chain, const uint8_t *name)
{
	for (unsigned i = 0; i < chain->count; i++) {
		if (name_equal(chain->links[i].name, name))
			return &chain->links[i];
	}
	ck_assert_uint_lt(chain->count, NAMES_MAX);
	struct link *link = &chain->links[chain->count++];
	memset(link, 0, sizeof(*link));
	name_copy(link->name, name);
	return link;
}

static void record_add(const struct chain *chain, const uint8_t *owner, uint16_t type, const struct wcursor *rdata)
{
	struct change_record record = { owner, type, 300, rdata->base, (uint16_t)rdata->pos };

	ck_assert_int_eq(rdata->status, ZT_OK);
	ck_assert_int_eq(zone_edit_add(chain->edit, &record), ZT_OK);
}

static void signature_add(const struct chain *chain, const uint8_t *owner, uint16_t type)
{
	uint8_t rdata[512];
	struct wcursor cur = wcursor_over(rdata, sizeof(rdata));

	wcursor_u16(&cur, type);
	wcursor_u8(&cur, 13);
	wcursor_u8(&cur, (uint8_t)(name_label_count(owner) - name_is_wildcard(owner)));
	wcursor_u32(&cur, 300);
	wcursor_u32(&cur, UINT32_MAX / 2);
	wcursor_u32(&cur, 0);
	wcursor_u16(&cur, 12345);
	wcursor_put(&cur, chain->apex, name_len(chain->apex));
	wcursor_put(&cur, "signature", 9);
	record_add(chain, owner, TYPE_RRSIG, &cur);
}

static void bitmap_put(struct wcursor *cur, const struct link *link)
{
	uint8_t len = TYPES / 8;

	while (len > 0 && link->has[len - 1] == 0)
		len--;
	if (len == 0)
		return;
	wcursor_u8(cur, 0);
	wcursor_u8(cur, len);
	wcursor_put(cur, link->has, len);
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(((const struct link *)a)->hash, ((const struct link *)b)->hash, NSEC3_HASH_LEN);
}

static int by_name(const void *a, const void *b)
{
	return name_cmp(((const struct link *)a)->name, ((const struct link *)b)->name);
}

static void params_put(const struct chain *chain, struct wcursor *cur, bool is_record)
{
	wcursor_u8(cur, NSEC3_SHA1);
	wcursor_u8(cur, is_record && chain->way == SIGN_OPT_OUT ? NSEC3_OPT_OUT : 0);
	wcursor_u16(cur, SIGN_ITERATIONS);
	wcursor_u8(cur, sizeof(sign_zone_salt));
	wcursor_put(cur, chain->salt, sizeof(sign_zone_salt));
}

static void nsec3_chain_write(struct chain *chain)
{
	struct nsec3_params params = { NSEC3_SHA1, sizeof(sign_zone_salt), SIGN_ITERATIONS, chain->salt };
	uint8_t rdata[512], owner[NAME_MAX_LEN];

	for (unsigned i = 0; i < chain->count; i++)
		nsec3_hash(&params, chain->links[i].name, chain->links[i].hash);
	qsort(chain->links, chain->count, sizeof(*chain->links), by_hash);
	for (unsigned i = 0; i < chain->count; i++) {
		struct wcursor cur = wcursor_over(rdata, sizeof(rdata));
		params_put(chain, &cur, true);
		wcursor_u8(&cur, NSEC3_HASH_LEN);
		wcursor_put(&cur, chain->links[(i + 1) % chain->count].hash, NSEC3_HASH_LEN);
		bitmap_put(&cur, &chain->links[i]);
		ck_assert(nsec3_owner(chain->links[i].hash, chain->apex, owner));
		record_add(chain, owner, TYPE_NSEC3, &cur);
		signature_add(chain, owner, TYPE_NSEC3);
	}
}

static void nsec_chain_write(struct chain *chain)
{
	uint8_t rdata[512];

	qsort(chain->links, chain->count, sizeof(*chain->links), by_name);
	for (unsigned i = 0; i < chain->count; i++) {
		struct link *link = &chain->links[i];
		const uint8_t *next = chain->links[(i + 1) % chain->count].name;
		struct wcursor cur = wcursor_over(rdata, sizeof(rdata));
		type_add(link, TYPE_NSEC);
		type_add(link, TYPE_RRSIG);
		wcursor_put(&cur, next, name_len(next));
		bitmap_put(&cur, link);
		record_add(chain, link->name, TYPE_NSEC, &cur);
		signature_add(chain, link->name, TYPE_NSEC);
	}
}

/* Signs what a name owns and puts it, and with NSEC3 the empty non-terminals above it, into the chain. */
static void name_sign(struct chain *chain, const struct znode *node, bool is_cut)
{
	const uint8_t *owner = znode_owner(node);
	bool has_ds = (znode_flags(node) & ZNODE_HAS_DS) != 0;
	struct rrset set;

	if (is_cut && !has_ds && chain->way == SIGN_OPT_OUT)
		return;
	struct link *link = link_get(chain, owner);
	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (is_cut && set.type != TYPE_NS && set.type != TYPE_DS)
			continue;
		type_add(link, set.type);
		if (is_cut && set.type != TYPE_DS)
			continue;
		type_add(link, TYPE_RRSIG);
		if (!chain->is_second)
			signature_add(chain, owner, set.type);
	}
	if (chain->way == SIGN_NSEC)
		return;
	for (const uint8_t *above = owner; !name_equal(above, chain->apex); above = name_parent(above))
		link_get(chain, above);
}

static void apex_extend(struct chain *chain)
{
	uint8_t rdata[64];
	struct wcursor cur = wcursor_over(rdata, sizeof(rdata));

	wcursor_u16(&cur, 257);
	wcursor_u8(&cur, 3);
	wcursor_u8(&cur, 13);
	wcursor_put(&cur, "key", 3);
	record_add(chain, chain->apex, TYPE_DNSKEY, &cur);
	if (chain->way == SIGN_NSEC)
		return;
	cur = wcursor_over(rdata, sizeof(rdata));
	params_put(chain, &cur, false);
	record_add(chain, chain->apex, TYPE_NSEC3PARAM, &cur);
}

/* Signs all names of the published version in the open edit, which stays open. */
static void names_sign(struct chain *chain, const struct zone_version *plain)
{
	struct zone_iter iter;
	const struct znode *node;

	zone_iter_init(&iter, plain, NULL);
	while ((node = zone_iter_next(&iter)) != NULL) {
		struct zone_lookup look;
		if (znode_flags(node) & ZNODE_HAS_NSEC3)
			continue;
		zone_find(plain, znode_owner(node), &look);
		if (!look.dname && (!look.cut || look.cut == node))
			name_sign(chain, node, look.cut == node);
	}
}

static void chain_begin(struct chain *chain, struct zone *zone)
{
	chain->apex = zone_apex(zone);
	chain->links = calloc(NAMES_MAX, sizeof(*chain->links));
	ck_assert_ptr_nonnull(chain->links);
	ck_assert_int_eq(zone_edit_begin(zone, &chain->edit), ZT_OK);
}

static void chain_end(struct chain *chain)
{
	zone_edit_publish(chain->edit);
	free(chain->links);
}

void sign_zone(struct zone *zone, enum sign_way way)
{
	struct chain chain = { .way = way, .salt = sign_zone_salt };

	chain_begin(&chain, zone);
	apex_extend(&chain);
	chain_end(&chain);
	chain_begin(&chain, zone);
	names_sign(&chain, zone_current(zone));
	if (way == SIGN_NSEC)
		nsec_chain_write(&chain);
	else
		nsec3_chain_write(&chain);
	chain_end(&chain);
}

void sign_zone_again(struct zone *zone, const uint8_t salt[2], bool is_complete)
{
	struct chain chain = { .way = SIGN_NSEC3, .salt = salt, .is_second = true };
	uint8_t rdata[64];
	struct wcursor cur = wcursor_over(rdata, sizeof(rdata));

	chain_begin(&chain, zone);
	names_sign(&chain, zone_current(zone));
	params_put(&chain, &cur, false);
	record_add(&chain, chain.apex, TYPE_NSEC3PARAM, &cur);
	if (!is_complete) {
		struct link *apex = link_get(&chain, chain.apex);
		*apex = chain.links[--chain.count];
	}
	nsec3_chain_write(&chain);
	chain_end(&chain);
}
