/* Asking a primary whether all have a version. */
#include "tools/zonelab/cli/confirm.h"

#include <poll.h>
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

int confirm_begin(const struct lab *lab, const struct topology_zone *zone, uint32_t serial, double timeout_s)
{
	char path[4096], request[1024];

	if (zone->primary->kind != NODE_AUTHD || lab_path(lab, zone->primary, "control.sock", path) != ZT_OK)
		return -1;
	int len = snprintf(request, sizeof(request), "{\"command\":\"wait\",\"args\":[\"%s\",\"%u\"],\"at\":\"all\",\"timeout_s\":%.3f}\n", zone->text, serial,
			   timeout_s);
	int fd = len > 0 && (size_t)len < sizeof(request) ? socket_connect(path) : -1;
	if (fd >= 0 && write(fd, request, (size_t)len) != len) {
		close(fd);
		fd = -1;
	}
	return fd;
}

json_t *confirm_end(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	json_t *reply = NULL, *result = NULL;
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
	if (json_is_true(json_object_get(reply, "ok")))
		result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	buf_fini(&line);
	close(fd);
	return result;
}
