/* dnstap as configured: makes the tap, and tells what became of it. */
#pragma once

#include <jansson.h>

#include "authd/manage/manage.h"
#include "lib/net/tap.h"

/* `workers`: how many will have a lane. *out stays NULL where dnstap is off. */
int taps_new(struct tap **out, const struct manage *manage, uint32_t workers) ZT_MUST_CHECK;
/* For metrics; nothing where dnstap is off. */
void taps_fill(struct buf *out, const struct manage *manage);
/* For the statistics; empty where it is off. */
json_t *taps_stats(const struct manage *manage);
