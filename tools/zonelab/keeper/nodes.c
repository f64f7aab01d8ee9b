/* The nodes' processes. */
#include "tools/zonelab/keeper/nodes.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/speed.h"
#include "tools/zonelab/keeper/keeper_inner.h"
#include "tools/zonelab/lab/process.h"

static void node_event(struct keeper *keeper, uint32_t i, const char *state, const char *why)
{
	events_add(&keeper->events, json_pack("{s:s, s:s, s:s, s:s}", "event", "node", "node", keeper->lab->topology.nodes[i].name, "state", state,
					      "why", why));
}

int node_start(struct keeper *keeper, uint32_t i)
{
	struct lab *lab = keeper->lab;
	const struct topology_node *node = &lab->topology.nodes[i];
	char log[4096], folder[4096];
	int status = lab_path(lab, node, "log", log);

	if (status == ZT_OK)
		status = lab_path(lab, node, "", folder);
	char **argv = status == ZT_OK ? kind_command_new(lab, node) : NULL;
	if (!argv)
		return status != ZT_OK ? status : ZT_ENOENT;
	struct speed_environment speed;
	speed_environment_of_node(&speed, lab, node);
	struct process_spec spec = {
		.argv = argv, .environment = speed.list, .folder = folder, .log_path = log, .space = &lab->space, .network = lab->networks[i],
		.own_memory = speed.is_foreign,
	};
	status = process_start(&lab->processes[i], &spec);
	free(argv);
	if (status == ZT_OK) {
		keeper->nodes[i].was_killed = false;
		node_event(keeper, i, "up", "started");
	}
	return status;
}

bool node_is_running(const struct keeper *keeper, uint32_t i)
{
	return keeper->lab->processes[i].pid > 0;
}

bool node_reaped(struct keeper *keeper, pid_t pid, int wait_status)
{
	const struct lab *lab = keeper->lab;
	char why[32];
	uint32_t i = 0;

	while (i < lab->topology.node_count && lab->processes[i].pid != pid)
		i++;
	if (i == lab->topology.node_count)
		return false;
	lab->processes[i] = (struct lab_process){ 0 };
	struct keeper_call *call = keeper->nodes[i].kill_call;
	keeper->nodes[i].kill_call = NULL;
	if (call)
		keeper_call_say(call, "%s is killed", lab->topology.nodes[i].name);
	if (keeper->is_ending)
		return true;
	if (keeper->nodes[i].was_killed)
		snprintf(why, sizeof(why), "killed");
	else if (WIFSIGNALED(wait_status))
		snprintf(why, sizeof(why), "signal %d", WTERMSIG(wait_status));
	else if (WEXITSTATUS(wait_status) != 0)
		snprintf(why, sizeof(why), "exit %d", WEXITSTATUS(wait_status));
	else
		snprintf(why, sizeof(why), "ended");
	node_event(keeper, i, "down", why);
	return true;
}

void nodes_signal(const struct keeper *keeper, int number)
{
	for (uint32_t i = 0; i < keeper->lab->topology.node_count; i++) {
		if (node_is_running(keeper, i))
			kill(keeper->lab->processes[i].pid, number);
	}
}

bool nodes_are_running(const struct keeper *keeper)
{
	for (uint32_t i = 0; i < keeper->lab->topology.node_count; i++) {
		if (node_is_running(keeper, i))
			return true;
	}
	return false;
}
