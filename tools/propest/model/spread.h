/* The server stage: one draw of when each server stops giving the old data.
 *
 * A server learns of a change by the first NOTIFY that reaches it or by the first poll that succeeds after its master has the change;
 * chains and meshes of transfers are settled in the order in which servers get the data. Each server's poll clock and each link's NOTIFYs
 * have their own random stream, derived from the seed, the sample's number and the server or link: taking a factor away (`without`)
 * leaves all other draws as they were, so two runs differ by that factor alone.
 *
 * Laws: doc/propagation.md. Not modelled: queueing among many zones, bursty loss other than by outages.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "tools/propest/model/network.h"

/* What a run may leave out, to see how much it contributes. */
enum spread_factor {
	SPREAD_LOSS = 1,         /* lost NOTIFYs, SOA queries and handshakes */
	SPREAD_SILENCE = 2,      /* links without NOTIFY: as if they had it */
	SPREAD_OUTAGE = 4,
	SPREAD_TRANSFER = 8,     /* round trips, bytes, and the wait until transferred data is served */
	SPREAD_PUBLISH = 16,     /* the wait at the sender before the first NOTIFY leaves */
};

struct spread;

int spread_new(struct spread **out, const struct network *net, unsigned without, uint64_t seed) ZT_MUST_CHECK;
void spread_free(struct spread *spread);

/* stale_until[i]: the last instant at which server i gives old data, seconds from the change, by taking the new data or by expiry.
 * Always finite. The struct is scratch space: one per thread. Returns how many servers stopped by expiry. */
unsigned spread_sample(struct spread *spread, uint64_t number, double *stale_until);
