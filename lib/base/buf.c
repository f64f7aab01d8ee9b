/* A growable byte buffer. */
#include "lib/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/base/wire.h"

void buf_init(struct buf *buf)
{
	*buf = (struct buf){ 0 };
}

void buf_fini(struct buf *buf)
{
	free(buf->data);
	buf_init(buf);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->status = ZT_OK;
}

uint8_t *buf_reserve(struct buf *buf, size_t more)
{
	if (buf->status != ZT_OK)
		return NULL;
	if (buf->data && buf->cap - buf->len >= more)
		return buf->data + buf->len;
	size_t need = buf->len + more;
	size_t cap = buf->cap ? buf->cap : 64;
	while (cap < need && cap <= SIZE_MAX / 2)
		cap *= 2;
	uint8_t *data = need < more || cap < need ? NULL : realloc(buf->data, cap);
	if (!data) {
		buf->status = ZT_ENOMEM;
		return NULL;
	}
	buf->data = data;
	buf->cap = cap;
	return buf->data + buf->len;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	uint8_t *p = buf_reserve(buf, len);
	if (p && len) {
		memcpy(p, data, len);
		buf->len += len;
	}
}

void buf_add_u8(struct buf *buf, uint8_t x)
{
	buf_add(buf, &x, 1);
}

void buf_add_u16(struct buf *buf, uint16_t x)
{
	uint8_t b[2];
	wire_put_u16(b, x);
	buf_add(buf, b, sizeof(b));
}

void buf_add_u32(struct buf *buf, uint32_t x)
{
	uint8_t b[4];
	wire_put_u32(b, x);
	buf_add(buf, b, sizeof(b));
}

void buf_add_u64(struct buf *buf, uint64_t x)
{
	buf_add_u32(buf, (uint32_t)(x >> 32));
	buf_add_u32(buf, (uint32_t)x);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		buf->status = ZT_EINVAL;
	} else {
		uint8_t *p = buf_reserve(buf, (size_t)len + 1);
		if (p) {
			vsnprintf((char *)p, (size_t)len + 1, format, again);
			buf->len += (size_t)len;
		}
	}
	va_end(again);
}

uint8_t *buf_take(struct buf *buf, size_t *len)
{
	uint8_t *data = buf->data;
	*len = buf->len;
	buf_init(buf);
	return data;
}
