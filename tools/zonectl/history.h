/* The answers to `history` and `reach` for people. */
#pragma once

#include <jansson.h>

#include "lib/base/buf.h"

/* The rows of `history` without what only programs read. NULL when memory is out. */
json_t *history_shorten(const json_t *rows);
/* The answer to `reach` in sentences. */
void reach_write(const json_t *reach, struct buf *out);
