/* The zone of the reconciliation fuzzers. */
#include "tests/fuzz/reconcile_zone.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "lib/zone/edit.h"

enum { HOSTS = 300 };

const uint8_t reconcile_fuzz_apex[9] = "\7example";

static struct zone *kept;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct zone *zone_make(const struct fingerprint_key *key, unsigned same)
{
	static const uint8_t soa[] = "\2ns\7example\0\4mail\7example\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1";
	struct zone_edit *edit;
	struct zone *zone;
	uint8_t owner[32], rdata[4] = { 192, 0, 2, 1 };

	require(zone_new(reconcile_fuzz_apex, key, &zone) == ZT_OK);
	require(zone_edit_begin(zone, &edit) == ZT_OK);
	require(zone_edit_add(edit, &(struct change_record){ reconcile_fuzz_apex, TYPE_SOA, 60, soa, sizeof(soa) - 1 }) == ZT_OK);
	for (unsigned i = 0; i < HOSTS; i++) {
		uint8_t *at = owner;
		*at++ = 3;
		for (unsigned div = 100; div > 0; div /= 10)
			*at++ = (uint8_t)('0' + i / div % 10);
		memcpy(at, reconcile_fuzz_apex, sizeof(reconcile_fuzz_apex));
		rdata[3] = (uint8_t)(i / same);
		require(zone_edit_add(edit, &(struct change_record){ owner, TYPE_A, 60, rdata, 4 }) == ZT_OK);
	}
	zone_edit_publish(edit);
	return zone;
}

static void kept_free(void)
{
	zone_free(kept);
}

struct zone *reconcile_fuzz_zone(const struct fingerprint_key *key, unsigned same)
{
	if (!kept) {
		kept = zone_make(key, same);
		require(atexit(kept_free) == 0);
	}
	return kept;
}
