/* The configuration of resolverd. */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"

static void write_config(FILE *to, const struct lab *lab, const struct topology_node *node)
{
	fputs("# made by zonelab\nserver:\n  listen: [", to);
	write_addresses(to, node, ADDRESS_YAML, ", ");
	fputs("]\n  workers: 1\n  control: control.sock\n  allow-query: [", to);
	write_everybody(to, lab, ", ");
	fprintf(to, "]\nresolver:\n  root-hints: root.hints\n  validate: no\n  upstream-port: %u\n  builtin-local-zones: no\n  allow-loopback-upstream: yes\n",
		netaddr_port(&node->address));
	if (source_must_be_told(lab)) {
		fputs("  outgoing-interface: [", to);
		write_address(to, &node->address, ADDRESS_IP);
		fputs(", '::1']\n", to);
	}
	if (node->forward_count == 0)
		return;
	fputs("forward:\n  - name: .\n    addresses: [", to);
	for (uint32_t i = 0; i < node->forward_count; i++) {
		fputs(i > 0 ? ", " : "", to);
		write_address(to, &node->forward[i]->address, ADDRESS_YAML);
	}
	fputs("]\n", to);
}

static int resolverd_write(const struct lab *lab, const struct topology_node *node)
{
	FILE *to = node_file_open(lab, node, kind_resolverd.config);

	if (!to)
		return ZT_EIO;
	write_config(to, lab, node);
	int status = node_file_close(to, kind_resolverd.config);
	return status == ZT_OK ? root_hints_write(lab, node) : status;
}

const struct kind kind_resolverd = {
	.title = "resolverd", .program = "resolverd", .config = "resolverd.yaml", .arguments = { "-c", "CONFIG" }, .write = resolverd_write,
};
