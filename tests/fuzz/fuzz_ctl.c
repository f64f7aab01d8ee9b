/* Fuzzes the control channel's request parser. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctl/ctl_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_message message;
	char error[CTL_ERROR_SIZE] = "";

	if (ctl_message_parse(&message, (const char *)data, size, error) == ZT_OK) {
		for (size_t i = 0; i < message.arg_count; i++) {
			if (!message.args[i])
				abort();
		}
		if (!message.command[0])
			abort();
		ctl_message_fini(&message);
	} else if (!memchr(error, '\0', sizeof(error)) || !error[0]) {
		abort();
	}
	return 0;
}
