/* Whether two versions differ at all; the difference itself is zone_diff (edit.h). */
#pragma once

#include "lib/zone/zone.h"

bool diff_exists(const struct zone_version *from, const struct zone_version *to);
