/* The control socket's client. */
#include "lib/ctl/ctl_client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"

enum {
	REPLY_MAX = 256 << 20,
	READ_STEP = 64 * 1024,
};

struct call {
	const struct ctl_client *client;
	int fd;
	usec_t deadline;      /* 0 = none */
	char *error;
};

static int connect_failed(const struct call *call, int err)
{
	const char *path = call->client->path;

	switch (err) {
	case ENOENT: snprintf(call->error, CTL_ERROR_SIZE, "%s: there is no such control socket; is the daemon running?", path); break;
	case ECONNREFUSED:
		snprintf(call->error, CTL_ERROR_SIZE, "%s: nobody answers at this control socket; the daemon is not running", path);
		break;
	case EACCES:
		snprintf(call->error, CTL_ERROR_SIZE, "%s: not permitted to use this control socket; join its group or become its owner", path);
		break;
	default: snprintf(call->error, CTL_ERROR_SIZE, "%s: cannot connect: %s", path, strerror(err)); break;
	}
	return status_from_errno(err);
}

static int call_connect(struct call *call)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(call->client->path);

	if (len >= sizeof(address.sun_path)) {
		snprintf(call->error, CTL_ERROR_SIZE, "%.200s: the path has %zu bytes, expected at most %zu", call->client->path, len,
			 sizeof(address.sun_path) - 1);
		return ZT_ELIMIT;
	}
	memcpy(address.sun_path, call->client->path, len + 1);
	call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (call->fd < 0 || connect(call->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return connect_failed(call, errno);
	return ZT_OK;
}

/* Waits until the socket is ready for `events`. */
static int call_wait(const struct call *call, short events)
{
	struct pollfd poller = { .fd = call->fd, .events = events };

	for (;;) {
		int wait_ms = -1;
		if (call->deadline) {
			usec_t left = call->deadline - clock_now(call->client->clock);
			if (left <= 0)
				break;
			wait_ms = left / USEC_PER_MSEC >= INT_MAX ? INT_MAX : (int)(left / USEC_PER_MSEC) + 1;
		}
		int ready = poll(&poller, 1, wait_ms);
		if (ready > 0)
			return ZT_OK;
		if (ready < 0 && errno != EINTR) {
			snprintf(call->error, CTL_ERROR_SIZE, "%s: %s", call->client->path, strerror(errno));
			return status_from_errno(errno);
		}
	}
	snprintf(call->error, CTL_ERROR_SIZE, "%s: no answer within %.1f s", call->client->path, (double)call->client->timeout / 1e6);
	return ZT_ETIMEOUT;
}

static int call_lost(const struct call *call, const char *why)
{
	snprintf(call->error, CTL_ERROR_SIZE, "%s: the daemon hung up before it answered%s%s", call->client->path, why ? ": " : "", why ? why : "");
	return ZT_ECLOSED;
}

static int call_send(const struct call *call, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		int status = call_wait(call, POLLOUT);
		if (status != ZT_OK)
			return status;
		ssize_t sent = send(call->fd, data + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return call_lost(call, strerror(errno));
		done += sent > 0 ? (size_t)sent : 0;
	}
	return ZT_OK;
}

/* Reads up to the newline, which is not kept. */
static int call_receive(const struct call *call, struct buf *line)
{
	for (;;) {
		int status = call_wait(call, POLLIN);
		if (status != ZT_OK)
			return status;
		uint8_t *room = buf_reserve(line, READ_STEP);
		if (!room || line->len > REPLY_MAX) {
			snprintf(call->error, CTL_ERROR_SIZE, "%s: the answer is too long", call->client->path);
			return ZT_ELIMIT;
		}
		ssize_t got = recv(call->fd, room, READ_STEP, MSG_DONTWAIT);
		if (got == 0)
			return call_lost(call, NULL);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return call_lost(call, strerror(errno));
		if (got > 0 && memchr(room, '\n', (size_t)got)) {
			line->len += (size_t)((uint8_t *)memchr(room, '\n', (size_t)got) - room);
			return ZT_OK;
		}
		line->len += got > 0 ? (size_t)got : 0;
	}
}

static int reply_parse(const struct call *call, const struct buf *line, struct ctl_answer *answer)
{
	answer->reply = json_loadb((const char *)line->data, line->len, 0, NULL);
	const json_t *ok = json_object_get(answer->reply, "ok");

	if (!json_is_boolean(ok)) {
		snprintf(call->error, CTL_ERROR_SIZE, "%s: not an answer of a Zonetide daemon; is this its control socket?", call->client->path);
		return ZT_EMALFORMED;
	}
	if (json_is_true(ok)) {
		answer->result = json_object_get(answer->reply, "result");
		return ZT_OK;
	}
	const char *text = json_string_value(json_object_get(answer->reply, "error"));
	const char *name = json_string_value(json_object_get(answer->reply, "status"));
	snprintf(call->error, CTL_ERROR_SIZE, "%s", text ? text : "the daemon failed and gave no reason");
	return name ? ctl_message_status(name) : ZT_EIO;
}

static int call_exchange(struct call *call, const json_t *request, struct buf *line)
{
	char *text = json_dumps(request, JSON_COMPACT);
	if (!text) {
		snprintf(call->error, CTL_ERROR_SIZE, "%s", status_text(ZT_ENOMEM));
		return ZT_ENOMEM;
	}
	size_t len = strlen(text);
	text[len] = '\n';
	int status = call_send(call, text, len + 1);
	free(text);
	return status == ZT_OK ? call_receive(call, line) : status;
}

int ctl_call(const struct ctl_client *client, const json_t *request, struct ctl_answer *answer, char error[CTL_ERROR_SIZE])
{
	struct call call = { .client = client, .fd = -1, .error = error };
	struct buf line;

	if (client->timeout)
		call.deadline = clock_now(client->clock) + client->timeout;
	*answer = (struct ctl_answer){ 0 };
	error[0] = '\0';
	buf_init(&line);
	int status = call_connect(&call);
	if (status == ZT_OK)
		status = call_exchange(&call, request, &line);
	if (status == ZT_OK)
		status = reply_parse(&call, &line, answer);
	if (call.fd >= 0)
		close(call.fd);
	buf_fini(&line);
	return status;
}

void ctl_answer_fini(struct ctl_answer *answer)
{
	json_decref(answer->reply);
	*answer = (struct ctl_answer){ 0 };
}
