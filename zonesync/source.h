/* Where a copy of a zone is, a server or a zone file, and how it gets into memory.
 *
 * Texts: IP@PORT/ZONE, IP/ZONE (port 53), FILE:ZONE; and IP@PORT, IP or FILE, where somebody else names the zone. What begins with an address is a
 * server. The last colon of a file's text stands before the zone, so a path with a colon needs its zone.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fingerprint.h"
#include "lib/base/netaddr.h"
#include "lib/base/rng.h"
#include "lib/base/status.h"
#include "lib/dns/name.h"
#include "lib/zone/zone.h"
#include "zonesync/fetch.h"

enum {
	SOURCE_ERROR_SIZE = 2 * NAME_TEXT_SIZE + 256,
	SOURCE_TEXT_SIZE = PATH_MAX + NAME_TEXT_SIZE,
};

struct source {
	bool is_server;
	bool has_zone;
	struct netaddr server;        /* is_server */
	char path[PATH_MAX];          /* otherwise */
	uint8_t zone[NAME_MAX_LEN];   /* has_zone; lower case */
};

/* ZT_ESYNTAX, and `error` says what was expected. */
int source_from_text(struct source *source, const char *text, char error[SOURCE_ERROR_SIZE]) ZT_MUST_CHECK;
/* Only `IP` or `IP@PORT`, and a zone. */
int source_from_server(struct source *source, const char *server, const char *zone, char error[SOURCE_ERROR_SIZE]) ZT_MUST_CHECK;
/* Only a path and a zone. */
int source_from_file(struct source *source, const char *path, const char *zone, char error[SOURCE_ERROR_SIZE]) ZT_MUST_CHECK;
/* Gives the side without a zone that of the other. ZT_ESYNTAX where neither has one, or they differ. */
int source_pair(struct source *a, struct source *b, char error[SOURCE_ERROR_SIZE]) ZT_MUST_CHECK;
/* "127.0.0.1@53/example." or "example.zone:example."; returns `out`. The zone must be known. */
char *source_to_text(const struct source *source, char out[SOURCE_TEXT_SIZE]);

/* What loading needs of the world. */
struct source_loader {
	const struct clock *clock;
	struct secure_rng *rng;
	struct fingerprint_key key;   /* of all zones loaded, so that their fingerprints compare */
	usec_t timeout;               /* for a connection, and for each message */
	const struct tsig_key *tsig;  /* of conversations with servers; NULL = none */
};

/* What loading found, as lines for people, each ended by a newline: of a file all that is wrong with it, as FILE:LINE. */
struct source_notes {
	struct buf errors;
	struct buf warnings;
};

void source_notes_init(struct source_notes *notes);
void source_notes_fini(struct source_notes *notes);

/* How to ask a source that is a server. */
struct fetch source_fetch(const struct source *source, const struct source_loader *loader);

/* A zone with one version: what the source holds. On failure notes->errors says why, unless memory is out. */
int source_load(const struct source *source, const struct source_loader *loader, struct source_notes *notes, struct zone **out) ZT_MUST_CHECK;
