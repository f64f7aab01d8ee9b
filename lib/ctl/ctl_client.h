/* A tool's side of the control channel: one blocking call. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/base/status.h"
#include "lib/ctl/ctl_message.h"

struct ctl_client {
	const char *path;             /* of the socket */
	usec_t timeout;               /* for the whole call; 0 = none */
	const struct clock *clock;
};

struct ctl_answer {
	json_t *reply;                /* owned: the whole reply line */
	json_t *result;               /* borrowed from it; NULL on failure */
};

/* Sends {"command": …} and waits for the reply. ZT_OK with a result; else the daemon's status, or ZT_ENOENT (no socket), ZT_EREFUSED (a socket and no
 * daemon), ZT_EDENIED, ZT_ETIMEOUT, ZT_ECLOSED, ZT_EMALFORMED; `error` then is a sentence for the user. `answer->reply` is NULL when no reply came. */
ZT_MUST_CHECK int ctl_call(const struct ctl_client *client, const json_t *request, struct ctl_answer *answer, char error[CTL_ERROR_SIZE]);
void ctl_answer_fini(struct ctl_answer *answer);
