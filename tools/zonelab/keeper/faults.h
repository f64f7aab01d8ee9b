/* The weather that a lab's links have been given: by the topology, and by the commands fault, partition and heal.
 *
 * All links have the lab's general weather but for those that were set by themselves. `heal` brings back what the topology says.
 */
#pragma once

#include "tools/zonelab/keeper/keeper.h"
#include "tools/zonelab/weather/fabric.h"

struct fault_link {
	uint16_t from, to;                     /* nodes, in the topology's order */
	struct weather weather;
};

struct fault_set {
	struct weather general;
	struct fault_link *links;              /* sorted by from and to */
	size_t count, room;
};

struct faults {
	struct fault_set now;
	struct fault_set at_start;
};

/* Some links: from a node to a node, SWITCH_ANY being every one. */
struct fault_selection {
	uint16_t from, to;
	bool both_ways;
};

/* The weather that the topology gives the links. */
int faults_begin(struct keeper *keeper) ZT_MUST_CHECK;
void faults_fini(struct faults *faults);
/* A link's weather now, in the lab's time; fine in loopback mode. */
struct weather faults_weather(const struct keeper *keeper, uint32_t from, uint32_t to);
/* Adds "links" and "weather" to the state document. */
void faults_state_add(const struct keeper *keeper, json_t *state);

/* False after the call has failed: in loopback mode there is no weather. */
bool faults_are_possible(struct keeper *keeper, struct keeper_call *call);
/* The links that the call's first argument names: A:B, A (all its links), * or all; both ways. False after the call has failed. */
bool fault_selection_read(struct keeper *keeper, struct keeper_call *call, struct fault_selection *which);

/* Commands of the keeper. In loopback mode they fail, and say why. */
void run_fault(struct keeper *keeper, struct keeper_call *call, void *ctx);
void run_partition(struct keeper *keeper, struct keeper_call *call, void *ctx);
void run_heal(struct keeper *keeper, struct keeper_call *call, void *ctx);
