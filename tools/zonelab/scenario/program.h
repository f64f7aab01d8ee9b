/* A program that runs for a node, in its network, with its output kept in the lab's folder. */
#pragma once

#include "tools/zonelab/lab/lab.h"
#include "tools/zonelab/scenario/scenario.h"
#include "tools/zonelab/scenario/sight.h"

struct program {
	struct lab_process process;            /* pid 0: none runs */
	char output[4096];                     /* its file */
	const struct exec_what *what;
};

/* `number` tells programs that run at the same time apart. The lab must be entered (door.h). Errors are printed. */
int program_start(struct program *program, const struct lab *lab, const struct exec_what *what, unsigned number) ZT_MUST_CHECK;
/* Whether it has ended, within so long; then the sight says how. */
bool program_ended(struct program *program, int patience_ms, struct sight *sight);
/* Ends it by force; harmless when none runs. */
void program_stop(struct program *program);
