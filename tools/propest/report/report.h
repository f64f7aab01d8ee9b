/* An estimate for people and programs: text, JSON, CSV of the distributions, plots.
 *
 * The JSON's shape is an interface: {"zone","name","type","change","unit":"s","authoritative":{…},"first_fresh":{…},"last_stale":{…},
 * "bound","contributors":[{"factor","seconds"}],"servers":[…],"warnings":[…]}; keys may be added, never changed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/status.h"
#include "tools/propest/gather/facts.h"
#include "tools/propest/model/estimate.h"
#include "tools/propest/model/textbook.h"

struct report {
	const struct facts *facts;
	const struct estimate *estimate;
	const char *name, *type;        /* of the record set, as text */
	enum change change;
	usec_t wall;                    /* when the change is taken to be made */
	uint64_t seed;
	size_t samples;
	const struct textbook *textbook;      /* NULL: not asked for */
};

const char *report_change_text(enum change change);

/* "14:05:12", with the date in front on another day than `today`. Returns `out`. */
enum { REPORT_TIME_SIZE = 48 };
const char *report_time_text(usec_t wall, usec_t today, char out[REPORT_TIME_SIZE]);
/* "0.35 s", "12 min 5 s", "3 h 20 min", "2.5 days". Returns `out`. */
enum { REPORT_SPAN_SIZE = 48 };
const char *report_span_text(double seconds, char out[REPORT_SPAN_SIZE]);

void report_write_text(const struct report *report, FILE *out);
int report_write_json(const struct report *report, FILE *out) ZT_MUST_CHECK;
void report_write_csv(const struct report *report, FILE *out);
/* Draws the distributions into a file by gnuplot; its ending, .svg or .png, says how. ZT_ENOENT: gnuplot is missing; ZT_EUNSUPPORTED: another
 * ending; ZT_EIO: gnuplot failed. */
int report_write_plot(const struct report *report, const char *path) ZT_MUST_CHECK;
