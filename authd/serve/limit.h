/* Response rate limiting: answers to one network of clients that are alike are given so many times a second and no more, so that a server is of little use
 * for flooding a victim in whose name the questions come. Every few limited answers one is sent as "ask by TCP" (slip), so that who really asks gets through.
 *
 * Answers are alike when the network, the kind of answer and the name that stands for it are: of an existing name itself; of a name that does not exist,
 * the zone; of one made by a wildcard, the wildcard; of one below a cut, the cut; of errors, none. The question's type does not count.
 *
 * One table per worker, touched by its thread alone, of fixed size and without pointers: sets of four buckets in one cache line, found by a keyed hash. A
 * bucket holds what may still be given and fills with time, up to what one second gives. Where a set is full the bucket that is nearest to full, which
 * limits nobody, makes room. The limit is divided among the workers, since the kernel spreads a network's ports over them evenly.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authd/serve/settings.h"
#include "lib/base/netaddr.h"

enum limit_kind { LIMIT_ANSWER, LIMIT_NO_NAME, LIMIT_WILDCARD, LIMIT_REFERRAL, LIMIT_ERROR };

enum limit_verdict { LIMIT_PASS, LIMIT_SLIP, LIMIT_DROP };

enum { LIMIT_TABLE_MIN = 1024, LIMIT_TABLE_DEFAULT = 65536, LIMIT_TABLE_MAX = 1 << 26 };

struct limiter;

/* One answer about to be given. */
struct limit_item {
	const struct netaddr *peer;
	enum limit_kind kind;
	const uint8_t *name;             /* that stands for it; the root for none */
};

/* buckets: rounded up to a power of two; 16 bytes each, in memory that is taken when it is first used. */
int limiter_new(struct limiter **out, size_t buckets, const uint8_t key[16]) ZT_MUST_CHECK;
/* NULL is fine. */
void limiter_free(struct limiter *limiter);

/* The network that was limited last; false while none was. Any thread may ask; while it changes, the halves of an IPv6 one may be of two. */
bool limiter_last(const struct limiter *limiter, struct netprefix *out);

/* What finds the item in the table; its place is fetched into the cache meanwhile. */
uint64_t limiter_hash(const struct limiter *limiter, const struct limit_rules *rules, const struct limit_item *item);
/* Counts the answer to `peer` of that hash. `rules` with per_second; `now_ms` of a clock that only goes forward, its overrun does not matter. */
enum limit_verdict limiter_check(struct limiter *limiter, const struct limit_rules *rules, const struct netaddr *peer, uint64_t hash, uint32_t now_ms);
