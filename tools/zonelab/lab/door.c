/* Sockets in the nodes' networks. */
#include "tools/zonelab/lab/door.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/base/descriptors.h"

int door_enter(struct lab *lab)
{
	char reason[SPACE_REASON_SIZE];

	if (lab->topology.mode == TOPOLOGY_LOOPBACK || lab->is_inside)
		return ZT_OK;
	int status = space_join(&lab->space, lab->keeper.pid, reason);
	if (status != ZT_OK) {
		fprintf(stderr, "zonelab: %s\n", reason);
		return status;
	}
	descriptors_raise();      /* a node takes two */
	for (uint32_t i = 0; i < lab->topology.node_count && status == ZT_OK; i++) {
		int number = lab->networks[i];
		lab->networks[i] = -1;
		if (number >= 0)
			status = space_open(lab->keeper.pid, number, &lab->networks[i]);
	}
	lab->is_inside = true;
	if (status != ZT_OK)
		fprintf(stderr, "zonelab: the networks of the lab cannot be entered: %s\n", status_text(status));
	return status;
}

int door_open(const struct lab *lab, const struct topology_node *node, int type, int *fd)
{
	int family = node->address.family;

	if (lab->topology.mode == TOPOLOGY_NET)
		return space_socket(&lab->space, lab->networks[node - lab->topology.nodes], family, type, fd);
	*fd = socket(family, type | SOCK_CLOEXEC, 0);
	return *fd >= 0 ? ZT_OK : status_from_errno(errno);
}

int door_move(const struct lab *lab, const struct topology_node *node)
{
	return lab->topology.mode == TOPOLOGY_NET ? space_move(lab->networks[node - lab->topology.nodes]) : ZT_OK;
}
