/* Making a keeper: the side of the program that asks for a lab. */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

struct launched {
	pid_t pid;
	int report;      /* to the keeper; closed: the lab ends */
};

/* Forks a keeper for the lab and waits until every node answers. What fails is printed and has ended again by then, also when a signal that is held
 * (interrupt.h) comes: ZT_ECLOSED. Only with ZT_OK there is something to leave or to end; the lab itself is to be read again (lab_find). */
int launch(struct lab *lab, const struct keeper_part *parts, size_t part_count, struct launched *launched) ZT_MUST_CHECK;
/* The lab lives on without this program. */
void launch_leave(struct launched *launched);
/* Ends the lab and waits until it has ended. */
void launch_end(struct launched *launched);
