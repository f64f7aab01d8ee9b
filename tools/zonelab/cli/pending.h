/* Requests at a control socket whose answers are waited for later. */
#pragma once

#include <jansson.h>

/* Sends the request, which is taken over. A descriptor that is readable when the answer comes, or -1. */
int pending_begin(const char *socket_path, json_t *request);
/* Waits up to `timeout_ms` (-1: for ever) for the answer and closes: the whole reply; NULL when there was none. */
json_t *pending_end(int fd, int timeout_ms);
