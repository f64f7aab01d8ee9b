/* ZSYNC, the private EDNS option by which servers tell each other in 32 bytes what version of a zone they hold.
 *
 *     version u8 (1) | flags u8 | key id u8 | 0 | serial u32 | count u64 | fingerprint 16          network order
 *
 * Count and fingerprint are those of zone_summary: RRsets but the apex SOA and ZONEMD and their signatures, under a key that the servers
 * share. Equal count and fingerprint: the same data, whatever the serials say, as far as a keyed sum can tell (a digest settles it where it
 * matters, see reconcile_client.h). A different key id: the fingerprints say nothing about each other.
 *
 * Who does not know the option ignores it (RFC 6891 section 6.1.2). Pure functions. See doc/protocol-zonesync.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/fingerprint.h"
#include "lib/base/status.h"
#include "lib/dns/edns.h"
#include "lib/zone/zone.h"

/* Of the range for local use (RFC 6891 section 9). */
enum { ZSYNC_OPTION = 65377, ZSYNC_LEN = 32, ZSYNC_OPTION_LEN = 4 + ZSYNC_LEN };

enum zsync_flag {
	ZSYNC_RECONCILES = 1,     /* the sender speaks range-based reconciliation (reconcile.h) */
	ZSYNC_DIVERGED = 2,       /* the other's version is none that the sender ever published: same serial and other content, or another lineage */
};

struct zsync {
	uint8_t flags;            /* enum zsync_flag; what is not known there is ignored */
	uint8_t key_id;
	uint32_t serial;
	struct zone_summary summary;
};

/* The whole option, code and length included, into ZSYNC_OPTION_LEN bytes. */
void zsync_write(const struct zsync *zsync, uint8_t out[ZSYNC_OPTION_LEN]);
/* False: there is none, or one of another version or length, which is as good as none. */
bool zsync_read(const struct edns *edns, struct zsync *out);
/* What a version is, with no flags. The key is its zone's. */
struct zsync zsync_of_version(const struct zone_version *version, const struct fingerprint_key *key);
/* Whether both can be compared and are the same data. Serials may differ. */
bool zsync_is_same(const struct zsync *a, const struct zsync *b);

/* A byte that tells keys apart, nearly always. */
uint8_t zsync_key_id(const struct fingerprint_key *key);
/* The key of all servers that are told no secret: NULL; else the one that the secret makes (HKDF with SHA-256). ZT_ENOMEM. */
int zsync_key(const char *secret, struct fingerprint_key *out) ZT_MUST_CHECK;

enum { ZSYNC_SECRET_LEAST = 16 };      /* characters of a secret; who takes one checks */
