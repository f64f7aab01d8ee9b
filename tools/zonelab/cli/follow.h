/* Following a lab's events, from its start and then as they come. */
#pragma once

#include <jansson.h>

#include "lib/base/buf.h"
#include "tools/zonelab/lab/lab.h"

struct follow {
	const struct lab *lab;
	int fd;                    /* of the file of events */
	int changes;               /* inotify on it */
	struct buf text;           /* read, and not taken yet */
	size_t taken;              /* of the text */
	double origin;             /* the lab's start by the monotonic clock, seconds */
};

/* Errors are printed. A lab that has ended can be followed, too: to its last event. */
int follow_open(struct follow *follow, const struct lab *lab) ZT_MUST_CHECK;
void follow_close(struct follow *follow);
/* The next event, to be freed by the caller; NULL: there is none (yet). Does not wait. */
json_t *follow_next(struct follow *follow);
/* A descriptor that is readable when there may be more; follow_next must then be called until it gives none. */
static inline int follow_fd(const struct follow *follow) { return follow->changes; }
/* Whether there can be more: the lab's keeper lives. */
bool follow_is_alive(const struct follow *follow);
/* Seconds since the lab's start. Only of a lab that lives. */
double follow_now(const struct follow *follow);
