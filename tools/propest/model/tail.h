/* Clients that ignore TTLs: the share that still uses old data some time after its cache gave it last.
 *
 * share(t) = share(60 s) * (t / 60 s)^-0.594: the power law through the two points of Flavel, Mani, Maltz (LANMAN 2014), a tenth after a minute
 * and 2 per cent after a quarter of an hour. No TTL bounds it.
 */
#pragma once

#include <math.h>

static inline double tail_share(double after_a_minute, double t)
{
	return after_a_minute * pow(fmax(t, 60) / 60, -.594);
}
