/* Access lists. */
#include "lib/net/acl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/name.h"
#include "lib/net/tls.h"

struct acl_entry {
	struct netprefix prefix;      /* has_prefix */
	bool has_prefix;
	uint8_t *key;                 /* owned, wire form; NULL = none */
	char *tls_name;               /* owned; NULL = none */
	uint8_t *tls_pin;             /* owned; NULL = none */
};

void acl_init(struct acl *acl)
{
	*acl = (struct acl){ 0 };
}

static void entry_fini(struct acl_entry *entry)
{
	free(entry->key);
	free(entry->tls_name);
	free(entry->tls_pin);
}

void acl_fini(struct acl *acl)
{
	for (size_t i = 0; i < acl->count; i++)
		entry_fini(&acl->entries[i]);
	free(acl->entries);
	acl_init(acl);
}

static void *copy(const void *data, size_t len)
{
	void *own = malloc(len);
	return own ? memcpy(own, data, len) : NULL;
}

int acl_add(struct acl *acl, const struct acl_rule *rule)
{
	struct acl_entry *entries = reallocarray(acl->entries, acl->count + 1, sizeof(*entries));

	if (!entries)
		return ZT_ENOMEM;
	acl->entries = entries;
	struct acl_entry *entry = &entries[acl->count];
	*entry = (struct acl_entry){ .has_prefix = rule->prefix };
	if (rule->prefix)
		entry->prefix = *rule->prefix;
	if ((rule->key && !(entry->key = copy(rule->key, name_len(rule->key)))) || (rule->tls_name && !(entry->tls_name = strdup(rule->tls_name))) ||
	    (rule->tls_pin && !(entry->tls_pin = copy(rule->tls_pin, TLS_PIN_LEN)))) {
		entry_fini(entry);
		return ZT_ENOMEM;
	}
	acl->count++;
	return ZT_OK;
}

int acl_add_prefix(struct acl *acl, const struct netprefix *prefix)
{
	return acl_add(acl, &(struct acl_rule){ .prefix = prefix });
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
	return acl_add(acl, &(struct acl_rule){ .prefix = len > 0 ? &prefix : NULL, .key = name });
}

static bool entry_allows(const struct acl_entry *entry, const struct acl_subject *subject)
{
	if (entry->has_prefix && !netprefix_matches(&entry->prefix, subject->remote))
		return false;
	if (entry->key && (!subject->key || !name_equal(entry->key, subject->key)))
		return false;
	if (entry->tls_name && (!subject->tls || !tls_peer_is_named(subject->tls, entry->tls_name)))
		return false;
	return !entry->tls_pin || (subject->tls && tls_peer_has_pin(subject->tls, entry->tls_pin));
}

bool acl_allows(const struct acl *acl, const struct acl_subject *subject)
{
	for (size_t i = 0; acl && i < acl->count; i++) {
		if (entry_allows(&acl->entries[i], subject))
			return true;
	}
	return false;
}
