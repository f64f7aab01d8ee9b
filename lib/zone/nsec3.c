/* NSEC3 as arithmetic. */
#include "lib/zone/nsec3.h"

#include <nettle/sha1.h>

#include "lib/base/wire.h"
#include "lib/dns/rrtype.h"

static void params_read(struct nsec3_params *params, const uint8_t *rdata)
{
	params->algorithm = rdata[0];
	params->iterations = wire_get_u16(rdata + 2);
	params->salt_len = rdata[4];
	params->salt = rdata + 5;
}

bool nsec3_params_read(struct nsec3_params *params, const uint8_t *rdata)
{
	params_read(params, rdata);
	return params->algorithm == NSEC3_SHA1 && rdata[1] == 0 && params->iterations <= NSEC3_ITERATIONS_MAX;
}

bool nsec3_params_equal(const struct nsec3_params *a, const struct nsec3_params *b)
{
	return a->algorithm == b->algorithm && a->iterations == b->iterations && a->salt_len == b->salt_len &&
	       memcmp(a->salt, b->salt, a->salt_len) == 0;
}

bool nsec3_of_chain(const struct znode *node, const struct nsec3_params *params, struct nsec3 *out)
{
	struct rrset set;
	const uint8_t *data;
	uint16_t len;

	if (!znode_rrset(node, TYPE_NSEC3, 0, &set))
		return false;
	for (const uint8_t *at = set.rdata; rrset_next(&set, &at, &data, &len);) {
		params_read(&out->params, data);
		out->flags = data[1];
		out->next_len = data[5 + data[4]];
		out->next = data + 6 + data[4];
		if (nsec3_params_equal(&out->params, params) && out->next_len == NSEC3_HASH_LEN)
			return true;
	}
	return false;
}

void nsec3_hash(const struct nsec3_params *params, const uint8_t *name, uint8_t hash[NSEC3_HASH_LEN])
{
	struct sha1_ctx sha1;
	uint8_t lower[NAME_MAX_LEN];
	size_t len = name_copy(lower, name);

	name_lower(lower);
	sha1_init(&sha1);
	sha1_update(&sha1, len, lower);
	sha1_update(&sha1, params->salt_len, params->salt);
	sha1_digest(&sha1, NSEC3_HASH_LEN, hash);      /* which also makes the context ready for the next */
	for (unsigned i = 0; i < params->iterations; i++) {
		sha1_update(&sha1, NSEC3_HASH_LEN, hash);
		sha1_update(&sha1, params->salt_len, params->salt);
		sha1_digest(&sha1, NSEC3_HASH_LEN, hash);
	}
}

bool nsec3_owner(const uint8_t hash[NSEC3_HASH_LEN], const uint8_t *apex, uint8_t owner[NAME_MAX_LEN])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	size_t apex_len = name_len(apex);
	uint8_t *out = owner;

	if (apex_len > NAME_MAX_LEN - 1 - NSEC3_LABEL_LEN)
		return false;
	*out++ = NSEC3_LABEL_LEN;
	for (unsigned i = 0; i < NSEC3_HASH_LEN; i += 5) {      /* five bytes are eight digits */
		uint64_t group = (uint64_t)wire_get_u32(hash + i) << 8 | hash[i + 4];
		for (int shift = 35; shift >= 0; shift -= 5)
			*out++ = (uint8_t)digits[group >> shift & 31];
	}
	memcpy(out, apex, apex_len);
	return true;
}

/* The value of a base32hex digit of either case; above 31 for what is none. */
static uint8_t digit_value(uint8_t c)
{
	/* Letters come as 0x41.. or 0x61.., digits as 0x30..; one subtraction and one comparison for each, no branch. */
	uint8_t digit = (uint8_t)(c - '0'), letter = (uint8_t)((c | 0x20) - 'a');
	uint8_t of_letter = letter < 22 ? (uint8_t)(letter + 10) : 0xff;

	return digit < 10 ? digit : of_letter;
}

bool nsec3_owner_hash(const uint8_t *owner, uint8_t hash[NSEC3_HASH_LEN])
{
	uint8_t bad = 0;

	if (*owner++ != NSEC3_LABEL_LEN)
		return false;
	for (unsigned i = 0; i < NSEC3_HASH_LEN; i += 5) {
		uint64_t group = 0;
		for (unsigned k = 0; k < 8; k++) {
			uint8_t value = digit_value(*owner++);
			bad |= value;
			group = group << 5 | (value & 31);
		}
		wire_put_u32(hash + i, (uint32_t)(group >> 8));
		hash[i + 4] = (uint8_t)group;
	}
	return bad < 32;
}

bool nsec3_covers(const uint8_t own[NSEC3_HASH_LEN], const struct nsec3 *record, const uint8_t hash[NSEC3_HASH_LEN])
{
	bool is_after = memcmp(own, hash, NSEC3_HASH_LEN) < 0, is_before = memcmp(hash, record->next, NSEC3_HASH_LEN) < 0;

	if (memcmp(own, record->next, NSEC3_HASH_LEN) < 0)
		return is_after && is_before;
	return (is_after || is_before) && memcmp(own, hash, NSEC3_HASH_LEN) != 0;
}
