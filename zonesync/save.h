/* Writing a zone file so that it is there whole or not at all. */
#pragma once

#include "lib/base/status.h"
#include "lib/zone/zone.h"

enum { SAVE_ERROR_SIZE = 512 };

/* Writes to a temporary file beside `path`, makes it durable, renames it. An existing file keeps its permissions and, where root
 * writes, its owner; behind a symbolic link the file it leads to is replaced. On failure what was at `path` still is, and `error` says why. */
int save_zone(const struct zone_version *version, const char *path, char error[SAVE_ERROR_SIZE]) ZT_MUST_CHECK;
