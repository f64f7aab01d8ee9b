/* Random names and rdata for property tests. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/rng.h"
#include "lib/dns/name.h"
#include "lib/dns/rrtype.h"

/* A name of a few short labels out of a small alphabet, so that names share suffixes; returns its length. */
size_t random_name(struct rng *rng, uint8_t out[NAME_MAX_LEN]);

enum { RANDOM_RDATA_MAX = 2048 };

/* Well-formed rdata by the type's descriptor row; returns its length. */
size_t random_rdata(struct rng *rng, uint16_t type, uint8_t out[RANDOM_RDATA_MAX]);

/* A type that has a descriptor and may stand in a zone. */
uint16_t random_type(struct rng *rng);
