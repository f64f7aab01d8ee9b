/* A growable byte buffer with a sticky error: append freely, look at buf->status once at the end. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	int status;      /* ZT_OK, or the first failure; later appends do nothing */
};

void buf_init(struct buf *buf);
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf);

/* Makes room for `more` bytes and returns the place where they go (then add to len yourself), NULL on failure. */
uint8_t *buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_u8(struct buf *buf, uint8_t x);
void buf_add_u16(struct buf *buf, uint16_t x);      /* network order */
void buf_add_u32(struct buf *buf, uint32_t x);
void buf_add_u64(struct buf *buf, uint64_t x);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Gives the bytes to the caller (free with free()) and empties the buffer. */
uint8_t *buf_take(struct buf *buf, size_t *len);
