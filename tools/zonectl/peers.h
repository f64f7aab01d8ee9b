/* The answer to `peers` for people: what matters of each row, in few columns and in words. --json has it all. */
#pragma once

#include <jansson.h>

#include "lib/base/clock.h"

/* Rows for render_result, in the order of `rows`. `now`: wall clock. NULL when memory is out. */
json_t *peers_shorten(const json_t *rows, usec_t now);
