/* The queue of one zone from inside: for primary.c and the files that belong to it (courier.c, strangers.c, peers.c). */
#pragma once

#include "authd/manage/courier.h"
#include "authd/manage/manage.h"
#include "authd/manage/primary.h"
#include "authd/manage/standing.h"

/* One server of the zone's notify list. There may be very many that are current, so that those have no more than this. */
struct target {
	struct host *host;
	struct courier *courier;         /* NULL: nothing is to be told */
	struct standing standing;
};

enum { STRANGERS_MAX = 16 };             /* of one zone */

/* A server that takes transfers and is not in the list. */
struct stranger {
	struct netaddr address;          /* without port */
	uint8_t *key;                    /* TSIG key it used; NULL without one */
	struct standing standing;
};

struct primary {
	struct manage *manage;
	struct zone_entry *entry;
	struct target *targets;          /* in the order of the configuration */
	uint32_t count;
	uint32_t behind;                 /* of them, not seen at `serial` */
	bool has_serial;                 /* something is served, so there is something to tell */
	bool is_starved;                 /* memory was out: somebody has no courier who should */
	bool is_dirty;                   /* in hosts_dirty */
	uint32_t serial;                 /* newest; meaningful when has_serial */
	struct cds_list_head couriers;
	struct cds_list_head dirty;
	struct cds_list_head watches;
	struct stranger *strangers;
	uint32_t stranger_count;
	struct loop_timer *timer;        /* NULL as long as there have been no targets: most zones of very many have none */
};

/* Sees to it that primary_run comes then, or earlier. */
void primary_wake_by(struct primary *primary, usec_t at);
/* Seen with a newer serial than is served here, though nobody else makes serials of the zone: this server was restored from a backup, or there is another
 * primary. What it has is not ours then. */
bool primary_is_ahead(const struct primary *primary, const struct standing *standing);
/* A target was seen at a serial, by a question of that type. Its courier is gone when it has nothing left to do. */
void primary_see(struct primary *primary, struct target *target, uint32_t serial, uint16_t by);
/* Some standing is to be stored. */
void primary_mark(struct primary *primary);

/* reach.c: sees to it that the history reaches back to the slowest server that counts. */
void primary_hold(struct primary *primary);

/* strangers.c */
void strangers_restore(struct primary *primary);
void strangers_note(struct primary *primary, const struct evidence_subject *subject, const struct evidence *evidence);
/* Stores what is dirty; returns how many rows that were. */
unsigned strangers_save(struct primary *primary);
void strangers_free(struct primary *primary);
