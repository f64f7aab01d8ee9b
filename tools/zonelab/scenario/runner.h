/* Runs a scenario in a lab that is up: a client of its keeper, and of nobody else's clock but the system's. */
#pragma once

#include "tools/zonelab/scenario/lab_time.h"
#include "tools/zonelab/scenario/play.h"

struct runner_config {
	struct lab *lab;                       /* entered (door.h) */
	const struct scenario *scenario;
	double speed;                          /* of the lab's clocks */
	/* A step has begun to be done, or has ended. */
	void (*told)(void *ctx, const struct play *play, uint32_t step);
	void *ctx;
};

/* Plays the scenario to its end, or until a signal that is held comes (interrupt.h). The play is to be freed with ZT_OK only. Errors are printed. */
int runner_run(const struct runner_config *config, struct play *play) ZT_MUST_CHECK;
