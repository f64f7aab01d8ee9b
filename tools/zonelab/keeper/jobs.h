/* What takes long or waits is done by running this same program as a child; its output is the answer. */
#pragma once

#include <sys/types.h>

#include "tools/zonelab/keeper/keeper.h"

struct job;

struct jobs {
	struct job *first;
};

/* Runs `zonelab --dir DIR COMMAND ARGS…` with the call's arguments; the call ends with what it prints. Ends the call also where it cannot. */
void job_run(struct keeper *keeper, struct keeper_call *call, const char *command);
/* Takes note of a child that has ended. False when it is no job. */
bool job_reaped(struct jobs *jobs, pid_t pid, int wait_status);
/* Their calls fail. */
void jobs_end(struct jobs *jobs);
