/* Layouts that fill rdata to its end. */
#include "lib/dns/layout.h"

#include "lib/base/cursor.h"
#include "lib/dns/name.h"

/* RFC 4034 section 4.1.2: windows ascend, each holds 1 to 32 bytes and does not end in a zero byte. */
static bool bitmap_is_valid(const uint8_t *data, size_t len)
{
	int last_window = -1;
	while (len > 0) {
		if (len < 2 || data[0] <= last_window || data[1] < 1 || data[1] > 32 || len < (size_t)data[1] + 2)
			return false;
		if (data[data[1] + 1] == 0)
			return false;
		last_window = data[0];
		len -= (size_t)data[1] + 2;
		data += data[1] + 2;
	}
	return true;
}

static bool strings_are_valid(const uint8_t *data, size_t len)
{
	if (len == 0)
		return false;
	while (len > 0) {
		if (len < (size_t)data[0] + 1)
			return false;
		len -= (size_t)data[0] + 1;
		data += data[0] + 1;
	}
	return true;
}

/* RFC 9460 section 2.2: keys ascend, so that none comes twice. What is in the values is their readers' business. */
static bool params_are_valid(const uint8_t *data, size_t len)
{
	struct rcursor cur = rcursor_over(data, len);
	int last = -1;

	while (rcursor_left(&cur) > 0) {
		int key = rcursor_u16(&cur);
		rcursor_take(&cur, rcursor_u16(&cur));
		if (key <= last)
			return false;
		last = key;
	}
	return cur.status == ZT_OK;
}

/* RFC 3123 section 4. */
static bool prefixes_are_valid(const uint8_t *data, size_t len)
{
	struct rcursor cur = rcursor_over(data, len);

	while (rcursor_left(&cur) > 0) {
		uint16_t family = rcursor_u16(&cur);
		uint8_t prefix = rcursor_u8(&cur), part_len = rcursor_u8(&cur) & 0x7f;
		const uint8_t *part = rcursor_take(&cur, part_len);
		if (!part || (part_len > 0 && part[part_len - 1] == 0))
			return false;
		if ((family == 1 && (prefix > 32 || part_len > 4)) || (family == 2 && (prefix > 128 || part_len > 16)))
			return false;
	}
	return cur.status == ZT_OK;
}

/* RFC 8005 section 5. */
static bool hip_is_valid(const uint8_t *data, size_t len)
{
	struct rcursor cur = rcursor_over(data, len);
	uint8_t name[NAME_MAX_LEN], tag_len = rcursor_u8(&cur);

	rcursor_u8(&cur);
	uint16_t key_len = rcursor_u16(&cur);
	rcursor_take(&cur, tag_len);
	rcursor_take(&cur, key_len);
	while (rcursor_left(&cur) > 0)
		name_read_plain(&cur, name);
	return cur.status == ZT_OK && tag_len > 0 && key_len > 0;
}

/* A gateway or relay of the forms that RFC 4025 section 2.5 and RFC 8777 section 4.2.3 share. */
static void gateway_take(struct rcursor *cur, uint8_t form)
{
	uint8_t name[NAME_MAX_LEN];

	if (form == 1)
		rcursor_take(cur, 4);
	else if (form == 2)
		rcursor_take(cur, 16);
	else if (form == 3)
		name_read_plain(cur, name);
}

static bool ipseckey_is_valid(const uint8_t *data, size_t len)
{
	struct rcursor cur = rcursor_over(data, len);
	const uint8_t *head = rcursor_take(&cur, 3);

	if (head)
		gateway_take(&cur, head[1]);
	return cur.status == ZT_OK;
}

static bool amtrelay_is_valid(const uint8_t *data, size_t len)
{
	struct rcursor cur = rcursor_over(data, len);
	const uint8_t *head = rcursor_take(&cur, 2);
	uint8_t form = head ? head[1] & 0x7f : 0;

	gateway_take(&cur, form);
	return cur.status == ZT_OK && (form > 3 || rcursor_left(&cur) == 0);
}

bool layout_is_valid(char code, const uint8_t *data, size_t len)
{
	switch (code) {
	case 'b': return true;
	case 'B': return len > 0;
	case 'S': return strings_are_valid(data, len);
	case 'o': return len == 0 || len == (size_t)data[0] + 1;
	case 't': return bitmap_is_valid(data, len);
	case 'p': return params_are_valid(data, len);
	case 'a': return prefixes_are_valid(data, len);
	case 'h': return hip_is_valid(data, len);
	case 'i': return ipseckey_is_valid(data, len);
	case 'r': return amtrelay_is_valid(data, len);
	default: return false;
	}
}
