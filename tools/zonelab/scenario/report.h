/* What came of a scenario, for people and programs. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "tools/zonelab/scenario/play.h"

/* What is reported beside the play. */
struct report_about {
	const char *mode;              /* of the lab */
	double speed;
	const char *const *kinds;      /* WHO=KIND as they were chosen */
	size_t kind_count;
};

/* One line a step, as it begins (an expectation: only its end) or ends. */
void report_step(FILE *to, const struct play *play, uint32_t step);
/* The last line. */
void report_end(FILE *to, const struct play *play);
/* The whole as an object; NULL without memory. */
json_t *report_json(const struct play *play, const struct report_about *about);
/* The whole as a page in Markdown. */
void report_markdown(FILE *to, const struct play *play, const struct report_about *about);
