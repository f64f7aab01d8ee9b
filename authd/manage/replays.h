/* Signed UPDATEs of late, known by their MACs: one that comes again, because its answer was lost or because somebody recorded it, is answered as before and
 * changes nothing (RFC 8945 section 10 leaves replays within the fudge to the server).
 *
 * An UPDATE is remembered for as long as its signature is good. Who has the key can sign anew; who has not cannot make a MAC. What is remembered has a
 * limit, the oldest goes first; and a restart forgets all.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct replays;

enum { REPLAYS_DEFAULT = 1 << 20 };      /* at 32 bytes each; memory is taken as it is used */

/* `size`: how many are remembered, a power of two. NULL when memory is out. */
struct replays *replays_new(size_t size);
void replays_free(struct replays *replays);

enum { REPLAY_NEW = -1, REPLAY_UNANSWERED = -2 };

/* The rcode that the UPDATE was answered with; REPLAY_NEW: it has not been seen, and is from now on, until second `until`; REPLAY_UNANSWERED: it has, and has no
 * answer yet. `mac`: of its signature, 16 bytes or more. `now`: the wall clock in seconds. */
int replays_look(struct replays *replays, const uint8_t *mac, uint64_t until, uint64_t now);
/* The rcode of one that was seen; REPLAY_UNANSWERED where there is none, or it was forgotten. */
int replays_rcode(struct replays *replays, const uint8_t *mac);
/* What one that was new is answered with. */
void replays_answer(struct replays *replays, const uint8_t *mac, unsigned rcode);
/* One that was new came to nothing, and may be tried again. */
void replays_forget(struct replays *replays, const uint8_t *mac);
