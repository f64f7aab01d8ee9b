/* kubernetes.yaml: for each node a config map, a service with a fixed address, and a stateful set of one pod.
 *
 * Delegations and configurations name addresses, so services have fixed ones, which must lie in the cluster's range for services (`--network`); the
 * pods behind them listen everywhere. What a node stores is in a volume of its own, so a pod that is moved forgets nothing.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "tools/zonelab/render/render.h"

enum {
	OBJECT_NAME_SIZE = 64,                     /* 63 bytes, RFC 1123 */
	CONFIG_MAP_MAX = 1000 * 1000,              /* a config map holds 1 MiB */
};

/* A node's name as an object's: lower case, no dots, no digit in front. */
static const char *object_name(const struct topology_node *node, char out[OBJECT_NAME_SIZE])
{
	size_t len = 0;

	if (!isalpha((unsigned char)node->name[0]))
		len += (size_t)snprintf(out, OBJECT_NAME_SIZE, "node-");
	for (const char *p = node->name; *p && len < OBJECT_NAME_SIZE - 1; p++)
		out[len++] = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p) : '-';
	while (len > 0 && out[len - 1] == '-')
		len--;
	out[len] = '\0';
	return out;
}

static int names_check(const struct topology *topology)
{
	char one[OBJECT_NAME_SIZE], other[OBJECT_NAME_SIZE];

	for (uint32_t i = 0; i < topology->node_count; i++) {
		object_name(&topology->nodes[i], one);
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(one, object_name(&topology->nodes[j], other)) != 0)
				continue;
			fprintf(stderr, "zonelab: nodes %s and %s would both be called %s; expected names that differ in more than dots and their first 63 letters\n",
				topology->nodes[j].name, topology->nodes[i].name, one);
			return ZT_EINVAL;
		}
	}
	return ZT_OK;
}

/* A file as a block of the config map: "|" keeps every line as it is, "2" tells how far in they stand: the first may begin with spaces of its own. */
static int write_data(FILE *to, const char *path, const char *name, size_t *total)
{
	char line[65536];
	FILE *from = fopen(path, "r");

	if (!from) {
		fprintf(stderr, "zonelab: cannot read %s: %s\n", path, strerror(errno));
		return ZT_EIO;
	}
	fprintf(to, "  %s: |2\n", name);
	while (fgets(line, sizeof(line), from)) {
		*total += strlen(line);
		fprintf(to, "    %s%s", line, strchr(line, '\n') ? "" : "\n");
	}
	fclose(from);
	return ZT_OK;
}

static int write_config_map(FILE *to, const struct render *render, const struct topology_node *node)
{
	char folder[4096], path[4096], object[OBJECT_NAME_SIZE];
	size_t total = 0;
	int status = lab_path(render->lab, node, "", folder);
	DIR *dir = status == ZT_OK ? opendir(folder) : NULL;

	if (!dir) {
		fprintf(stderr, "zonelab: cannot read %s: %s\n", folder, strerror(errno));
		return ZT_EIO;
	}
	fprintf(to, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  labels: {app: zonetide-lab}\ndata:\n", object_name(node, object));
	for (struct dirent *entry; status == ZT_OK && (entry = readdir(dir));) {
		if (entry->d_type != DT_REG || lab_path(render->lab, node, entry->d_name, path) != ZT_OK)
			continue;
		status = write_data(to, path, entry->d_name, &total);
	}
	closedir(dir);
	if (status == ZT_OK && total > CONFIG_MAP_MAX) {
		fprintf(stderr, "zonelab: node %s: its files have %zu bytes; expected at most %d, which fit into a config map\n", node->name, total, CONFIG_MAP_MAX);
		status = ZT_ELIMIT;
	}
	return status;
}

static void write_service(FILE *to, const struct topology_node *node)
{
	char text[NETADDR_TEXT_SIZE], object[OBJECT_NAME_SIZE];

	object_name(node, object);
	fprintf(to, "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: %s\n  labels: {app: zonetide-lab}\nspec:\n  clusterIP: %s\n  selector: {app: zonetide-lab, node: %s}\n",
		object, netaddr_ip_to_text(&node->address, text), object);
	fputs("  publishNotReadyAddresses: true\n  ports:\n    - {name: dns, port: 53, protocol: UDP}\n    - {name: dns-tcp, port: 53, protocol: TCP}\n", to);
}

static void write_probe(FILE *to, const struct render *render, const struct topology_node *node, const char *kind, const char *times)
{
	fprintf(to, "          %s:\n            exec:\n              command: [", kind);
	render_write_probe(to, render, node);
	fprintf(to, "]\n%s", times);
}

static void write_pod(FILE *to, const struct render *render, const struct topology_node *node)
{
	char object[OBJECT_NAME_SIZE];

	object_name(node, object);
	fprintf(to, "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: %s\n  labels: {app: zonetide-lab}\nspec:\n  serviceName: %s\n  replicas: 1\n"
		"  selector:\n    matchLabels: {app: zonetide-lab, node: %s}\n  template:\n    metadata:\n      labels: {app: zonetide-lab, node: %s}\n"
		"    spec:\n      enableServiceLinks: false\n      containers:\n        - name: node\n          image: " RENDER_IMAGE "\n          imagePullPolicy: IfNotPresent\n"
		"          command: [\"sh\", \"-c\", ", object, object, object, object);
	render_write_start(to, node);
	fputs("]\n          ports:\n            - {name: dns, containerPort: 53, protocol: UDP}\n            - {name: dns-tcp, containerPort: 53, protocol: TCP}\n"
	      "          securityContext:\n            allowPrivilegeEscalation: false\n            capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}\n"
	      "          volumeMounts:\n            - {name: config, mountPath: " RENDER_CONFIG_DIR ", readOnly: true}\n            - {name: state, mountPath: " RENDER_WORK_DIR "}\n", to);
	write_probe(to, render, node, "readinessProbe", "            periodSeconds: 5\n            timeoutSeconds: 3\n");
	write_probe(to, render, node, "livenessProbe", "            initialDelaySeconds: 30\n            periodSeconds: 20\n            timeoutSeconds: 5\n            failureThreshold: 6\n");
	fprintf(to, "      volumes:\n        - name: config\n          configMap: {name: %s}\n  volumeClaimTemplates:\n    - metadata: {name: state}\n      spec:\n"
		"        accessModes: [ReadWriteOnce]\n        resources:\n          requests: {storage: 1Gi}\n", object);
}

int render_kubernetes(const struct render *render)
{
	const struct topology *topology = &render->lab->topology;

	topology_renumber(&render->lab->topology, render->network, NULL);
	int status = names_check(topology);
	if (status == ZT_OK)
		status = render_nodes(render, true);
	if (status == ZT_OK)
		status = render_image(render);
	FILE *to = status == ZT_OK ? render_open(render, "kubernetes.yaml") : NULL;
	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	fprintf(to, "# made by `zonelab render --kubernetes`. Build the image " RENDER_IMAGE " as image/Dockerfile says and give it to the cluster, then:\n"
		"#   kubectl create namespace zonetide-lab && kubectl -n zonetide-lab apply -f kubernetes.yaml\n"
		"# The services' addresses, from %s on, must lie in the cluster's range for services.\n", render->network);
	for (uint32_t i = 0; i < topology->node_count && status == ZT_OK; i++) {
		status = write_config_map(to, render, &topology->nodes[i]);
		write_service(to, &topology->nodes[i]);
		write_pod(to, render, &topology->nodes[i]);
	}
	int closed = render_close(to, "kubernetes.yaml");
	if (status == ZT_OK && closed == ZT_OK)
		printf("Wrote %s/kubernetes.yaml, its image's recipe and the files of %u nodes.\n", render->dir, topology->node_count);
	return status != ZT_OK ? status : closed;
}
