/* Bringing a lab's nodes to answer. */
#include "tools/zonelab/keeper/ready.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dns/rcode.h"
#include "lib/dns/rrtype.h"
#include "tools/zonelab/files/write.h"
#include "tools/zonelab/keeper/keeper_inner.h"
#include "tools/zonelab/keeper/messages.h"
#include "tools/zonelab/keeper/nodes.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/notify.h"
#include "tools/zonelab/lab/probe.h"
#include "tools/zonelab/lab/process.h"

enum {
	READY_PATIENCE_S = 20,
	READY_PAUSE_MS = 50,
	REMINDER_MS = 250,
	LOG_TAIL_SIZE = 1500,
};

static void log_tail_print(const struct lab *lab, const struct topology_node *node)
{
	char path[4096], text[LOG_TAIL_SIZE + 1];

	if (lab_path(lab, node, "log", path) != ZT_OK)
		return;
	FILE *file = fopen(path, "r");
	if (!file)
		return;
	if (fseek(file, -LOG_TAIL_SIZE, SEEK_END) != 0)
		rewind(file);
	size_t len = fread(text, 1, LOG_TAIL_SIZE, file);
	fclose(file);
	text[len] = '\0';
	fprintf(stderr, "the end of %s:\n%s", path, text);
}

/* One question for each (node, zone) and each resolver; what has been answered well is not asked again. */
struct readiness {
	struct probe *probes;
	const struct topology_node **nodes;
	uint32_t count;
};

static void readiness_add(struct readiness *ready, const struct topology_node *node, const uint8_t *name)
{
	ready->nodes[ready->count] = node;
	ready->probes[ready->count++] = (struct probe){
		.node = node, .name = name, .type = TYPE_SOA, .recurse = topology_is_resolver(node),
	};
}

static int readiness_new(struct readiness *ready, const struct lab *lab)
{
	const struct topology *topology = &lab->topology;
	uint32_t most = topology_role_count(topology);

	*ready = (struct readiness){ .probes = calloc(most, sizeof(*ready->probes)), .nodes = calloc(most, sizeof(*ready->nodes)) };
	if (!ready->probes || !ready->nodes)
		return ZT_ENOMEM;
	for (uint32_t n = 0; n < topology->node_count; n++) {
		const struct topology_node *node = &topology->nodes[n];
		for (uint32_t z = 0; z < topology->zone_count; z++) {
			if (topology_serves(&topology->zones[z], node))
				readiness_add(ready, node, topology->zones[z].apex);
		}
		if (topology_is_resolver(node))
			readiness_add(ready, node, name_root);
	}
	return ZT_OK;
}

/* Drops the questions that were answered as a ready node answers. */
static void readiness_compact(struct readiness *ready)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < ready->count; i++) {
		const struct probe *probe = &ready->probes[i];
		if (probe->answered && probe->rcode == RCODE_NOERROR && probe->count > 0)
			continue;
		ready->probes[kept] = ready->probes[i];
		ready->nodes[kept++] = ready->nodes[i];
	}
	ready->count = kept;
}

static const struct topology_node *dead_node(const struct lab *lab)
{
	for (uint32_t i = 0; i < lab->topology.node_count; i++) {
		if (!process_is_alive(&lab->processes[i]))
			return &lab->topology.nodes[i];
	}
	return NULL;
}

/* Whether the program that asked for the lab has gone, or we are asked to end. */
static bool is_unwanted(const struct keeper *keeper)
{
	struct pollfd report = { .fd = keeper->report, .events = POLLIN };

	return interrupt_is_waiting() || poll(&report, 1, 0) > 0;
}

static int silence_tell(const struct lab *lab, const struct readiness *ready)
{
	char name[NAME_TEXT_SIZE], answer[256];

	fprintf(stderr, "zonelab: node %s does not answer for %s after %d s (%s); ", ready->nodes[0]->name, name_to_text(ready->probes[0].name, name),
		READY_PATIENCE_S, probe_to_text(&ready->probes[0], answer, sizeof(answer)));
	log_tail_print(lab, ready->nodes[0]);
	return ZT_ETIMEOUT;
}

/* All start at once, and a secondary that was there before its primary tries again after a minute, if it is BIND. It is told when to. */
static void secondaries_remind(const struct lab *lab, const struct readiness *ready)
{
	for (uint32_t i = 0; i < ready->count; i++) {
		const struct topology_zone *zone = topology_zone_at(&lab->topology, ready->probes[i].name, ready->nodes[i]);
		int status = zone && zone->primary != ready->nodes[i] ? notify_send(lab, ready->nodes[i], zone->apex) : ZT_OK;
		(void)status;      /* there is a next time */
	}
}

int ready_wait(struct keeper *keeper)
{
	const struct lab *lab = keeper->lab;
	const usec_t deadline = loop_now(&keeper->loop) + READY_PATIENCE_S * USEC_PER_SEC;
	usec_t reminder = loop_now(&keeper->loop) + REMINDER_MS * USEC_PER_MSEC;
	struct readiness ready;
	int status = readiness_new(&ready, lab);

	while (status == ZT_OK && ready.count > 0) {
		const struct topology_node *dead = dead_node(lab);
		messages_take(keeper);
		if (is_unwanted(keeper)) {
			status = ZT_ECLOSED;
		} else if (dead) {
			fprintf(stderr, "zonelab: node %s has ended; ", dead->name);
			log_tail_print(lab, dead);
			status = ZT_ECLOSED;
		} else if (loop_now(&keeper->loop) > deadline) {
			status = silence_tell(lab, &ready);
		} else {
			status = probe_all(lab, ready.probes, ready.count, 100 * USEC_PER_MSEC);
			if (status != ZT_OK)
				fprintf(stderr, "zonelab: the nodes cannot be asked whether they are ready: %s\n", status_text(status));
			readiness_compact(&ready);
			if (loop_now(&keeper->loop) > reminder) {
				secondaries_remind(lab, &ready);
				reminder = loop_now(&keeper->loop) + REMINDER_MS * USEC_PER_MSEC;
			}
			if (ready.count > 0)      /* a node that answers, but not well yet, is not to be asked in a tight loop */
				poll(NULL, 0, READY_PAUSE_MS);
		}
	}
	free(ready.probes);
	free(ready.nodes);
	return status;
}

/* Whether somebody listens on a node's address already. Our daemons share their ports among threads, so a second one would be let in beside it. */
static int port_check(const struct topology_node *node)
{
	const int kinds[] = { SOCK_DGRAM, SOCK_STREAM };
	const int on = 1;
	char text[NETADDR_TEXT_SIZE];

	for (size_t i = 0; i < 2; i++) {
		int fd = socket(node->address.family, kinds[i] | SOCK_CLOEXEC, 0);
		bool is_free = fd >= 0 && (kinds[i] != SOCK_STREAM || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0) &&
			       bind(fd, &node->address.any, netaddr_len(&node->address)) == 0;
		int err = errno;
		if (fd >= 0)
			close(fd);
		if (is_free)
			continue;
		fprintf(stderr, "zonelab: node %s cannot listen on %s: %s; %s\n", node->name, netaddr_to_text(&node->address, text), strerror(err),
			err == EADDRINUSE ? "another lab? end that one, or choose another port with --port" : "choose another port with --port");
		return ZT_EBUSY;
	}
	return ZT_OK;
}

int ready_start(struct keeper *keeper)
{
	struct lab *lab = keeper->lab;
	int status = ZT_OK;

	for (uint32_t i = 0; lab->topology.mode == TOPOLOGY_LOOPBACK && i < lab->topology.node_count && status == ZT_OK; i++)
		status = port_check(&lab->topology.nodes[i]);
	if (status == ZT_OK)
		status = write_all(lab);
	for (uint32_t i = 0; i < lab->topology.node_count && status == ZT_OK; i++) {
		status = is_unwanted(keeper) ? ZT_ECLOSED : node_start(keeper, i);
	}
	return status;
}
