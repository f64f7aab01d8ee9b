/* Fuzzes the PROXY header's reader: what it takes lies within the bytes, and the same bytes never mean less when more follow. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header header, part;
	int status = proxy_read(&header, data, size);

	switch (status) {
	case ZT_OK:
		if (header.len > size || header.len < PROXY_FIXED_LEN || header.len > PROXY_MAX_LEN)
			abort();
		if (netaddr_is_set(&header.source) != netaddr_is_set(&header.destination))
			abort();
		/* One byte less is the beginning of it. */
		if (proxy_read(&part, data, header.len - 1) != ZT_ETRUNC)
			abort();
		break;
	case ZT_ETRUNC:
		if (header.len <= size)
			abort();
		break;
	case ZT_ENOENT:
	case ZT_EMALFORMED:
		break;
	default:
		abort();
	}
	return 0;
}
