/* How the programs of a lab are made to live by its clock (lab->clock): ours by ZONETIDE_CLOCK, other people's by libfaketime.
 *
 * doc/decisions/0008-clocks-of-labs.md tells why so. What is known of a kind was found out by experiment, with Debian 12's programs.
 */
#pragma once

#include <stdio.h>

#include "tools/zonelab/lab/lab.h"

enum { SPEED_VARIABLES_MAX = 2, SPEED_TEXT_SIZE = 400 };

struct speed_environment {
	char texts[SPEED_VARIABLES_MAX][SPEED_TEXT_SIZE];
	const char *list[SPEED_VARIABLES_MAX + 1];      /* "NAME=value"; ends with NULL, empty where the lab's time is real */
	bool is_foreign;                                /* libfaketime is in it */
};

/* For a node's daemon that is started now, not later. */
void speed_environment_of_node(struct speed_environment *out, const struct lab *lab, const struct topology_node *node);
/* For any program, by its name or path, that is run now for a node. */
void speed_environment_of_program(struct speed_environment *out, const struct lab *lab, const char *program);
/* Prints, for people, what does not follow the lab's clock, a line for each kind of daemon; nothing where all does. */
void speed_tell(FILE *to, const struct lab *lab);
