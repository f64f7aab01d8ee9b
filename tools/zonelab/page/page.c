/* The page's server: its life, its connections, and who is asked what. */
#include "tools/zonelab/page/page.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <unistd.h>

#include "tools/zonelab/page/files.h"
#include "tools/zonelab/page/page_inner.h"

/* Nothing but its own files and its own server: no other origin, no inline script, no frame around it. */
#define CONTENT_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const char *const commands[] = { "update", "fault", "partition", "heal", "kill", "start" };

bool page_is_built(void)
{
	return page_file_count() > 0;
}

/* ---- answers */

void page_headers_add(struct evhttp_request *request, const char *type)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "Content-Security-Policy", CONTENT_POLICY);
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
	evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
}

/* Sends a body, or only what describes it where the request is a HEAD. */
static void answer(struct evhttp_request *request, int http_status, const char *type, const void *data, size_t len)
{
	struct evbuffer *body = evbuffer_new();
	char text[24];

	page_headers_add(request, type);
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
		snprintf(text, sizeof text, "%zu", len);
		evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Length", text);
	} else if (!body || evbuffer_add(body, data, len) != 0) {
		http_status = HTTP_INTERNAL;
	}
	evhttp_send_reply(request, http_status, NULL, body);
	if (body)
		evbuffer_free(body);
}

/* Takes `document` over. */
static void answer_json(struct evhttp_request *request, int http_status, json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

	json_decref(document);
	if (text)
		answer(request, http_status, "application/json", text, strlen(text));
	else
		evhttp_send_reply(request, HTTP_INTERNAL, NULL, NULL);
	free(text);
}

void page_refuse(struct evhttp_request *request, int http_status, const char *error)
{
	answer_json(request, http_status, json_pack("{s:b, s:s}", "ok", 0, "error", error));
}

/* ---- commands */

static void reply_send(struct page *page, struct evhttp_request *request, int http_status, const char *text)
{
	struct evhttp_connection *http = evhttp_request_get_connection(request);

	/* None where the client has gone; evhttp then frees the request. */
	if (http)
		connection_touch(page, http, false);
	if (http_status == HTTP_OK)
		answer_json(request, HTTP_OK, json_pack("{s:b, s:s}", "ok", 1, "text", text));
	else
		page_refuse(request, http_status, text);
}

void page_reply_end(struct page_reply *reply, int http_status, const char *text)
{
	struct page *page = reply->page;

	if (page) {
		struct page_reply **link = &page->replies;
		while (*link != reply)
			link = &(*link)->next;
		*link = reply->next;
		reply_send(page, reply->request, http_status, text);
	}
	free(reply);
}

static bool command_is_known(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(name, commands[i]) == 0)
			return true;
	return false;
}

/* NULL where the request is as it must be. */
static const char *command_check(const json_t *command)
{
	const char *name = json_string_value(json_object_get(command, "command"));
	const json_t *args = json_object_get(command, "args");
	size_t i;
	json_t *arg;

	if (!name)
		return "expected {\"command\": NAME, \"args\": [TEXT, ...]}";
	if (!command_is_known(name))
		return "no command of the page; expected update, fault, partition, heal, kill or start";
	if (args && !json_is_array(args))
		return "\"args\" is no list";
	json_array_foreach(args, i, arg)
		if (!json_is_string(arg))
			return "\"args\" holds something that is no text";
	return NULL;
}

static void on_command(struct page *page, struct evhttp_request *request)
{
	const char *type = evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Type");
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	size_t len = evbuffer_get_length(body);
	json_error_t error;

	/* Forms of other sites can't have this type. */
	if (!type || strncasecmp(type, "application/json", strlen("application/json")) != 0) {
		page_refuse(request, 415, "the type of a command is application/json");
		return;
	}
	json_t *command = json_loadb((const char *)evbuffer_pullup(body, -1), len, JSON_REJECT_DUPLICATES, &error);
	const char *wrong = command ? command_check(command) : "the command is no JSON";
	struct page_reply *reply = wrong ? NULL : malloc(sizeof *reply);
	if (reply) {
		*reply = (struct page_reply){ .page = page, .request = request, .next = page->replies };
		page->replies = reply;
		connection_touch(page, evhttp_request_get_connection(request), true);
		page->hooks.command(page->hooks.ctx, command, reply);
	} else {
		page_refuse(request, wrong ? HTTP_BADREQUEST : HTTP_INTERNAL, wrong ? wrong : "out of memory");
	}
	json_decref(command);
}

/* ---- requests */

static void refuse_method(struct evhttp_request *request, const char *allowed)
{
	evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", allowed);
	page_refuse(request, HTTP_BADMETHOD, "this address knows no such method");
}

static void give_cookie(const struct page *page, struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	char cookie[sizeof GUARD_COOKIE + GUARD_TOKEN_SIZE + 64];

	snprintf(cookie, sizeof cookie, GUARD_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax", page->guard.token);
	evhttp_add_header(headers, "Set-Cookie", cookie);
	evhttp_add_header(headers, "Location", "/");
	answer(request, 303, "text/plain; charset=utf-8", "", 0);
}

static void on_get(struct page *page, struct evhttp_request *request, const char *path, const struct evkeyvalq *query)
{
	const struct page_file *file = page_file_find(strcmp(path, "/") == 0 ? "/index.html" : path);

	if (file)
		answer(request, HTTP_OK, file->type, file->data, file->len);
	else if (strcmp(path, "/api/state") == 0)
		answer_json(request, HTTP_OK, page->hooks.state(page->hooks.ctx));
	else if (strcmp(path, "/api/events") == 0 && evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
		answer(request, HTTP_OK, "text/event-stream", "", 0);
	else if (strcmp(path, "/api/events") == 0)
		watcher_begin(page, request, query);
	else if (strcmp(path, "/api/command") == 0)
		refuse_method(request, "POST");
	else
		page_refuse(request, HTTP_NOTFOUND, "nothing is here; the page is at /");
}

/* What the guard looks at. People may come from anywhere to the page itself: by a link the page only gets opened. */
static enum guard_verdict admit(const struct page *page, struct evhttp_request *request, const char *path, const struct evkeyvalq *query)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *mode = evhttp_find_header(headers, "Sec-Fetch-Mode");
	bool is_visit = evhttp_request_get_command(request) == EVHTTP_REQ_GET && strcmp(path, "/") == 0;

	return guard_check(&page->guard, &(struct guard_request){
		.host = evhttp_find_header(headers, "Host"),
		.origin = evhttp_find_header(headers, "Origin"),
		.fetch_site = is_visit && mode && strcmp(mode, "navigate") == 0 ? NULL : evhttp_find_header(headers, "Sec-Fetch-Site"),
		.cookie = evhttp_find_header(headers, "Cookie"),
		.authorization = evhttp_find_header(headers, "Authorization"),
		.query_token = is_visit ? evhttp_find_header(query, "token") : NULL,
	});
}

static void dispatch(struct page *page, struct evhttp_request *request, const char *path, const struct evkeyvalq *query)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(request);

	switch (admit(page, request, path, query)) {
	case GUARD_WRONG_HOST:
		page_refuse(request, 421, "this is not the server of that host; use the address that zonelab has printed");
		return;
	case GUARD_FOREIGN_PAGE:
		page_refuse(request, 403, "the request comes from another site's page");
		return;
	case GUARD_WRONG_TOKEN:
		page_refuse(request, 401, "a token is needed: open the address that zonelab has printed");
		return;
	case GUARD_PASSES_WITH_URL:
		give_cookie(page, request);
		return;
	case GUARD_PASSES:
		break;
	}
	if (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD)
		on_get(page, request, path, query);
	else if (method == EVHTTP_REQ_POST && strcmp(path, "/api/command") == 0)
		on_command(page, request);
	else
		refuse_method(request, strcmp(path, "/api/command") == 0 ? "POST" : "GET, HEAD");
}

static void on_closed(struct evhttp_connection *http, void *ctx)
{
	struct page *page = ctx;

	watcher_gone(page, http);
	loop_timer_in(&page->reap, 0);
}

static void on_request(struct evhttp_request *request, void *ctx)
{
	struct page *page = ctx;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query_text = uri ? evhttp_uri_get_query(uri) : NULL;
	struct evkeyvalq query = { 0 };

	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_closed, page);
	connection_touch(page, evhttp_request_get_connection(request), false);
	TAILQ_INIT(&query);
	if (!path || !*path || evhttp_uri_get_host(uri) || (query_text && evhttp_parse_query_str(query_text, &query) != 0))
		page_refuse(request, HTTP_BADREQUEST, "this is no address of the page");
	else
		dispatch(page, request, path, &query);
	evhttp_clear_headers(&query);
}

/* ---- life */

static void on_reap(void *ctx)
{
	connections_reap(ctx);
}

static void on_beat(void *ctx)
{
	struct page *page = ctx;

	connections_expire(page);
	connections_reap(page);
	page_events_grew(page);
	watchers_beat(page);
	loop_timer_in(&page->beat, page->beat_every);
}

void page_events_grew(struct page *page)
{
	/* What fails here is told to the next client that comes. */
	if (feed_grew(&page->feed) == ZT_OK)
		watchers_wake(page);
}

static int listen_fail(const struct netaddr *address, int fd, char error[PAGE_ERROR_SIZE])
{
	int why = errno;
	char text[NETADDR_TEXT_SIZE];

	netaddr_to_text(address, text);
	snprintf(error, PAGE_ERROR_SIZE, "--http %s: %s", text,
		 why == EADDRINUSE    ? "another program listens there; choose another port"
		 : why == EADDRNOTAVAIL ? "this machine has no such address"
					: strerror(why));
	if (fd >= 0)
		close(fd);
	return status_from_errno(why);
}

int page_listen(const struct netaddr *address, int *listener, char error[PAGE_ERROR_SIZE])
{
	const int on = 1;
	int fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    (address->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
	    bind(fd, &address->any, netaddr_len(address)) != 0 || listen(fd, PAGE_CONNECTIONS_MAX) != 0)
		return listen_fail(address, fd, error);
	*listener = fd;
	return ZT_OK;
}

/* Takes the socket over where all goes well. */
static int listener_take(struct page *page, int fd)
{
	struct evconnlistener *listener = evconnlistener_new(page->loop->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	socklen_t len = sizeof page->guard.bound;

	if (!listener)
		return ZT_ENOMEM;
	if (getsockname(fd, &page->guard.bound.any, &len) != 0 || !evhttp_bind_listener(page->http, listener)) {
		evconnlistener_free(listener);
		return ZT_ENOMEM;
	}
	page->listener = listener;
	return ZT_OK;
}

static int http_begin(struct page *page)
{
	page->http = evhttp_new(page->loop->base);
	if (!page->http)
		return ZT_ENOMEM;
	evhttp_set_max_headers_size(page->http, PAGE_HEADERS_MAX);
	evhttp_set_max_body_size(page->http, PAGE_BODY_MAX);
	evhttp_set_timeout(page->http, PAGE_ARRIVAL_S);
	/* The others are answered, too, and told what is allowed. */
	evhttp_set_allowed_methods(page->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						       EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_bevcb(page->http, connection_accept, page);
	evhttp_set_gencb(page->http, on_request, page);
	return ZT_OK;
}

int page_open(struct page **out, struct loop *loop, const struct page_config *config, char error[PAGE_ERROR_SIZE])
{
	struct page *page = calloc(1, sizeof *page);

	*out = NULL;
	if (!page) {
		close(config->listener);
		snprintf(error, PAGE_ERROR_SIZE, "--http: out of memory");
		return ZT_ENOMEM;
	}
	*page = (struct page){ .loop = loop, .guard = config->guard, .hooks = config->hooks, .beat_every = PAGE_BEAT_S * USEC_PER_SEC };
	loop_timer_init(&page->beat, loop, on_beat, page);
	loop_timer_init(&page->reap, loop, on_reap, page);
	int status = feed_open(&page->feed, config->events_path);
	if (status != ZT_OK) {
		snprintf(error, PAGE_ERROR_SIZE, "%.180s: %s", config->events_path, status == ZT_ESYSTEM ? strerror(errno) : status_text(status));
		page->feed.fd = -1;
	} else if ((status = http_begin(page)) != ZT_OK || (status = listener_take(page, config->listener)) != ZT_OK) {
		snprintf(error, PAGE_ERROR_SIZE, "--http: %s", status_text(status));
	}
	if (status != ZT_OK) {
		if (!page->listener)
			close(config->listener);
		page_close(page);
		return status;
	}
	loop_timer_in(&page->beat, page->beat_every);
	*out = page;
	return ZT_OK;
}

void page_close(struct page *page)
{
	if (!page)
		return;
	loop_timer_stop(&page->beat);
	for (struct page_reply *reply = page->replies; reply; reply = reply->next) {
		reply_send(page, reply->request, HTTP_SERVUNAVAIL, "the lab ends");
		reply->page = NULL;
	}
	/* Requests go with their connections now: nobody may end them once more. */
	for (size_t i = 0; i < PAGE_WATCHERS_MAX; i++)
		page->watchers[i] = (struct watcher){ 0 };
	if (page->http)
		evhttp_free(page->http);
	connections_release(page);
	loop_timer_stop(&page->reap);
	feed_close(&page->feed);
	free(page);
}

const struct guard *page_guard(const struct page *page)
{
	return &page->guard;
}
