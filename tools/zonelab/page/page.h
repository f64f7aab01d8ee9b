/* The page's server: HTTP on one address, for the page itself, the lab's state, its events as they happen, and commands.
 *
 *   GET /                    the page, and the files it consists of (files.h)
 *   GET /api/state           the state document
 *   GET /api/events          server-sent events, one for each line of the events file; goes on after Last-Event-ID, or ?after=N; else with the last
 *                            ?last=N lines, or all. A heartbeat (`event: beat`) goes out every PAGE_BEAT_S
 *   POST /api/command        {"command": "heal", "args": [...]} -> {"ok": true, "text": ...} or a 4xx with {"ok": false, "error": ...}
 *
 * It knows nothing of labs: what it shows comes by the callbacks of struct page_hooks and from the events file. Who may ask is guard.h's.
 * Everything is bounded: connections, headers, bodies, the time that a request may take to arrive, and what waits to be read by a client
 * (a client of events that reads nothing for PAGE_STALL_S is hung up on; it comes back by itself and goes on where it was).
 * One thread, the loop's. The process must ignore SIGPIPE.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/net/loop.h"
#include "tools/zonelab/page/guard.h"

struct page;
struct page_reply;

enum {
	PAGE_CONNECTIONS_MAX = 64,
	PAGE_WATCHERS_MAX = 32,              /* clients of events among them */
	PAGE_HEADERS_MAX = 16 * 1024,        /* bytes */
	PAGE_BODY_MAX = 64 * 1024,
	PAGE_BEAT_S = 5,
	PAGE_STALL_S = 20,
	PAGE_ARRIVAL_S = 30,                 /* for a request, and for the next on a connection */
	PAGE_ERROR_SIZE = 256,
};

struct page_hooks {
	/* The state document, a new reference; NULL when memory ran out. */
	json_t *(*state)(void *ctx);
	/* Does what the request asks. `request` is borrowed: an object whose "command" is one that pages may give and whose "args", if there, are
	 * texts. The reply must be ended exactly once by page_reply_end: at once, later, or
	 * even after page_close (it then goes nowhere). */
	void (*command)(void *ctx, const json_t *request, struct page_reply *reply);
	void *ctx;
};

struct page_config {
	int listener;                        /* of page_listen; taken over, also where page_open fails */
	struct guard guard;                  /* guard_init with the address; the port may still be 0 */
	const char *events_path;             /* must be there */
	struct page_hooks hooks;
};

/* Whether the page's files were built into this program; without them `up --http` has nothing to show. */
bool page_is_built(void);

/* A socket that listens on the address; with port 0 the kernel chooses one. On failure `error` tells the whole story in one line. */
ZT_MUST_CHECK int page_listen(const struct netaddr *address, int *listener, char error[PAGE_ERROR_SIZE]);
/* Likewise. */
ZT_MUST_CHECK int page_open(struct page **page, struct loop *loop, const struct page_config *config, char error[PAGE_ERROR_SIZE]);
/* Hangs up on everybody. NULL is fine. Not from inside a hook. */
void page_close(struct page *page);
/* To be called when the events file has got new lines. */
void page_events_grew(struct page *page);
/* With the port that is listened on. */
const struct guard *page_guard(const struct page *page);

/* `text` is what was done, or with an HTTP status other than 200 what is wrong. */
void page_reply_end(struct page_reply *reply, int http_status, const char *text);
