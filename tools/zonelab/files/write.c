/* Zone files, configurations, and the facts about each zone. */
#include "tools/zonelab/files/write.h"

#include "tools/zonelab/files/change.h"
#include "tools/zonelab/files/facts.h"
#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/files/sign.h"
#include "tools/zonelab/files/unpack.h"
#include "tools/zonelab/topology/zonetext.h"

static int write_zone(const struct lab *lab, const struct topology_zone *zone)
{
	char name[ZONETEXT_FILE_NAME_SIZE];

	zonetext_file_name(zone, zone_file_ending(zone), name);
	if (zone->file_is_packed)
		return unpack_zone(lab, zone, name);
	if (zone->file)
		return zone_file_is_made(zone) ? change_copy_file(lab, zone, name) : ZT_OK;
	FILE *file = node_file_open(lab, zone->primary, name);
	if (!file)
		return ZT_EIO;
	zonetext_write(file, &lab->topology, zone);
	return node_file_close(file, name);
}

/* Where nodes listen everywhere, a node has no address of its own while its configuration is written; others know it by its address. */
static int write_config(struct lab *lab, struct topology_node *node)
{
	static const struct netaddr everywhere[] = { { .v4 = { .sin_family = AF_INET } }, { .v6 = { .sin6_family = AF_INET6 } } };
	const struct topology_node own = *node;
	struct netaddr addresses[2];

	if (!lab->listens_everywhere)
		return kind_of(node)->write(lab, node);
	for (int i = 0; i < 2; i++) {
		addresses[i] = everywhere[i];
		netaddr_set_port(&addresses[i], netaddr_port(&own.address));
	}
	node->address = addresses[0];
	node->addresses = addresses;
	node->address_count = 2;
	int status = kind_of(node)->write(lab, node);
	node->address = own.address;
	node->addresses = own.addresses;
	node->address_count = own.address_count;
	return status;
}

/* Its folder with the zone files of what it is the primary of; those to be signed are not yet. */
static int write_zones(const struct lab *lab, const struct topology_node *node)
{
	int status = node_folder_clear(lab, node);

	for (uint32_t i = 0; i < lab->topology.zone_count && status == ZT_OK; i++) {
		if (lab->topology.zones[i].primary == node)
			status = write_zone(lab, &lab->topology.zones[i]);
	}
	return status;
}

int write_all(struct lab *lab)
{
	const struct topology *topology = &lab->topology;
	int status = ZT_OK;

	for (uint32_t i = 0; i < topology->node_count && status == ZT_OK; i++)
		status = write_zones(lab, &topology->nodes[i]);
	if (status == ZT_OK)
		status = sign_all(lab);
	for (uint32_t i = 0; i < topology->node_count && status == ZT_OK; i++)
		status = write_config(lab, &topology->nodes[i]);
	for (uint32_t i = 0; i < topology->zone_count && status == ZT_OK; i++) {
		if (!topology->zones[i].standby)
			status = facts_write(lab, &topology->zones[i]);
	}
	return status;
}
