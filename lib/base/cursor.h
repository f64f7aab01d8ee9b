/* Sticky-error cursors: bounds are checked in every build, the first failure stays, the caller checks once.
 *
 * A read past the end returns zeroes and sets status to ZT_ETRUNC; a write past the end writes nothing and sets ZT_ESPACE.
 * Cursors borrow their memory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/base/wire.h"

struct rcursor {
	const uint8_t *base;
	size_t pos;
	size_t len;
	int status;
};

struct wcursor {
	uint8_t *base;
	size_t pos;
	size_t len;      /* capacity */
	int status;
};

static inline struct rcursor rcursor_over(const void *base, size_t len)
{
	return (struct rcursor){ .base = base, .pos = 0, .len = len, .status = ZT_OK };
}

static inline size_t rcursor_left(const struct rcursor *cur)
{
	return cur->status == ZT_OK ? cur->len - cur->pos : 0;
}

/* The next `len` bytes, borrowed; NULL (and a status) when they are not there. */
static inline const uint8_t *rcursor_take(struct rcursor *cur, size_t len)
{
	if (cur->status != ZT_OK)
		return NULL;
	if (cur->len - cur->pos < len) {
		cur->status = ZT_ETRUNC;
		return NULL;
	}
	const uint8_t *p = cur->base + cur->pos;
	cur->pos += len;
	return p;
}

static inline uint8_t rcursor_u8(struct rcursor *cur)
{
	const uint8_t *p = rcursor_take(cur, 1);
	return p ? *p : 0;
}

static inline uint16_t rcursor_u16(struct rcursor *cur)
{
	const uint8_t *p = rcursor_take(cur, 2);
	return p ? wire_get_u16(p) : 0;
}

static inline uint32_t rcursor_u32(struct rcursor *cur)
{
	const uint8_t *p = rcursor_take(cur, 4);
	return p ? wire_get_u32(p) : 0;
}

static inline uint64_t rcursor_u64(struct rcursor *cur)
{
	const uint8_t *p = rcursor_take(cur, 8);
	return p ? wire_get_u64(p) : 0;
}

static inline struct wcursor wcursor_over(void *base, size_t len)
{
	return (struct wcursor){ .base = base, .pos = 0, .len = len, .status = ZT_OK };
}

static inline size_t wcursor_left(const struct wcursor *cur)
{
	return cur->status == ZT_OK ? cur->len - cur->pos : 0;
}

/* Room for `len` bytes, which count as written; NULL (and a status) when there is none. */
static inline uint8_t *wcursor_room(struct wcursor *cur, size_t len)
{
	if (cur->status != ZT_OK)
		return NULL;
	if (cur->len - cur->pos < len) {
		cur->status = ZT_ESPACE;
		return NULL;
	}
	uint8_t *p = cur->base + cur->pos;
	cur->pos += len;
	return p;
}

static inline void wcursor_put(struct wcursor *cur, const void *data, size_t len)
{
	uint8_t *p = wcursor_room(cur, len);
	if (p && len)
		memcpy(p, data, len);
}

static inline void wcursor_u8(struct wcursor *cur, uint8_t x)
{
	uint8_t *p = wcursor_room(cur, 1);
	if (p)
		*p = x;
}

static inline void wcursor_u16(struct wcursor *cur, uint16_t x)
{
	uint8_t *p = wcursor_room(cur, 2);
	if (p)
		wire_put_u16(p, x);
}

static inline void wcursor_u32(struct wcursor *cur, uint32_t x)
{
	uint8_t *p = wcursor_room(cur, 4);
	if (p)
		wire_put_u32(p, x);
}

static inline void wcursor_u64(struct wcursor *cur, uint64_t x)
{
	uint8_t *p = wcursor_room(cur, 8);
	if (p)
		wire_put_u64(p, x);
}
