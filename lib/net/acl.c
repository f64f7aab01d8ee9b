/* Access lists. */
#include "lib/net/acl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/name.h"

struct acl_entry {
	struct netprefix prefix;      /* has_prefix */
	bool has_prefix;
	uint8_t *key;                 /* owned, wire form; NULL = none */
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
	return entry_add(acl, &(struct acl_entry){ .prefix = *prefix, .has_prefix = true });
}

int acl_add_key(struct acl *acl, const uint8_t *name, const struct netprefix *prefix)
{
	struct acl_entry entry = { .has_prefix = prefix };
	uint8_t *key = malloc(name_len(name));
	if (!key)
		return ZT_ENOMEM;
	name_copy(key, name);
	entry.key = key;
	if (prefix)
		entry.prefix = *prefix;
	int status = entry_add(acl, &entry);
	if (status != ZT_OK)
		free(key);
	return status;
}

int acl_add_text(struct acl *acl, const char *text)
{
	size_t len = strncmp(text, "key:", 4) == 0 ? 0 : strcspn(text, " ");
	const char *key = text + len + strspn(text + len, " ");
	char prefix_text[NETADDR_TEXT_SIZE];
	uint8_t name[NAME_MAX_LEN];
	struct netprefix prefix;

	if (len >= sizeof(prefix_text))
		return ZT_ESYNTAX;
	memcpy(prefix_text, text, len);
	prefix_text[len] = '\0';
	if (len > 0 && netprefix_from_text(&prefix, prefix_text) != ZT_OK)
		return ZT_ESYNTAX;
	if (*key == '\0')
		return len > 0 ? acl_add_prefix(acl, &prefix) : ZT_ESYNTAX;
	if (strncmp(key, "key:", 4) != 0 || strchr(key, ' ') || name_from_text(name, key + 4, NULL) != ZT_OK)
		return ZT_ESYNTAX;
	return acl_add_key(acl, name, len > 0 ? &prefix : NULL);
}

bool acl_allows(const struct acl *acl, const struct acl_subject *subject)
{
	for (size_t i = 0; acl && i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entries[i];
		bool is_from = !entry->has_prefix || netprefix_matches(&entry->prefix, subject->remote);
		if (is_from && (!entry->key || (subject->key && name_equal(entry->key, subject->key))))
			return true;
	}
	return false;
}
