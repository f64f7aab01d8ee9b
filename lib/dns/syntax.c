/* Rdata text of the types with a syntax of their own. */
#include "lib/dns/syntax.h"

#include <string.h>

#include "lib/dns/encoding.h"
#include "lib/dns/shape.h"
#include "lib/dns/svcb.h"

static int bad_data(const struct rdata_source *source, struct text_error *error)
{
	char type[RR_TYPE_TEXT_SIZE];
	return text_error_set(error, source->line, "bad data of %s; expected %s", rr_type_to_text(source->type, type), syntax_form(source->type));
}

/* ---- HIP ----------------------------------------------------------------------------------------------------------------- */

/* RFC 8005 section 6: ALGORITHM HIT KEY [SERVER...]; on the wire the lengths of HIT and key come first. */
static int hip_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	const struct token *tokens = source->tokens;
	uint32_t algorithm;
	size_t start = out->pos;

	if (source->count < 3 || !token_number(&tokens[0], UINT8_MAX, &algorithm))
		return bad_data(source, error);
	wcursor_u8(out, 0);
	wcursor_u8(out, (uint8_t)algorithm);
	wcursor_u16(out, 0);
	size_t hit_at = out->pos;
	if (!hex_from_tokens(&tokens[1], 1, out) || out->pos - hit_at > UINT8_MAX)
		return text_error_token(error, &tokens[1], "host identity tag; expected at most 255 bytes in hexadecimal digits");
	size_t key_at = out->pos;
	if (!base64_from_tokens(&tokens[2], 1, out))
		return text_error_token(error, &tokens[2], "host identity; expected base64");
	if (out->status != ZT_OK)
		return ZT_OK;
	out->base[start] = (uint8_t)(key_at - hit_at);
	wire_put_u16(out->base + start + 2, (uint16_t)(out->pos - key_at));
	for (size_t i = 3; i < source->count; i++) {
		uint8_t name[NAME_MAX_LEN];
		int status = shape_name(&tokens[i], source->origin, name, error);
		if (status != ZT_OK)
			return status;
		wcursor_put(out, name, name_len(name));
	}
	return ZT_OK;
}

static bool hip_write(const uint8_t *rdata, size_t len, struct buf *out)
{
	struct rcursor cur = rcursor_over(rdata, len);
	uint8_t name[NAME_MAX_LEN], hit_len = rcursor_u8(&cur), algorithm = rcursor_u8(&cur);
	uint16_t key_len = rcursor_u16(&cur);
	const uint8_t *hit = rcursor_take(&cur, hit_len), *key = rcursor_take(&cur, key_len);
	size_t start = out->len;

	if (cur.status != ZT_OK || hit_len == 0 || key_len == 0)
		return false;
	buf_printf(out, "%u ", algorithm);
	hex_to_text(hit, hit_len, out);
	buf_add_u8(out, ' ');
	base64_to_text(key, key_len, out);
	while (rcursor_left(&cur) > 0) {
		char text[NAME_TEXT_SIZE];
		if (name_read_plain(&cur, name) == 0) {
			out->len = start;
			return false;
		}
		name_to_text(name, text);
		buf_add_u8(out, ' ');
		buf_add(out, text, strlen(text));
	}
	return true;
}

/* ---- NSAP and ATMA ------------------------------------------------------------------------------------------------------- */

/* Hexadecimal digits of one token, from `from` on, with dots anywhere between them. At least one byte. */
static int dotted_hex_read(const struct token *token, uint32_t from, struct wcursor *out, struct text_error *error)
{
	char pair[2];
	struct token byte = { .at = pair, .len = 2 };
	unsigned count = 0;

	for (uint32_t i = from; i < token->len; i++) {
		if (token->at[i] == '.')
			continue;
		pair[count++ % 2] = token->at[i];
		if (count % 2 == 0 && !hex_from_tokens(&byte, 1, out))
			return text_error_token(error, token, "address; expected hexadecimal digits");
	}
	if (count % 2 != 0 || count == 0)
		return text_error_token(error, token, "address; expected two digits a byte");
	return ZT_OK;
}

/* RFC 1706 section 6. */
static int nsap_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	const struct token *token = source->tokens;

	if (source->count != 1 || token->len < 2 || token->at[0] != '0' || (token->at[1] | 0x20) != 'x')
		return bad_data(source, error);
	return dotted_hex_read(token, 2, out, error);
}

static bool nsap_write(const uint8_t *rdata, size_t len, struct buf *out)
{
	buf_add(out, "0x", 2);
	hex_to_text(rdata, len, out);
	return true;
}

enum { ATMA_AESA = 0, ATMA_E164 = 1 };

/* ATM Forum, AF-DANS-0152.000: an address in hexadecimal digits, or + and a telephone number. */
static int atma_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	const struct token *token = source->tokens;
	size_t start = out->pos;

	if (source->count != 1)
		return bad_data(source, error);
	if (token->len == 0 || token->at[0] != '+') {
		wcursor_u8(out, ATMA_AESA);
		return dotted_hex_read(token, 0, out, error);
	}
	wcursor_u8(out, ATMA_E164);
	for (uint32_t i = 1; i < token->len; i++) {
		if (token->at[i] == '.')
			continue;
		if (token->at[i] < '0' || token->at[i] > '9')
			return text_error_token(error, token, "ATM address; expected + and digits");
		wcursor_u8(out, (uint8_t)token->at[i]);
	}
	return out->status != ZT_OK || out->pos > start + 1 ? ZT_OK : bad_data(source, error);
}

static bool atma_write(const uint8_t *rdata, size_t len, struct buf *out)
{
	if (rdata[0] == ATMA_AESA) {
		hex_to_text(rdata + 1, len - 1, out);
		return true;
	}
	for (size_t i = 1; i < len; i++) {
		if (rdata[i] < '0' || rdata[i] > '9')
			return false;
	}
	if (rdata[0] != ATMA_E164)
		return false;
	buf_add_u8(out, '+');
	buf_add(out, rdata + 1, len - 1);
	return true;
}

/* ---- IPSECKEY and AMTRELAY ----------------------------------------------------------------------------------------------- */

/* The shape of a gateway or relay by its form (RFC 4025 section 2.3, RFC 8777 section 4.3.1). */
static const char gateway_codes[] = { '.', 'a', 'A', 'n' };

enum { GATEWAY_FORMS = 4, AMTRELAY_DISCOVERY = 0x80 };

/* The key is left out where there is none. */
static int ipseckey_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	uint32_t form;
	char shape[] = "111?c";

	if (source->count > 1 && token_number(&source->tokens[1], UINT8_MAX, &form) && form >= GATEWAY_FORMS)
		return bad_data(source, error);
	if (source->count < 2 || !token_number(&source->tokens[1], UINT8_MAX, &form))
		form = 0;      /* the shape will say what is wrong */
	shape[3] = gateway_codes[form];
	return shape_from_tokens(shape, source, out, error);
}

static bool ipseckey_write(const uint8_t *rdata, size_t len, struct buf *out)
{
	char shape[] = "111?c";

	if (rdata[1] >= GATEWAY_FORMS)
		return false;
	shape[3] = gateway_codes[rdata[1]];
	return shape_to_text(shape, rdata, len, out);
}

static int amtrelay_read(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	const struct token *tokens = source->tokens;
	uint32_t precedence, is_optional, form;

	if (source->count != 4)
		return bad_data(source, error);
	if (!token_number(&tokens[0], UINT8_MAX, &precedence))
		return text_error_token(error, &tokens[0], "number of 0 to 255");
	if (!token_number(&tokens[1], 1, &is_optional))
		return text_error_token(error, &tokens[1], "discovery flag; expected 0 or 1");
	if (!token_number(&tokens[2], GATEWAY_FORMS - 1, &form))
		return text_error_token(error, &tokens[2], "relay type; expected 0 for none, 1 for IPv4, 2 for IPv6, 3 for a name");
	wcursor_u8(out, (uint8_t)precedence);
	wcursor_u8(out, (uint8_t)(form | (is_optional ? AMTRELAY_DISCOVERY : 0)));
	struct rdata_source relay = *source;
	relay.tokens += 3;
	relay.count = 1;
	return shape_from_tokens((char[]){ gateway_codes[form], '\0' }, &relay, out, error);
}

static bool amtrelay_write(const uint8_t *rdata, size_t len, struct buf *out)
{
	uint8_t form = rdata[1] & 0x7f;

	if (form >= GATEWAY_FORMS)
		return false;
	buf_printf(out, "%u %u %u ", rdata[0], rdata[1] >> 7, form);
	return shape_to_text((char[]){ gateway_codes[form], '\0' }, rdata + 2, len - 2, out);
}

/* ---- public -------------------------------------------------------------------------------------------------------------- */

struct syntax {
	uint16_t type;
	const char *form;
	int (*read)(const struct rdata_source *source, struct wcursor *out, struct text_error *error);
	bool (*write)(const uint8_t *rdata, size_t len, struct buf *out);
};

static const struct syntax syntaxes[] = {
	{ TYPE_NSAP, "0xHEX", nsap_read, nsap_write },
	{ TYPE_ATMA, "HEX or +DIGITS", atma_read, atma_write },
	{ TYPE_IPSECKEY, "PRECEDENCE GATEWAY-TYPE ALGORITHM GATEWAY BASE64", ipseckey_read, ipseckey_write },
	{ TYPE_HIP, "ALGORITHM HEX BASE64 [SERVER...]", hip_read, hip_write },
	{ TYPE_SVCB, "PRIORITY TARGET [KEY=VALUE...]", svcb_from_tokens, svcb_to_text },
	{ TYPE_HTTPS, "PRIORITY TARGET [KEY=VALUE...]", svcb_from_tokens, svcb_to_text },
	{ TYPE_AMTRELAY, "PRECEDENCE 0|1 RELAY-TYPE RELAY", amtrelay_read, amtrelay_write },
};

static const struct syntax *syntax_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(syntaxes) / sizeof(syntaxes[0]); i++) {
		if (syntaxes[i].type == type)
			return &syntaxes[i];
	}
	return NULL;
}

const char *syntax_form(uint16_t type)
{
	const struct syntax *syntax = syntax_of(type);
	return syntax ? syntax->form : NULL;
}

int syntax_from_tokens(const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	const struct syntax *syntax = syntax_of(source->type);
	return syntax ? syntax->read(source, out, error) : bad_data(source, error);
}

bool syntax_to_text(uint16_t type, const uint8_t *rdata, size_t len, struct buf *out)
{
	const struct syntax *syntax = syntax_of(type);
	size_t start = out->len;

	if (syntax && syntax->write(rdata, len, out))
		return true;
	out->len = start;
	return false;
}
