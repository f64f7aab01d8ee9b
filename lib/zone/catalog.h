/* Catalog zones (RFC 9432): the list of zones that a zone holds, read out of it and written into it.
 *
 * Pure: a zone version in, a list out; a list and an edit in, the edit changed. What a server makes of the list (which zones it then serves, what
 * becomes of those that are listed no more) is authd/manage/catalog.h.
 *
 * Records that have no meaning here are passed over (section 3). What has a meaning and breaks a rule of section 4 makes the whole catalog
 * broken: a part of a list would take zones out of service.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/rng.h"
#include "lib/zone/edit.h"
#include "lib/zone/zone.h"

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

/* The value of one TXT record, its strings joined. May hold any bytes; a NUL is added for convenience. */
struct catalog_text {
	const char *bytes;
	size_t len;
};

struct catalog_member {
	const uint8_t *zone;                 /* apex, lower case */
	const uint8_t *node;                 /* the member's name in the catalog, lower case; its first label is the unique one */
	const uint8_t *coo;                  /* the catalog it is handed over to, lower case (section 4.3.1); NULL: none */
	const struct catalog_text *groups;   /* section 4.3.2; in the order of the zone */
	size_t group_count;
};

struct catalog {
	struct catalog_member *members;      /* by node, in canonical order */
	size_t count;
	uint32_t *slots;                     /* members by zone */
	uint32_t mask;
	uint64_t seed;
	struct arena arena;                  /* all of it */
};

enum { CATALOG_ERROR_SIZE = 256 };

/* ZT_OK; ZT_EZONE: broken, and why in `error`; ZT_ENOMEM. `seed` hides the table's order from strangers. Free with catalog_fini in every case. */
int catalog_read(struct catalog *catalog, const struct zone_version *version, uint64_t seed, char error[CATALOG_ERROR_SIZE]) ZT_MUST_CHECK;
void catalog_fini(struct catalog *catalog);
/* The member of a zone; NULL if it is none. */
const struct catalog_member *catalog_find(const struct catalog *catalog, const uint8_t *zone);
/* Whether a catalog has a member of this label (the first of the name) whose coo property names another catalog (section 4.3.1). */
bool catalog_hands_over(const struct zone_version *catalog, const uint8_t *label, const uint8_t *to);
/* Whether two names begin with the same label: two members of one zone that do are the same one (sections 4.3.1 and 5.4). */
bool catalog_label_equal(const uint8_t *a, const uint8_t *b);

/* ---- writing ------------------------------------------------------------------------------------------------------------------------ */

/* A zone that is to be a member. */
struct catalog_wish {
	const uint8_t *zone;
	const char *group;                   /* NULL: none; 255 bytes at most */
};

struct catalog_writer {
	const struct catalog_wish *wishes;
	size_t count;
	struct rng *rng;                     /* for new labels */
	uint32_t serial;                     /* of a new version, unless that of before or the one after it is newer; the time is a good one */
};

struct catalog_outcome {
	size_t added, removed, changed;      /* members */
	bool was_unusable;                   /* there was content, but no sound catalog: it was written anew, with new labels */
	char error[CATALOG_ERROR_SIZE];      /* then: what was wrong with it */
};

/* Makes an edit's content the catalog of these members. Who is a member already keeps its label; the serial moves exactly where anything else changes. ZT_ENOMEM;
 * ZT_ELIMIT: the catalog's name is so long that no label fits before it. */
int catalog_write(struct zone_edit *edit, const struct catalog_writer *writer, struct catalog_outcome *outcome) ZT_MUST_CHECK;
