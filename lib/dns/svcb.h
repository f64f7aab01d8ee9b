/* Text of SVCB and HTTPS rdata (RFC 9460 section 2.1 and appendix A), both ways, with every SvcParamKey of the IANA registry as of June 2026.
 *
 * Reading holds a zone file to the rules for whole records too (self-consistency, RFC 9460 section 2.4.3); in AliasMode, where recipients
 * ignore parameters, only to the form of each value. Private to lib/dns.
 */
#pragma once

#include "lib/dns/present.h"

enum svcb_key {
	SVCB_MANDATORY, SVCB_ALPN, SVCB_NO_DEFAULT_ALPN, SVCB_PORT, SVCB_IPV4HINT, SVCB_ECH, SVCB_IPV6HINT, SVCB_DOHPATH, SVCB_OHTTP,
	SVCB_TLS_SUPPORTED_GROUPS, SVCB_DOCPATH, SVCB_PVD, SVCB_OOTS, SVCB_KEYS_COUNT,
	SVCB_KEY_INVALID = 65535,
};

extern const char *const svcb_key_names[SVCB_KEYS_COUNT];

/* As the readers of lib/dns/shape.h: space is left to the cursor's status. */
int svcb_from_tokens(const struct rdata_source *source, struct wcursor *out, struct text_error *error) ZT_MUST_CHECK;

/* Appends the text of valid SVCB or HTTPS rdata. False, with `out` as it was, where a value has not its key's form or the record contradicts
 * itself: only the generic form says those. */
bool svcb_to_text(const uint8_t *rdata, size_t len, struct buf *out);
/* Whether the record is one that svcb_from_tokens would make. */
bool svcb_is_sound(const uint8_t *rdata, size_t len);
