/* RFC 2136: reading and judging UPDATE messages, and applying them. */
#include "lib/xfr/update.h"

#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/dns/serial.h"

enum {
	WKS_KEY_LEN = 5,            /* address and protocol: a WKS record of the same is replaced (section 1.1.5) */
	RECORD_EXTRA = 10,          /* bytes that a record takes in a message beyond those in its RRset: a pointer, type, class, TTL */
	RRSET_MAX_LEN = UINT16_MAX - MESSAGE_HEADER_LEN - 2 * NAME_MAX_LEN,
};

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

static int record_copy(struct update *update, const struct record *record, struct update_record *out)
{
	uint8_t rdata[RDATA_MAX_LEN];
	struct wcursor cur = wcursor_over(rdata, sizeof(rdata));
	bool has_rdata = record->rdata_len > 0 || record->rr_class == CLASS_IN;

	*out = (struct update_record){ .type = record->type, .rr_class = record->rr_class, .ttl = record->ttl };
	if (record->rr_class == CLASS_ANY) {
		out->rdata_len = record->rdata_len;
	} else if (has_rdata) {
		out->rdata_is_valid = record_rdata(&update->message, record, &cur) == ZT_OK && cur.status == ZT_OK;
		out->rdata_len = out->rdata_is_valid ? (uint16_t)cur.pos : record->rdata_len;
	}
	out->owner = arena_copy(&update->arena, record->owner, record->owner_len);
	out->rdata = arena_copy(&update->arena, rdata, out->rdata_is_valid ? out->rdata_len : 0);
	return out->owner && out->rdata ? ZT_OK : ZT_ENOMEM;
}

static int section_copy(struct update *update, enum section section, struct update_record **out, size_t *count)
{
	struct record_iter iter;
	struct record record;

	record_iter_init(&iter, &update->message, section);
	*out = arena_alloc(&update->arena, (update->message.count[section] + 1u) * sizeof(**out));
	if (!*out)
		return ZT_ENOMEM;
	while (record_iter_next(&iter, &record)) {
		int status = record_copy(update, &record, &(*out)[*count]);
		if (status != ZT_OK)
			return status;
		++*count;
	}
	return record_iter_is_broken(&iter) ? ZT_EMALFORMED : ZT_OK;
}

enum rcode update_read(struct update *update, const uint8_t *wire, size_t len)
{
	*update = (struct update){ 0 };
	arena_init(&update->arena, 4096);
	int status = message_read(&update->message, wire, len);
	const struct message *message = &update->message;
	if (status != ZT_OK || flags_opcode(message->flags) != OPCODE_UPDATE || (message->flags & FLAG_QR))
		return RCODE_FORMERR;
	if (message->count[SECTION_QUESTION] != 1 || message->qtype != TYPE_SOA)
		return RCODE_FORMERR;
	if (message->qclass != CLASS_IN)
		return RCODE_NOTAUTH;
	name_copy(update->apex, message->qname);
	name_lower(update->apex);
	status = section_copy(update, SECTION_ANSWER, &update->prerequisites, &update->prerequisite_count);
	if (status == ZT_OK)
		status = section_copy(update, SECTION_AUTHORITY, &update->changes, &update->change_count);
	return status == ZT_OK ? RCODE_NOERROR : status == ZT_EMALFORMED ? RCODE_FORMERR : RCODE_SERVFAIL;
}

void update_fini(struct update *update)
{
	arena_fini(&update->arena);
}

/* ---- prerequisites (section 3.2) --------------------------------------------------------------------------------------------------- */

/* Whether the name has an RRset of the type; signatures over any type count as RRSIG. */
static bool has_rrset(const struct znode *node, uint16_t type)
{
	struct rrset set;
	size_t pos = 0;

	if (!node)
		return false;
	if (type != TYPE_RRSIG)
		return znode_rrset(node, type, 0, &set);
	while (znode_next(node, &pos, &set))
		if (set.type == TYPE_RRSIG)
			return true;
	return false;
}

static uint16_t covers_of(const struct update_record *record)
{
	return record->type == TYPE_RRSIG && record->rdata_len >= 2 ? wire_get_u16(record->rdata) : 0;
}

static bool set_has(const struct rrset *set, const struct update_record *record)
{
	const uint8_t *at = set->rdata, *data;
	uint16_t len;

	while (rrset_next(set, &at, &data, &len))
		if (rdata_cmp(set->type, data, len, record->rdata, record->rdata_len) == 0)
			return true;
	return false;
}

/* Whether the message has, among the prerequisites of one RRset, this rdata. */
static bool message_has(const struct update *update, const struct update_record *of, const uint8_t *data, uint16_t len)
{
	for (size_t i = 0; i < update->prerequisite_count; i++) {
		const struct update_record *record = &update->prerequisites[i];
		if (record->rr_class == CLASS_IN && record->type == of->type && name_equal(record->owner, of->owner) &&
		    rdata_cmp(of->type, record->rdata, record->rdata_len, data, len) == 0)
			return true;
	}
	return false;
}

/* Section 3.2.3: the whole RRset of the zone is what the message says. Every record is looked up in the zone; that the zone has no other is
 * looked at once, at the RRset's first record in the message. */
static bool same_rrset(const struct update *update, size_t index, const struct zone_version *version)
{
	const struct update_record *record = &update->prerequisites[index];
	const struct znode *node = zone_get(version, record->owner);
	const uint8_t *data;
	uint16_t len;
	struct rrset set;
	size_t pos = 0;

	if (!node || !znode_rrset(node, record->type, covers_of(record), &set) || !set_has(&set, record))
		return false;
	for (size_t i = 0; i < index; i++) {
		const struct update_record *earlier = &update->prerequisites[i];
		if (earlier->rr_class == CLASS_IN && earlier->type == record->type && name_equal(earlier->owner, record->owner))
			return true;
	}
	while (znode_next(node, &pos, &set)) {
		const uint8_t *at = set.rdata;
		while (set.type == record->type && rrset_next(&set, &at, &data, &len))
			if (!message_has(update, record, data, len))
				return false;
	}
	return true;
}

/* Form and zone of one prerequisite, and what can be said without looking at the others. */
static enum rcode prerequisite_check(const struct update *update, const struct update_record *record, const struct zone_version *version)
{
	if (record->ttl != 0)
		return RCODE_FORMERR;
	if (!name_is_within(record->owner, update->apex))
		return RCODE_NOTZONE;
	if (record->rr_class == CLASS_IN)
		return record->rdata_is_valid && !rr_type_is_meta(record->type) ? RCODE_NOERROR : RCODE_FORMERR;
	if ((record->rr_class != CLASS_ANY && record->rr_class != CLASS_NONE) || record->rdata_len != 0)
		return RCODE_FORMERR;
	if (rr_type_is_meta(record->type) && record->type != TYPE_ANY)
		return RCODE_FORMERR;
	const struct znode *node = zone_get(version, record->owner);
	bool there = record->type == TYPE_ANY ? node != NULL : has_rrset(node, record->type);
	if (record->rr_class == CLASS_ANY && !there)
		return record->type == TYPE_ANY ? RCODE_NXDOMAIN : RCODE_NXRRSET;
	if (record->rr_class == CLASS_NONE && there)
		return record->type == TYPE_ANY ? RCODE_YXDOMAIN : RCODE_YXRRSET;
	return RCODE_NOERROR;
}

static enum rcode prerequisites_check(const struct update *update, const struct zone_version *version)
{
	for (size_t i = 0; i < update->prerequisite_count; i++) {
		enum rcode rcode = prerequisite_check(update, &update->prerequisites[i], version);
		if (rcode != RCODE_NOERROR)
			return rcode;
	}
	for (size_t i = 0; i < update->prerequisite_count; i++)
		if (update->prerequisites[i].rr_class == CLASS_IN && !same_rrset(update, i, version))
			return RCODE_NXRRSET;
	return RCODE_NOERROR;
}

/* ---- the update section as a whole (section 3.4.1) ---------------------------------------------------------------------------------- */

static enum rcode change_check(const struct update *update, const struct update_record *record)
{
	bool is_meta = rr_type_is_meta(record->type);

	if (!name_is_within(record->owner, update->apex))
		return RCODE_NOTZONE;
	switch (record->rr_class) {
	case CLASS_IN:
		return is_meta || !record->rdata_is_valid ? RCODE_FORMERR : RCODE_NOERROR;
	case CLASS_ANY:
		return record->ttl != 0 || record->rdata_len != 0 || (is_meta && record->type != TYPE_ANY) ? RCODE_FORMERR : RCODE_NOERROR;
	case CLASS_NONE:
		return record->ttl != 0 || is_meta || (record->rdata_len > 0 && !record->rdata_is_valid) ? RCODE_FORMERR : RCODE_NOERROR;
	default:
		return RCODE_FORMERR;
	}
}

enum rcode update_check(const struct update *update, const struct zone_version *version)
{
	enum rcode rcode = prerequisites_check(update, version);

	for (size_t i = 0; i < update->change_count && rcode == RCODE_NOERROR; i++)
		rcode = change_check(update, &update->changes[i]);
	return rcode;
}

/* ---- applying (section 3.4.2) ------------------------------------------------------------------------------------------------------------ */

/* Types that stand beside a CNAME (RFC 4035 section 2.5; KEY by RFC 2535, RFC 3007). */
static bool beside_cname(uint16_t type)
{
	return type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_KEY || type == TYPE_SIG || type == TYPE_NXT;
}

/* Whether adding a type at a name is passed over for what is there: a CNAME beside data, data beside a CNAME, a CNAME over a DNAME. */
static bool conflicts(const struct znode *node, uint16_t type)
{
	struct rrset set;
	size_t pos = 0;

	if (!node || beside_cname(type))
		return false;
	if (type != TYPE_CNAME)
		return znode_flags(node) & ZNODE_HAS_CNAME;
	while (znode_next(node, &pos, &set))
		if (set.type != TYPE_CNAME && !beside_cname(set.type))
			return true;
	return false;
}

/* An SOA is only taken at the apex and with a newer serial. */
static bool soa_is_newer(const struct zone_version *version, const struct update_record *record)
{
	struct rrset set;
	struct soa soa;

	return zone_version_soa(version, &set) && name_equal(record->owner, zone_apex(zone_version_zone(version))) &&
	       soa_from_rdata(&soa, record->rdata, record->rdata_len) && serial_is_newer(soa.serial, zone_version_serial(version));
}

/* Puts the record in the place of all of its RRset. */
static int put_single(struct zone_edit *edit, const struct update_record *record, uint32_t ttl)
{
	uint8_t rdata[sizeof(record->rdata_len) + RDATA_MAX_LEN];
	struct rrset set = { .type = record->type, .count = 1, .ttl = ttl, .rdata = rdata };

	memcpy(rdata, &record->rdata_len, sizeof(record->rdata_len));
	memcpy(rdata + sizeof(record->rdata_len), record->rdata, record->rdata_len);
	set.rdata_size = sizeof(record->rdata_len) + record->rdata_len;
	return zone_edit_put_rrset(edit, record->owner, &set);
}

/* Removes the WKS record that an added one replaces. */
static int wks_displace(struct zone_edit *edit, const struct znode *node, const struct update_record *record)
{
	uint8_t doomed[RDATA_MAX_LEN];
	const uint8_t *at, *data;
	struct rrset set;
	uint16_t len;

	if (!node || !znode_rrset(node, TYPE_WKS, 0, &set) || record->rdata_len < WKS_KEY_LEN)
		return ZT_OK;
	at = set.rdata;
	while (rrset_next(&set, &at, &data, &len)) {
		if (len < WKS_KEY_LEN || memcmp(data, record->rdata, WKS_KEY_LEN) != 0)
			continue;
		memcpy(doomed, data, len);
		return zone_edit_remove(edit, record->owner, TYPE_WKS, doomed, len);
	}
	return ZT_OK;
}

/* An RRset that no message can hold could never be answered, and each record added to a long one copies all of it: what one UPDATE can cost is bounded by this. */
static bool is_full(const struct znode *node, const struct update_record *record)
{
	bool is_signature = record->type == TYPE_RRSIG && record->rdata_len >= 2;
	struct rrset set;

	return node && znode_rrset(node, record->type, is_signature ? wire_get_u16(record->rdata) : 0, &set) &&
	       set.rdata_size + (set.count + 1) * RECORD_EXTRA + sizeof(record->rdata_len) + record->rdata_len > RRSET_MAX_LEN;
}

static int change_add(struct zone_edit *edit, const struct update_record *record)
{
	const struct zone_version *version = zone_edit_view(edit);
	const struct znode *node = zone_get(version, record->owner);
	uint32_t ttl = record->ttl > INT32_MAX ? 0 : record->ttl;      /* RFC 2181 section 8 */
	int status = ZT_OK;

	if (conflicts(node, record->type))
		return ZT_OK;
	switch (record->type) {
	case TYPE_SOA:
		return soa_is_newer(version, record) ? put_single(edit, record, ttl) : ZT_OK;
	case TYPE_CNAME:
	case TYPE_DNAME:           /* RFC 6672 section 5.2 */
		return put_single(edit, record, ttl);
	case TYPE_WKS:
		status = wks_displace(edit, node, record);
		node = zone_get(zone_edit_view(edit), record->owner);      /* another one now, or gone */
		break;
	default:
		break;
	}
	if (status == ZT_OK && is_full(node, record))
		status = ZT_ELIMIT;
	if (status == ZT_OK)
		status = zone_edit_add(edit, &(struct change_record){ record->owner, record->type, ttl, record->rdata, record->rdata_len });
	return status == ZT_EEXIST ? ZT_OK : status;
}

/* The next RRset of a name that goes when `type` (or ANY) is deleted there; the apex keeps its SOA and NS. */
static bool doomed_rrset(const struct znode *node, uint16_t type, bool at_apex, struct rrset *set)
{
	size_t pos = 0;

	while (node && znode_next(node, &pos, set)) {
		bool kept = at_apex && (set->type == TYPE_SOA || set->type == TYPE_NS);
		if (!kept && (type == TYPE_ANY || set->type == type))
			return true;
	}
	return false;
}

static int change_delete_rrsets(struct zone_edit *edit, const struct update *update, const struct update_record *record)
{
	bool at_apex = name_equal(record->owner, update->apex);
	struct rrset set;
	int status = ZT_OK;

	while (status == ZT_OK && doomed_rrset(zone_get(zone_edit_view(edit), record->owner), record->type, at_apex, &set))
		status = zone_edit_remove_rrset(edit, record->owner, set.type, set.covers);
	return status;
}

static int change_delete_record(struct zone_edit *edit, const struct update *update, const struct update_record *record)
{
	struct rrset set;

	if (record->type == TYPE_SOA)
		return ZT_OK;
	if (record->type == TYPE_NS && name_equal(record->owner, update->apex)) {
		const struct znode *node = zone_get(zone_edit_view(edit), record->owner);
		if (node && znode_rrset(node, TYPE_NS, 0, &set) && set.count == 1)
			return ZT_OK;
	}
	int status = zone_edit_remove(edit, record->owner, record->type, record->rdata, record->rdata_len);
	return status == ZT_ENOENT ? ZT_OK : status;
}

int update_apply(const struct update *update, struct zone_edit *edit)
{
	int status = ZT_OK;

	for (size_t i = 0; i < update->change_count && status == ZT_OK; i++) {
		const struct update_record *record = &update->changes[i];
		if (record->rr_class == CLASS_IN)
			status = change_add(edit, record);
		else if (record->rr_class == CLASS_ANY)
			status = change_delete_rrsets(edit, update, record);
		else
			status = change_delete_record(edit, update, record);
	}
	return status;
}

int update_serial(struct zone_edit *edit, const struct zone_version *published)
{
	const struct zone_version *version = zone_edit_view(edit);
	uint32_t serial = zone_version_serial(published);
	uint8_t rdata[RDATA_MAX_LEN];
	const uint8_t *at, *data;
	struct rrset set;
	uint16_t len;

	if (zone_edit_is_empty(edit) || serial_is_newer(zone_version_serial(version), serial) || !zone_version_soa(version, &set))
		return ZT_OK;
	at = set.rdata;
	if (!rrset_next(&set, &at, &data, &len))
		return ZT_OK;
	memcpy(rdata, data, len);
	soa_set_serial(rdata, len, serial_next(serial));
	struct update_record record = { .owner = zone_apex(zone_version_zone(version)), .type = TYPE_SOA, .rdata = rdata, .rdata_len = len };
	return put_single(edit, &record, set.ttl);
}
