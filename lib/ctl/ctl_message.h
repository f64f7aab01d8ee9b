/* The lines of the control channel: one JSON object a request, one a reply (doc/protocol-control.md). */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "lib/base/status.h"

enum {
	CTL_REQUEST_MAX = 64 * 1024,      /* bytes of a request line */
	CTL_ARGS_MAX = 16,
	CTL_ERROR_SIZE = 512,
};

struct ctl_message {
	json_t *root;                     /* owned; everything else borrows from it */
	const char *command;
	const char *args[CTL_ARGS_MAX];
	size_t arg_count;
};

/* Parses a request line (without its newline). On failure ZT_EMALFORMED, and `error` says what was wrong and what was expected. */
ZT_MUST_CHECK int ctl_message_parse(struct ctl_message *message, const char *line, size_t len, char error[CTL_ERROR_SIZE]);
void ctl_message_fini(struct ctl_message *message);

/* Replies, new references; NULL without memory. `result` is taken over. */
json_t *ctl_message_success(json_t *result);
json_t *ctl_message_failure(int status, const char *error);
/* The status of a reply's "status" member, such as "ENOENT"; ZT_EIO for names this program doesn't know. */
int ctl_message_status(const char *name);
