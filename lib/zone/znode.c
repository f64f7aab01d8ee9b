/* Packed names: reading, remaking with one RRset changed, hashing. */
#include "lib/zone/znode.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"

static uint16_t load_u16(const uint8_t *p)
{
	uint16_t x;
	memcpy(&x, p, sizeof(x));
	return x;
}

static uint32_t load_u32(const uint8_t *p)
{
	uint32_t x;
	memcpy(&x, p, sizeof(x));
	return x;
}

static uint8_t *store(uint8_t *p, const void *data, size_t len)
{
	if (len)
		memcpy(p, data, len);
	return p + len;
}

/* Reads the RRset at `p`; returns where it ends. */
static const uint8_t *set_read(const uint8_t *p, struct rrset *set)
{
	set->type = load_u16(p);
	set->ttl = load_u32(p + 2);
	set->count = load_u16(p + 6);
	set->covers = 0;
	p += 8;
	if (set->type == TYPE_RRSIG) {
		set->covers = load_u16(p);
		p += 2;
	}
	if (set->count == 1) {
		set->rdata_size = (size_t)2 + load_u16(p);
	} else {
		set->rdata_size = load_u32(p);
		p += 4;
	}
	set->rdata = p;
	return p + set->rdata_size;
}

size_t znode_set_head_size(uint16_t type, uint16_t count)
{
	return (size_t)8 + (type == TYPE_RRSIG ? 2 : 0) + (count != 1 ? 4 : 0);
}

uint8_t *znode_set_begin(uint8_t *out, const struct rrset *set)
{
	uint32_t size = (uint32_t)set->rdata_size;

	out = store(out, &set->type, 2);
	out = store(out, &set->ttl, 4);
	out = store(out, &set->count, 2);
	if (set->type == TYPE_RRSIG)
		out = store(out, &set->covers, 2);
	if (set->count != 1)
		out = store(out, &size, 4);
	return out;
}

const uint8_t *znode_owner(const struct znode *node)
{
	return node->bytes;
}

unsigned znode_rrset_count(const struct znode *node)
{
	return node->rrset_count;
}

unsigned znode_flags(const struct znode *node)
{
	return node->flags;
}

bool znode_next(const struct znode *node, size_t *pos, struct rrset *out)
{
	/* How many RRsets have been passed, and above that how many bytes. */
	size_t index = *pos & 0xffff, offset = *pos >> 16;

	if (index == node->rrset_count)
		return false;
	const uint8_t *start = node->bytes + node->owner_len;
	offset = (size_t)(set_read(start + offset, out) - start);
	*pos = offset << 16 | (index + 1);
	return true;
}

bool znode_rrset(const struct znode *node, uint16_t type, uint16_t covers, struct rrset *out)
{
	const uint8_t *at = node->bytes + node->owner_len;

	for (unsigned left = node->rrset_count; left > 0; left--) {
		at = set_read(at, out);
		if (out->type == type && out->covers == covers)
			return true;
		if (out->type > type)
			return false;
	}
	return false;
}

bool znode_rrset_signed(const struct znode *node, uint16_t type, struct rrset *out, struct rrset *sigs)
{
	const uint8_t *at = node->bytes + node->owner_len;
	struct rrset set;
	bool found = false;

	sigs->count = 0;
	for (unsigned left = node->rrset_count; left > 0; left--) {
		at = set_read(at, &set);
		if (set.type == type && set.type != TYPE_RRSIG) {
			*out = set;
			found = true;
		} else if (set.type == TYPE_RRSIG && set.covers == type) {
			*sigs = set;
		} else if (set.type > type && (!found || set.type > TYPE_RRSIG)) {
			if (set.type > TYPE_RRSIG || type < TYPE_RRSIG)      /* of types above RRSIG the signature comes first */
				break;
		}
		if (found && sigs->count > 0)
			break;
	}
	return found;
}

static size_t content_size(const struct znode *node)
{
	size_t pos = 0;
	struct rrset set;

	while (znode_next(node, &pos, &set))
		;
	return node->owner_len + (pos >> 16);
}

size_t znode_size(const struct znode *node)
{
	return sizeof(*node) + content_size(node);
}

size_t znode_record_count(const struct znode *node)
{
	size_t pos = 0, count = 0;
	struct rrset set;

	while (znode_next(node, &pos, &set))
		count += set.count;
	return count;
}

struct znode_slot znode_locate(const struct znode *node, uint16_t type, uint16_t covers)
{
	struct znode_slot slot = { .type = type, .covers = covers, .set = { .rdata = name_root } };
	struct rrset set;

	if (!node)
		return slot;
	slot.begin = node->owner_len;
	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		size_t end = node->owner_len + (pos >> 16);
		if (set.type == type && set.covers == covers) {
			slot.end = end;
			slot.set = set;
			return slot;
		}
		if (set.type > type || (set.type == type && set.covers > covers))
			break;
		slot.begin = end;
	}
	slot.end = slot.begin;
	return slot;
}

uint8_t znode_flag_of(uint16_t type)
{
	switch (type) {
	case TYPE_NS: return ZNODE_HAS_NS;
	case TYPE_CNAME: return ZNODE_HAS_CNAME;
	case TYPE_DNAME: return ZNODE_HAS_DNAME;
	case TYPE_DS: return ZNODE_HAS_DS;
	case TYPE_NSEC3: return ZNODE_HAS_NSEC3;
	default: return 0;
	}
}

struct znode *znode_make(const struct znode *old, const uint8_t *owner, const struct znode_slot *slot, const struct znode_change *change)
{
	size_t before = slot->begin, after = 0, added = 0;
	const uint8_t *head = old ? old->bytes : owner;

	if (old)
		after = content_size(old) - slot->end;
	else
		before = name_len(owner);
	for (size_t i = 0; i < sizeof(change->piece) / sizeof(change->piece[0]); i++)
		added += change->piece[i].len;
	size_t head_size = change->count > 0 ? znode_set_head_size(slot->type, change->count) : 0;
	struct znode *node = malloc(sizeof(*node) + before + head_size + added + after);
	if (!node)
		return NULL;
	uint8_t *at = store(node->bytes, head, before);
	if (change->count > 0) {
		at = znode_set_begin(at, &(struct rrset){ slot->type, slot->covers, change->count, change->ttl, NULL, added });
		for (size_t i = 0; i < sizeof(change->piece) / sizeof(change->piece[0]); i++)
			at = store(at, change->piece[i].data, change->piece[i].len);
	}
	if (old)
		at = store(at, old->bytes + slot->end, after);
	node->generation = 0;
	node->owner_len = old ? old->owner_len : (uint8_t)before;
	node->rrset_count = (uint16_t)((old ? old->rrset_count : 0) - (slot->set.count > 0) + (change->count > 0));
	node->flags = (uint8_t)((old ? old->flags : 0) & ~znode_flag_of(slot->type));
	if (change->count > 0)
		node->flags |= znode_flag_of(slot->type);
	return node;
}

bool rrset_is_counted_at_apex(const struct rrset *set)
{
	uint16_t type = set->type == TYPE_RRSIG ? set->covers : set->type;
	return type != TYPE_SOA && type != TYPE_ZONEMD;
}

struct zone_summary znode_summary(const struct znode *node, const struct fingerprint_key *key, bool is_apex)
{
	struct zone_summary sum = { 0 };
	struct rrset set;

	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (is_apex && !rrset_is_counted_at_apex(&set))
			continue;
		sum.count++;
		sum.fingerprint = fingerprint_add(sum.fingerprint, rrset_fingerprint(key, node->bytes, &set));
	}
	return sum;
}

/* ---- hashing ------------------------------------------------------------------------------------------------------------ */

enum {
	SMALL_SET = 1024,                          /* bytes hashed from the small stack buffer */
	BLOCK_MAX = 2 + RDATA_MAX_LEN + 1024,      /* holds a hash, a header and the longest rdata */
};

static size_t hash_header(uint8_t *out, const uint8_t *owner, const struct rrset *set)
{
	size_t len = name_copy(out, owner);
	name_lower(out);
	wire_put_u16(out + len, set->type);
	wire_put_u16(out + len + 2, set->covers);
	wire_put_u32(out + len + 4, set->ttl);
	wire_put_u16(out + len + 8, set->count);
	return len + 10;
}

static size_t hash_rdata(uint8_t *out, uint16_t type, const uint8_t *data, uint16_t len)
{
	wire_put_u16(out, len);
	memcpy(out + 2, data, len);
	rdata_canonical(type, out + 2, len);
	return (size_t)2 + len;
}

/* Blocks of at most BLOCK_MAX bytes; each begins with the hash of the one before it. */
static __attribute__((noinline)) struct fingerprint hash_large(const struct fingerprint_key *key, const uint8_t *owner, const struct rrset *set)
{
	uint8_t block[BLOCK_MAX];
	size_t at = hash_header(block, owner, set);
	const uint8_t *p = set->rdata, *data;
	uint16_t len;

	while (rrset_next(set, &p, &data, &len)) {
		if (sizeof(block) - at < (size_t)2 + len) {
			struct fingerprint so_far = fingerprint_of(key, block, at);
			wire_put_u64(block, so_far.hi);
			wire_put_u64(block + 8, so_far.lo);
			at = 16;
		}
		at += hash_rdata(block + at, set->type, data, len);
	}
	return fingerprint_of(key, block, at);
}

struct fingerprint rrset_fingerprint(const struct fingerprint_key *key, const uint8_t *owner, const struct rrset *set)
{
	uint8_t block[NAME_MAX_LEN + 10 + SMALL_SET];
	const uint8_t *p = set->rdata, *data;
	uint16_t len;

	if (set->rdata_size > SMALL_SET)
		return hash_large(key, owner, set);
	size_t at = hash_header(block, owner, set);
	while (rrset_next(set, &p, &data, &len))
		at += hash_rdata(block + at, set->type, data, len);
	return fingerprint_of(key, block, at);
}
