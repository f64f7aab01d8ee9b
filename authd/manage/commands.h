/* authd's side of the control channel (doc/protocol-control.md): one handler for each command. */
#pragma once

#include "authd/manage/manage.h"

struct commands;

/* Opens the socket at options->control. */
int commands_open(struct commands **out, struct manage *manage) ZT_MUST_CHECK;
/* NULL is fine. */
void commands_close(struct commands *commands);
