/* Who may: a list of address prefixes, TSIG key names, and pairs of both, any one of which is enough.
 *
 * An empty list, which is also what an absent one is, allows nobody. Built once, then only read, by any number of threads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"

struct acl_entry;

struct acl {
	struct acl_entry *entries;
	size_t count;
};

void acl_init(struct acl *acl);
void acl_fini(struct acl *acl);

ZT_MUST_CHECK int acl_add_prefix(struct acl *acl, const struct netprefix *prefix);
/* Who signs with the key of that name (in wire form; copied), and asks from the prefix where it is not NULL. */
ZT_MUST_CHECK int acl_add_key(struct acl *acl, const uint8_t *name, const struct netprefix *prefix);
/* `IP`, `IP/BITS`, `key:NAME` or `IP/BITS key:NAME`; ZT_ESYNTAX for anything else. */
ZT_MUST_CHECK int acl_add_text(struct acl *acl, const char *text);

/* Who asks. */
struct acl_subject {
	const struct netaddr *remote;
	const uint8_t *key;          /* the TSIG key (name in wire form) that the message was verified with; NULL without one */
};

/* `acl` NULL allows nobody. */
bool acl_allows(const struct acl *acl, const struct acl_subject *subject);
/* Where nothing but the address is known. */
static inline bool acl_allows_address(const struct acl *acl, const struct netaddr *remote)
{
	return acl_allows(acl, &(struct acl_subject){ .remote = remote });
}
