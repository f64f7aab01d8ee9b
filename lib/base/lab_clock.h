/* The clock of a lab: runs a whole number of times as fast as the system's.
 *
 * Its wall time is the true one at the lab's epoch and gains from there on, and depends on nothing else: all processes of a lab agree on it, whenever
 * they were started. ZONETIDE_CLOCK=60@1764036000.5 in the environment of a daemon or tool gives it such a clock (60 times as fast, an epoch in seconds
 * since 1970). Not for production: a server with such a clock gives signatures, TTLs and timers another meaning than its peers do. When the system's wall
 * clock is set, a lab's jumps so many times as far.
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/base/status.h"

#define LAB_CLOCK_VARIABLE "ZONETIDE_CLOCK"
enum { LAB_CLOCK_FASTEST = 1000, LAB_CLOCK_TEXT_SIZE = 40 };

struct lab_clock {
	struct clock clock;      /* first, so that &lab.clock is the struct clock */
	usec_t epoch;            /* in wall microseconds: when lab time was the true time */
};

/* `speed` from 1 to LAB_CLOCK_FASTEST. */
void lab_clock_init(struct lab_clock *lab, int speed, usec_t epoch);
/* As in the environment variable. ZT_EMALFORMED: text that is none. */
ZT_MUST_CHECK int lab_clock_from_text(struct lab_clock *lab, const char *text);
/* The text that lab_clock_from_text reads; returns `out`. */
char *lab_clock_to_text(const struct lab_clock *lab, char out[LAB_CLOCK_TEXT_SIZE]);

/* The clock that this process is to live by: the system's where the environment names no other, NULL where what it names is none (lab_clock_complain says so).
 * For main functions, before there are threads. */
const struct clock *clock_of_environment(void);
/* Says on standard error what was expected. */
void lab_clock_complain(const char *program);
