/* The bytes under a stream. */
#include "lib/net/transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void transport_close(struct transport *transport, bool abort)
{
	if (abort)
		(void)setsockopt(transport->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	tls_close(transport->tls);
	close(transport->fd);
}

static int plain_read(struct transport *transport, void *data, size_t size, size_t *len)
{
	ssize_t got = recv(transport->fd, data, size, 0);

	if (got < 0)
		return errno == EINTR ? ZT_EAGAIN : status_from_errno(errno);
	*len = (size_t)got;
	return got > 0 ? ZT_OK : ZT_ECLOSED;
}

int transport_read(struct transport *transport, void *data, size_t size, size_t *len)
{
	uint8_t *at = data;
	int status = ZT_OK;

	*len = 0;
	if (!transport->tls)
		return plain_read(transport, data, size, len);
	/* A record a call; what TLS has already taken from the socket would not make it readable again. */
	while (*len < size && status == ZT_OK) {
		size_t got = 0;
		status = tls_read(transport->tls, at + *len, size - *len, &got);
		*len += got;
	}
	/* What ended the loop comes again at the next read. */
	transport->has_more = *len > 0 && status != ZT_EAGAIN;
	return *len > 0 ? ZT_OK : status;
}

static int plain_write(struct transport *transport, const uint8_t *data, size_t len, size_t *done)
{
	ssize_t sent = send(transport->fd, data, len, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EINTR ? ZT_EAGAIN : status_from_errno(errno);
	*done = (size_t)sent;
	return *done == len ? ZT_OK : ZT_EAGAIN;
}

int transport_write(struct transport *transport, const uint8_t *data, size_t len, size_t *done)
{
	int status = ZT_OK;

	*done = 0;
	if (!transport->tls)
		return plain_write(transport, data, len, done);
	/* A record a call. */
	while (*done < len && status == ZT_OK) {
		size_t written = 0;
		status = tls_write(transport->tls, data + *done, len - *done, &written);
		*done += written;
	}
	return status;
}
