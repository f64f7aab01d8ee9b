/* The lab's namespaces and networks. */
#include "tools/zonelab/keeper/network.h"

#include <stdio.h>

#include "tools/zonelab/keeper/keeper_inner.h"
#include "tools/zonelab/keeper/messages.h"
#include "tools/zonelab/weather/nodenet.h"

static int node_network_make(struct keeper *keeper, uint32_t i, char reason[SPACE_REASON_SIZE])
{
	struct lab *lab = keeper->lab;
	const struct topology_node *node = &lab->topology.nodes[i];
	struct nodenet_config config = { .addresses = node->addresses, .address_count = node->address_count, .mtu = NODENET_MTU };
	struct nodenet network;
	int status = nodenet_make(&lab->space, &config, &network, reason);

	if (status != ZT_OK)
		return status;
	lab->networks[i] = network.netns;
	status = fabric_attach(keeper->fabric, i, network.tun, node->addresses, node->address_count);
	if (status != ZT_OK)
		snprintf(reason, SPACE_REASON_SIZE, "node %s cannot be attached to the switch: %s", node->name, status_text(status));
	return status;
}

static int networks_make(struct keeper *keeper, char reason[SPACE_REASON_SIZE])
{
	const struct topology *topology = &keeper->lab->topology;
	struct fabric_config config = { .clock = keeper->loop.clock, .nodes = topology->node_count, .mtu = NODENET_MTU, .seed = keeper->lab->seed };
	int status = fabric_new(&keeper->fabric, &config);

	if (status != ZT_OK) {
		snprintf(reason, SPACE_REASON_SIZE, "no switch: %s", status_text(status));
		return status;
	}
	for (uint32_t i = 0; i < topology->node_count && status == ZT_OK; i++)
		status = node_network_make(keeper, i, reason);
	if (status == ZT_OK && (status = fabric_start(keeper->fabric)) != ZT_OK)
		snprintf(reason, SPACE_REASON_SIZE, "no thread for the switch: %s", status_text(status));
	if (status == ZT_OK && (status = faults_begin(keeper)) != ZT_OK)
		snprintf(reason, SPACE_REASON_SIZE, "the links' weather cannot be set: %s", status_text(status));
	return status;
}

static void on_news(void *ctx)
{
	messages_take(ctx);
	captures_look(ctx);
}

int network_watch(struct keeper *keeper)
{
	loop_io_init(&keeper->news_io, on_news, keeper);
	return keeper->fabric ? loop_io_start(&keeper->news_io, &keeper->loop, fabric_news(keeper->fabric), LOOP_READ) : ZT_OK;
}

int network_open(struct keeper *keeper)
{
	struct lab *lab = keeper->lab;
	char reason[SPACE_REASON_SIZE];
	bool is_net = lab->topology.mode == TOPOLOGY_NET;
	int status = space_enter(&lab->space, is_net ? SPACE_NET : SPACE_CHILDREN, reason);

	lab->is_inside = true;
	if (!is_net)      /* without it the daemons still ask the kernel to end them with us */
		return ZT_OK;
	if (status == ZT_OK)
		status = networks_make(keeper, reason);
	if (status != ZT_OK)
		fprintf(stderr, "zonelab: net mode is not possible: %s\n", reason);
	return status;
}

void network_close(struct keeper *keeper)
{
	if (!keeper->fabric)
		return;
	captures_end(keeper);
	loop_io_stop(&keeper->news_io);
	fabric_free(keeper->fabric);
	keeper->fabric = NULL;
}
