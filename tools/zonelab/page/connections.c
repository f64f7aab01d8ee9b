/* The page's connections: how many there are, and how long a request may take to arrive. */
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "tools/zonelab/page/page_inner.h"

static struct connection *connection_find(struct page *page, const struct bufferevent *bev)
{
	for (size_t i = 0; i < PAGE_CONNECTIONS_MAX; i++)
		if (page->connections[i].bev == bev)
			return &page->connections[i];
	return NULL;
}

/* evhttp sets callbacks as long as it has the bufferevent; freeing takes them away. */
static bool has_ended(const struct connection *connection)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(connection->bev, NULL, NULL, &on_event, NULL);
	return !on_event;
}

struct bufferevent *connection_accept(struct event_base *base, void *ctx)
{
	struct page *page = ctx;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct connection *connection = connection_find(page, NULL);

	if (bev && connection) {
		bufferevent_incref(bev);
		*connection = (struct connection){ .bev = bev, .since = loop_now(page->loop) };
	}
	/* Those that come now wait in the kernel. */
	if (!connection_find(page, NULL))
		evconnlistener_disable(page->listener);
	return bev;
}

void connection_touch(struct page *page, struct evhttp_connection *http, bool busy)
{
	struct connection *connection = connection_find(page, evhttp_connection_get_bufferevent(http));

	if (!connection)
		return;
	connection->since = loop_now(page->loop);
	connection->busy = busy;
}

static void connection_release(struct connection *connection)
{
	bufferevent_decref(connection->bev);
	*connection = (struct connection){ 0 };
}

void connections_reap(struct page *page)
{
	/* Only a bufferevent that evhttp has never given callbacks would look like one that has ended: it gives them right after it was accepted, in
	 * the same turn. */
	for (size_t i = 0; i < PAGE_CONNECTIONS_MAX; i++)
		if (page->connections[i].bev && has_ended(&page->connections[i]))
			connection_release(&page->connections[i]);
	if (connection_find(page, NULL))
		evconnlistener_enable(page->listener);
}

void connections_expire(struct page *page)
{
	for (size_t i = 0; i < PAGE_CONNECTIONS_MAX; i++) {
		const struct connection *connection = &page->connections[i];
		if (connection->bev && !connection->busy && loop_now(page->loop) - connection->since > PAGE_ARRIVAL_S * USEC_PER_SEC)
			bufferevent_trigger_event(connection->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
	}
}

void connections_release(struct page *page)
{
	for (size_t i = 0; i < PAGE_CONNECTIONS_MAX; i++)
		if (page->connections[i].bev)
			connection_release(&page->connections[i]);
}
