/* The control channel's commands. */
#pragma once

#include "resolverd/manage/manage.h"

struct commands;

/* Opens the control socket; what goes wrong is logged. */
int commands_open(struct commands **commands, struct manage *manage) ZT_MUST_CHECK;
/* NULL is fine. */
void commands_close(struct commands *commands);
