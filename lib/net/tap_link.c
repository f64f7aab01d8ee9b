/* Where a tap's bytes go. */
#include "lib/net/tap_link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	WAIT_MS = 5000,             /* for a reader that does not read */
	WAIT_AT_END_MS = 1000,
	PARTS_MAX = 64,
};

static fstrm_res fail(struct tap_link *link, int err)
{
	link->err = err;
	return fstrm_res_failure;
}

/* Waits until the descriptor is ready. When the tap is to end, only for what an ending may take. */
static bool wait_ready(struct tap_link *link, short events)
{
	struct pollfd fds[2] = { { .fd = link->fd, .events = events }, { .fd = link->stop_fd, .events = POLLIN } };
	int ready;

	do {
		ready = poll(fds, 2, WAIT_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready > 0 && fds[0].revents == 0)
		ready = poll(fds, 1, WAIT_AT_END_MS);
	if (ready <= 0)
		link->err = ready == 0 ? ETIMEDOUT : errno;
	return ready > 0;
}

static int file_open(struct tap_link *link)
{
	int fd = open(link->config->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	link->file_size = 0;
	return fd;
}

static bool address_make(const struct tap_config *config, struct sockaddr_un *unix_addr, const struct sockaddr **addr, socklen_t *len)
{
	if (!config->socket) {
		*addr = &config->address.any;
		*len = netaddr_len(&config->address);
		return true;
	}
	if (strlen(config->socket) >= sizeof(unix_addr->sun_path))
		return false;
	*unix_addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(unix_addr->sun_path, config->socket, strlen(config->socket));
	*addr = (const struct sockaddr *)unix_addr;
	*len = sizeof(*unix_addr);
	return true;
}

static fstrm_res socket_connect(struct tap_link *link)
{
	struct sockaddr_un unix_addr;
	const struct sockaddr *addr;
	socklen_t len, err_len = sizeof(int);
	int err = 0;

	if (!address_make(link->config, &unix_addr, &addr, &len))
		return fail(link, ENAMETOOLONG);
	link->fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return fail(link, errno);
	if (connect(link->fd, addr, len) == 0)
		return fstrm_res_success;
	if (errno != EINPROGRESS && errno != EAGAIN)
		return fail(link, errno);
	if (errno == EAGAIN || !wait_ready(link, POLLOUT))      /* a Unix socket whose backlog is full */
		return fail(link, errno == EAGAIN ? EAGAIN : link->err);
	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &err, &err_len) != 0 || err != 0)
		return fail(link, err ? err : errno);
	return fstrm_res_success;
}

static fstrm_res on_close(void *obj)
{
	struct tap_link *link = obj;

	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	return fstrm_res_success;
}

static fstrm_res on_open(void *obj)
{
	struct tap_link *link = obj;

	link->err = 0;
	if (link->config->file) {
		link->fd = file_open(link);
		return link->fd >= 0 ? fstrm_res_success : fail(link, errno);
	}
	fstrm_res result = socket_connect(link);
	if (result != fstrm_res_success)
		(void)on_close(link);
	return result;
}

static fstrm_res on_read(void *obj, void *data, size_t count)
{
	struct tap_link *link = obj;
	uint8_t *at = data;

	while (count > 0) {
		if (link->err || !wait_ready(link, POLLIN))
			return fstrm_res_failure;
		ssize_t got = read(link->fd, at, count);
		if (got == 0)
			return fail(link, ECONNRESET);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return fail(link, errno);
		if (got > 0) {
			at += got;
			count -= (size_t)got;
		}
	}
	return fstrm_res_success;
}

/* What is left of the parts after `done` bytes. */
static size_t parts_advance(struct iovec *parts, size_t count, size_t done)
{
	size_t gone = 0;

	while (gone < count && done >= parts[gone].iov_len)
		done -= parts[gone++].iov_len;
	memmove(parts, parts + gone, (count - gone) * sizeof(*parts));
	if (count > gone) {
		parts[0].iov_base = (uint8_t *)parts[0].iov_base + done;
		parts[0].iov_len -= done;
	}
	return count - gone;
}

static fstrm_res parts_write(struct tap_link *link, struct iovec *parts, size_t count)
{
	while (count > 0) {
		if (link->err)      /* the stream's end is not written where the stream is broken */
			return fstrm_res_failure;
		if (!link->config->file && !wait_ready(link, POLLOUT))
			return fstrm_res_failure;
		ssize_t done = writev(link->fd, parts, (int)count);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			return fail(link, errno);
		if (done > 0) {
			link->file_size += (uint64_t)done;
			count = parts_advance(parts, count, (size_t)done);
		}
	}
	return fstrm_res_success;
}

static fstrm_res on_write(void *obj, const struct iovec *iov, int iovcnt)
{
	struct iovec parts[PARTS_MAX];
	fstrm_res result = fstrm_res_success;

	for (int at = 0; at < iovcnt && result == fstrm_res_success; at += PARTS_MAX) {
		size_t count = iovcnt - at < PARTS_MAX ? (size_t)(iovcnt - at) : PARTS_MAX;
		memcpy(parts, iov + at, count * sizeof(*parts));
		result = parts_write(obj, parts, count);
	}
	return result;
}

bool tap_link_is_broken(struct tap_link *link)
{
	struct pollfd fd = { .fd = link->fd, .events = POLLIN };

	if (link->config->file || poll(&fd, 1, 0) <= 0)
		return false;
	link->err = ECONNRESET;
	return true;
}

void tap_link_init(struct tap_link *link, const struct tap_config *config, int stop_fd)
{
	*link = (struct tap_link){ .config = config, .fd = -1, .stop_fd = stop_fd };
}

struct fstrm_writer *tap_link_writer(struct tap_link *link)
{
	struct fstrm_rdwr *rdwr = fstrm_rdwr_init(link);
	struct fstrm_writer_options *options = fstrm_writer_options_init();
	struct fstrm_writer *writer = NULL;

	if (rdwr && options && fstrm_writer_options_add_content_type(options, DNSTAP_CONTENT_TYPE, sizeof(DNSTAP_CONTENT_TYPE) - 1) == fstrm_res_success) {
		fstrm_rdwr_set_open(rdwr, on_open);
		fstrm_rdwr_set_close(rdwr, on_close);
		fstrm_rdwr_set_write(rdwr, on_write);
		if (!link->config->file)      /* a stream in one direction has no handshake */
			fstrm_rdwr_set_read(rdwr, on_read);
		writer = fstrm_writer_init(options, &rdwr);
	}
	fstrm_writer_options_destroy(&options);
	if (rdwr)
		(void)fstrm_rdwr_destroy(&rdwr);
	return writer;
}
