/* The bytes under a stream: a socket, or TLS over it. Everything returns at once; ZT_EAGAIN asks to wait for the socket. */
#pragma once

#include "lib/net/tls.h"

struct transport {
	int fd;              /* owned */
	struct tls *tls;     /* NULL: plain */
	bool has_more;       /* the last read of TLS filled its room */
};

/* Closes both. `abort`: what the peer has not taken is forgotten. */
void transport_close(struct transport *transport, bool abort);
/* ZT_OK with *len > 0; ZT_EAGAIN; ZT_ECLOSED at the peer's end; others from the system. */
ZT_MUST_CHECK int transport_read(struct transport *transport, void *data, size_t size, size_t *len);
/* *done bytes were taken, also where that is not all (ZT_EAGAIN). */
ZT_MUST_CHECK int transport_write(struct transport *transport, const uint8_t *data, size_t len, size_t *done);
/* There may be more to read though the socket is not readable. */
static inline bool transport_has_more(const struct transport *transport) { return transport->has_more; }
