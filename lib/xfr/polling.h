/* How often a secondary asks without having been told: the square-root law.
 *
 * A zone changes at rate mu; a share q of the changes does not reach us by NOTIFY. Polling every tau seconds leaves us stale for mu*q*tau/2 seconds
 * a second on average, and a poll is worth POLLING_COST seconds of staleness. The sum is least at tau = sqrt(2 * cost / (mu * q)). Both are learned
 * from the changes themselves: mu from the time between them, q from how many were found by polling. Before anything is known, and
 * whenever the law says more, the zone's own REFRESH holds: this makes us faster than the zone's owner asks for, never slower.
 *
 * Not here: jitter, and what to do when a poll fails (refresh.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"

enum {
	POLLING_COST = 1,               /* seconds of staleness that one SOA query is worth avoiding */
	POLLING_LEAST = 10,             /* seconds; a zone that changes all the time and is never notified is not asked more often */
	POLLING_WINDOW = 64,            /* changes after which the oldest knowledge has lost half of its weight */
};

struct polling {
	double by_notify, by_poll;      /* changes learned either way, with the weight of older ones fading */
	double mean_gap;                /* seconds between changes, fading in the same way; 0 = none known */
	usec_t last_change;             /* monotonic; meaningful when has_change */
	bool has_change;
};

void polling_init(struct polling *polling);
/* A newer version was taken; `notified`: a NOTIFY led to it. */
void polling_on_change(struct polling *polling, bool notified, usec_t now);
/* The pause until the next poll, at most `refresh`. Also at most the time since the last change matters: a zone that has fallen silent is asked less. */
usec_t polling_interval(const struct polling *polling, usec_t refresh, usec_t now);
