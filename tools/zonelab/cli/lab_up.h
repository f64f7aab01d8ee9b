/* Bringing up the lab that a command line asks for. */
#pragma once

#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/keeper/launch.h"

/* Starts a lab, which lives no longer than this program unless it is left, and enters it (door.h). The first word is its topology; `more`, which may be NULL, is
 * one more part of its keeper. Errors are printed; ZT_EUNSUPPORTED: net mode was asked for and is not possible here. */
int lab_up(const struct arguments *args, struct lab *lab, struct launched *launched, const struct keeper_part *more) ZT_MUST_CHECK;
/* The exit code for that. */
int lab_up_exit_code(int status);
