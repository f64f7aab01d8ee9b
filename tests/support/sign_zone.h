/* Zones of tests, signed: the chains are right, the signatures are dummies that say what they cover. Every failure fails the test. */
#pragma once

#include "lib/zone/zone.h"

enum sign_way { SIGN_NSEC, SIGN_NSEC3, SIGN_OPT_OUT };      /* SIGN_OPT_OUT: NSEC3 that leaves out delegations without DS */

/* What sign_zone uses for NSEC3. */
extern const uint8_t sign_zone_salt[2];
enum { SIGN_ITERATIONS = 3 };

/* Publishes a signed version of the zone, which holds no signatures yet and only types below 256. */
void sign_zone(struct zone *zone, enum sign_way way);
/* Publishes a version with a second NSEC3 chain, of another salt, among the first; complete, or without the apex as in the middle of a change. */
void sign_zone_again(struct zone *zone, const uint8_t salt[2], bool is_complete);
