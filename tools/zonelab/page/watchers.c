/* Clients of the page's events: each reads the events file at its own pace, one piece under way at a time. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/page/page_inner.h"

enum {
	PIECE = 64 * 1024,       /* what waits in memory for one client */
	RETRY_MS = 1000,         /* after which a browser comes back */
	INPUT_MAX = 4096,        /* of what a client sends on, which nobody reads */
};

static void watcher_pump(struct watcher *watcher);

static void on_written(struct evhttp_connection *http, void *ctx)
{
	struct watcher *watcher = ctx;

	(void)http;
	watcher->unread = false;
	watcher_pump(watcher);
}

static void watcher_send(struct watcher *watcher, struct evbuffer *data)
{
	watcher->unread = true;
	watcher->unread_since = loop_now(watcher->page->loop);
	evhttp_send_reply_chunk_with_cb(watcher->request, data, on_written, watcher);
}

/* Ends the answer. Not from inside a callback of its connection. */
static void watcher_hang_up(struct watcher *watcher)
{
	struct evhttp_connection *http = watcher->http;

	*watcher = (struct watcher){ 0 };
	evhttp_connection_free(http);
}

static void watcher_pump(struct watcher *watcher)
{
	struct evbuffer *data;

	if (watcher->unread || !(data = evbuffer_new()))
		return;
	/* What could not be read now is tried again with the next heartbeat. */
	if (feed_read(&watcher->page->feed, &watcher->place, PIECE, data) == ZT_OK && evbuffer_get_length(data) > 0)
		watcher_send(watcher, data);
	evbuffer_free(data);
}

void watchers_wake(struct page *page)
{
	for (size_t i = 0; i < PAGE_WATCHERS_MAX; i++)
		if (page->watchers[i].page)
			watcher_pump(&page->watchers[i]);
}

static void watcher_beat(struct watcher *watcher)
{
	struct evbuffer *data = evbuffer_new();

	if (data && evbuffer_add_printf(data, "event: beat\ndata: {\"lines\":%llu}\n\n", (unsigned long long)watcher->page->feed.lines) > 0)
		watcher_send(watcher, data);
	if (data)
		evbuffer_free(data);
}

void watchers_beat(struct page *page)
{
	for (size_t i = 0; i < PAGE_WATCHERS_MAX; i++) {
		struct watcher *watcher = &page->watchers[i];
		if (!watcher->page)
			continue;
		if (watcher->unread && loop_now(page->loop) - watcher->unread_since > PAGE_STALL_S * USEC_PER_SEC) {
			watcher_hang_up(watcher);
			continue;
		}
		watcher_pump(watcher);
		if (!watcher->unread)
			watcher_beat(watcher);
	}
}

void watcher_gone(struct page *page, const struct evhttp_connection *http)
{
	for (size_t i = 0; i < PAGE_WATCHERS_MAX; i++) {
		struct watcher *watcher = &page->watchers[i];
		if (!watcher->page || watcher->http != http)
			continue;
		struct evhttp_request *request = watcher->request;
		*watcher = (struct watcher){ 0 };
		/* evhttp has let go of a request whose connection failed; this frees it. */
		evhttp_send_reply_end(request);
	}
}

/* After which line the client wants to go on. False for what is no number. */
static bool place_choose(const struct page *page, const char *header, const struct evkeyvalq *query, uint64_t *number)
{
	const char *last = evhttp_find_header(query, "last");
	const char *after = header ? header : evhttp_find_header(query, "after");
	const char *text = after ? after : last ? last : "0";

	if (!*text || strlen(text) > 18 || text[strspn(text, "0123456789")])
		return false;
	*number = strtoull(text, NULL, 10);
	if (!after && last)
		*number = page->feed.lines > *number ? page->feed.lines - *number : 0;
	return true;
}

static struct watcher *place_free(struct page *page)
{
	for (size_t i = 0; i < PAGE_WATCHERS_MAX; i++)
		if (!page->watchers[i].page)
			return &page->watchers[i];
	return NULL;
}

void watcher_begin(struct page *page, struct evhttp_request *request, const struct evkeyvalq *query)
{
	struct evhttp_connection *http = evhttp_request_get_connection(request);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(http);
	struct watcher *watcher = place_free(page);
	struct evbuffer *data = evbuffer_new();
	struct feed_place place;
	uint64_t number;

	if (!place_choose(page, evhttp_find_header(evhttp_request_get_input_headers(request), "Last-Event-ID"), query, &number))
		page_refuse(request, HTTP_BADREQUEST, "Last-Event-ID, after and last are numbers of events");
	else if (!watcher)
		page_refuse(request, HTTP_SERVUNAVAIL, "too many pages are watching; close one");
	else if (!data || feed_grew(&page->feed) != ZT_OK || feed_seek(&page->feed, number, &place) != ZT_OK)
		page_refuse(request, HTTP_INTERNAL, "the events cannot be read");
	else {
		*watcher = (struct watcher){ .page = page, .http = http, .request = request, .place = place };
		connection_touch(page, http, true);
		page_headers_add(request, "text/event-stream");
		evhttp_send_reply_start(request, HTTP_OK, "OK");
		/* Nothing more is read of this client, and it may be silent for ever; evhttp's time-out would end that. */
		bufferevent_set_timeouts(bev, NULL, NULL);
		bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
		evbuffer_add_printf(data, "retry: %d\n\n", RETRY_MS);
		watcher_send(watcher, data);
	}
	if (data)
		evbuffer_free(data);
}
