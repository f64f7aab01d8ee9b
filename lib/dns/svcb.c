/* Text of SVCB and HTTPS rdata. */
#include "lib/dns/svcb.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "lib/base/cursor.h"
#include "lib/dns/name.h"

enum svcb_key { KEY_MANDATORY, KEY_ALPN, KEY_NO_DEFAULT_ALPN, KEY_PORT, KEY_IPV4HINT, KEY_ECH, KEY_IPV6HINT, KEY_KNOWN_COUNT };

static const char *const key_names[KEY_KNOWN_COUNT] = { "mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint" };

static void key_write(struct buf *out, uint16_t key)
{
	if (key < KEY_KNOWN_COUNT)
		buf_printf(out, "%s", key_names[key]);
	else
		buf_printf(out, "key%u", key);
}

/* Characters that mean themselves at every level of the grammar. */
static bool is_plain(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = name_fold(text[i]);
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && !(c && strchr("-._/+=", c)))
			return false;
	}
	return len > 0;
}

/* Ascending keys, at least one, without itself. */
static bool mandatory_write(struct rcursor *value, struct buf *out)
{
	int last = 0;

	while (rcursor_left(value) > 0) {
		uint16_t key = rcursor_u16(value);
		if (value->status != ZT_OK || key <= last)
			return false;
		if (last > 0)
			buf_add_u8(out, ',');
		key_write(out, key);
		last = key;
	}
	return last > 0;
}

static bool alpn_write(struct rcursor *value, struct buf *out)
{
	bool is_first = true;

	while (rcursor_left(value) > 0) {
		size_t len = rcursor_u8(value);
		const uint8_t *id = rcursor_take(value, len);
		if (!id || !is_plain(id, len))
			return false;
		if (!is_first)
			buf_add_u8(out, ',');
		buf_add(out, id, len);
		is_first = false;
	}
	return !is_first;
}

static bool addresses_write(struct rcursor *value, int family, struct buf *out)
{
	size_t size = family == AF_INET ? 4 : 16;
	char text[INET6_ADDRSTRLEN];
	bool is_first = true;

	while (rcursor_left(value) > 0) {
		const uint8_t *address = rcursor_take(value, size);
		if (!address || !inet_ntop(family, address, text, sizeof(text)))
			return false;
		buf_printf(out, "%s%s", is_first ? "" : ",", text);
		is_first = false;
	}
	return !is_first;
}

static bool ech_write(struct rcursor *value, struct buf *out)
{
	size_t len = rcursor_left(value), room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	const uint8_t *config = rcursor_take(value, len);
	uint8_t *text = len > 0 ? buf_reserve(out, room) : NULL;

	if (!text)
		return false;
	sodium_bin2base64((char *)text, room, config, len, sodium_base64_VARIANT_ORIGINAL);
	out->len += room - 1;      /* without its NUL */
	return true;
}

/* What follows KEY=. False for a value that is not of the key's form. */
static bool value_write(uint16_t key, struct rcursor *value, struct buf *out)
{
	switch (key) {
	case KEY_MANDATORY: return mandatory_write(value, out);
	case KEY_ALPN: return alpn_write(value, out);
	case KEY_PORT: buf_printf(out, "%u", rcursor_u16(value)); break;
	case KEY_IPV4HINT: return addresses_write(value, AF_INET, out);
	case KEY_ECH: return ech_write(value, out);
	case KEY_IPV6HINT: return addresses_write(value, AF_INET6, out);
	default: {
		size_t len = rcursor_left(value);
		const uint8_t *bytes = rcursor_take(value, len);
		if (!bytes || !is_plain(bytes, len))
			return false;
		buf_add(out, bytes, len);
	}
	}
	return value->status == ZT_OK && rcursor_left(value) == 0;
}

static bool params_write(struct rcursor *params, struct buf *out)
{
	int last = -1;

	while (rcursor_left(params) > 0) {
		uint16_t key = rcursor_u16(params), len = rcursor_u16(params);
		const uint8_t *bytes = rcursor_take(params, len);
		if (!bytes || key <= last)
			return false;
		last = key;
		buf_add_u8(out, ' ');
		key_write(out, key);
		if (key == KEY_NO_DEFAULT_ALPN && len == 0)
			continue;
		struct rcursor value = rcursor_over(bytes, len);
		buf_add_u8(out, '=');
		if (key == KEY_NO_DEFAULT_ALPN || !value_write(key, &value, out))
			return false;
	}
	return true;
}

bool svcb_to_text(const uint8_t *rdata, size_t len, struct buf *out)
{
	struct rcursor cur = rcursor_over(rdata, len);
	uint8_t target[NAME_MAX_LEN];
	char text[NAME_TEXT_SIZE];
	size_t start = out->len;

	buf_printf(out, "%u ", rcursor_u16(&cur));
	if (name_read_plain(&cur, target) == 0)
		target[0] = 0;
	buf_printf(out, "%s", name_to_text(target, text));
	if (cur.status == ZT_OK && params_write(&cur, out))
		return true;
	out->len = start;
	return false;
}
