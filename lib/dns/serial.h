/* Serial number arithmetic (RFC 1982): comparison is modulo 2^32, so a serial may wrap around. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether `a` is newer than `b`. Serials exactly 2^31 apart have no order; neither is newer. */
static inline bool serial_is_newer(uint32_t a, uint32_t b)
{
	uint32_t distance = a - b;
	return distance != 0 && distance < UINT32_C(0x80000000);
}

/* The next serial; 0 is skipped because some software takes it for "none". */
static inline uint32_t serial_next(uint32_t serial)
{
	return serial + 1 == 0 ? 1 : serial + 1;
}
