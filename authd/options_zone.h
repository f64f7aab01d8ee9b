/* The keys of one zone in authd.yaml. Part of options.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "authd/options_remote.h"
#include "lib/conf/schema.h"
#include "lib/net/acl.h"
#include "lib/zone/zonemd.h"

struct options_reader;

enum { GROUP_RELAY_MAX = 8 };

enum catalog_role { CATALOG_NONE, CATALOG_CONSUMER, CATALOG_PRODUCER };

struct zone_options;

/* What a zone is as a catalog; read by options_catalog.c. */
struct catalog_options {
	enum catalog_role role;
	struct zone_options *members;     /* of a consumer: what members get, one for each template, in the order of catalog-template; without apex */
	uint32_t member_count;            /* of templates; at least 1 */
};

struct zone_options {
	const uint8_t *apex;              /* lower case; NULL where the name was wrong */
	const char *file;                 /* absolute or relative to the working directory; NULL on a secondary without a file */
	struct remote_options *notify;
	uint32_t notify_count;
	uint32_t notify_first;            /* so many of them are told at once; 0 = all */
	struct remote_options *primaries; /* not empty = secondary */
	uint32_t primaries_count;
	uint32_t group_count;
	struct remote_options *group;     /* other secondaries, which help each other; empty on a primary zone */
	struct acl *allow_query;          /* NULL = everybody; the server's where the zone has none */
	struct acl *allow_transfer;       /* NULL = nobody */
	struct acl *allow_update;
	struct acl *allow_notify;         /* the primaries among them */
	struct acl *ixfr_steps;           /* servers whose IXFR is answered in that form; NULL = none */
	struct acl *ixfr_condensed;
	struct catalog_options *catalog;  /* of a catalog zone; else NULL */
	const uint8_t *catalog_member;    /* apex of the catalog that lists the zone; NULL: none */
	const char *catalog_group;        /* in that catalog; NULL: none */
	const char *template_name;        /* of a template for members; else NULL */
	uint64_t max_transfer_size;       /* bytes */
	/* Small ones together: there may be very many zones. */
	uint32_t group_relay;             /* members told of a new version */
	enum zonemd_hash zonemd_generate; /* none on a secondary */
	bool zonemd_verify;
	bool transfer_tls_only;
	bool adopts;                      /* rollback: adopt */
};

/* As the table fills it. */
struct zone_conf {
	const struct yaml_node *node;
	const char *name;
	const char *file;
	struct schema_list notify;
	struct schema_list primaries;
	struct schema_list group;
	int64_t group_relay;
	int64_t notify_first;
	struct schema_list allow_query;
	struct schema_list allow_transfer;
	bool transfer_tls_only;
	struct schema_list allow_update;
	struct schema_list allow_notify;
	bool zonemd_verify;
	int zonemd_generate;
	int catalog;
	struct schema_list catalog_template;
	const char *catalog_member;
	const char *catalog_group;
	int rollback;
	uint64_t max_transfer_size;
};

extern const struct schema zone_options_schema;
/* From the table's values to what the daemon works with. */
void zone_options_read(struct options_reader *reader, const struct zone_conf *conf, struct zone_options *zone);
/* The settings alone, which a template of member zones has too: without apex and file. `primaries`: its own ones, or others'. */
void zone_options_settings(struct options_reader *reader, const struct zone_conf *conf, const struct schema_list *primaries, struct zone_options *zone);
/* Ends what does not lie in the configuration's memory. */
void zone_options_fini(struct zone_options *zone);
