/* authd with as few rights as it needs: user, root folder, capabilities, sandbox; and what it tells of that.
 *
 * Three steps of a start. confine_begin comes first of all: the daemon becomes server.user in server.chroot, with a state folder of its own, so that whatever
 * the start opens or makes it can open again on reload. confine_bound, once every socket is bound, gives up the last capabilities. confine_enter, once all zones are
 * loaded and before the first thread is made, enters the sandbox, with the folders of the files that were read meanwhile.
 */
#pragma once

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/base/status.h"

struct confine;
struct manage;
struct zone_entry;

/* Sets manage->confine. What goes wrong is logged, with what to do. */
int confine_begin(struct manage *manage) ZT_MUST_CHECK;
int confine_bound(struct manage *manage) ZT_MUST_CHECK;
int confine_enter(struct manage *manage) ZT_MUST_CHECK;
/* NULL is fine. */
void confine_free(struct confine *confine);

/* The files a zone was read from (zonefile.h, sources): their folders will be readable. Does nothing once the sandbox is entered, and without a confine. */
void confine_note_sources(struct confine *confine, const uint8_t *sources, size_t len);
/* After a reload: says which folders of the new configuration the sandbox keeps closed. */
void confine_check_reload(const struct manage *manage);

/* The member "sandbox" of the daemon's status. */
json_t *confine_status(const struct manage *manage);
