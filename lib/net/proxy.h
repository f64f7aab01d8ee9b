/* The header that a load balancer puts before what it passes on, to tell whose it is: PROXY protocol version 2 (haproxy's proxy-protocol.txt,
 * section 2.2), for streams and datagrams.
 *
 * Only what comes from a peer that is trusted to tell the truth may be read with this. A header can't be taken for DNS: as a datagram it would have
 * opcode 1 and 13 questions, and on a stream a length of 3338 with 2641 questions.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/netaddr.h"

enum {
	PROXY_FIRST_BYTE = 0x0d,
	PROXY_SIGNATURE_LEN = 12,
	PROXY_FIXED_LEN = 16,        /* with version, kind and length */
	PROXY_MAX_LEN = 4096,        /* longer ones are malformed here; the additional fields of real ones are a few hundred bytes */
};

struct proxy_header {
	size_t len;                  /* of the header; what was passed on follows */
	struct netaddr source;       /* unset: the connection is the proxy's own (health checks), or of another family */
	struct netaddr destination;
};

/* ZT_OK; ZT_ENOENT: no such header; ZT_ETRUNC: the beginning of one, header->len says how many bytes are needed to go on (at least); ZT_EMALFORMED. */
ZT_MUST_CHECK int proxy_read(struct proxy_header *header, const uint8_t *data, size_t len);
