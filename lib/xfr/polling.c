/* The square-root law of polling. */
#include "lib/xfr/polling.h"

#include <math.h>

/* What is believed before anything was seen: one change in twenty is missed (the mean of a Beta distribution that weighs as much as two changes). */
#define PRIOR_MISSED 0.1
#define PRIOR_WEIGHT 2.0
#define FADING (0.6931 / POLLING_WINDOW)      /* of old knowledge, with each change: ln 2 over the half-life */

void polling_init(struct polling *polling)
{
	*polling = (struct polling){ 0 };
}

void polling_on_change(struct polling *polling, bool notified, usec_t now)
{
	double gap = (double)(now - polling->last_change) / USEC_PER_SEC;

	polling->by_notify = polling->by_notify * (1 - FADING) + (notified ? 1 : 0);
	polling->by_poll = polling->by_poll * (1 - FADING) + (notified ? 0 : 1);
	if (polling->has_change && gap > 0) {
		/* The mean of all at first, a fading one later. */
		double seen = polling->by_notify + polling->by_poll - 1, share = seen > 0 ? 1 / seen : 1;
		polling->mean_gap += (gap - polling->mean_gap) * (share > FADING ? share : FADING);
	}
	polling->has_change = true;
	polling->last_change = now;
}

usec_t polling_interval(const struct polling *polling, usec_t refresh, usec_t now)
{
	if (polling->mean_gap <= 0)
		return refresh;
	double silence = (double)(now - polling->last_change) / USEC_PER_SEC;
	double gap = silence > polling->mean_gap ? silence : polling->mean_gap;
	double missed = (polling->by_poll + PRIOR_MISSED) / (polling->by_notify + polling->by_poll + PRIOR_WEIGHT);
	double best = sqrt(2 * POLLING_COST * gap / missed);

	if (best < POLLING_LEAST)
		best = POLLING_LEAST;
	return best * USEC_PER_SEC < (double)refresh ? (usec_t)(best * USEC_PER_SEC) : refresh;
}
