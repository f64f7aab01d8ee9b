/* The keys of one zone. */
#include "authd/options_zone.h"

#include <string.h>

#include "authd/options_reader.h"
#include "lib/dns/name.h"
#include "lib/dns/tsig_key.h"

static const char *domain_name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	return name_from_text(name, text, NULL) == ZT_OK ? NULL : "a domain name, such as example.org";
}

static const struct schema_name catalog_roles[] = { { "none", CATALOG_NONE }, { "consumer", CATALOG_CONSUMER }, { "producer", CATALOG_PRODUCER }, { NULL, 0 } };

static const struct schema_name zonemd_hashes[] = { { "none", ZONEMD_NO_HASH }, { "sha384", ZONEMD_SHA384 }, { "sha512", ZONEMD_SHA512 }, { NULL, 0 } };

static const char *group_check(const char *text)
{
	return text[0] && strlen(text) <= 255 ? NULL : "a text of 1 to 255 bytes";
}
enum { ROLLBACK_ALARM, ROLLBACK_ADOPT };
static const struct schema_name rollback_names[] = { { "alarm", ROLLBACK_ALARM }, { "adopt", ROLLBACK_ADOPT }, { NULL, 0 } };

static const struct schema_row zone_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct zone_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = domain_name_check,
	  .help = "The zone's apex; of a template, its name, which looks like one." },
	{ "file", SCHEMA_PATH, offsetof(struct zone_conf, file),
	  .help = "The zone file (RFC 1035 section 5). A zone with a file and without primaries is a primary zone." },
	{ "notify", SCHEMA_MAPPING, offsetof(struct zone_conf, notify), SCHEMA_LIST, .mapping = &remote_options_schema,
	  .help = "Servers that are told of every change by NOTIFY (RFC 1996)." },
	{ "notify-first", SCHEMA_INT, offsetof(struct zone_conf, notify_first), .fallback = "0", .min = 0, .max = 1000,
	  .help = "With servers that tell each other (group): so many of the notify list, drawn anew for each change, are told at once; the others are asked a second later what "
		  "they have, and told if it is not the newest version. 0 means that all are told at once." },
	{ "primaries", SCHEMA_MAPPING, offsetof(struct zone_conf, primaries), SCHEMA_LIST, .mapping = &remote_options_schema,
	  .help = "Servers the zone is transferred from; makes this a secondary zone." },
	{ "group", SCHEMA_MAPPING, offsetof(struct zone_conf, group), SCHEMA_LIST, .mapping = &remote_options_schema,
	  .help = "Other secondaries of the zone, which help each other: who has a new version tells some of them, and who hears of one takes it from the nearest server that "
		  "has it. What the primary sends does not grow with the group then. Members may send NOTIFY, and transfer the zone; who "
		  "has a key here, only with that key. The list may name this server too, so that all members can have the same." },
	{ "group-relay", SCHEMA_INT, offsetof(struct zone_conf, group_relay), .fallback = "3", .min = 0, .max = GROUP_RELAY_MAX,
	  .help = "How many members of the group, drawn at random, are told of each new version." },
	{ "allow-query", SCHEMA_ACCESS, offsetof(struct zone_conf, allow_query), SCHEMA_LIST,
	  .help = "Who may ask for the zone's data. Absent means who the server's allow-query says; an empty list, nobody." },
	{ "allow-transfer", SCHEMA_ACCESS, offsetof(struct zone_conf, allow_transfer), SCHEMA_LIST,
	  .help = "Who may transfer the zone (AXFR, IXFR). Absent means nobody. Besides addresses and keys: tls:NAME, whose certificate leads to tls-client-ca and is for "
		  "NAME; pin:PIN, whose certificate's key has this pin (as in tls). In one entry, as in 192.0.2.0/24 tls:ns2.example, all must be so." },
	{ "transfer-tls-only", SCHEMA_BOOL, offsetof(struct zone_conf, transfer_tls_only), .fallback = "no",
	  .help = "Whether transfers are given over TLS alone (RFC 9103), to whom allow-transfer lets pass; others get REFUSED." },
	{ "allow-update", SCHEMA_ACCESS, offsetof(struct zone_conf, allow_update), SCHEMA_LIST,
	  .help = "Who may change the zone by UPDATE (RFC 2136). Absent means nobody." },
	{ "allow-notify", SCHEMA_ACCESS, offsetof(struct zone_conf, allow_notify), SCHEMA_LIST,
	  .help = "Who may send NOTIFY, besides the primaries and the group, who always may from their addresses, signed or not: all that "
		  "a NOTIFY leads to is a question to one of them." },
	{ "max-transfer-size", SCHEMA_SIZE, offsetof(struct zone_conf, max_transfer_size), .fallback = "4G", .min = 1 << 16, .max = INT64_C(1) << 50,
	  .help = "Most bytes that a transfer of the zone to here may have. A larger one is given up and counts as failed, so that a primary that never comes to an end, or sends "
		  "another zone than expected, cannot fill the memory. Three times the size of the zone file is a good choice." },
	{ "zonemd-verify", SCHEMA_BOOL, offsetof(struct zone_conf, zonemd_verify), .fallback = "yes",
	  .help = "Whether a zone file or transfer whose content does not have the digest that its ZONEMD records state (RFC 8976) is refused. Where no record has a "
		  "scheme and hash known here (SIMPLE with SHA-384 or SHA-512), that is logged and the content taken. UPDATE is not checked, nor does it keep "
		  "ZONEMD true unless there is zonemd-generate: sign such zones anew, or publish none in them." },
	{ "zonemd-generate", SCHEMA_ENUM, offsetof(struct zone_conf, zonemd_generate), .fallback = "none", .names = zonemd_hashes,
	  .help = "Gives each version of a primary zone a ZONEMD record at its apex with the digest of its content (RFC 8976), in place of those that its file or UPDATE may put there. The "
		  "whole zone is hashed for each version (100,000 address records take 8 ms, and that much longer is the way of an UPDATE); updates that come at the same time share a version. "
		  "A signed zone can't be given a record without a signature: it must come with "
		  "a ZONEMD of its own that is right, or it is refused, and so is an UPDATE of it." },
	{ "catalog", SCHEMA_ENUM, offsetof(struct zone_conf, catalog), .fallback = "none", .names = catalog_roles,
	  .help = "What the zone is as a catalog of zones (RFC 9432). A consumer's content says which secondary zones are served: those it lists come, change and go with "
		  "it, also while the daemon runs. A member's data goes with it for good, also where its unique label in the catalog changes. A catalog that breaks a rule changes nothing, and "
		  "zonectl zone tells why. A zone that is configured here, or is a member of another catalog (and not handed over by its coo property), is not taken. "
		  "The content of a producer, which has neither file nor primaries, is made of the zones that name it as their catalog-member." },
	{ "catalog-template", SCHEMA_TEXT, offsetof(struct zone_conf, catalog_template), SCHEMA_LIST,
	  .help = "Of a consumer: the templates for its members. The first one is used, unless a group property of the member is the name of another one." },
	{ "catalog-member", SCHEMA_TEXT, offsetof(struct zone_conf, catalog_member), .check = domain_name_check,
	  .help = "The producer that lists this zone." },
	{ "catalog-group", SCHEMA_TEXT, offsetof(struct zone_conf, catalog_group), .check = group_check,
	  .help = "The zone's group property in that catalog." },
	{ "rollback", SCHEMA_ENUM, offsetof(struct zone_conf, rollback), .names = rollback_names, .fallback = "alarm",
	  .help = "What a secondary does when its primaries have gone back to an older serial, as after a backup was restored. With alarm it goes on serving the newer "
		  "version and says so in the log, in zonectl zone and in the metrics; zonectl retransfer takes the primary's version. With adopt it takes it by itself "
		  "where that is proved to be a version which was once served here (the primary tells serial and fingerprint, and they are in the journal), and "
		  "every primary has gone back; otherwise it does as with alarm. Servers that follow this one then see the serial go back, too." },
};

const struct schema zone_options_schema = { .what = "zone", .size = sizeof(struct zone_conf), .rows = zone_rows,
					   .row_count = SCHEMA_COUNT(zone_rows) };

/* Adds the addresses of servers to a list, which is made where there is none; `with_keys`: those with a key must sign. */
static struct acl *servers_admit(struct options_reader *reader, struct acl *acl, const struct remote_options *servers, uint32_t count, bool with_keys)
{
	if (count == 0)
		return acl;
	if (!acl) {
		acl = options_take(reader, sizeof(*acl));
		if (!acl)
			return NULL;
		acl_init(acl);
	}
	for (uint32_t i = 0; i < count; i++) {
		size_t len;
		const uint8_t *ip = netaddr_ip(&servers[i].address, &len);
		struct netprefix host = { .family = servers[i].address.family, .bits = (uint8_t)(len * 8) };
		if (!ip)
			continue;      /* reported already */
		memcpy(host.ip, ip, len);
		const struct tsig_key *key = with_keys ? servers[i].key : NULL;
		if (acl_add(acl, &(struct acl_rule){ .prefix = &host, .key = key ? tsig_key_name(key) : NULL }) != ZT_OK)
			reader->status = ZT_ENOMEM;
	}
	return acl;
}

/* The addresses of those servers that get IXFR in one form. */
static struct acl *servers_with(struct options_reader *reader, const struct zone_options *zone, enum ixfr_form form)
{
	struct acl *acl = NULL;

	for (uint32_t i = 0; i < zone->notify_count; i++)
		if (zone->notify[i].ixfr == form)
			acl = servers_admit(reader, acl, &zone->notify[i], 1, false);
	for (uint32_t i = 0; i < zone->group_count; i++)
		if (zone->group[i].ixfr == form)
			acl = servers_admit(reader, acl, &zone->group[i], 1, false);
	return acl;
}

void zone_options_settings(struct options_reader *reader, const struct zone_conf *conf, const struct schema_list *primaries, struct zone_options *zone)
{
	zone->notify = remote_options_read(reader, &conf->notify, &zone->notify_count);
	zone->primaries = remote_options_read(reader, primaries, &zone->primaries_count);
	zone->allow_query = options_acl(reader, conf->node, "allow-query", &conf->allow_query);
	zone->group = remote_options_read(reader, &conf->group, &zone->group_count);
	zone->group_relay = (uint32_t)conf->group_relay;
	zone->notify_first = (uint32_t)conf->notify_first;
	zone->allow_transfer = options_acl(reader, conf->node, "allow-transfer", &conf->allow_transfer);
	zone->allow_transfer = servers_admit(reader, zone->allow_transfer, zone->group, zone->group_count, true);
	zone->ixfr_steps = servers_with(reader, zone, IXFR_STEPS);
	zone->ixfr_condensed = servers_with(reader, zone, IXFR_CONDENSED);
	zone->transfer_tls_only = conf->transfer_tls_only;
	zone->allow_update = options_acl(reader, conf->node, "allow-update", &conf->allow_update);
	zone->zonemd_verify = conf->zonemd_verify;
	zone->max_transfer_size = conf->max_transfer_size;
	zone->adopts = conf->rollback == ROLLBACK_ADOPT;
	zone->allow_notify = options_acl(reader, conf->node, "allow-notify", &conf->allow_notify);
	zone->allow_notify = servers_admit(reader, zone->allow_notify, zone->primaries, zone->primaries_count, false);
	zone->allow_notify = servers_admit(reader, zone->allow_notify, zone->group, zone->group_count, false);
	for (uint32_t i = 0; i < zone->primaries_count; i++)
		if (zone->primaries[i].ixfr != IXFR_AUTO)
			options_problem(reader, yaml_node_get(conf->node, "primaries") ? yaml_node_get(conf->node, "primaries") : conf->node, "ixfr says what a server gets from us; expected it in notify or group, not in primaries");
	if (zone->group_count > 0 && zone->primaries_count == 0)
		options_problem(reader, yaml_node_get(conf->node, "group"), "the zone has no primaries; expected a group on secondaries only (a primary names them in notify)");
}

void zone_options_read(struct options_reader *reader, const struct zone_conf *conf, struct zone_options *zone)
{
	uint8_t apex[NAME_MAX_LEN];

	if (!conf->name || name_from_text(apex, conf->name, NULL) != ZT_OK)
		return;      /* reported already */
	uint8_t *own = options_take(reader, name_len(apex));
	if (!own)
		return;
	name_copy(own, apex);
	name_lower(own);
	zone->apex = own;
	zone->file = conf->file;
	zone->zonemd_generate = (enum zonemd_hash)conf->zonemd_generate;
	zone_options_settings(reader, conf, &conf->primaries, zone);
	if (zone->zonemd_generate != ZONEMD_NO_HASH && zone->primaries_count > 0)
		options_problem(reader, yaml_node_get(conf->node, "zonemd-generate"), "a secondary serves what its primaries have; expected it on a primary zone");
	if (!zone->file && zone->primaries_count == 0 && conf->catalog != CATALOG_PRODUCER)
		options_problem(reader, conf->node, "the zone has neither file nor primaries; expected a file (primary) or primaries (secondary)");
	if (zone->file && zone->primaries_count > 0)
		options_problem(reader, yaml_node_get(conf->node, "file"),
			   "the zone has both file and primaries; expected one of them (a secondary keeps its content in state-dir)");
}

void zone_options_fini(struct zone_options *zone)
{
	struct acl *lists[] = { zone->allow_transfer, zone->allow_update, zone->allow_notify, zone->allow_query, zone->ixfr_steps, zone->ixfr_condensed };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i])
			acl_fini(lists[i]);
	}
	for (uint32_t i = 0; zone->catalog && i < zone->catalog->member_count; i++)
		zone_options_fini(&zone->catalog->members[i]);
}
