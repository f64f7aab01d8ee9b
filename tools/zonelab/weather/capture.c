/* Blocks of a pcapng file. */
#include "tools/zonelab/weather/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 1 << 18,
	SECTION_HEADER = 0x0a0d0d0a, ORDER_MAGIC = 0x1a2b3c4d, INTERFACE_DESCRIPTION = 1, ENHANCED_PACKET = 6,
	OPTION_END = 0, OPTION_COMMENT = 1, OPTION_RESOLUTION = 9,
	LINKTYPE_RAW = 101, SNAP_LEN = 65535, BLOCK_ROOM = 128,      /* of a packet's block, without the packet */
};

struct capture {
	struct capture_config config;
	struct capture_result result;
	int fd;
	size_t len;
	size_t block;              /* where the block being written begins */
	uint8_t buffer[BUFFER_SIZE];
};

static void put(struct capture *capture, const void *data, size_t len)
{
	if (len)
		memcpy(capture->buffer + capture->len, data, len);
	capture->len += len;
}

static void put_u16(struct capture *capture, unsigned x)
{
	put(capture, &(uint16_t){ (uint16_t)x }, 2);
}

static void put_u32(struct capture *capture, uint32_t x)
{
	put(capture, &x, 4);
}

static void pad(struct capture *capture)
{
	while ((capture->len - capture->block) % 4)
		capture->buffer[capture->len++] = 0;
}

static void put_option(struct capture *capture, unsigned code, const void *data, size_t len)
{
	put_u16(capture, code);
	put_u16(capture, (unsigned)len);
	put(capture, data, len);
	pad(capture);
}

/* A block begins with its type and length and ends with its length. */
static void block_begin(struct capture *capture, uint32_t type)
{
	capture->block = capture->len;
	put_u32(capture, type);
	put_u32(capture, 0);
}

static void block_end(struct capture *capture)
{
	uint32_t len = (uint32_t)(capture->len - capture->block + 4);
	put_u32(capture, len);
	memcpy(capture->buffer + capture->block + 4, &len, 4);
}

static void put_beginning(struct capture *capture)
{
	static const uint8_t unknown_len[8] = { 255, 255, 255, 255, 255, 255, 255, 255 }, nanoseconds = 9;

	block_begin(capture, SECTION_HEADER);
	put_u32(capture, ORDER_MAGIC);
	put_u16(capture, 1);
	put_u16(capture, 0);
	put(capture, unknown_len, sizeof(unknown_len));
	block_end(capture);
	block_begin(capture, INTERFACE_DESCRIPTION);
	put_u16(capture, LINKTYPE_RAW);
	put_u16(capture, 0);
	put_u32(capture, SNAP_LEN);
	put_option(capture, OPTION_RESOLUTION, &nanoseconds, 1);
	put_option(capture, OPTION_END, NULL, 0);
	block_end(capture);
}

int capture_new(struct capture **out, const struct capture_config *config, int fd)
{
	struct capture *capture = malloc(sizeof(*capture));

	if (!capture) {
		close(fd);
		return ZT_ENOMEM;
	}
	capture->config = *config;
	capture->result = (struct capture_result){ .status = ZT_OK };
	capture->fd = fd;
	capture->len = capture->block = 0;
	put_beginning(capture);
	*out = capture;
	return ZT_OK;
}

void capture_free(struct capture *capture, struct capture_result *result)
{
	if (!capture)
		return;
	capture_flush(capture);
	if (close(capture->fd) < 0 && capture->result.status == ZT_OK)
		capture->result.status = status_from_errno(errno);
	if (result)
		*result = capture->result;
	free(capture);
}

static bool end_matches(unsigned wanted, unsigned node)
{
	return wanted == SWITCH_ANY || wanted == node;
}

static bool matches(const struct capture_config *config, const struct sighting *sighting)
{
	return (end_matches(config->from, sighting->from) && end_matches(config->to, sighting->to)) ||
	       (config->both_ways && end_matches(config->from, sighting->to) && end_matches(config->to, sighting->from));
}

void capture_packet(struct capture *capture, const struct sighting *sighting)
{
	size_t len = sighting->len < SNAP_LEN ? sighting->len : SNAP_LEN;

	if (capture->result.status != ZT_OK || !matches(&capture->config, sighting))
		return;
	if (BUFFER_SIZE - capture->len < len + BLOCK_ROOM)
		capture_flush(capture);
	if (BUFFER_SIZE - capture->len < len + BLOCK_ROOM) {
		capture->result.left_out++;
		return;
	}
	uint64_t time_ns = (uint64_t)(sighting->sent + capture->config.wall_offset) * 1000;
	block_begin(capture, ENHANCED_PACKET);
	put_u32(capture, 0);
	put_u32(capture, (uint32_t)(time_ns >> 32));
	put_u32(capture, (uint32_t)time_ns);
	put_u32(capture, (uint32_t)len);
	put_u32(capture, (uint32_t)sighting->len);
	put(capture, sighting->bytes, len);
	pad(capture);
	if (sighting->fate != FATE_DELIVERED) {
		const char *why = fate_text(sighting->fate);
		put_option(capture, OPTION_COMMENT, why, strlen(why));
		put_option(capture, OPTION_END, NULL, 0);
	}
	block_end(capture);
	capture->result.packets++;
}

void capture_flush(struct capture *capture)
{
	size_t done = 0;

	while (capture->result.status == ZT_OK && done < capture->len) {
		ssize_t len = write(capture->fd, capture->buffer + done, capture->len - done);
		if (len > 0)
			done += (size_t)len;
		else if (len < 0 && errno == EAGAIN)
			break;
		else if (len < 0 && errno != EINTR)
			capture->result.status = status_from_errno(errno);
	}
	capture->result.bytes += done;
	memmove(capture->buffer, capture->buffer + done, capture->len - done);
	capture->len -= done;
}

bool capture_has_more(const struct capture *capture)
{
	return capture->len > 0 && capture->result.status == ZT_OK;
}

struct capture_result capture_result(const struct capture *capture)
{
	return capture->result;
}
