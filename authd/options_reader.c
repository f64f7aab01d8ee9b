/* What the parts of options.c share. */
#include "authd/options_reader.h"

#include <sodium.h>
#include <string.h>

#include "lib/dns/name.h"
#include "lib/dns/tsig_key.h"
#include "lib/net/tls.h"

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

const char *options_hostname_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	struct netaddr addr;

	return netaddr_from_text(&addr, text, 0) == ZT_OK || name_from_text(name, text, NULL) == ZT_OK ? NULL : "a host name or an IP address";
}

bool options_pin_from_text(uint8_t *pin, const char *text)
{
	size_t len;

	return sodium_base642bin(pin, TLS_PIN_LEN, text, strlen(text), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && len == TLS_PIN_LEN;
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
	const struct tsig_key *key = entry->key ? options_key(reader, node, entry->key) : NULL;
	uint8_t pin[TLS_PIN_LEN];
	struct acl_rule rule = { .prefix = entry->has_prefix ? &entry->prefix : NULL, .key = key ? tsig_key_name(key) : NULL, .tls_name = entry->tls };

	if (entry->key && !key)
		return;      /* reported already */
	if (entry->tls && options_hostname_check(entry->tls)) {
		options_problem(reader, node, "tls: is followed by no name; expected a host name or an IP address of the client's certificate");
		return;
	}
	if (entry->pin && !options_pin_from_text(pin, entry->pin)) {
		options_problem(reader, node, "pin: is followed by no pin; expected the base64 of a SHA-256, 44 characters");
		return;
	}
	rule.tls_pin = entry->pin ? pin : NULL;
	reader->has_tls_names = reader->has_tls_names || entry->tls;
	reader->has_tls_pins = reader->has_tls_pins || entry->pin;
	if (!rule.prefix && !rule.key && !rule.tls_name && !rule.tls_pin)
		return;      /* reported already */
	if (acl_add(acl, &rule) != ZT_OK)
		reader->status = ZT_ENOMEM;
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
		if (entries[i].key || entries[i].tls || entries[i].pin) {
			const char *problem = entries[i].key ? "keys are of no use here; expected an address or a prefix" :
							       "certificates are of no use here; expected an address or a prefix";
			options_problem(reader, item_node(yaml_node_get(mapping, key), i), problem);
			return NULL;
		}
	}
	return options_acl(reader, mapping, key, list);
}
