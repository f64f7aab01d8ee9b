/* Requests whose answers are waited for later. */
#include "tools/zonelab/cli/pending.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"

static int socket_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd = len < sizeof(address.sun_path) ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;

	if (fd < 0)
		return -1;
	memcpy(address.sun_path, path, len);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

int pending_begin(const char *socket_path, json_t *request)
{
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	int fd = line ? socket_connect(socket_path) : -1;
	size_t len = line ? strlen(line) : 0;

	if (line)
		line[len++] = '\n';      /* in place of its end */
	if (fd >= 0 && write(fd, line, len) != (ssize_t)len) {
		close(fd);
		fd = -1;
	}
	free(line);
	json_decref(request);
	return fd;
}

json_t *pending_end(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	json_t *reply = NULL;
	struct buf line;

	buf_init(&line);
	while (!memchr(line.data ? line.data : (const uint8_t *)"", '\n', line.len) && poll(&wait, 1, timeout_ms) > 0) {
		uint8_t *room = buf_reserve(&line, 4096);
		ssize_t len = room ? read(fd, room, 4096) : -1;
		if (len <= 0)
			break;
		line.len += (size_t)len;
	}
	if (line.len > 0)
		reply = json_loadb((const char *)line.data, line.len, JSON_DISABLE_EOF_CHECK, NULL);
	buf_fini(&line);
	close(fd);
	return reply;
}
