/* What the parts of options.c share. */
#include "authd/options_reader.h"

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

struct acl *options_acl(struct options_reader *reader, const struct yaml_node *mapping, const char *key, const struct schema_list *list)
{
	const struct schema_access *entries = SCHEMA_ITEMS(*list, struct schema_access);
	struct acl *acl;

	if (!yaml_node_get(mapping, key) || !(acl = options_take(reader, sizeof(*acl))))
		return NULL;
	acl_init(acl);
	for (size_t i = 0; i < list->count; i++) {
		if (entries[i].key)
			options_problem(reader, yaml_node_get(mapping, key), "keys are not available in this version; expected an address or a prefix");
		else if (acl_add_prefix(acl, &entries[i].prefix) != ZT_OK)
			reader->status = ZT_ENOMEM;
	}
	return acl;
}
