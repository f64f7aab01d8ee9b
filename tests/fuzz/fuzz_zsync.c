/* The ZSYNC option: the input is the options of an OPT record. What is understood is written back to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "lib/xfr/zsync.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t option[ZSYNC_OPTION_LEN];
	const uint8_t *at;
	struct zsync zsync;
	struct edns edns;
	uint16_t len;

	if (size > UINT16_MAX || edns_read(&edns, EDNS_UDP_SIZE, 0, data, (uint16_t)size) != ZT_OK || !zsync_read(&edns, &zsync))
		return 0;
	zsync_write(&zsync, option);
	if (!edns_option(&edns, ZSYNC_OPTION, &at, &len) || len != ZSYNC_LEN)
		abort();
	option[7] = at[3];      /* reserved */
	if (memcmp(option, at - 4, sizeof(option)) != 0)
		abort();
	return 0;
}
