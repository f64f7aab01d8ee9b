/* The manage thread's mailbox: what the workers do not decide themselves. */
#pragma once

#include "authd/manage/manage.h"
#include "authd/serve/request.h"

struct requests;

/* Opens manage->mailbox on manage->loop. */
int requests_open(struct requests **out, struct manage *manage) ZT_MUST_CHECK;
/* Handles what has arrived, then closes. The workers must still be there to take the replies. NULL is fine. */
void requests_close(struct requests *requests);
