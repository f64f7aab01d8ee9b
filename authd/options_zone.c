/* The keys of one zone. */
#include "authd/options_zone.h"

#include <string.h>

#include "authd/options_reader.h"
#include "lib/dns/name.h"

static const char *domain_name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	return name_from_text(name, text, NULL) == ZT_OK ? NULL : "a domain name, such as example.org";
}

static const struct schema_row zone_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct zone_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = domain_name_check,
	  .help = "The zone's apex." },
	{ "file", SCHEMA_PATH, offsetof(struct zone_conf, file),
	  .help = "The zone file (RFC 1035 section 5). A zone with a file and without primaries is a primary zone." },
	{ "notify", SCHEMA_MAPPING, offsetof(struct zone_conf, notify), SCHEMA_LIST, .mapping = &remote_options_schema,
	  .help = "Servers that are told of every change by NOTIFY (RFC 1996)." },
	{ "primaries", SCHEMA_MAPPING, offsetof(struct zone_conf, primaries), SCHEMA_LIST, .mapping = &remote_options_schema,
	  .help = "Servers the zone is transferred from; makes this a secondary zone." },
	{ "allow-query", SCHEMA_ACCESS, offsetof(struct zone_conf, allow_query), SCHEMA_LIST,
	  .help = "Who may ask for the zone's data. Absent means who the server's allow-query says; an empty list, nobody." },
	{ "allow-transfer", SCHEMA_ACCESS, offsetof(struct zone_conf, allow_transfer), SCHEMA_LIST,
	  .help = "Who may transfer the zone (AXFR, IXFR). Absent means nobody." },
	{ "allow-update", SCHEMA_ACCESS, offsetof(struct zone_conf, allow_update), SCHEMA_LIST,
	  .help = "Who may change the zone by UPDATE (RFC 2136). Absent means nobody." },
	{ "allow-notify", SCHEMA_ACCESS, offsetof(struct zone_conf, allow_notify), SCHEMA_LIST,
	  .help = "Who may send NOTIFY, besides the primaries, who always may." },
	{ "zonemd-verify", SCHEMA_BOOL, offsetof(struct zone_conf, zonemd_verify), .fallback = "yes",
	  .help = "Whether a zone file or transfer whose content does not have the digest that its ZONEMD records state (RFC 8976) is refused. Where no record has a "
		  "scheme and hash known here (SIMPLE with SHA-384 or SHA-512), that is logged and the content taken. UPDATE is not checked, nor does it keep "
		  "ZONEMD true: sign such zones anew, or publish none in them." },
};

const struct schema zone_options_schema = { .what = "zone", .size = sizeof(struct zone_conf), .rows = zone_rows,
					   .row_count = SCHEMA_COUNT(zone_rows) };

/* Who may send NOTIFY: the primaries always may. */
static struct acl *notify_acl_read(struct options_reader *reader, const struct zone_conf *conf, const struct zone_options *zone)
{
	struct acl *acl = options_acl(reader, conf->node, "allow-notify", &conf->allow_notify);

	if (zone->primaries_count == 0 || (!acl && !(acl = options_take(reader, sizeof(*acl)))))
		return acl;
	if (conf->allow_notify.count == 0)
		acl_init(acl);
	for (uint32_t i = 0; i < zone->primaries_count; i++) {
		size_t len;
		const uint8_t *ip = netaddr_ip(&zone->primaries[i].address, &len);
		struct netprefix host = { .family = zone->primaries[i].address.family, .bits = (uint8_t)(len * 8) };
		if (!ip)
			continue;      /* reported already */
		memcpy(host.ip, ip, len);
		if (acl_add_prefix(acl, &host) != ZT_OK)
			reader->status = ZT_ENOMEM;
	}
	return acl;
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
	zone->notify = remote_options_read(reader, &conf->notify, &zone->notify_count);
	zone->primaries = remote_options_read(reader, &conf->primaries, &zone->primaries_count);
	zone->allow_query = options_acl(reader, conf->node, "allow-query", &conf->allow_query);
	zone->allow_transfer = options_acl(reader, conf->node, "allow-transfer", &conf->allow_transfer);
	zone->allow_update = options_acl(reader, conf->node, "allow-update", &conf->allow_update);
	zone->zonemd_verify = conf->zonemd_verify;
	zone->allow_notify = notify_acl_read(reader, conf, zone);
	if (!zone->file && zone->primaries_count == 0)
		options_problem(reader, conf->node, "the zone has neither file nor primaries; expected a file (primary) or primaries (secondary)");
	if (zone->file && zone->primaries_count > 0)
		options_problem(reader, yaml_node_get(conf->node, "file"),
			   "the zone has both file and primaries; expected one of them (a secondary keeps its content in state-dir)");
}

void zone_options_fini(struct zone_options *zone)
{
	struct acl *lists[] = { zone->allow_transfer, zone->allow_update, zone->allow_notify, zone->allow_query };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i])
			acl_fini(lists[i]);
	}
}
