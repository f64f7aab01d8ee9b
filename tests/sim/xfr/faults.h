/* What befalls the servers of a simulated world: the events of scenario.h, performed. */
#pragma once

#include "tests/sim/xfr/invariants.h"
#include "tests/sim/xfr/scenario.h"

struct faults {
	struct simnet *net;
	struct replica *replicas;
	unsigned count;
	struct invariants *invariants;
};

void faults_perform(const struct faults *faults, const struct scenario_event *event);
/* The last fault is over: all are up and behave, all links are good. */
void faults_end(const struct faults *faults);
