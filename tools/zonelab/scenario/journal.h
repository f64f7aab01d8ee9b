/* The lab's events as they are written: what the runner hears of messages between nodes. */
#pragma once

#include <stdio.h>

#include "tools/zonelab/scenario/play.h"

struct journal {
	FILE *from;
	char *line;                    /* the begin of one that is not whole yet */
	size_t len, size;
	usec_t behind;                 /* real time from the lab's start to the scenario's begin */
	double speed;
};

/* From the end of what is written so far. Errors are printed. */
int journal_open(struct journal *journal, const struct lab *lab) ZT_MUST_CHECK;
void journal_close(struct journal *journal);
/* Tells the play of all messages that were written meanwhile. */
void journal_step(struct journal *journal, struct play *play, usec_t now);
