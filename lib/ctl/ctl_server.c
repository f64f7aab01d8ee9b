/* The control socket's server. */
#include "lib/ctl/ctl_server.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/nearest.h"

enum {
	BACKLOG = 16,
	CLIENTS_MAX = 256,
	UNREAD_MAX = 1 << 20,      /* bytes of replies; a client that asks on without reading waits */
	ACCEPT_PAUSE_USEC = 100 * 1000,
};

struct connection {
	struct ctl_server *server;
	struct connection *next;
	struct connection **link;             /* what points at this one */
	struct bufferevent *bev;
	struct event resume;                  /* takes up the next request outside the handler's caller */
	struct ctl_request *current;          /* being answered; at most one */
	bool processing;                      /* on the stack: only marked closed, freed there */
	bool input_done;                      /* the client sends no more */
	bool closed;
};

struct ctl_server {
	struct event_base *base;
	struct ctl_config config;
	char *path;
	dev_t device;                         /* of the socket's file, to remove only our own */
	ino_t inode;
	struct evconnlistener *listener;
	struct event accept_again;
	struct connection *connections;
	unsigned connection_count;
};

struct ctl_request {
	struct ctl_message message;
	struct connection *connection;        /* NULL when the client has gone */
	ctl_handler on_gone;
	void *gone_ctx;
};

static void connection_process(struct connection *connection);

static void request_free(struct ctl_request *request)
{
	ctl_message_fini(&request->message);
	free(request);
}

static void connection_free(struct connection *connection)
{
	event_del(&connection->resume);
	bufferevent_free(connection->bev);
	free(connection);
}

static void request_abandon(struct connection *connection)
{
	struct ctl_request *request = connection->current;

	if (!request)
		return;
	connection->current = NULL;
	request->connection = NULL;
	if (request->on_gone)
		request->on_gone(request, request->gone_ctx);
}

static void connection_close(struct connection *connection)
{
	if (connection->closed)
		return;
	connection->closed = true;
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	connection->server->connection_count--;
	connection->server = NULL;
	bufferevent_setcb(connection->bev, NULL, NULL, NULL, NULL);
	bufferevent_disable(connection->bev, EV_READ | EV_WRITE);
	/* libevent closes the descriptor only in the loop's next turn, which at the end of a daemon never comes. */
	shutdown(bufferevent_getfd(connection->bev), SHUT_RDWR);
	bool processing = connection->processing;
	connection->processing = true;
	request_abandon(connection);
	connection->processing = processing;
	if (!processing)
		connection_free(connection);
}

static void reply_queue(struct connection *connection, json_t *reply)
{
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	struct evbuffer *output = bufferevent_get_output(connection->bev);

	json_decref(reply);
	if (text)
		evbuffer_add_printf(output, "%s\n", text);
	else
		evbuffer_add_printf(output, "{\"ok\":false,\"error\":\"out of memory\",\"status\":\"ENOMEM\"}\n");
	free(text);
}

static void failure_queue(struct connection *connection, int status, const char *error)
{
	reply_queue(connection, ctl_message_failure(status, error));
}

/* Ends the request with `reply` (taken over). */
static void request_end(struct ctl_request *request, json_t *reply)
{
	struct connection *connection = request->connection;

	if (connection) {
		assert(connection->current == request);
		connection->current = NULL;
		reply_queue(connection, reply);
		if (!connection->processing)
			event_active(&connection->resume, EV_TIMEOUT, 1);
	} else {
		json_decref(reply);
	}
	request_free(request);
}

void ctl_request_reply(struct ctl_request *request, json_t *result)
{
	request_end(request, result ? ctl_message_success(result) : ctl_message_failure(ZT_ENOMEM, status_text(ZT_ENOMEM)));
}

void ctl_request_fail(struct ctl_request *request, int status, const char *format, ...)
{
	char error[CTL_ERROR_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
	request_end(request, ctl_message_failure(status, error));
}

void ctl_request_on_gone(struct ctl_request *request, ctl_handler on_gone, void *ctx)
{
	request->on_gone = on_gone;
	request->gone_ctx = ctx;
}

const char *ctl_request_command(const struct ctl_request *request)
{
	return request->message.command;
}

const char *ctl_request_arg(const struct ctl_request *request, size_t i)
{
	return i < request->message.arg_count ? request->message.args[i] : NULL;
}

size_t ctl_request_arg_count(const struct ctl_request *request)
{
	return request->message.arg_count;
}

const char *ctl_request_text(const struct ctl_request *request, const char *option, const char *fallback)
{
	const char *text = json_string_value(json_object_get(request->message.root, option));
	return text ? text : fallback;
}

double ctl_request_number(const struct ctl_request *request, const char *option, double fallback)
{
	const json_t *value = json_object_get(request->message.root, option);
	return json_is_number(value) ? json_number_value(value) : fallback;
}

bool ctl_request_flag(const struct ctl_request *request, const char *option)
{
	return json_is_true(json_object_get(request->message.root, option));
}

static void help_reply(struct ctl_request *request, const struct ctl_config *config)
{
	json_t *list = json_array();

	for (size_t i = 0; i < config->command_count; i++) {
		const struct ctl_command *command = &config->commands[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "command", command->name, "arguments", command->arguments,
						      "help", command->help));
	}
	ctl_request_reply(request, list);
}

static void unknown_command_fail(struct ctl_request *request, const struct ctl_config *config)
{
	const char *nearest = NULL;
	struct buf known;

	buf_init(&known);
	for (size_t i = 0; i < config->command_count; i++) {
		nearest_consider(request->message.command, config->commands[i].name, &nearest);
		buf_printf(&known, "%s%s", i == 0 ? "" : i + 1 == config->command_count ? " and " : ", ", config->commands[i].name);
	}
	buf_add_u8(&known, 0);
	if (nearest)
		ctl_request_fail(request, ZT_ENOENT, "%s has no command \"%.64s\", did you mean \"%s\"?", config->program, request->message.command,
				 nearest);
	else
		ctl_request_fail(request, ZT_ENOENT, "%s has no command \"%.64s\"; it has %s", config->program, request->message.command,
				 known.status == ZT_OK ? (char *)known.data : "others");
	buf_fini(&known);
}

static void request_dispatch(struct ctl_request *request, const struct ctl_config *config)
{
	const struct ctl_command *command = NULL;

	if (strcmp(request->message.command, "help") == 0) {
		help_reply(request, config);
		return;
	}
	for (size_t i = 0; i < config->command_count && !command; i++) {
		if (strcmp(config->commands[i].name, request->message.command) == 0)
			command = &config->commands[i];
	}
	if (!command)
		unknown_command_fail(request, config);
	else if (request->message.arg_count < command->min_args || request->message.arg_count > command->max_args)
		ctl_request_fail(request, ZT_EINVAL, "%zu arguments, expected: %s %s", request->message.arg_count, command->name, command->arguments);
	else
		command->handler(request, config->ctx);
}

static void line_handle(struct connection *connection, const char *line, size_t len)
{
	char error[CTL_ERROR_SIZE];
	struct ctl_request *request = calloc(1, sizeof(*request));
	int status = request ? ctl_message_parse(&request->message, line, len, error) : ZT_ENOMEM;

	if (status != ZT_OK) {
		free(request);
		failure_queue(connection, status, status == ZT_ENOMEM ? status_text(status) : error);
		return;
	}
	request->connection = connection;
	connection->current = request;
	request_dispatch(request, &connection->server->config);
}

/* False when there is no whole line yet. */
static bool line_take(struct connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->bev);
	size_t len;
	char *line = evbuffer_readln(input, &len, EVBUFFER_EOL_LF);

	if (!line && evbuffer_get_length(input) >= CTL_REQUEST_MAX) {
		evbuffer_drain(input, evbuffer_get_length(input));
		failure_queue(connection, ZT_ELIMIT, "the request line is longer than 64 KiB");
		connection->input_done = true;
		bufferevent_disable(connection->bev, EV_READ);
	}
	if (!line)
		return false;
	if (len > 0)
		line_handle(connection, line, len);
	free(line);
	return true;
}

static void connection_process(struct connection *connection)
{
	if (connection->processing)
		return;
	connection->processing = true;
	while (!connection->closed && !connection->current && evbuffer_get_length(bufferevent_get_output(connection->bev)) < UNREAD_MAX &&
	       line_take(connection))
		continue;
	connection->processing = false;
	if (connection->closed)
		connection_free(connection);
	else if (connection->input_done && !connection->current && evbuffer_get_length(bufferevent_get_output(connection->bev)) == 0)
		connection_close(connection);
}

static void on_readable(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	connection_process(ctx);
}

static void on_written(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	connection_process(ctx);
}

static void on_resume(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	connection_process(ctx);
}

/* A client that only closed its sending side (a shell pipeline) still waits for replies. */
static bool has_hung_up(struct bufferevent *bev)
{
	struct pollfd poller = { .fd = bufferevent_getfd(bev) };
	return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLHUP | POLLERR));
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct connection *connection = ctx;

	if ((what & BEV_EVENT_EOF) && !has_hung_up(bev)) {
		connection->input_done = true;
		connection_process(connection);
	} else {
		connection_close(connection);
	}
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *ctx)
{
	struct ctl_server *server = ctx;
	(void)listener;
	(void)address;
	(void)len;

	struct connection *connection = server->connection_count < CLIENTS_MAX ? calloc(1, sizeof(*connection)) : NULL;
	struct bufferevent *bev = connection ? bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
	if (!bev) {
		free(connection);
		close(fd);
		return;
	}
	connection->server = server;
	connection->bev = bev;
	connection->next = server->connections;
	connection->link = &server->connections;
	if (connection->next)
		connection->next->link = &connection->next;
	server->connections = connection;
	server->connection_count++;
	event_assign(&connection->resume, server->base, -1, 0, on_resume, connection);
	bufferevent_setcb(bev, on_readable, on_written, on_event, connection);
	bufferevent_setwatermark(bev, EV_READ, 0, CTL_REQUEST_MAX);
	bufferevent_enable(bev, EV_READ);
}

static void on_accept_again(evutil_socket_t fd, short what, void *ctx)
{
	struct ctl_server *server = ctx;
	(void)fd;
	(void)what;
	evconnlistener_enable(server->listener);
}

/* Out of descriptors: the connection stays in the backlog, and would call back at once and for ever. */
static void on_accept_error(struct evconnlistener *listener, void *ctx)
{
	struct ctl_server *server = ctx;
	const struct timeval pause = { .tv_usec = ACCEPT_PAUSE_USEC };

	evconnlistener_disable(listener);
	evtimer_add(&server->accept_again, &pause);
}

static int address_make(struct sockaddr_un *address, const char *path, char error[CTL_ERROR_SIZE])
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path)) {
		snprintf(error, CTL_ERROR_SIZE, "control socket %.150s: the path has %zu bytes, expected at most %zu; choose a shorter folder", path,
			 strlen(path), sizeof(address->sun_path) - 1);
		return ZT_ELIMIT;
	}
	memcpy(address->sun_path, path, strlen(path) + 1);
	return ZT_OK;
}

/* Whether somebody listens at the path: ZT_EBUSY; ZT_EEXIST when it is no socket; ZT_OK when a dead daemon left it. */
static int leftover_check(const struct sockaddr_un *address)
{
	struct stat info;

	if (lstat(address->sun_path, &info) == 0 && !S_ISSOCK(info.st_mode))
		return ZT_EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return status_from_errno(errno);
	int failed = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0;
	int err = errno;
	close(fd);
	return failed && (err == ECONNREFUSED || err == ENOENT) ? ZT_OK : ZT_EBUSY;
}

static int socket_bind(int fd, const struct sockaddr_un *address, const char *program, char error[CTL_ERROR_SIZE])
{
	const struct sockaddr *any = (const struct sockaddr *)address;
	const char *path = address->sun_path;

	int failed = bind(fd, any, sizeof(*address));
	if (failed && errno == EADDRINUSE) {
		int leftover = leftover_check(address);
		if (leftover == ZT_EEXIST) {
			snprintf(error, CTL_ERROR_SIZE, "control socket %s: a file that is no socket stands there; move it away", path);
			return leftover;
		}
		if (leftover != ZT_OK) {
			snprintf(error, CTL_ERROR_SIZE, "control socket %s: another %s runs there; stop it, or choose another \"control\" path", path,
				 program);
			return leftover;
		}
		unlink(path);
		failed = bind(fd, any, sizeof(*address));
	}
	if (failed) {
		int err = errno;
		snprintf(error, CTL_ERROR_SIZE, "control socket %s: cannot create it: %s%s", path, strerror(err),
			 err == ENOENT ? " (the folder does not exist)" : "");
		return status_from_errno(err);
	}
	return ZT_OK;
}

/* A bound, not yet listening socket. Its mode is never wider than 0660, not even for a moment. */
static int socket_open(int *out, const struct ctl_config *config, char error[CTL_ERROR_SIZE])
{
	struct sockaddr_un address;

	int status = address_make(&address, config->path, error);
	if (status != ZT_OK)
		return status;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || fchmod(fd, 0660) != 0) {
		status = status_from_errno(errno);
		snprintf(error, CTL_ERROR_SIZE, "control socket %s: %s", config->path, strerror(errno));
	} else {
		status = socket_bind(fd, &address, config->program, error);
	}
	if (status == ZT_OK && chmod(config->path, 0660) != 0) {
		status = status_from_errno(errno);
		snprintf(error, CTL_ERROR_SIZE, "control socket %s: cannot set its mode: %s", config->path, strerror(errno));
		unlink(config->path);
	}
	if (status != ZT_OK && fd >= 0)
		close(fd);
	*out = fd;
	return status;
}

int ctl_server_open(struct ctl_server **out, struct event_base *base, const struct ctl_config *config, char error[CTL_ERROR_SIZE])
{
	struct stat info;
	int fd;

	int status = socket_open(&fd, config, error);
	if (status != ZT_OK)
		return status;
	struct ctl_server *server = calloc(1, sizeof(*server));
	char *path = strdup(config->path);
	struct evconnlistener *listener = NULL;
	if (server && path)
		listener = evconnlistener_new(base, on_accept, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (!listener) {
		snprintf(error, CTL_ERROR_SIZE, "control socket %s: %s", config->path, status_text(ZT_ENOMEM));
		unlink(config->path);
		close(fd);
		free(path);
		free(server);
		return ZT_ENOMEM;
	}
	server->base = base;
	server->config = *config;
	server->path = path;
	server->config.path = path;
	server->listener = listener;
	evtimer_assign(&server->accept_again, base, on_accept_again, server);
	evconnlistener_set_error_cb(listener, on_accept_error);
	if (lstat(path, &info) == 0) {
		server->device = info.st_dev;
		server->inode = info.st_ino;
	}
	*out = server;
	return ZT_OK;
}

void ctl_server_close(struct ctl_server *server)
{
	struct stat info;

	if (!server)
		return;
	while (server->connections) {
		struct connection *connection = server->connections;
		struct evbuffer *output = bufferevent_get_output(connection->bev);
		/* A bufferevent keeps others from draining its output. */
		evbuffer_unfreeze(output, 1);
		evbuffer_write(output, bufferevent_getfd(connection->bev));
		connection_close(connection);
	}
	evtimer_del(&server->accept_again);
	evconnlistener_free(server->listener);
	if (lstat(server->path, &info) == 0 && info.st_dev == server->device && info.st_ino == server->inode)
		unlink(server->path);
	free(server->path);
	free(server);
}
