/* Locally answered zones. */
#include "resolverd/resolve/local.h"

#include <string.h>

#include "lib/dns/rrtype.h"

enum { LOCAL_TTL = 10800 };

/* Wire names, as literals: the length bytes are octal. */
#define V4(labels) labels "\007in-addr\004arpa"
#define V6(labels) labels "\003ip6\004arpa"
#define ZEROS8 "\0010\0010\0010\0010\0010\0010\0010\0010"
#define ZEROS31 ZEROS8 ZEROS8 ZEROS8 "\0010\0010\0010\0010\0010\0010\0010"

enum local_kind {
	LOCAL_EMPTY,          /* SOA and NS only */
	LOCAL_HOST,           /* the name and all below it have loopback addresses (RFC 6761 section 6.3) */
	LOCAL_V4_LOOPBACK,    /* 1.0.0.127 points at localhost */
	LOCAL_V6_LOOPBACK,    /* the apex points at localhost */
};

struct local_zone {
	const char *apex;
	enum local_kind kind;
};

/* Whole zones; 16..31.172 and 64..127.100 follow by rule. */
static const struct local_zone zones[] = {
	{ "\011localhost", LOCAL_HOST },
	{ "\004test", LOCAL_EMPTY },
	{ "\007invalid", LOCAL_EMPTY },
	{ "\005onion", LOCAL_EMPTY },                        /* RFC 7686 */
	{ "\004home\004arpa", LOCAL_EMPTY },                 /* RFC 8375 */
	{ "\010resolver\004arpa", LOCAL_EMPTY },             /* RFC 9462 */
	{ V4("\00210"), LOCAL_EMPTY },
	{ V4("\003168\003192"), LOCAL_EMPTY },
	{ V4("\0010"), LOCAL_EMPTY },
	{ V4("\003127"), LOCAL_V4_LOOPBACK },
	{ V4("\003254\003169"), LOCAL_EMPTY },
	{ V4("\0012\0010\003192"), LOCAL_EMPTY },
	{ V4("\003100\00251\003198"), LOCAL_EMPTY },
	{ V4("\003113\0010\003203"), LOCAL_EMPTY },
	{ V4("\003255\003255\003255\003255"), LOCAL_EMPTY },
	{ V6("\0010" ZEROS31), LOCAL_EMPTY },
	{ V6("\0011" ZEROS31), LOCAL_V6_LOOPBACK },
	{ V6("\001d\001f"), LOCAL_EMPTY },
	{ V6("\0018\001e\001f"), LOCAL_EMPTY },
	{ V6("\0019\001e\001f"), LOCAL_EMPTY },
	{ V6("\001a\001e\001f"), LOCAL_EMPTY },
	{ V6("\001b\001e\001f"), LOCAL_EMPTY },
	{ V6("\0018\001b\001d\0010\0011\0010\0010\0012"), LOCAL_EMPTY },
};

static const uint8_t arpa[] = "\007in-addr\004arpa";
static const uint8_t localhost[] = "\011localhost";
static const uint8_t v4_loopback[4] = { 127, 0, 0, 1 };
static const uint8_t v6_loopback[16] = { [15] = 1 };
static const uint8_t v4_pointer[] = "\0011\0010\0010\003127\007in-addr\004arpa";

/* RFC 6303 section 3: an SOA that names nobody. The numbers are serial, refresh, retry, expire, minimum. */
static const uint8_t soa_mailbox[] = "\006nobody\007invalid";
static const uint32_t soa_numbers[] = { 1, 3600, 1200, 604800, LOCAL_TTL };

static const uint8_t *apex_of(const struct local_zone *zone)
{
	return (const uint8_t *)zone->apex;      /* the literal's NUL is the root label */
}

/* The number a label of one to three digits spells; -1 for anything else. */
static int label_number(const uint8_t *label)
{
	int number = 0;

	if (*label == 0 || *label > 3)
		return -1;
	for (unsigned i = 1; i <= *label; i++) {
		if (label[i] < '0' || label[i] > '9')
			return -1;
		number = number * 10 + (label[i] - '0');
	}
	return number;
}

static const struct local_zone rule_zone = { "", LOCAL_EMPTY };

/* n.172.in-addr.arpa (RFC 1918) and n.100.in-addr.arpa (RFC 7793) come in ranges. */
static bool in_ranges(const uint8_t *name, const uint8_t **apex)
{
	unsigned count = name_label_count(name);

	if (count < 4 || !name_is_within(name, arpa))
		return false;
	*apex = name_strip(name, count - 4);
	int second = label_number(*apex), first = label_number(name_parent(*apex));
	return (first == 172 && second >= 16 && second <= 31) || (first == 100 && second >= 64 && second <= 127);
}

static const struct local_zone *zone_of(const uint8_t *name, const uint8_t **apex)
{
	unsigned count = name_label_count(name);

	if (count == 0)
		return NULL;
	if (in_ranges(name, apex))
		return &rule_zone;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		if (name_is_within(name, apex_of(&zones[i]))) {
			*apex = apex_of(&zones[i]);
			return &zones[i];
		}
	}
	return NULL;
}

static struct rrset *make(struct arena *arena, const uint8_t *owner, uint16_t type, struct wcursor *rdata, usec_t now)
{
	uint8_t packed[2 + 512];

	wire_put_u16(packed, (uint16_t)rdata->pos);
	memcpy(packed + 2, rdata->base, rdata->pos);
	struct rrset set = {
		.owner = owner,
		.type = type,
		.trust = TRUST_ANSWER_AA,
		.count = 1,
		.rdata = packed,
		.rdata_len = (uint32_t)(2 + rdata->pos),
		.expires = now + (usec_t)LOCAL_TTL * USEC_PER_SEC,
		.origin = { .learned = now },
	};
	return rdata->status == ZT_OK ? rrset_copy(arena, &set) : NULL;
}

static struct rrset *make_soa(struct arena *arena, const uint8_t *apex, usec_t now)
{
	uint8_t room[512];
	struct wcursor rdata = wcursor_over(room, sizeof(room));

	wcursor_put(&rdata, apex, name_len(apex));
	wcursor_put(&rdata, soa_mailbox, sizeof(soa_mailbox));
	for (unsigned i = 0; i < sizeof(soa_numbers) / sizeof(soa_numbers[0]); i++)
		wcursor_u32(&rdata, soa_numbers[i]);
	return make(arena, apex, TYPE_SOA, &rdata, now);
}

/* The rdata of (name, type) in the zone; false where there is none. */
static bool rdata_of(const struct local_zone *zone, const uint8_t *name, bool is_apex, uint16_t type, struct wcursor *rdata)
{
	bool points = (zone->kind == LOCAL_V4_LOOPBACK && name_equal(name, v4_pointer)) || (zone->kind == LOCAL_V6_LOOPBACK && is_apex);

	if (zone->kind == LOCAL_HOST && type == TYPE_A)
		wcursor_put(rdata, v4_loopback, sizeof(v4_loopback));
	else if (zone->kind == LOCAL_HOST && type == TYPE_AAAA)
		wcursor_put(rdata, v6_loopback, sizeof(v6_loopback));
	else if (points && type == TYPE_PTR)
		wcursor_put(rdata, localhost, sizeof(localhost));
	return rdata->pos > 0;
}

static bool name_exists(const struct local_zone *zone, const uint8_t *name, const uint8_t *apex)
{
	/* The names between apex and 1.0.0.127 are empty non-terminals. */
	return name_equal(name, apex) || zone->kind == LOCAL_HOST || (zone->kind == LOCAL_V4_LOOPBACK && name_is_within(v4_pointer, name));
}

enum local_verdict local_lookup(const struct context *ctx, const uint8_t *name, uint16_t type, struct local_answer *out)
{
	const uint8_t *apex;
	const struct local_zone *zone = ctx->policy->local_zones ? zone_of(name, &apex) : NULL;

	if (!zone)
		return LOCAL_NONE;
	const struct route *route = policy_route(ctx->policy, name);
	if (route && name_is_within(route->zone, apex))
		return LOCAL_NONE;
	bool is_apex = name_equal(name, apex);
	uint8_t room[512];
	struct wcursor rdata = wcursor_over(room, sizeof(room));
	if (is_apex && type == TYPE_NS)
		wcursor_put(&rdata, apex, name_len(apex));
	if (rdata.pos > 0 || rdata_of(zone, name, is_apex, type, &rdata)) {
		out->set = make(ctx->reader.arena, name, type, &rdata, ctx->reader.now);
		return out->set ? LOCAL_ANSWER : LOCAL_NONE;
	}
	struct rrset *soa = make_soa(ctx->reader.arena, apex, ctx->reader.now);
	if (!soa)
		return LOCAL_NONE;
	if (is_apex && type == TYPE_SOA) {
		out->set = soa;
		return LOCAL_ANSWER;
	}
	bool exists = name_exists(zone, name, apex);
	out->negative = (struct negative){
		.rcode = exists ? RCODE_NOERROR : RCODE_NXDOMAIN,
		.expires = soa->expires,
		.origin = soa->origin,
		.count = 1,
		.sets = { soa },
	};
	return exists ? LOCAL_NODATA : LOCAL_NXDOMAIN;
}
