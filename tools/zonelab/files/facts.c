/* A topology-facts file for propest (propest(1)). */
#include "tools/zonelab/files/facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/topology/zonetext.h"

/* The daemons share the processors of one machine, so an answer takes milliseconds, which a fast lab's clock makes more of. It loses no datagram but
 * where a socket's buffer is full: one NOTIFY of a thousand, and then the polls, by REFRESH, are what can be relied on. */
#define NOTIFY_LOSS 0.001

enum {
	FACTS_RTT_MS = 5,
	FACTS_NAME_MAX = 63,      /* bytes of a server's name there */
};

/* A server is called by its address where its name is too long. */
static const char *label(const struct topology_node *node, char text[NETADDR_TEXT_SIZE])
{
	return strlen(node->name) <= FACTS_NAME_MAX ? node->name : netaddr_to_text(&node->address, text);
}

/* Where a daemon is told to be quicker than its vendor would have it (kind_bind.c, kind_pdns.c). */
static void write_own_clocks(FILE *to, const struct topology_zone *zone, const struct topology_node *node, const struct facts_clocks *clocks)
{
	bool is_lifted = node != zone->primary && (node->kind == NODE_BIND || node->kind == NODE_PDNS);

	if (is_lifted && (clocks || !zone->file))      /* what a file of the user's says is not known here */
		fprintf(to, ", refresh: %us, retry: %us", clocks ? clocks->refresh : zone->refresh, clocks ? clocks->retry : zone->retry);
	if (node->kind == NODE_PDNS)
		fputs(", cycle: 1s", to);
}

/* From its first primary to a secondary. */
static void write_link(FILE *to, const struct lab *lab, const struct topology_secondary *secondary, const struct facts_known *known)
{
	const struct topology_node *nodes = lab->topology.nodes;
	struct facts_link link = { 0 };

	if (known && known->link)
		link = known->link(known->ctx, (uint32_t)(secondary->from[0] - nodes), (uint32_t)(secondary->node - nodes));
	fprintf(to, ", rtt: %lldms, notify-loss: %g%%", (long long)(FACTS_RTT_MS * lab->clock.clock.speed + link.round_trip / USEC_PER_MSEC),
		100 * (1 - (1 - NOTIFY_LOSS) * (1 - link.loss)));
	if (link.loss > 0)
		fprintf(to, ", query-loss: %g%%", 100 * link.loss);
	if (link.bytes_per_s > 0)
		fprintf(to, ", rate: %llu", (unsigned long long)link.bytes_per_s);
}

static void write_server(FILE *to, const struct lab *lab, const struct topology_zone *zone, uint32_t i, const struct facts_known *known)
{
	const struct topology_node *node = topology_server(zone, i);
	char text[NETADDR_TEXT_SIZE], address[NETADDR_TEXT_SIZE];

	fprintf(to, "  - {name: '%s', address: '%s', vendor: %s%s", label(node, text), netaddr_to_text(&node->address, address),
		topology_kind_text(node->kind), node->hidden ? ", hidden: yes" : "");
	if (i > 0) {
		fprintf(to, ", from: '%s', notify: yes", label(zone->secondaries[i - 1].from[0], text));
		write_link(to, lab, &zone->secondaries[i - 1], known);
	}
	write_own_clocks(to, zone, node, known ? &known->clocks : NULL);
	fputs("}\n", to);
}

static void write_caches(FILE *to, const struct topology *topology)
{
	static const unsigned keeps_at_least_s[NODE_KIND_COUNT] = { [NODE_KNOT_RESOLVER] = 5, [NODE_RECURSOR] = 1 };      /* by default */
	uint32_t count = 0, depth = 0;
	unsigned min_ttl = 0;

	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_node *node = &topology->nodes[i];
		count += topology_is_resolver(node);
		depth = node->tier > depth ? node->tier : depth;
		min_ttl = keeps_at_least_s[node->kind] > min_ttl ? keeps_at_least_s[node->kind] : min_ttl;
	}
	if (count > 0)
		fprintf(to, "caches: {count: %u, depth: %u, min-ttl: %us, max-ttl: 1d, max-negative-ttl: 1h}\n", count, depth, min_ttl);
}

static int facts_path(const struct lab *lab, const struct topology_zone *zone, char out[4096])
{
	char name[ZONETEXT_FILE_NAME_SIZE];

	zonetext_file_name(zone, ".facts.yaml", name);
	return snprintf(out, 4096, "%s/%s", lab->dir, name) < 4096 ? ZT_OK : ZT_ELIMIT;
}

void facts_print(FILE *to, const struct lab *lab, const struct topology_zone *zone, const struct facts_known *known)
{
	const struct facts_clocks *clocks = known ? &known->clocks : NULL;

	fputs("# made by zonelab: what DNS cannot tell\nzone: ", to);
	write_quoted(to, zone->text);
	if (clocks)
		fprintf(to, "\nttl: %us\nsoa: {refresh: %us, retry: %us, expire: %us, minimum: %us, ttl: %us}", clocks->ttl, clocks->refresh,
			clocks->retry, clocks->expire, clocks->minimum, clocks->soa_ttl);
	fputs("\nserver:\n", to);
	for (uint32_t i = 0; i <= zone->secondary_count; i++)
		write_server(to, lab, zone, i, known);
	write_caches(to, &lab->topology);
}

int facts_write(const struct lab *lab, const struct topology_zone *zone)
{
	char path[4096];
	int status = facts_path(lab, zone, path);

	if (status != ZT_OK)
		return status;
	FILE *to = fopen(path, "w");
	if (to)
		facts_print(to, lab, zone, NULL);
	bool failed = !to || ferror(to) != 0;
	if ((to && fclose(to) != 0) || failed) {
		fprintf(stderr, "zonelab: cannot write %s: %s\n", path, strerror(errno));
		return ZT_EIO;
	}
	return ZT_OK;
}
