/* Text of SVCB and HTTPS rdata: reading it. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/encoding.h"
#include "lib/dns/escape.h"
#include "lib/dns/rdata.h"
#include "lib/dns/shape.h"
#include "lib/dns/svcb.h"

/* One KEY[=VALUE] of the text. */
struct param {
	uint16_t key;
	bool is_generic;             /* keyNNNNN: the value is its wire form */
	struct token value;          /* without KEY= and quotes */
	const struct token *token;
};

/* A part of a value, without the escapes' meaning. */
static struct token part_of(const struct param *param, const char *from, const char *to)
{
	return (struct token){ .at = from, .len = (uint32_t)(to - from), .line = param->token->line };
}

static int wrong(const struct param *param, struct text_error *error, const char *what)
{
	return text_error_token(error, param->token, what);
}

/* keyNNNNN without needless zeroes, or a registered name. */
static bool key_read(const char *text, size_t len, uint16_t *key, bool *is_generic)
{
	uint32_t number;

	*is_generic = false;
	for (uint16_t i = 0; i < SVCB_KEYS_COUNT; i++) {
		if (strlen(svcb_key_names[i]) == len && memcmp(svcb_key_names[i], text, len) == 0) {
			*key = i;
			return true;
		}
	}
	if (len < 4 || memcmp(text, "key", 3) != 0 || (text[3] == '0' && len > 4))
		return false;
	struct token digits = { .at = text + 3, .len = (uint32_t)len - 3 };
	*is_generic = true;
	if (!token_number(&digits, SVCB_KEY_INVALID - 1, &number))
		return false;
	*key = (uint16_t)number;
	return true;
}

/* Whether a quote stands in the text without a backslash before it. */
static bool has_quote(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == '"')
			return true;
	}
	return false;
}

static int param_split(const struct token *token, struct param *out, struct text_error *error)
{
	const char *end = token->at + token->len, *equals = memchr(token->at, '=', token->len);
	const char *value = equals ? equals + 1 : end;

	out->token = token;
	if (token->quoted || !key_read(token->at, (size_t)((equals ? equals : end) - token->at), &out->key, &out->is_generic))
		return wrong(out, error, "SvcParam; expected KEY=VALUE with a registered key, or key0 to key65534");
	if (end - value >= 2 && value[0] == '"' && end[-1] == '"') {
		value++;
		end--;
	}
	out->value = part_of(out, value, end);
	if (has_quote(value, (size_t)(end - value)))
		return wrong(out, error, "SvcParam; expected quotes around the whole value only");
	return ZT_OK;
}

/* The value with its escapes resolved once, as a character string. */
static int bytes_read(const struct param *param, struct wcursor *out, struct text_error *error)
{
	const struct token *value = &param->value;

	for (uint32_t i = 0; i < value->len; i++) {
		uint8_t c = (uint8_t)value->at[i];
		if (c == '\\') {
			unsigned used = escape_read(value->at + i + 1, value->len - i - 1, &c);
			if (used == 0)
				return wrong(param, error, "SvcParam; after a backslash expected a character or three digits of at most 255");
			i += used;
		}
		wcursor_u8(out, c);
	}
	return ZT_OK;
}

/* Turns TRANSPORT:WEIGHT, the item that begins at `start` with its length byte, into its wire form. */
static bool weight_settle(struct wcursor *out, size_t start)
{
	const char *item = (const char *)out->base + start + 1, *end = (const char *)out->base + out->pos;
	const char *colon = memrchr(item, ':', (size_t)(end - item));
	struct token digits = { .at = colon ? colon + 1 : end, .len = colon ? (uint32_t)(end - colon - 1) : 0 };
	uint32_t weight;

	if (!colon || colon == item || !token_number(&digits, UINT8_MAX, &weight))
		return false;
	out->pos = (size_t)(colon + 1 - (const char *)out->base);
	out->base[out->pos - 1] = (uint8_t)weight;
	out->base[start] = (uint8_t)(colon - item);
	return true;
}

/* RFC 9460 appendix A.1: `bytes` are the value with its escapes resolved once; a backslash still escapes a comma or a backslash. */
static bool list_split(const struct param *param, const uint8_t *bytes, size_t len, struct wcursor *out)
{
	size_t start = out->pos;

	wcursor_u8(out, 0);
	for (size_t i = 0; i <= len && out->status == ZT_OK; i++) {
		if (i < len && bytes[i] == '\\') {
			if (++i == len || (bytes[i] != ',' && bytes[i] != '\\'))
				return false;
			wcursor_u8(out, bytes[i]);
			continue;
		}
		if (i < len && bytes[i] != ',') {
			wcursor_u8(out, bytes[i]);
			continue;
		}
		size_t item_len = out->pos - start - 1;
		if (item_len == 0 || item_len > UINT8_MAX)
			return false;
		out->base[start] = (uint8_t)item_len;
		if (param->key == SVCB_OOTS && !weight_settle(out, start))
			return false;
		start = out->pos;
		if (i < len)
			wcursor_u8(out, 0);
	}
	return true;
}

static int list_read(const struct param *param, struct wcursor *out, struct text_error *error)
{
	if (param->value.len == 0)
		return ZT_OK;
	uint8_t *bytes = malloc(param->value.len);
	if (!bytes)
		return ZT_ENOMEM;
	struct wcursor plain = wcursor_over(bytes, param->value.len);
	int status = bytes_read(param, &plain, error);
	if (status == ZT_OK && !list_split(param, bytes, plain.pos, out))
		status = wrong(param, error, param->key == SVCB_OOTS ? "SvcParam; expected TRANSPORT:WEIGHT[,...] with weights of 0 to 255" :
			       "SvcParam; expected items of 1 to 255 bytes between commas");
	free(bytes);
	return status;
}

/* One item of a list of numbers, keys or addresses, none of which have escapes. */
static bool item_read(const struct param *param, const struct token *item, struct wcursor *out)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];
	uint32_t number;
	uint16_t key;
	bool is_generic, is_v4 = param->key == SVCB_IPV4HINT;

	switch (param->key) {
	case SVCB_MANDATORY:
		if (!key_read(item->at, item->len, &key, &is_generic))
			return false;
		wcursor_u16(out, key);
		return true;
	case SVCB_PORT:
	case SVCB_TLS_SUPPORTED_GROUPS:
		if (!token_number(item, UINT16_MAX, &number))
			return false;
		wcursor_u16(out, (uint16_t)number);
		return true;
	default:
		if (item->len >= sizeof(text))
			return false;
		memcpy(text, item->at, item->len);
		text[item->len] = '\0';
		if (inet_pton(is_v4 ? AF_INET : AF_INET6, text, address) != 1)
			return false;
		wcursor_put(out, address, is_v4 ? 4 : 16);
		return true;
	}
}

static int u16_cmp(const void *a, const void *b)
{
	return (int)wire_get_u16(a) - (int)wire_get_u16(b);
}

static int items_read(const struct param *param, struct wcursor *out, struct text_error *error)
{
	const char *at = param->value.at, *end = at + param->value.len;
	size_t start = out->pos;
	static const char *const expected[SVCB_KEYS_COUNT] = {
		[SVCB_MANDATORY] = "SvcParam; expected keys between commas", [SVCB_PORT] = "SvcParam; expected one port of 0 to 65535",
		[SVCB_IPV4HINT] = "SvcParam; expected IPv4 addresses between commas", [SVCB_IPV6HINT] = "SvcParam; expected IPv6 addresses between commas",
		[SVCB_TLS_SUPPORTED_GROUPS] = "SvcParam; expected numbers of 0 to 65535 between commas",
	};

	for (;;) {
		const char *comma = param->key == SVCB_PORT ? NULL : memchr(at, ',', (size_t)(end - at));
		struct token item = part_of(param, at, comma ? comma : end);
		if (!item_read(param, &item, out))
			return wrong(param, error, expected[param->key]);
		if (!comma)
			break;
		at = comma + 1;
	}
	if (param->key == SVCB_MANDATORY && out->status == ZT_OK)
		qsort(out->base + start, (out->pos - start) / 2, 2, u16_cmp);
	return ZT_OK;
}

static int value_read(const struct param *param, struct wcursor *out, struct text_error *error)
{
	if (param->is_generic)
		return bytes_read(param, out, error);
	switch (param->key) {
	case SVCB_MANDATORY:
	case SVCB_PORT:
	case SVCB_IPV4HINT:
	case SVCB_IPV6HINT:
	case SVCB_TLS_SUPPORTED_GROUPS: return items_read(param, out, error);
	case SVCB_ALPN:
	case SVCB_DOCPATH:
	case SVCB_OOTS: return list_read(param, out, error);
	case SVCB_ECH:
		return base64_from_tokens(&param->value, 1, out) ? ZT_OK : wrong(param, error, "SvcParam; expected base64");
	case SVCB_NO_DEFAULT_ALPN:
	case SVCB_OHTTP:
	case SVCB_PVD:
		return param->value.len == 0 ? ZT_OK : wrong(param, error, "SvcParam; expected no value");
	default: return bytes_read(param, out, error);
	}
}

static int param_cmp(const void *a, const void *b)
{
	return (int)((const struct param *)a)->key - (int)((const struct param *)b)->key;
}

static int params_write(const struct param *params, size_t count, struct wcursor *out, struct text_error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && params[i].key == params[i - 1].key)
			return wrong(&params[i], error, "SvcParam that is missing yet; expected each key once");
		wcursor_u16(out, params[i].key);
		size_t at = out->pos;
		wcursor_u16(out, 0);
		int status = value_read(&params[i], out, error);
		if (status != ZT_OK || out->status != ZT_OK)
			return status;
		if (out->pos - at - 2 > UINT16_MAX)
			return wrong(&params[i], error, "SvcParam; expected at most 65535 bytes");
		wire_put_u16(out->base + at, (uint16_t)(out->pos - at - 2));
	}
	return ZT_OK;
}

static int params_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	size_t count = source->count - 2;
	struct param *params = count > 0 ? calloc(count, sizeof(*params)) : NULL;
	int status = ZT_OK;

	if (count > 0 && !params)
		return ZT_ENOMEM;
	for (size_t i = 0; status == ZT_OK && i < count; i++)
		status = param_split(&source->tokens[i + 2], &params[i], error);
	if (status == ZT_OK && count > 0) {
		qsort(params, count, sizeof(*params), param_cmp);
		status = params_write(params, count, out, error);
	}
	free(params);
	return status;
}

int svcb_from_tokens(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	uint8_t target[NAME_MAX_LEN];
	char type[RR_TYPE_TEXT_SIZE];
	uint32_t priority;
	size_t start = out->pos;

	if (source->count < 2)
		return text_error_set(error, source->line, "the data of %s ends too early; expected PRIORITY TARGET [KEY=VALUE...]",
				      rr_type_to_text(source->type, type));
	if (!token_number(&source->tokens[0], UINT16_MAX, &priority))
		return text_error_token(error, &source->tokens[0], "number of 0 to 65535");
	int status = shape_name(&source->tokens[1], source->origin, target, error);
	if (status != ZT_OK)
		return status;
	wcursor_u16(out, (uint16_t)priority);
	wcursor_put(out, target, name_len(target));
	status = params_read(source, out, error);
	if (status != ZT_OK || out->status != ZT_OK || svcb_is_sound(out->base + start, out->pos - start))
		return status;
	return text_error_set(error, source->line, "these parameters are no data of %s; expected every key that mandatory names, alpn beside "
			      "no-default-alpn, and values of their keys' forms", rr_type_to_text(source->type, type));
}
