/* Waiting until enough of a zone's servers were seen with a serial. Whoever waits is told at the moment when the evidence comes; nothing is polled.
 *
 * A serial that the zone does not have yet is waited for too, and one that was superseded counts as reached by a newer one (RFC 1982). Who is
 * waited for are the peers in the notify list of that moment: one that is taken out of it holds up nobody.
 */
#pragma once

#include "authd/manage/manage.h"

enum watch_level { WATCH_LOCAL, WATCH_QUORUM, WATCH_ALL, WATCH_COUNT };
enum watch_outcome { WATCH_REACHED, WATCH_TIMEOUT, WATCH_GONE /* the zone was taken out of service */ };

/* Lies in its owner's memory. */
struct watch {
	/* Set by the owner. */
	uint32_t serial;
	enum watch_level level;
	uint32_t count;                  /* peers, of WATCH_COUNT */
	usec_t deadline;                 /* monotonic */
	void (*on_end)(struct watch *watch, enum watch_outcome outcome);      /* it is over; the watch may be freed here */

	struct zone_entry *entry;
	struct cds_list_head link;
	struct loop_timer timer;
};

/* Where a zone stands. */
struct watch_count {
	bool is_served;                  /* the serial, or a newer one, by this server */
	uint32_t confirmed;
	uint32_t needed;
	uint32_t total;
};

void watch_count(const struct zone_entry *entry, const struct watch *watch, struct watch_count *out);
static inline bool watch_count_is_reached(const struct watch_count *count) { return count->is_served && count->confirmed >= count->needed; }

/* From now on, until on_end or watch_end. on_end is not called before this returns. The entry has its queue (entry->primary). */
void watch_begin(struct manage *manage, struct zone_entry *entry, struct watch *watch);
/* The owner gives up; on_end is not called any more. */
void watch_end(struct watch *watch);

/* Looks at all who watch a zone, whose list is in its queue: something has changed there. */
void watches_look(struct cds_list_head *watches);
/* The zone goes. */
void watches_fail(struct cds_list_head *watches);
