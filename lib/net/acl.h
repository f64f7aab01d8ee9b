/* Who may: a list of rules, any one of which is enough: an address prefix, a TSIG key, a TLS certificate's name or its key's pin, or several of these at once.
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
struct tls_peer;

struct acl {
	struct acl_entry *entries;
	size_t count;
};

void acl_init(struct acl *acl);
void acl_fini(struct acl *acl);

ZT_MUST_CHECK int acl_add_prefix(struct acl *acl, const struct netprefix *prefix);
/* What must all be so; at least one of them. Copied. */
struct acl_rule {
	const struct netprefix *prefix;      /* NULL = any, as below */
	const uint8_t *key;                  /* TSIG key, name in wire form */
	const char *tls_name;                /* the client's certificate leads to a trusted authority and is for this name */
	const uint8_t *tls_pin;              /* the client's certificate has this key; TLS_PIN_LEN bytes */
};

ZT_MUST_CHECK int acl_add(struct acl *acl, const struct acl_rule *rule);
/* `IP`, `IP/BITS`, `key:NAME` or `IP/BITS key:NAME`; ZT_ESYNTAX for anything else. */
ZT_MUST_CHECK int acl_add_text(struct acl *acl, const char *text);

/* Who asks. */
struct acl_subject {
	const struct netaddr *remote;
	const uint8_t *key;          /* the TSIG key (name in wire form) that the message was verified with; NULL without one */
	const struct tls_peer *tls;  /* the certificate shown over TLS; NULL without one */
};

/* `acl` NULL allows nobody. */
bool acl_allows(const struct acl *acl, const struct acl_subject *subject);
/* Where nothing but the address is known. */
static inline bool acl_allows_address(const struct acl *acl, const struct netaddr *remote)
{
	return acl_allows(acl, &(struct acl_subject){ .remote = remote });
}
