/* Response rate limiting. */
#include "authd/serve/limit.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/name.h"

enum {
	WAYS = 4,
	MS_PER_SECOND = 1000,
	SET_SIZE = 64,
	BURST_MIN = 4,          /* answers that come at once are not limited below this, however many workers share the limit */
};

struct bucket {
	uint32_t tag;           /* upper half of the hash; 0 = never used */
	uint32_t at_ms;         /* when `credit` was right */
	int32_t credit;
	uint32_t limited;       /* answers since it was last full */
};

struct limiter {
	size_t mask;            /* sets - 1 */
	uint8_t key[crypto_shorthash_KEYBYTES];
	uint64_t name_seed;
	struct bucket *sets;    /* WAYS each */
	void *block;            /* what `sets` lies in */
	/* Of the last limited answer, for people. */
	_Atomic uint64_t last_ip[2];
	_Atomic uint32_t last_family, last_bits;
};

/* A bucket's credit in units of 1/1000 answer of one worker's share, so that all of it is whole numbers. */
struct rates {
	int64_t per_ms, cost, full;
};

/* What is hashed. */
struct item_key {
	uint8_t prefix[16];
	uint64_t name;
	uint32_t kind;
	uint32_t family;
};

_Static_assert(sizeof(struct bucket) * WAYS == SET_SIZE, "a set is a cache line");

int limiter_new(struct limiter **out, size_t buckets, const uint8_t key[16])
{
	struct limiter *limiter = calloc(1, sizeof(*limiter));
	size_t sets = 1;

	if (!limiter)
		return ZT_ENOMEM;
	while (sets * WAYS < buckets)
		sets *= 2;
	/* The kernel gives memory of this size zeroed, and page by page when it is touched. */
	limiter->block = calloc(1, sets * SET_SIZE + SET_SIZE - 1);
	if (!limiter->block) {
		free(limiter);
		return ZT_ENOMEM;
	}
	limiter->sets = (struct bucket *)(((uintptr_t)limiter->block + SET_SIZE - 1) & ~(uintptr_t)(SET_SIZE - 1));
	limiter->mask = sets - 1;
	memcpy(limiter->key, key, sizeof(limiter->key));
	memcpy(&limiter->name_seed, key, sizeof(limiter->name_seed));
	*out = limiter;
	return ZT_OK;
}

void limiter_free(struct limiter *limiter)
{
	if (!limiter)
		return;
	free(limiter->block);
	free(limiter);
}

static unsigned prefix_bits(const struct limit_rules *rules, const struct netaddr *peer)
{
	return peer->family == AF_INET ? rules->ipv4_prefix : rules->ipv6_prefix;
}

static void prefix_take(uint8_t out[16], const struct limit_rules *rules, const struct netaddr *peer)
{
	size_t len;
	const uint8_t *ip = netaddr_ip(peer, &len);
	unsigned bits = prefix_bits(rules, peer);

	memset(out, 0, 16);
	if (!ip)
		return;
	memcpy(out, ip, bits / 8);
	if (bits % 8)
		out[bits / 8] = (uint8_t)(ip[bits / 8] & 0xff << (8 - bits % 8));
}

uint64_t limiter_hash(const struct limiter *limiter, const struct limit_rules *rules, const struct limit_item *item)
{
	struct item_key key = { .name = name_hash(item->name, limiter->name_seed), .kind = item->kind, .family = item->peer->family };
	uint64_t hash;

	prefix_take(key.prefix, rules, item->peer);
	crypto_shorthash((uint8_t *)&hash, (const uint8_t *)&key, sizeof(key), limiter->key);
	__builtin_prefetch(limiter->sets + (hash & limiter->mask) * WAYS, 1);
	return hash;
}

/* What a bucket holds now. */
static int64_t credit_at(const struct bucket *bucket, const struct rates *rates, uint32_t now_ms)
{
	int64_t credit = bucket->credit + (int64_t)(now_ms - bucket->at_ms) * rates->per_ms;
	return credit < rates->full ? credit : rates->full;
}

/* The bucket of a tag, or, made new, the one of its set that is missed least. */
static struct bucket *bucket_find(struct bucket set[WAYS], uint32_t tag, const struct rates *rates, uint32_t now_ms)
{
	struct bucket *fullest = NULL;
	int64_t most = -1;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		int64_t credit = set[i].tag ? credit_at(&set[i], rates, now_ms) : INT64_MAX;
		if (credit > most) {
			most = credit;
			fullest = &set[i];
		}
	}
	*fullest = (struct bucket){ .tag = tag, .at_ms = now_ms, .credit = (int32_t)rates->full };
	return fullest;
}

static void last_note(struct limiter *limiter, const struct limit_rules *rules, const struct netaddr *peer)
{
	uint64_t ip[2];

	prefix_take((uint8_t *)ip, rules, peer);
	atomic_store_explicit(&limiter->last_ip[0], ip[0], memory_order_relaxed);
	atomic_store_explicit(&limiter->last_ip[1], ip[1], memory_order_relaxed);
	atomic_store_explicit(&limiter->last_bits, prefix_bits(rules, peer), memory_order_relaxed);
	atomic_store_explicit(&limiter->last_family, peer->family, memory_order_relaxed);
}

bool limiter_last(const struct limiter *limiter, struct netprefix *out)
{
	uint64_t ip[2] = {
		atomic_load_explicit(&limiter->last_ip[0], memory_order_relaxed), atomic_load_explicit(&limiter->last_ip[1], memory_order_relaxed),
	};

	*out = (struct netprefix){
		.family = (sa_family_t)atomic_load_explicit(&limiter->last_family, memory_order_relaxed),
		.bits = (uint8_t)atomic_load_explicit(&limiter->last_bits, memory_order_relaxed),
	};
	memcpy(out->ip, ip, sizeof(ip));
	return out->family != AF_UNSPEC;
}

enum limit_verdict limiter_check(struct limiter *limiter, const struct limit_rules *rules, const struct netaddr *peer, uint64_t hash, uint32_t now_ms)
{
	struct rates rates = { .per_ms = rules->per_second, .cost = (int64_t)MS_PER_SECOND * rules->workers };

	rates.full = rates.per_ms * MS_PER_SECOND;
	if (rates.full < BURST_MIN * rates.cost)
		rates.full = BURST_MIN * rates.cost;
	if (acl_allows_address(rules->exempt, peer))
		return LIMIT_PASS;
	uint32_t tag = (uint32_t)(hash >> 32) | 1;
	struct bucket *bucket = bucket_find(limiter->sets + (hash & limiter->mask) * WAYS, tag, &rates, now_ms);
	int64_t credit = credit_at(bucket, &rates, now_ms);

	bucket->at_ms = now_ms;
	if (credit == rates.full)
		bucket->limited = 0;
	if (credit >= rates.cost) {
		bucket->credit = (int32_t)(credit - rates.cost);
		return LIMIT_PASS;
	}
	bucket->credit = (int32_t)credit;
	bucket->limited++;
	last_note(limiter, rules, peer);
	return rules->slip && bucket->limited % rules->slip == 0 ? LIMIT_SLIP : LIMIT_DROP;
}
