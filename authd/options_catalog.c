/* Catalog zones in authd.yaml. */
#include "authd/options_catalog.h"

#include <string.h>

#include "authd/options_reader.h"
#include "lib/dns/name.h"

const struct zone_options *catalog_template(const struct catalog_options *catalog, const struct catalog_text *groups, size_t count)
{
	for (uint32_t i = 0; i < catalog->member_count; i++) {
		const char *name = catalog->members[i].template_name;
		for (size_t k = 0; k < count; k++)
			if (strlen(name) == groups[k].len && memcmp(name, groups[k].bytes, groups[k].len) == 0)
				return &catalog->members[i];
	}
	return &catalog->members[0];
}

bool catalog_has_template(const struct catalog_options *catalog, const struct zone_options *options)
{
	return options >= catalog->members && options < catalog->members + catalog->member_count;
}

/* ---- consumers ---------------------------------------------------------------------------------------------------------------------- */

/* What a template can't say. */
static void template_check(struct options_reader *reader, const struct zone_conf *conf)
{
	static const char *const keys[] = { "file", "catalog", "catalog-template", "catalog-member", "catalog-group", "zonemd-generate" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct yaml_node *node = yaml_node_get(conf->node, keys[i]);
		if (node)
			options_problem(reader, node, "not for a template; expected settings of a secondary zone that is no catalog");
	}
}

static const struct zone_conf *template_get(const struct schema_list *templates, const char *name)
{
	const struct zone_conf *confs = SCHEMA_ITEMS(*templates, struct zone_conf);

	for (size_t i = 0; i < templates->count; i++)
		if (confs[i].name && strcmp(confs[i].name, name) == 0)
			return &confs[i];
	return NULL;
}

static void consumer_read(struct options_reader *reader, const struct zone_conf *conf, const struct schema_list *templates,
			  struct catalog_options *catalog)
{
	const char *const *names = SCHEMA_ITEMS(conf->catalog_template, const char *);
	const struct yaml_node *node = yaml_node_get(conf->node, "catalog-template");

	if (conf->catalog_template.count == 0)
		options_problem(reader, yaml_node_get(conf->node, "catalog"), "a consumer needs catalog-template; expected names of templates");
	catalog->members = options_take(reader, conf->catalog_template.count * sizeof(*catalog->members));
	for (size_t i = 0; catalog->members && i < conf->catalog_template.count; i++) {
		const struct zone_conf *template = names[i] ? template_get(templates, names[i]) : NULL;
		struct zone_options *members = &catalog->members[catalog->member_count];
		if (!template) {
			options_problem(reader, node, "there is no such template; expected the name of an entry of template");
			continue;
		}
		zone_options_settings(reader, template, template->primaries.count > 0 ? &template->primaries : &conf->primaries, members);
		members->template_name = template->name;
		if (members->primaries_count == 0)
			options_problem(reader, node, "neither the template nor the catalog has primaries; expected some to transfer the members from");
		catalog->member_count++;
	}
}

/* ---- producers ---------------------------------------------------------------------------------------------------------------------- */

static void producer_check(struct options_reader *reader, const struct zone_conf *conf)
{
	static const char *const keys[] = { "file", "primaries", "allow-update", "catalog-template" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct yaml_node *node = yaml_node_get(conf->node, keys[i]);
		if (node)
			options_problem(reader, node, "not for a producer, whose content is made of the zones with its name as catalog-member");
	}
}

static bool has_role(const struct zone_options *zone, enum catalog_role role)
{
	return zone->catalog && zone->catalog->role == role;
}

/* Finds producers by name; there are few of them, and zones of one catalog tend to stand together. */
struct producers {
	const struct zone_options **list;
	size_t count;
	const struct zone_options *last;
};

static const uint8_t *producer_find(struct producers *producers, const char *name)
{
	uint8_t apex[NAME_MAX_LEN];

	if (name_from_text(apex, name, NULL) != ZT_OK)
		return NULL;      /* reported already */
	if (producers->last && name_equal(producers->last->apex, apex))
		return producers->last->apex;
	for (size_t i = 0; i < producers->count; i++) {
		if (!name_equal(producers->list[i]->apex, apex))
			continue;
		producers->last = producers->list[i];
		return producers->last->apex;
	}
	return NULL;
}

static void member_read(struct options_reader *reader, const struct zone_conf *conf, struct producers *producers, struct zone_options *zone)
{
	zone->catalog_group = conf->catalog_group;
	if (!conf->catalog_member) {
		if (conf->catalog_group)
			options_problem(reader, yaml_node_get(conf->node, "catalog-group"), "a group of no catalog; expected catalog-member beside it");
		return;
	}
	zone->catalog_member = producer_find(producers, conf->catalog_member);
	if (!zone->catalog_member)
		options_problem(reader, yaml_node_get(conf->node, "catalog-member"), "there is no such catalog; expected the name of a zone with catalog: producer");
	else if (zone->catalog_member == zone->apex)
		options_problem(reader, yaml_node_get(conf->node, "catalog-member"), "a catalog can't be a member of itself");
}

/* ---- all of them -------------------------------------------------------------------------------------------------------------------- */

static void role_read(struct options_reader *reader, const struct zone_conf *conf, const struct schema_list *templates, struct zone_options *zone)
{
	if (conf->catalog == CATALOG_NONE) {
		if (conf->catalog_template.count > 0)
			options_problem(reader, yaml_node_get(conf->node, "catalog-template"), "templates are for the members of a catalog; expected catalog: consumer beside it");
		return;
	}
	zone->catalog = options_take(reader, sizeof(*zone->catalog));
	if (!zone->catalog)
		return;
	zone->catalog->role = (enum catalog_role)conf->catalog;
	if (conf->catalog == CATALOG_CONSUMER)
		consumer_read(reader, conf, templates, zone->catalog);
	else
		producer_check(reader, conf);
}

void catalog_options_read(struct options_reader *reader, const struct schema_list *confs, const struct schema_list *templates,
			  struct zone_options *zones)
{
	const struct zone_conf *conf = SCHEMA_ITEMS(*confs, struct zone_conf), *template = SCHEMA_ITEMS(*templates, struct zone_conf);
	struct producers producers = { .count = 0 };

	for (size_t i = 0; i < templates->count; i++)
		template_check(reader, &template[i]);
	for (size_t i = 0; i < confs->count; i++) {
		role_read(reader, &conf[i], templates, &zones[i]);
		producers.count += zones[i].apex && has_role(&zones[i], CATALOG_PRODUCER);
	}
	producers.list = options_take(reader, producers.count * sizeof(*producers.list));
	if (!producers.list)
		return;
	producers.count = 0;
	for (size_t i = 0; i < confs->count; i++)
		if (zones[i].apex && has_role(&zones[i], CATALOG_PRODUCER))
			producers.list[producers.count++] = &zones[i];
	for (size_t i = 0; i < confs->count; i++)
		member_read(reader, &conf[i], &producers, &zones[i]);
}
