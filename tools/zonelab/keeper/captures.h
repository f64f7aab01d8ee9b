/* The command `capture LINK FILE [SECONDS]`: a call that is answered when the capture has ended.
 *
 * It ends after SECONDS, by `capture-end FILE`, when whoever asked hangs up, or when the disk is full.
 */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

struct capture_call;

struct captures {
	struct capture_call *first;
};

void run_capture(struct keeper *keeper, struct keeper_call *call, void *ctx);
void run_capture_end(struct keeper *keeper, struct keeper_call *call, void *ctx);
/* Ends those that have come to their end by themselves. */
void captures_look(struct keeper *keeper);
/* Ends all. */
void captures_end(struct keeper *keeper);
