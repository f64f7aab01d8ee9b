/* What the parts of options.c share. */
#include "authd/options_reader.h"

#include "lib/dns/tsig_key.h"

void *options_take(struct options_reader *reader, size_t size)
{
	void *p = arena_calloc(&reader->tree->arena, size ? size : 1);
	if (!p)
		reader->status = ZT_ENOMEM;
	return p;
}

void options_problem(struct options_reader *reader, const struct yaml_node *node, const char *what)
{
	problems_add(reader->problems, node ? node->line : 0, node ? node->column : 0, "%s", what);
}

/* Item `index` of a list, which may stand there as one value alone. */
static const struct yaml_node *item_node(const struct yaml_node *list, size_t index)
{
	const struct yaml_node *item = list;

	if (!list || list->kind != YAML_KIND_SEQUENCE)
		return list;
	for (item = list->child; item && index > 0; index--)
		item = item->next;
	return item;
}

static void acl_add_entry(struct options_reader *reader, struct acl *acl, const struct yaml_node *node, const struct schema_access *entry)
{
	const struct netprefix *prefix = entry->has_prefix ? &entry->prefix : NULL;
	const struct tsig_key *key = entry->key ? options_key(reader, node, entry->key) : NULL;
	int status = ZT_OK;

	if (key)
		status = acl_add_key(acl, tsig_key_name(key), prefix);
	else if (!entry->key && prefix)
		status = acl_add_prefix(acl, prefix);
	if (status != ZT_OK)
		reader->status = status;
}

struct acl *options_acl(struct options_reader *reader, const struct yaml_node *mapping, const char *key, const struct schema_list *list)
{
	const struct schema_access *entries = SCHEMA_ITEMS(*list, struct schema_access);
	const struct yaml_node *node = yaml_node_get(mapping, key);
	struct acl *acl;

	if (!node || !(acl = options_take(reader, sizeof(*acl))))
		return NULL;
	acl_init(acl);
	for (size_t i = 0; i < list->count; i++)
		acl_add_entry(reader, acl, item_node(node, i), &entries[i]);
	return acl;
}

struct acl *options_acl_of_addresses(struct options_reader *reader, const struct yaml_node *mapping, const char *key, const struct schema_list *list)
{
	const struct schema_access *entries = SCHEMA_ITEMS(*list, struct schema_access);

	for (size_t i = 0; i < list->count; i++) {
		if (entries[i].key) {
			options_problem(reader, item_node(yaml_node_get(mapping, key), i), "keys are of no use here; expected an address or a prefix");
			return NULL;
		}
	}
	return options_acl(reader, mapping, key, list);
}
