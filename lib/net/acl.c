/* Access lists. */
#include "lib/net/acl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/name.h"

struct acl_entry {
	struct netprefix prefix;      /* used where key is NULL */
	uint8_t *key;                 /* owned, wire form */
};

void acl_init(struct acl *acl)
{
	*acl = (struct acl){ 0 };
}

void acl_fini(struct acl *acl)
{
	for (size_t i = 0; i < acl->count; i++)
		free(acl->entries[i].key);
	free(acl->entries);
	acl_init(acl);
}

static int entry_add(struct acl *acl, const struct acl_entry *entry)
{
	struct acl_entry *entries = reallocarray(acl->entries, acl->count + 1, sizeof(*entries));
	if (!entries)
		return ZT_ENOMEM;
	acl->entries = entries;
	entries[acl->count++] = *entry;
	return ZT_OK;
}

int acl_add_prefix(struct acl *acl, const struct netprefix *prefix)
{
	return entry_add(acl, &(struct acl_entry){ .prefix = *prefix });
}

int acl_add_key(struct acl *acl, const uint8_t *name)
{
	uint8_t *key = malloc(name_len(name));
	if (!key)
		return ZT_ENOMEM;
	name_copy(key, name);
	int status = entry_add(acl, &(struct acl_entry){ .key = key });
	if (status != ZT_OK)
		free(key);
	return status;
}

int acl_add_text(struct acl *acl, const char *text)
{
	if (strncmp(text, "key:", 4) == 0) {
		uint8_t name[NAME_MAX_LEN];
		int status = name_from_text(name, text + 4, NULL);
		return status == ZT_OK ? acl_add_key(acl, name) : ZT_ESYNTAX;
	}
	struct netprefix prefix;
	int status = netprefix_from_text(&prefix, text);
	return status == ZT_OK ? acl_add_prefix(acl, &prefix) : status;
}

bool acl_allows(const struct acl *acl, const struct acl_subject *subject)
{
	for (size_t i = 0; acl && i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entries[i];
		if (entry->key ? subject->key && name_equal(entry->key, subject->key) : netprefix_matches(&entry->prefix, subject->remote))
			return true;
	}
	return false;
}
