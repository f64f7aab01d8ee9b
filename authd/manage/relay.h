/* Passing the word on: a secondary that has a new version of its zone tells some members of its group, drawn at random (lib/xfr/group.h).
 *
 * Best effort: one message a member and version, sent once more when it is not answered. What counts on is the primary's own queue (primary.h); this
 * is only faster, and spares the primary transfers. At most one round a second, with the newest serial.
 */
#pragma once

#include "authd/manage/manage.h"
#include "lib/xfr/group.h"

struct relay;

/* `group` and `servers` (one for each of the group's, in its order) are borrowed; relay_free comes before they go. NULL when memory is out. */
struct relay *relay_new(struct manage *manage, struct zone_entry *entry, struct group *group, const struct remote_options *servers);
/* NULL is fine. */
void relay_free(struct relay *relay);
/* A new version is published; `from`: the server it came from. */
void relay_on_change(struct relay *relay, int from);
