/* Reading the nodes of a topology. */
#include "tools/zonelab/topology/topology_reader.h"

#include <arpa/inet.h>
#include <string.h>

enum { DNS_PORT = 53 };

/* The n-th address of a network, from 1; the last byte of an IPv4 address is never 0 or 255. */
static void address_nth(const char *network, uint32_t n, uint16_t port, struct netaddr *out)
{
	int parsed = netaddr_from_text(out, network, port);

	(void)parsed;      /* checked by the table */
	if (out->family == AF_INET) {
		out->v4.sin_addr.s_addr = htonl(ntohl(out->v4.sin_addr.s_addr) + n + (n - 1) / 254 * 2);
		return;
	}
	uint8_t *ip = out->v6.sin6_addr.s6_addr;
	for (unsigned at = 16; at-- > 0; n >>= 8) {
		n += ip[at];
		ip[at] = (uint8_t)n;
	}
}

/* Without a final dot. */
static const char *name_trimmed(struct reader *reader, const char *name)
{
	size_t len = strlen(name);
	char *copy = reader_take(reader, len + 1);

	if (copy)
		memcpy(copy, name, len - (name[len - 1] == '.'));
	return copy;
}

static bool shares_address(const struct topology_node *a, const struct topology_node *b, enum topology_mode mode, const struct netaddr **which)
{
	for (uint32_t i = 0; i < a->of_mode_count[mode]; i++) {
		for (uint32_t j = 0; j < b->of_mode_count[mode]; j++) {
			*which = &a->of_mode[mode][i];
			if (netaddr_equal(*which, &b->of_mode[mode][j]))
				return true;
		}
	}
	return false;
}

/* The nodes before this one have other names and addresses. */
static void node_compare(struct reader *reader, const struct node_conf *conf, uint32_t index)
{
	const struct topology *topology = reader->topology;
	const struct topology_node *node = &topology->nodes[index];
	static const char *const keys[] = { [TOPOLOGY_LOOPBACK] = "address", [TOPOLOGY_NET] = "net-address" };
	char text[NETADDR_TEXT_SIZE];

	for (uint32_t i = 0; i < index; i++) {
		const struct topology_node *other = &topology->nodes[i];
		const struct netaddr *which;
		if (other->name && name_equal(other->host, node->host)) {
			PROBLEM(reader, conf->node, "a second node %s; expected another name", node->name);
			continue;
		}
		for (int mode = TOPOLOGY_LOOPBACK; other->name && mode <= TOPOLOGY_NET; mode++) {
			const struct yaml_node *at = yaml_node_get(conf->node, keys[mode]);
			if (shares_address(node, other, (enum topology_mode)mode, &which))
				PROBLEM(reader, at ? at : conf->node, "nodes %s and %s have the address %s; expected one for each", other->name, node->name,
					netaddr_ip_to_text(which, text));
		}
	}
}

/* Its address in loopback mode. */
static void loopback_read(struct reader *reader, const struct node_conf *conf, struct topology_node *node, uint32_t index)
{
	const struct yaml_node *at = yaml_node_get(conf->node, "address");
	struct netaddr *address = reader_take(reader, sizeof(*address));
	char text[NETADDR_TEXT_SIZE];

	if (!address)
		return;
	*address = conf->address;
	if (!netaddr_is_set(&conf->address))
		address_nth(reader->conf->network, index + 1, 0, address);
	if (netaddr_port(&conf->address) != 0)
		PROBLEM(reader, at, "a port of a node's own; expected the address alone, the port is the lab's");
	netaddr_set_port(address, reader->topology->port);
	if (!netaddr_is_loopback(address))
		PROBLEM(reader, at ? at : conf->node, "node %s would have the address %s; expected one in 127.0.0.0/8", node->name,
			netaddr_ip_to_text(address, text));
	node->of_mode[TOPOLOGY_LOOPBACK] = address;
	node->of_mode_count[TOPOLOGY_LOOPBACK] = 1;
}

/* Its addresses in net mode. */
static void net_read(struct reader *reader, const struct node_conf *conf, struct topology_node *node, uint32_t index)
{
	const struct netaddr *given = SCHEMA_ITEMS(conf->net_addresses, struct netaddr);
	const struct yaml_node *at = yaml_node_get(conf->node, "net-address");
	size_t count = conf->net_addresses.count;
	struct netaddr *addresses = reader_take(reader, (count > 2 ? count : 2) * sizeof(*addresses));      /* see topology_renumber */
	char text[NETADDR_TEXT_SIZE];

	if (!addresses)
		return;
	if (count > NODE_ADDRESSES_MAX)
		PROBLEM(reader, at, "%zu addresses; expected at most %d", count, NODE_ADDRESSES_MAX);
	for (size_t i = 0; i < count; i++) {
		addresses[i] = given[i];
		if (netaddr_port(&given[i]) != 0)
			PROBLEM(reader, at, "a port of a node's own; expected the address alone, the port is %d in net mode", DNS_PORT);
		if (netaddr_is_loopback(&given[i]) || netaddr_is_wildcard(&given[i]))
			PROBLEM(reader, at, "node %s would have the address %s; expected one that others can reach", node->name, netaddr_ip_to_text(&given[i], text));
		netaddr_set_port(&addresses[i], DNS_PORT);
	}
	if (count == 0) {
		address_nth(reader->conf->net_network, index + 1, DNS_PORT, &addresses[count++]);
		address_nth(reader->conf->net_network6, index + 1, DNS_PORT, &addresses[count++]);
	}
	node->of_mode[TOPOLOGY_NET] = addresses;
	node->of_mode_count[TOPOLOGY_NET] = (uint32_t)count;
}

void topology_read_node(struct reader *reader, const struct node_conf *conf, uint32_t index)
{
	struct topology_node *node = &reader->topology->nodes[index];

	node->kind = (enum node_kind)conf->kind;
	node->hidden = conf->hidden;
	node->validates = conf->validate == VALIDATE_YES;
	if (!conf->name || name_from_text(node->host, conf->name, NULL) != ZT_OK)
		return;
	node->name = name_trimmed(reader, conf->name);
	if (!node->name)
		return;
	name_lower(node->host);
	loopback_read(reader, conf, node, index);
	net_read(reader, conf, node, index);
	node_compare(reader, conf, index);
}

static bool can_validate(const struct topology_node *node)
{
	return topology_is_resolver(node) && node->kind != NODE_RESOLVERD;
}

void topology_read_forward(struct reader *reader, const struct node_conf *conf, struct topology_node *node)
{
	const char *const *names = SCHEMA_ITEMS(conf->forward, const char *);
	const struct yaml_node *at = yaml_node_get(conf->node, "forward");

	if (conf->validate == VALIDATE_YES && !can_validate(node))
		PROBLEM(reader, yaml_node_get(conf->node, "validate"), "%s does not validate; expected it at a resolver that does, such as kind: unbound",
			topology_kind_text(node->kind));
	if (conf->forward.count == 0)
		return;
	if (!topology_is_resolver(node))
		PROBLEM(reader, at, "only a resolver forwards; expected one, such as kind: resolverd");
	node->forward = reader_take(reader, conf->forward.count * sizeof(const struct topology_node *));
	for (size_t i = 0; node->forward && i < conf->forward.count; i++)
		node->forward[i] = reader_node(reader, names[i], true, at);
	node->forward_count = (uint32_t)conf->forward.count;
}

/* A resolver's tier is one above the highest it forwards to. What still grows after as many rounds as there are nodes goes in a circle. */
void topology_find_tiers(struct reader *reader)
{
	struct topology *topology = reader->topology;
	const struct node_conf *confs = SCHEMA_ITEMS(reader->conf->nodes, struct node_conf);
	uint32_t grown = 0;

	for (uint32_t round = 0; round <= topology->node_count; round++) {
		grown = topology->node_count;
		for (uint32_t i = 0; i < topology->node_count; i++) {
			struct topology_node *node = &topology->nodes[i];
			uint32_t tier = topology_is_resolver(node);
			for (uint32_t j = 0; j < node->forward_count; j++)
				tier = node->forward[j]->tier >= tier ? node->forward[j]->tier + 1 : tier;
			if (tier != node->tier)
				grown = i;
			node->tier = tier;
		}
		if (grown == topology->node_count)
			return;
	}
	PROBLEM(reader, yaml_node_get(confs[grown].node, "forward"), "what %s forwards goes in a circle; expected a resolver that does not forward at the end",
		topology->nodes[grown].name);
}

/* By default who can be given the key of the top zone validates. */
void topology_find_validation(struct reader *reader)
{
	struct topology *topology = reader->topology;
	const struct node_conf *confs = SCHEMA_ITEMS(reader->conf->nodes, struct node_conf);
	bool is_signed = false;

	for (uint32_t i = 0; i < topology->zone_count; i++)
		is_signed = is_signed || (!topology->zones[i].parent && topology->zones[i].signing != SIGNING_NONE);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		struct topology_node *node = &topology->nodes[i];
		if (confs[i].validate == VALIDATE_WHERE_SIGNED)
			node->validates = is_signed && can_validate(node);
		if (node->validates && !is_signed)
			PROBLEM(reader, yaml_node_get(confs[i].node, "validate"), "there is no key to validate with; expected the top zone to be signed: nsec or nsec3");
	}
}

void topology_renumber(struct topology *topology, const char *network, const char *network6)
{
	for (uint32_t i = 0; i < topology->node_count; i++) {
		struct topology_node *node = &topology->nodes[i];
		address_nth(network, i + 1, DNS_PORT, &node->of_mode[TOPOLOGY_NET][0]);
		if (network6)
			address_nth(network6, i + 1, DNS_PORT, &node->of_mode[TOPOLOGY_NET][1]);
		node->of_mode_count[TOPOLOGY_NET] = network6 ? 2 : 1;
	}
	topology_set_mode(topology, topology->mode);
}
