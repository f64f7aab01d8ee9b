/* Asking: which server, which name, how; and finding addresses where none is known. Inner header of resolve/. */
#pragma once

#include "resolverd/resolve/task.h"

enum ask_outcome {
	ASK_SENT,          /* an exchange is under way */
	ASK_WAITING,       /* for addresses of name servers */
	ASK_EXHAUSTED,     /* nobody is left to ask */
	ASK_LIMITED,       /* a limit of the task's work or time */
};

/* The next question for the task at its delegation. */
enum ask_outcome ask_next(struct resolver *resolver, struct task *task, usec_t now);
/* The question of the last exchange once more, to the same server. */
enum ask_outcome ask_again(struct resolver *resolver, struct task *task, bool tcp, enum edns_level edns, usec_t now);
/* Whether the last question was shortened (RFC 9156). */
static inline bool ask_was_minimised(const struct task *task) { return task->asked_name != task->lookup.name; }
/* What the steps of a task work with. */
struct context ask_context(const struct resolver *resolver, struct task *task, usec_t now);
