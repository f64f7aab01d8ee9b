/* `zonectl wait`: answers when enough peers hold a serial, or when the time is over. */
#pragma once

#include "authd/manage/manage.h"
#include "lib/ctl/ctl_server.h"

struct waits;

int waits_new(struct waits **out, struct manage *manage) ZT_MUST_CHECK;
/* Ends all that wait. NULL is fine. */
void waits_free(struct waits *waits);
/* Takes over a request of the wait command; its arguments are checked here. */
void waits_add(struct waits *waits, struct ctl_request *request, struct zone_entry *entry);
