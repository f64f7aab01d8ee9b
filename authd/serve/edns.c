/* The OPT record of replies. */
#include "authd/serve/edns.h"

#include "authd/serve/respond.h"
#include "lib/dns/padding.h"

enum {
	ZONEVERSION_LEN = 6,
	ZONEVERSION_SOA = 0,          /* version type: the SOA serial */
	EXPIRE_LEN = 4,
	KEEPALIVE_LEN = 2,
};

#define BIT(code) (UINT32_C(1) << (code))

static void plan_add(struct edns_plan *plan, enum edns_option code, size_t len)
{
	plan->codes |= BIT(code);
	plan->room = (uint16_t)(plan->room + OPTION_HEAD_LEN + len);
}

static bool plan_has(const struct edns_plan *plan, enum edns_option code)
{
	return plan->codes & BIT(code);
}

static void plan_cookie(struct respond *r)
{
	const struct serve_settings *settings = &r->view->settings;
	const struct edns *edns = &r->message.edns;
	struct cookie_secrets secrets = { settings->secrets, settings->secret_count };
	struct cookie_query query = {
		.option = edns->cookie, .len = edns->cookie_len, .client = r->peer, .now = (uint32_t)(moment_wall(r->moment) / USEC_PER_SEC),
	};

	r->plan.cookie_kind = (uint8_t)cookie_judge(&secrets, &query, r->plan.cookie);
	plan_add(&r->plan, EDNS_COOKIE, COOKIE_LEN);
}

enum rcode edns_plan(struct respond *r)
{
	const struct serve_settings *settings = &r->view->settings;
	const struct edns *edns = &r->message.edns;
	struct edns_plan *plan = &r->plan;

	plan->room = OPT_LEN;
	if (edns->codes == 0)
		return RCODE_NOERROR;
	if (edns_has(edns, EDNS_COOKIE) && settings->cookies != COOKIES_OFF) {
		plan_cookie(r);
		if (plan->cookie_kind == COOKIE_MALFORMED) {
			plan->codes = 0;
			plan->room = OPT_LEN;
			return RCODE_FORMERR;
		}
	}
	if (edns->codes_with_data & BIT(EDNS_ZONEVERSION))
		return RCODE_FORMERR;
	if (edns_has(edns, EDNS_NSID) && settings->nsid_len > 0)
		plan_add(plan, EDNS_NSID, settings->nsid_len);
	/* Keepalive over UDP is ignored (RFC 7828 section 3.2.2); padding would be no use where everybody can read along. */
	if (edns_has(edns, EDNS_KEEPALIVE) && r->is_tcp && r->keepalive > 0)
		plan_add(plan, EDNS_KEEPALIVE, KEEPALIVE_LEN);
	if (edns_has(edns, EDNS_PADDING) && r->is_encrypted)
		plan->codes |= BIT(EDNS_PADDING);
	return RCODE_NOERROR;
}

void edns_plan_zsync(struct respond *r)
{
	struct zsync theirs, ours;

	if (!zsync_read(&r->message.edns, &theirs) || !respond_may_transfer(r))
		return;
	ours = zsync_of_version(r->version, zone_fingerprint_key(r->zone->zone));
	r->plan.says_zsync = true;
	r->plan.zsync_flags = ZSYNC_RECONCILES;
	r->plan.room = (uint16_t)(r->plan.room + ZSYNC_OPTION_LEN);
	if (ours.serial == theirs.serial && ours.key_id == theirs.key_id && !zsync_is_same(&ours, &theirs))
		r->plan.zsync_flags |= ZSYNC_DIVERGED;
}

void edns_plan_zone(struct respond *r)
{
	const struct edns *edns = &r->message.edns;
	uint16_t type = r->message.qtype;

	if (edns_has(edns, EDNS_ZONEVERSION))
		plan_add(&r->plan, EDNS_ZONEVERSION, ZONEVERSION_LEN);
	if ((type != TYPE_SOA && type != TYPE_AXFR && type != TYPE_IXFR) || !name_equal(r->message.qname, r->zone->apex))
		return;
	if (edns_has(edns, EDNS_EXPIRE))
		plan_add(&r->plan, EDNS_EXPIRE, EXPIRE_LEN);
	if (edns->options_len >= ZSYNC_OPTION_LEN)
		edns_plan_zsync(r);
}

static void option_head(struct wcursor *cur, enum edns_option code, size_t len)
{
	wcursor_u16(cur, (uint16_t)code);
	wcursor_u16(cur, (uint16_t)len);
}

static uint32_t soa_expire(const struct zone_version *version)
{
	struct soa soa;

	return zone_version_soa_read(version, &soa) ? soa.expire : 0;
}

/* On a secondary what is left of the time, on a primary all of it. */
static uint32_t zone_expires_in(const struct respond *r)
{
	usec_t at = atomic_load_explicit(&r->zone->expires_at, memory_order_relaxed);

	if (at == 0 || at == INT64_MAX)
		return soa_expire(r->version);
	usec_t left = at - moment_now(r->moment);
	return left > 0 ? (uint32_t)(left / USEC_PER_SEC) : 0;
}

static void options_write(const struct respond *r, struct wcursor *cur)
{
	const struct serve_settings *settings = &r->view->settings;
	const struct edns_plan *plan = &r->plan;

	if (plan_has(plan, EDNS_COOKIE)) {
		option_head(cur, EDNS_COOKIE, COOKIE_LEN);
		wcursor_put(cur, plan->cookie, COOKIE_LEN);
	}
	if (plan_has(plan, EDNS_NSID)) {
		option_head(cur, EDNS_NSID, settings->nsid_len);
		wcursor_put(cur, settings->nsid, settings->nsid_len);
	}
	if (plan_has(plan, EDNS_ZONEVERSION)) {
		option_head(cur, EDNS_ZONEVERSION, ZONEVERSION_LEN);
		wcursor_u8(cur, (uint8_t)name_label_count(r->zone->apex));
		wcursor_u8(cur, ZONEVERSION_SOA);
		wcursor_u32(cur, zone_version_serial(r->version));
	}
	if (plan_has(plan, EDNS_EXPIRE)) {
		option_head(cur, EDNS_EXPIRE, EXPIRE_LEN);
		wcursor_u32(cur, zone_expires_in(r));
	}
	if (plan_has(plan, EDNS_KEEPALIVE)) {
		option_head(cur, EDNS_KEEPALIVE, KEEPALIVE_LEN);
		wcursor_u16(cur, r->keepalive);
	}
	if (plan->says_zsync) {
		struct zsync zsync = zsync_of_version(r->version, zone_fingerprint_key(r->zone->zone));
		uint8_t *room = wcursor_room(cur, ZSYNC_OPTION_LEN);
		zsync.flags = plan->zsync_flags;
		if (room)
			zsync_write(&zsync, room);
	}
}

static void error_write(const struct edns_error *error, struct wcursor *cur)
{
	size_t len = 2 + (size_t)error->len;

	if (wcursor_left(cur) < OPTION_HEAD_LEN + len)      /* it is not worth a truncated reply */
		return;
	option_head(cur, EDNS_EDE, len);
	wcursor_u16(cur, error->code);
	wcursor_put(cur, error->text, error->len);
}

/* Fills the message up to a multiple of the block, or to its limit. */
static void padding_write(struct wcursor *cur)
{
	size_t left = wcursor_left(cur);

	if (left < OPTION_HEAD_LEN)
		return;
	size_t len = (PADDING_RESPONSE_BLOCK - (cur->pos + OPTION_HEAD_LEN) % PADDING_RESPONSE_BLOCK) % PADDING_RESPONSE_BLOCK;
	if (len > left - OPTION_HEAD_LEN)
		len = left - OPTION_HEAD_LEN;
	option_head(cur, EDNS_PADDING, len);
	memset(wcursor_room(cur, len), 0, len);
}

void edns_write(const struct respond *r, struct message_writer *writer, enum rcode rcode)
{
	struct edns_out edns = {
		.udp_size = r->view->settings.udp_payload_size, .rcode = rcode, .flags = r->message.edns.flags & EDNS_FLAG_DO,
	};

	/* Room was kept, so the record without options fits; DO comes back as it was sent (RFC 3225 section 3). */
	if (message_write_edns(writer, &edns) != ZT_OK)
		return;
	if (r->plan.codes == 0 && !r->plan.says_zsync && !r->plan.error)
		return;
	size_t options_at = writer->cur.pos;
	options_write(r, &writer->cur);
	if (r->plan.error)
		error_write(r->plan.error, &writer->cur);
	if (plan_has(&r->plan, EDNS_PADDING))
		padding_write(&writer->cur);
	wire_put_u16(writer->cur.base + options_at - 2, (uint16_t)(writer->cur.pos - options_at));
}

bool edns_pads(const struct respond *r)
{
	return plan_has(&r->plan, EDNS_PADDING);
}

uint16_t edns_options_write(const struct respond *r, uint8_t out[OPTIONS_MAX_LEN])
{
	struct wcursor cur = wcursor_over(out, OPTIONS_MAX_LEN);
	options_write(r, &cur);
	return (uint16_t)cur.pos;
}
