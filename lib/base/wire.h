/* Integers in network byte order, at any alignment. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t wire_get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wire_get_u32(const uint8_t *p)
{
	uint32_t x;
	memcpy(&x, p, sizeof(x));
	return be32toh(x);
}

static inline uint64_t wire_get_u64(const uint8_t *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof(x));
	return be64toh(x);
}

static inline void wire_put_u16(uint8_t *p, uint16_t x)
{
	p[0] = (uint8_t)(x >> 8);
	p[1] = (uint8_t)x;
}

static inline void wire_put_u32(uint8_t *p, uint32_t x)
{
	x = htobe32(x);
	memcpy(p, &x, sizeof(x));
}

static inline void wire_put_u64(uint8_t *p, uint64_t x)
{
	x = htobe64(x);
	memcpy(p, &x, sizeof(x));
}
