/* compose.yaml: a container a node, on a bridge of their own that leads nowhere. */
#include <arpa/inet.h>

#include "tools/zonelab/render/render.h"

/* Addresses of nodes are counted in this one, too. */
#define NETWORK6 "fd53::"

static void write_service(FILE *to, const struct render *render, const struct topology_node *node)
{
	char text[NETADDR_TEXT_SIZE];

	fprintf(to, "  %s:\n    image: " RENDER_IMAGE "\n    build: ./image\n    command: [\"sh\", \"-c\", ", node->name);
	render_write_start(to, node);
	fprintf(to, "]\n    volumes: [\"./nodes/%s:" RENDER_CONFIG_DIR ":ro\", \"%s:" RENDER_WORK_DIR "\"]\n    networks:\n      lab:\n", node->name, node->name);
	for (uint32_t i = 0; i < node->address_count; i++)
		fprintf(to, "        ipv%c_address: \"%s\"\n", node->addresses[i].family == AF_INET6 ? '6' : '4', netaddr_ip_to_text(&node->addresses[i], text));
	fputs("    healthcheck:\n      test: [\"CMD\", ", to);
	render_write_probe(to, render, node);
	fputs("]\n      interval: 5s\n      timeout: 3s\n      retries: 12\n    restart: unless-stopped\n", to);
}

/* The bridge's own addresses are the networks' last ones: the first are nodes'. */
static void write_network(FILE *to, const struct render *render)
{
	struct in_addr network = { 0 };
	char text[INET_ADDRSTRLEN];
	int parsed = inet_pton(AF_INET, render->network, &network);

	(void)parsed;      /* checked by the command */
	network.s_addr &= htonl(0xffff0000);
	fprintf(to, "networks:\n  lab:\n    internal: true\n    enable_ipv6: true\n    ipam:\n      config:\n        - {subnet: \"%s/16\", gateway: \"",
		inet_ntop(AF_INET, &network, text, sizeof(text)));
	network.s_addr |= htonl(0xfffe);
	fprintf(to, "%s\"}\n        - {subnet: \"" NETWORK6 "/64\", gateway: \"" NETWORK6 "ffff:ffff:ffff:ffff\"}\n",
		inet_ntop(AF_INET, &network, text, sizeof(text)));
}

int render_compose(const struct render *render)
{
	const struct topology *topology = &render->lab->topology;

	topology_renumber(&render->lab->topology, render->network, NETWORK6);
	int status = render_nodes(render, false);
	if (status == ZT_OK)
		status = render_image(render);
	FILE *to = status == ZT_OK ? render_open(render, "compose.yaml") : NULL;
	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	fputs("# made by `zonelab render --compose`. Put the release beside image/Dockerfile, as that says, then: docker compose up --build\nservices:\n", to);
	for (uint32_t i = 0; i < topology->node_count; i++)
		write_service(to, render, &topology->nodes[i]);
	write_network(to, render);
	fputs("volumes:\n", to);      /* what nodes store outlives their containers */
	for (uint32_t i = 0; i < topology->node_count; i++)
		fprintf(to, "  %s: {}\n", topology->nodes[i].name);
	status = render_close(to, "compose.yaml");
	if (status == ZT_OK)
		printf("Wrote %s/compose.yaml, its image's recipe and the files of %u nodes.\n", render->dir, topology->node_count);
	return status;
}
