/* Answers from local zones and the cache. */
#include "resolverd/resolve/lookup.h"

#include "resolverd/resolve/local.h"

bool lookup_push(struct lookup *lookup, struct rrset *set)
{
	if (!set || lookup->chain_count == LOOKUP_CHAIN_MAX)
		return false;
	lookup->chain[lookup->chain_count++] = set;
	return true;
}

bool lookup_follow(const struct context *ctx, struct lookup *lookup, struct rrset *cname)
{
	if (++lookup->alias_count > CHAIN_MAX || !lookup_push(lookup, cname))
		return false;
	const uint8_t *at = cname->rdata;
	uint16_t len;
	const uint8_t *target = rrset_rdata_next(&at, &len);
	uint8_t *name = arena_copy(ctx->reader.arena, target, len);
	if (!name)
		return false;
	name_lower(name);
	lookup->name = name;
	return true;
}

/* The DNAME nearest above the name that the cache holds. */
static struct rrset *find_dname(const struct context *ctx, const uint8_t *name)
{
	while (*name) {
		name = name_parent(name);
		struct rrset *dname = rrsets_get(&ctx->reader, name, TYPE_DNAME, TRUST_ANSWER);
		if (dname)
			return dname;
	}
	return NULL;
}

enum hop { HOP_ON, HOP_ANSWER, HOP_NEGATIVE, HOP_MISS, HOP_FAILED };

static enum hop local_hop(const struct context *ctx, struct lookup *lookup, uint16_t type)
{
	struct local_answer local;

	switch (local_lookup(ctx, lookup->name, type, &local)) {
	case LOCAL_ANSWER:
		return lookup_push(lookup, local.set) ? HOP_ANSWER : HOP_FAILED;
	case LOCAL_NODATA:
	case LOCAL_NXDOMAIN:
		lookup->negative = local.negative;
		return HOP_NEGATIVE;
	default:
		return HOP_MISS;
	}
}

static enum hop dname_hop(const struct context *ctx, struct lookup *lookup)
{
	bool too_long;
	struct rrset *dname = find_dname(ctx, lookup->name);

	if (!dname)
		return HOP_MISS;
	if (!lookup_push(lookup, dname))
		return HOP_FAILED;
	struct rrset *cname = scrub_synthesize(dname, lookup->name, ctx->reader.arena, &too_long);
	if (too_long) {
		lookup->rcode = RCODE_YXDOMAIN;
		return HOP_ANSWER;
	}
	return cname && lookup_follow(ctx, lookup, cname) ? HOP_ON : HOP_FAILED;
}

static enum hop cache_hop(const struct context *ctx, struct lookup *lookup, uint16_t type)
{
	const uint8_t *name = lookup->name;

	if (type != TYPE_ANY) {
		struct rrset *set = rrsets_get(&ctx->reader, name, type, TRUST_ANSWER);
		if (set)
			return lookup_push(lookup, set) ? HOP_ANSWER : HOP_FAILED;
	}
	if (type != TYPE_CNAME && type != TYPE_ANY) {
		struct rrset *cname = rrsets_get(&ctx->reader, name, TYPE_CNAME, TRUST_ANSWER);
		if (cname)
			return lookup_follow(ctx, lookup, cname) ? HOP_ON : HOP_FAILED;
	}
	if (negatives_get(&ctx->reader, name, type, &lookup->negative))
		return HOP_NEGATIVE;
	if (failures_has(ctx->reader.cache, name, type, ctx->reader.now))
		return HOP_FAILED;
	return dname_hop(ctx, lookup);
}

enum lookup_verdict lookup_step(const struct context *ctx, struct lookup *lookup, uint16_t type)
{
	for (;;) {
		enum hop hop = local_hop(ctx, lookup, type);
		bool local = hop != HOP_MISS;
		if (!local)
			hop = cache_hop(ctx, lookup, type);
		switch (hop) {
		case HOP_ON:
			continue;
		case HOP_ANSWER:
			lookup->authoritative = local && lookup->chain_count == 1;
			return LOOKUP_ANSWER;
		case HOP_NEGATIVE:
			lookup->authoritative = local && lookup->chain_count == 0;
			lookup->rcode = lookup->negative.rcode;
			return LOOKUP_NEGATIVE;
		case HOP_MISS:
			return LOOKUP_MISS;
		default:
			return LOOKUP_FAILED;
		}
	}
}
