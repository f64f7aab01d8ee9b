/* NOTIFY messages that came to the workers: access control, the reply, and the word to the zone's secondary. */
#pragma once

#include "authd/manage/manage.h"
#include "authd/serve/request.h"

/* REQUEST_NOTIFY: fills request->reply (empty: no answer is due); the caller posts it back. */
void notified_on_request(struct manage *manage, struct request *request);
