/* A daemon's JSON results for people (doc/protocol-control.md, "Names and values in results").
 *
 * Knows shapes, not commands: a list of objects becomes a table, an object lines of "name  value", nested ones come below it under their name. A member's
 * unit, told by its name's ending, becomes part of the value.
 */
#pragma once

#include <jansson.h>

#include "lib/base/buf.h"

/* Appends the result as lines. Tables wider than `width` columns (0 = any width) are turned into one block of lines an entry. */
void render_result(json_t *result, size_t width, struct buf *out);
/* A number with the unit that its name tells, as in tables: "3h12m05s", "1.2 KiB". */
void render_number(const char *name, double value, char *out, size_t size);
