/* What the parts of the page's server share: page.c (life, connections, who is asked what), watchers.c (clients of events). */
#pragma once

#include <event2/http.h>

#include "tools/zonelab/page/feed.h"
#include "tools/zonelab/page/guard.h"
#include "tools/zonelab/page/page.h"

/* One connection. evhttp tells nobody of its end, so a reference to its bufferevent is held, and what evhttp has let go of is seen by the callbacks
 * that are gone. */
struct connection {
	struct bufferevent *bev;             /* NULL: a free place */
	usec_t since;                        /* it was accepted, or its last request had arrived */
	bool busy;                           /* a command or events are under way: it may last */
};

/* A client of events. */
struct watcher {
	struct page *page;                   /* NULL: a free place */
	struct evhttp_connection *http;
	struct evhttp_request *request;
	struct feed_place place;
	bool unread;                         /* what was sent has not gone out yet */
	usec_t unread_since;
};

struct page_reply {
	struct page *page;
	struct evhttp_request *request;
	struct page_reply *next;
};

struct page {
	struct loop *loop;
	struct evhttp *http;
	struct evconnlistener *listener;     /* evhttp's; at rest while all connections are taken */
	struct guard guard;
	struct page_hooks hooks;
	struct feed feed;
	struct loop_timer beat;
	usec_t beat_every;
	struct loop_timer reap;              /* at once: connections have ended */
	struct page_reply *replies;          /* commands under way */
	struct connection connections[PAGE_CONNECTIONS_MAX];
	struct watcher watchers[PAGE_WATCHERS_MAX];
};

/* Every connection's bufferevent is made here. */
struct bufferevent *connection_accept(struct event_base *base, void *page);
/* A request has arrived; `busy`: its answer may last. */
void connection_touch(struct page *page, struct evhttp_connection *http, bool busy);
/* Lets go of the connections that have ended. */
void connections_reap(struct page *page);
/* Ends those that have waited too long for a request. */
void connections_expire(struct page *page);
/* All of them, after evhttp has ended. */
void connections_release(struct page *page);

/* Ends the request with {"ok": false, "error": ...}. */
void page_refuse(struct evhttp_request *request, int http_status, const char *error);
/* Headers that every answer has. */
void page_headers_add(struct evhttp_request *request, const char *type);

/* Takes the request over, or refuses it. */
void watcher_begin(struct page *page, struct evhttp_request *request, const struct evkeyvalq *query);
/* New lines to everybody who has read the last ones. */
void watchers_wake(struct page *page);
/* A heartbeat to who reads, the end for who doesn't. */
void watchers_beat(struct page *page);
/* Its connection is on its way out: only forgets it. */
void watcher_gone(struct page *page, const struct evhttp_connection *http);
