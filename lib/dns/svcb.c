/* Text of SVCB and HTTPS rdata: writing it, and the rules of a whole record. */
#include "lib/dns/svcb.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/dns/encoding.h"

const char *const svcb_key_names[SVCB_KEYS_COUNT] = {
	"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp", "tls-supported-groups", "docpath", "pvd",
	"oots",
};

static void key_write(struct buf *out, uint16_t key)
{
	if (key < SVCB_KEYS_COUNT)
		buf_printf(out, "%s", svcb_key_names[key]);
	else
		buf_printf(out, "key%u", key);
}

/* One byte of a value, for within quotes; in a list a comma and a backslash are escaped once more (RFC 9460 appendix A.1). */
static void byte_write(uint8_t c, bool in_list, struct buf *out)
{
	if (in_list && (c == ',' || c == '\\'))
		buf_add(out, "\\\\", 2);
	if (c < 0x20 || c >= 0x7f)
		buf_printf(out, "\\%03u", c);
	else if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", c);
	else
		buf_add_u8(out, c);
}

/* Characters that need neither quotes nor escapes. */
static bool is_plain(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = name_fold(text[i]);
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && !(c && strchr("-._/+=:?{}&%", c)))
			return false;
	}
	return len > 0;
}

static bool bytes_write(struct rcursor *value, struct buf *out)
{
	size_t len = rcursor_left(value);
	const uint8_t *bytes = rcursor_take(value, len);
	bool has_quotes = !bytes || !is_plain(bytes, len);

	if (has_quotes)
		buf_add_u8(out, '"');
	for (size_t i = 0; bytes && i < len; i++)
		byte_write(bytes[i], false, out);
	if (has_quotes)
		buf_add_u8(out, '"');
	return true;
}

/* Ascending keys, at least one, without itself (RFC 9460 section 8). */
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

/* Whether every item of a list needs neither quotes nor escapes; false for a broken list, too. */
static bool list_is_plain(struct rcursor value, bool has_weight)
{
	while (rcursor_left(&value) > 0) {
		size_t len = rcursor_u8(&value);
		const uint8_t *item = rcursor_take(&value, len);
		if (!item || !is_plain(item, len))
			return false;
		if (has_weight)
			rcursor_u8(&value);
	}
	return value.status == ZT_OK;
}

/* Items with a length byte, none of them empty: ALPN ids, path segments, transports with a weight behind each. */
static bool list_write(uint16_t key, struct rcursor *value, struct buf *out)
{
	bool is_first = true, has_quotes = !list_is_plain(*value, key == SVCB_OOTS);

	if (has_quotes)
		buf_add_u8(out, '"');
	while (rcursor_left(value) > 0) {
		size_t len = rcursor_u8(value);
		const uint8_t *item = rcursor_take(value, len);
		if (!item || len == 0)
			return false;
		if (!is_first)
			buf_add_u8(out, ',');
		for (size_t i = 0; i < len; i++)
			byte_write(item[i], true, out);
		if (key == SVCB_OOTS)
			buf_printf(out, ":%u", rcursor_u8(value));
		is_first = false;
	}
	if (has_quotes)
		buf_add_u8(out, '"');
	return value->status == ZT_OK && (!is_first || key == SVCB_DOCPATH);
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

/* draft-ietf-tls-key-share-prediction section 3.1. */
static bool groups_write(struct rcursor *value, struct buf *out)
{
	bool is_first = true;

	while (rcursor_left(value) > 0) {
		buf_printf(out, "%s%u", is_first ? "" : ",", rcursor_u16(value));
		is_first = false;
	}
	return value->status == ZT_OK && !is_first;
}

static bool ech_write(struct rcursor *value, struct buf *out)
{
	size_t len = rcursor_left(value);
	const uint8_t *config = rcursor_take(value, len);

	if (len > 0)
		base64_to_text(config, len, out);
	return len > 0;
}

/* What follows KEY=. False for a value that is not of the key's form. */
static bool value_write(uint16_t key, struct rcursor *value, struct buf *out)
{
	switch (key) {
	case SVCB_MANDATORY: return mandatory_write(value, out);
	case SVCB_ALPN:
	case SVCB_DOCPATH:
	case SVCB_OOTS: return list_write(key, value, out);
	case SVCB_IPV4HINT: return addresses_write(value, AF_INET, out);
	case SVCB_IPV6HINT: return addresses_write(value, AF_INET6, out);
	case SVCB_ECH: return ech_write(value, out);
	case SVCB_TLS_SUPPORTED_GROUPS: return groups_write(value, out);
	case SVCB_PORT:
		buf_printf(out, "%u", rcursor_u16(value));
		return value->status == ZT_OK && rcursor_left(value) == 0;
	case SVCB_NO_DEFAULT_ALPN:
	case SVCB_OHTTP:
	case SVCB_PVD: return false;      /* never with a value */
	default: return bytes_write(value, out);
	}
}

/* Keys that say all by being there. The unknown ones may, too. */
static bool may_be_bare(uint16_t key)
{
	return key == SVCB_NO_DEFAULT_ALPN || key == SVCB_OHTTP || key == SVCB_PVD || key == SVCB_DOCPATH || key >= SVCB_KEYS_COUNT;
}

static bool params_write(struct rcursor *params, struct buf *out)
{
	while (rcursor_left(params) > 0) {
		uint16_t key = rcursor_u16(params), len = rcursor_u16(params);
		const uint8_t *bytes = rcursor_take(params, len);
		if (!bytes || key == SVCB_KEY_INVALID)
			return false;
		buf_add_u8(out, ' ');
		key_write(out, key);
		if (len == 0 && may_be_bare(key))
			continue;
		struct rcursor value = rcursor_over(bytes, len);
		buf_add_u8(out, '=');
		if (!value_write(key, &value, out))
			return false;
	}
	return true;
}

/* The value of a key; NULL where the record has none. */
static const uint8_t *param_find(struct rcursor params, uint16_t wanted, uint16_t *len)
{
	while (rcursor_left(&params) > 0) {
		uint16_t key = rcursor_u16(&params);
		*len = rcursor_u16(&params);
		const uint8_t *value = rcursor_take(&params, *len);
		if (key == wanted)
			return value;
	}
	return NULL;
}

/* RFC 9460 section 2.4.3: mandatory keys are there, and no-default-alpn comes with alpn. The forms of values are sound already. */
static bool is_consistent(struct rcursor params)
{
	uint16_t len, unused;
	const uint8_t *mandatory = param_find(params, SVCB_MANDATORY, &len);

	for (uint16_t at = 0; mandatory && at < len; at += 2) {
		if (!param_find(params, wire_get_u16(mandatory + at), &unused))
			return false;
	}
	return !param_find(params, SVCB_NO_DEFAULT_ALPN, &unused) || param_find(params, SVCB_ALPN, &unused);
}

bool svcb_to_text(const uint8_t *rdata, size_t len, struct buf *out)
{
	struct rcursor cur = rcursor_over(rdata, len);
	uint8_t target[NAME_MAX_LEN];
	char text[NAME_TEXT_SIZE];
	size_t start = out->len;
	uint16_t priority = rcursor_u16(&cur);

	if (name_read_plain(&cur, target) == 0)
		return false;
	buf_printf(out, "%u %s", priority, name_to_text(target, text));
	struct rcursor params = rcursor_over(cur.base + cur.pos, cur.len - cur.pos);
	if (params_write(&(struct rcursor){ .base = params.base, .len = params.len }, out) && (priority == 0 || is_consistent(params)))
		return true;
	out->len = start;
	return false;
}

bool svcb_is_sound(const uint8_t *rdata, size_t len)
{
	struct buf text;

	buf_init(&text);
	bool is_sound = svcb_to_text(rdata, len, &text) && text.status == ZT_OK;
	buf_fini(&text);
	return is_sound;
}
