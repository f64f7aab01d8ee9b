/* One server's copy of one zone. */
#include "authd/manage/standing.h"

#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/wire.h"
#include "lib/dns/rrtype.h"
#include "lib/dns/serial.h"

enum { ROW_VERSION = 2, ROW_HAS_SEEN = 1 };

void standing_write(const struct standing *standing, uint32_t told, uint8_t out[STANDING_ROW_LEN])
{
	memset(out, 0, STANDING_ROW_LEN);
	out[0] = ROW_VERSION;
	out[1] = standing->has_seen ? ROW_HAS_SEEN : 0;
	wire_put_u16(out + 2, standing->seen_by);
	wire_put_u32(out + 4, told);
	wire_put_u32(out + 8, standing->seen_serial);
	wire_put_u32(out + 12, standing->fetched_serial);
	wire_put_u32(out + 16, standing->fetched_ms);
	out[20] = standing->fetched_type;
	out[21] = standing->fetched_kind;
	out[22] = standing->fetched_reason;
	wire_put_u64(out + 24, standing->fetched_bytes);
	wire_put_u64(out + 32, (uint64_t)standing->seen_wall);
	wire_put_u64(out + 40, (uint64_t)standing->fetched_wall);
}

int standing_read(struct standing *standing, uint32_t *told, const uint8_t *data, size_t len)
{
	struct rcursor cur = rcursor_over(data, len);

	*standing = (struct standing){ 0 };
	*told = 0;
	if (len != STANDING_ROW_LEN || rcursor_u8(&cur) != ROW_VERSION)
		return ZT_ECORRUPT;
	standing->has_seen = rcursor_u8(&cur) & ROW_HAS_SEEN;
	standing->seen_by = rcursor_u16(&cur);
	*told = rcursor_u32(&cur);
	standing->seen_serial = rcursor_u32(&cur);
	standing->fetched_serial = rcursor_u32(&cur);
	standing->fetched_ms = rcursor_u32(&cur);
	standing->fetched_type = rcursor_u8(&cur);
	standing->fetched_kind = rcursor_u8(&cur);
	standing->fetched_reason = rcursor_u8(&cur);
	rcursor_u8(&cur);
	standing->fetched_bytes = rcursor_u64(&cur);
	standing->seen_wall = (usec_t)rcursor_u64(&cur);
	standing->fetched_wall = (usec_t)rcursor_u64(&cur);
	return ZT_OK;
}

bool standing_has_reached(const struct standing *standing, uint32_t serial)
{
	return standing->has_seen && (standing->seen_serial == serial || serial_is_newer(standing->seen_serial, serial));
}

void standing_see(struct standing *standing, uint32_t serial, uint16_t by, usec_t wall)
{
	standing->has_seen = true;
	standing->seen_serial = serial;
	standing->seen_by = by;
	standing->seen_wall = wall;
	standing->is_dirty = true;
}

void standing_fetch(struct standing *standing, const struct evidence *evidence, usec_t wall)
{
	usec_t ms = (evidence->duration + USEC_PER_MSEC / 2) / USEC_PER_MSEC;

	standing->fetched_wall = wall;
	standing->fetched_bytes = evidence->bytes;
	standing->fetched_serial = evidence->serial;
	standing->fetched_ms = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
	standing->fetched_type = (uint8_t)evidence->type;
	standing->fetched_kind = (uint8_t)evidence->kind;
	standing->fetched_reason = (uint8_t)evidence->reason;
	standing->is_dirty = true;
}

const char *standing_transfer_text(const struct standing *standing)
{
	switch (standing->fetched_kind) {
	case TRANSFER_STEPS: return "ixfr";
	case TRANSFER_CONDENSED: return "ixfr condensed";
	case TRANSFER_ZONE: return standing->fetched_type == TYPE_IXFR ? "axfr for ixfr" : "axfr";
	case TRANSFER_REPAIR: return "reconciliation";
	default: return NULL;
	}
}

const char *standing_reason_text(const struct standing *standing)
{
	static const char *const texts[] = {
		[REASON_ASKED] = "asked for AXFR",
		[REASON_TOO_OLD] = "the journal does not reach back to its serial",
		[REASON_LARGE] = "the differences were larger than the zone",
		[REASON_DAMAGED] = "the journal is damaged",
		[REASON_FOREIGN] = "its serial is none of this zone's versions",
		[REASON_LINEAGE] = "it had other content at its serial",
	};
	unsigned reason = standing->fetched_kind == TRANSFER_ZONE ? standing->fetched_reason : REASON_NONE;

	return reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : NULL;
}

static const char *seen_by_text(const struct standing *standing)
{
	switch (standing->seen_by) {
	case TYPE_SOA: return "soa";
	case TYPE_IXFR: return "ixfr";
	case TYPE_AXFR: return "axfr";
	default: return NULL;
	}
}

json_t *standing_json(const struct standing *standing)
{
	char seen[WALL_TEXT_SIZE], fetched[WALL_TEXT_SIZE];
	bool has_fetched = standing->fetched_kind != TRANSFER_NONE;

	return json_pack("{s:o, s:s?, s:s?, s:s?, s:o, s:s?, s:o, s:o, s:s?}", "serial",
			 standing->has_seen ? json_integer(standing->seen_serial) : json_null(), "confirmed_at",
			 standing->seen_by ? wall_to_text(standing->seen_wall, seen) : NULL, "confirmed_by", seen_by_text(standing), "transfer",
			 standing_transfer_text(standing), "transfer_serial", has_fetched ? json_integer(standing->fetched_serial) : json_null(),
			 "transfer_at", has_fetched ? wall_to_text(standing->fetched_wall, fetched) : NULL, "transfer_bytes",
			 has_fetched ? json_integer((json_int_t)standing->fetched_bytes) : json_null(), "transfer_ms",
			 has_fetched ? json_integer(standing->fetched_ms) : json_null(), "transfer_reason", standing_reason_text(standing));
}
