/* A scenario: servers, who follows whom, and what befalls them when. Drawn from a seed, or read from text; the text runs the same again.
 *
 *     seed 17                                  of all dice of the run
 *     zone 40 4294967290 3600 600 604800       names, first serial, SOA REFRESH, RETRY, EXPIRE
 *     network fair                             the quality of all links (good, fair, poor, awful, slow)
 *     misbehave refuse 30 garbage 10 confuse 5 stall 5 plain 100      percent of IXFRs refused, of messages cut short, of differences that do not
 *                                              fit, of transfers that end in silence; of servers that send NOTIFY without the serial
 *     server 0 history 8
 *     server 1 history 20 journal follows 0    "journal": a real one in a temporary folder; "no-ixfr": it can't do that, ever;
 *                                              "foreign": it knows no ZSYNC; "adopts": its policy for primaries that went back; "group": it and the others of the
 *                                              group tell each other and help each other out
 *     server 2 history 0 follows 0 1
 *     +0.250 change 0                          seconds after the event before
 *     +3.100 cut 0 1
 *
 * "restore" and "in-place" (a primary that went back, or changed without a new serial) are for scenarios without servers that are foreign or confuse differences: nobody could tell; at
 * quiet the operator then publishes a version with a serial past all others.
 *
 * After the last event all faults end ("quiet"), and invariants.h says what must be true then. A server without "follows" is the zone's primary.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/rng.h"
#include "tests/support/simnet.h"

enum { SCENARIO_SERVERS_MAX = 50, SCENARIO_EVENTS_MAX = 160 };

enum scenario_kind {
	SCENARIO_CHANGE,                 /* a: the primary's zone changes a little */
	SCENARIO_RELOAD,                 /* a: it changes a lot */
	SCENARIO_CUT,                    /* a, b: nothing passes */
	SCENARIO_JOIN,                   /* a, b */
	SCENARIO_ISOLATE,                /* a: cut from all */
	SCENARIO_UNITE,                  /* all are joined */
	SCENARIO_LINK,                   /* a, b, quality: from a to b */
	SCENARIO_WEATHER,                /* quality: of all links */
	SCENARIO_CRASH,                  /* a: now */
	SCENARIO_CRASH_BEFORE_STORE,     /* a: in its next commit … */
	SCENARIO_CRASH_AFTER_STORE,
	SCENARIO_CRASH_AFTER_PUBLISH,
	SCENARIO_RESTART,                /* a: if it is down */
	SCENARIO_REFRESH,                /* a: by an operator */
	SCENARIO_RETRANSFER,             /* a: by an operator: whatever the serial */
	SCENARIO_CLOCK,                  /* a, seconds: the wall clock jumps */
	SCENARIO_LOSE_HISTORY,           /* a: no differences are left in its journal */
	SCENARIO_LOSE_ALL,               /* a: it goes down and its disk is empty */
	SCENARIO_BACKUP,                 /* a, the primary: its file is put away */
	SCENARIO_RESTORE,                /* a: it crashes and starts with that file, whatever it had since */
	SCENARIO_IN_PLACE,               /* a: it crashes and starts with other data under the same serial */
	SCENARIO_DIE,                    /* a: it goes down for good, if the others can do without it */
	SCENARIO_KINDS
};

enum scenario_misbehaviour { SCENARIO_REFUSE, SCENARIO_GARBAGE, SCENARIO_CONFUSE, SCENARIO_STALL, SCENARIO_PLAIN, SCENARIO_MISBEHAVIOURS };

struct scenario_event {
	usec_t after;                    /* the event before */
	enum scenario_kind kind;
	unsigned a, b;
	int amount;                      /* a quality's number, seconds */
};

struct scenario_server {
	uint64_t primaries;              /* bits of those it follows */
	unsigned history;
	bool has_journal, never_ixfr, is_foreign, adopts, in_group;
};

struct scenario {
	uint64_t seed;
	unsigned records;
	uint32_t serial, refresh, retry, expire;
	unsigned quality;
	unsigned percents[SCENARIO_MISBEHAVIOURS];
	unsigned server_count;
	struct scenario_server servers[SCENARIO_SERVERS_MAX];
	unsigned event_count;
	struct scenario_event events[SCENARIO_EVENTS_MAX];
};

void scenario_draw(struct scenario *scenario, uint64_t seed);
void scenario_write(const struct scenario *scenario, FILE *out);
void scenario_event_write(const struct scenario_event *event, FILE *out);
/* False: a line is not understood; told on stderr. */
bool scenario_read(struct scenario *scenario, FILE *in);

enum { SCENARIO_GOOD, SCENARIO_QUALITIES = 5 };
/* What a quality's number means. */
const struct simnet_link *scenario_quality(unsigned number);
