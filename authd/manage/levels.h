/* UPDATEs that want to be answered when others have the change (lib/xfr/level.h). The change itself is durable before it comes here; what is waited for never makes
 * it fail.
 *
 * So many may wait at once, with so many bytes of messages; more are answered at once, and told so. A client that goes away is waited for all the same, for no longer
 * than it asked; who repeats its message by UDP gets the one answer.
 */
#pragma once

#include "authd/manage/manage.h"
#include "authd/serve/request.h"
#include "lib/xfr/level.h"

enum { LEVELS_MAX = 1024, LEVELS_BYTES_MAX = 4 << 20, LEVELS_TIMEOUT_MAX_S = 300 };

struct levels;

int levels_new(struct levels **out, struct manage *manage) ZT_MUST_CHECK;
/* Answers all that wait, with what is known now; while the workers still run, so that clients hear of it. */
void levels_finish(struct levels *levels);
/* The same first. NULL is fine. */
void levels_free(struct levels *levels);

/* Whether this is a repetition of one that waits. */
bool levels_knows(const struct levels *levels, const struct request *request);
/* Adds the receipt of an UPDATE that is done to its reply, now or when it has come as far as it wants. `old_ttl`: see staleness.h. True: the request is kept, and goes
 * back to its worker by itself. */
bool levels_take(struct levels *levels, struct request *request, struct zone_entry *entry, const struct level_question *question, uint32_t old_ttl);
