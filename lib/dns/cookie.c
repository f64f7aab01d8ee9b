/* Server cookies. */
#include "lib/dns/cookie.h"

#include <sodium.h>
#include <string.h>

#include "lib/base/wire.h"

enum {
	SERVER_MIN_LEN = 8, SERVER_MAX_LEN = 32,      /* of other servers (RFC 7873 section 4) */
	VERSION = 1,
	HASHED_HEAD_LEN = 8,           /* version, reserved, timestamp */
	LIFETIME_S = 3600,             /* RFC 9018 section 4.3, as the two below */
	AHEAD_MAX_S = 300,             /* clocks of servers differ */
	RENEW_AFTER_S = 1800,
	IP_MAX_LEN = 16,
};

_Static_assert(COOKIE_SECRET_LEN == crypto_shorthash_KEYBYTES && crypto_shorthash_BYTES == 8, "SipHash-2-4 as RFC 9018 has it");

/* The hash over client cookie, version, reserved, timestamp (all in `cookie`, in that order) and the client's address. */
static void cookie_hash(const uint8_t cookie[COOKIE_LEN], const struct cookie_secret *secret, const struct netaddr *client, uint8_t out[crypto_shorthash_BYTES])
{
	uint8_t input[COOKIE_CLIENT_LEN + HASHED_HEAD_LEN + IP_MAX_LEN];
	size_t ip_len, head = COOKIE_CLIENT_LEN + HASHED_HEAD_LEN;
	const uint8_t *ip = netaddr_ip(client, &ip_len);

	memcpy(input, cookie, head);
	if (ip)
		memcpy(input + head, ip, ip_len);
	crypto_shorthash(out, input, head + ip_len, secret->bytes);
}

static void cookie_make(uint8_t out[COOKIE_LEN], const struct cookie_query *query, const struct cookie_secret *secret)
{
	memcpy(out, query->option, COOKIE_CLIENT_LEN);
	memset(out + COOKIE_CLIENT_LEN, 0, 4);
	out[COOKIE_CLIENT_LEN] = VERSION;
	wire_put_u32(out + COOKIE_CLIENT_LEN + 4, query->now);
	cookie_hash(out, secret, query->client, out + COOKIE_CLIENT_LEN + HASHED_HEAD_LEN);
}

/* Which secret made the cookie; the list's count if none did. */
static unsigned maker_find(const struct cookie_secrets *secrets, const struct cookie_query *query)
{
	unsigned i;

	for (i = 0; i < secrets->count; i++) {
		uint8_t hash[crypto_shorthash_BYTES];
		cookie_hash(query->option, &secrets->list[i], query->client, hash);
		if (sodium_memcmp(hash, query->option + COOKIE_CLIENT_LEN + HASHED_HEAD_LEN, sizeof(hash)) == 0)
			break;
	}
	return i;
}

enum cookie_kind cookie_judge(const struct cookie_secrets *secrets, const struct cookie_query *query, uint8_t reply[COOKIE_LEN])
{
	size_t len = query->len;
	enum cookie_kind kind = len == COOKIE_CLIENT_LEN ? COOKIE_CLIENT : COOKIE_BAD;

	if (len != COOKIE_CLIENT_LEN && (len < COOKIE_CLIENT_LEN + SERVER_MIN_LEN || len > COOKIE_CLIENT_LEN + SERVER_MAX_LEN))
		return COOKIE_MALFORMED;
	if (len == COOKIE_LEN && query->option[COOKIE_CLIENT_LEN] == VERSION) {
		/* Serial number arithmetic (RFC 1982), so that the clock may pass 2106. */
		int32_t age = (int32_t)(query->now - wire_get_u32(query->option + COOKIE_CLIENT_LEN + 4));
		bool is_timely = age <= LIFETIME_S && age >= -AHEAD_MAX_S;
		unsigned maker = is_timely ? maker_find(secrets, query) : secrets->count;
		if (maker < secrets->count)
			kind = COOKIE_GOOD;
		/* Reserved bytes that another server has set are not for us to hand out again. */
		if (maker == 0 && age <= RENEW_AFTER_S && memcmp(query->option + COOKIE_CLIENT_LEN + 1, "\0\0", 3) == 0) {
			memcpy(reply, query->option, COOKIE_LEN);
			return kind;
		}
	}
	cookie_make(reply, query, &secrets->list[0]);
	return kind;
}
