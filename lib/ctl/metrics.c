/* Prometheus text metrics. */
#include "lib/ctl/metrics.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	TIMEOUT_SECONDS = 10,
	RESUME_SECONDS = 1,
	HEADERS_MAX = 16 * 1024,
	EXACT_DIGITS = 17,      /* a double survives the way through text */
};

struct metrics_server {
	struct evhttp *http;
	struct evconnlistener *listener;      /* the http server's */
	struct event resume;
	int descriptors_max;                  /* no connection gets one above */
	struct netaddr local;
	metrics_fill fill;
	void *ctx;
};

static void on_scrape(struct evhttp_request *request, void *ctx)
{
	const struct metrics_server *server = ctx;
	struct evbuffer *body = evbuffer_new();
	struct buf text;

	buf_init(&text);
	server->fill(&text, server->ctx);
	if (!body || text.status != ZT_OK || evbuffer_add(body, text.data, text.len) != 0) {
		evhttp_send_error(request, HTTP_INTERNAL, "out of memory");
	} else {
		evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
		evhttp_send_reply(request, HTTP_OK, "OK", body);
	}
	if (body)
		evbuffer_free(body);
	buf_fini(&text);
}

static void on_other(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	evhttp_send_error(request, HTTP_NOTFOUND, "the metrics are at /metrics");
}

/* Out of descriptors: the connection stays in the backlog, and would call back at once and for ever. The listener's context is the http
 * server's, so `resume` can't be armed from here. */
static void on_accept_error(struct evconnlistener *listener, void *ctx)
{
	(void)ctx;
	evconnlistener_disable(listener);
}

/* Clients that say little stay for long, and evhttp neither counts nor bounds them. The last quarter of the descriptors is not for them: the rest of the daemon
 * needs it. The next descriptor to be had is the lowest that is free. */
static bool is_room_short(const struct metrics_server *server)
{
	int next = dup(evconnlistener_get_fd(server->listener));

	if (next >= 0)
		close(next);
	return next < 0 || next >= server->descriptors_max;
}

static void on_resume(evutil_socket_t fd, short what, void *ctx)
{
	const struct metrics_server *server = ctx;
	(void)fd;
	(void)what;
	if (!is_room_short(server))
		evconnlistener_enable(server->listener);
}

/* The stream of a new connection. Where room is short the next ones wait in the backlog. */
static struct bufferevent *stream_new(struct event_base *base, void *ctx)
{
	const struct metrics_server *server = ctx;

	if (is_room_short(server))
		evconnlistener_disable(server->listener);
	return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
}

static int descriptors_max(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT_MAX ? (int)(limit.rlim_cur - limit.rlim_cur / 4) : INT_MAX;
}

int metrics_open(struct metrics_server **out, struct event_base *base, const struct netaddr *local, metrics_fill fill, void *ctx)
{
	char ip[NETADDR_TEXT_SIZE];
	struct metrics_server *server = calloc(1, sizeof(*server));
	struct evhttp *http = server ? evhttp_new(base) : NULL;

	if (!http) {
		free(server);
		return ZT_ENOMEM;
	}
	*server = (struct metrics_server){ .http = http, .local = *local, .fill = fill, .ctx = ctx, .descriptors_max = descriptors_max() };
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_timeout(http, TIMEOUT_SECONDS);
	evhttp_set_max_headers_size(http, HEADERS_MAX);
	evhttp_set_max_body_size(http, 0);
	evhttp_set_gencb(http, on_other, server);
	evhttp_set_bevcb(http, stream_new, server);
	struct evhttp_bound_socket *bound = NULL;
	if (evhttp_set_cb(http, "/metrics", on_scrape, server) == 0)
		bound = evhttp_bind_socket_with_handle(http, netaddr_ip_to_text(local, ip), netaddr_port(local));
	if (!bound) {
		int err = errno;
		metrics_close(server);
		return err == EADDRINUSE ? ZT_EBUSY : err ? status_from_errno(err) : ZT_ENOMEM;
	}
	const struct timeval period = { .tv_sec = RESUME_SECONDS };
	server->listener = evhttp_bound_socket_get_listener(bound);
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	event_assign(&server->resume, base, -1, EV_PERSIST, on_resume, server);
	event_add(&server->resume, &period);
	socklen_t len = sizeof(server->local);
	if (getsockname(evhttp_bound_socket_get_fd(bound), &server->local.any, &len) != 0)
		server->local = *local;
	*out = server;
	return ZT_OK;
}

void metrics_close(struct metrics_server *server)
{
	if (!server)
		return;
	if (server->listener)
		event_del(&server->resume);
	evhttp_free(server->http);
	free(server);
}

void metrics_local(const struct metrics_server *server, struct netaddr *local)
{
	*local = server->local;
}

/* Backslash, newline and, in label values, the double quote (the text format's only escapes). */
static void escaped_write(struct buf *out, const char *text, bool quotes)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			buf_add(out, "\\n", 2);
		else if (*p == '\\' || (*p == '"' && quotes))
			buf_add(out, (const char[]){ '\\', *p }, 2);
		else
			buf_add(out, p, 1);
	}
}

static const char *const type_names[] = { "counter", "gauge", "histogram" };

void metrics_family(struct buf *out, const char *name, enum metrics_type type, const char *help)
{
	buf_printf(out, "# HELP %s ", name);
	escaped_write(out, help, false);
	buf_printf(out, "\n# TYPE %s %s\n", name, type_names[type]);
}

static void value_write(struct buf *out, double value)
{
	if (isnan(value))
		buf_printf(out, "NaN");
	else if (isinf(value))
		buf_printf(out, "%sInf", value > 0 ? "+" : "-");
	else
		buf_printf(out, "%.*g", EXACT_DIGITS, value);
}

void metrics_sample(struct buf *out, const char *name, const struct metrics_label *labels, double value)
{
	buf_printf(out, "%s", name);
	for (const struct metrics_label *label = labels; label && label->name; label++) {
		buf_printf(out, "%s%s=\"", label == labels ? "{" : ",", label->name);
		escaped_write(out, label->value, true);
		buf_add_u8(out, '"');
	}
	buf_printf(out, "%s ", labels && labels->name ? "}" : "");
	value_write(out, value);
	buf_add_u8(out, '\n');
}
