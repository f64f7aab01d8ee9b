/* What the latest change of the watched zone took, beside what was foretold of it. */
#pragma once

#include "tools/zonelab/cli/tally.h"

/* Three rows: every server, the first cache, the last cache; measured, and the prediction's quantiles where there is one (not NULL), all in the lab's
 * seconds. */
void report_measured_print(const struct tally *tally, const struct tally_measured *measured, const json_t *prediction);
/* All of it, with each server and cache. */
void report_print(const struct tally *tally);
void report_print_json(const struct tally *tally);
