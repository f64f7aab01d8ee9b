/* What both kinds of manifest need: the nodes' files, the image's recipe, a node's start and its probe. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "tools/zonelab/files/write.h"
#include "tools/zonelab/render/render.h"
#include "tools/zonelab/topology/zonetext.h"

FILE *render_open(const struct render *render, const char *name)
{
	char path[4096];
	FILE *to = snprintf(path, sizeof(path), "%s/%s", render->dir, name) < (int)sizeof(path) ? fopen(path, "w") : NULL;

	if (!to)
		fprintf(stderr, "zonelab: cannot write %s/%s: %s\n", render->dir, name, strerror(errno));
	return to;
}

int render_close(FILE *to, const char *name)
{
	bool failed = ferror(to) != 0;

	if (fclose(to) == 0 && !failed)
		return ZT_OK;
	fprintf(stderr, "zonelab: cannot write %s: %s\n", name, strerror(errno));
	return ZT_EIO;
}

static int folder_make(const char *path)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return ZT_OK;
	fprintf(stderr, "zonelab: cannot create folder %s: %s\n", path, strerror(errno));
	return status_from_errno(errno);
}

static int file_copy(const char *from_path, const char *to_path)
{
	uint8_t block[65536];
	size_t len;
	FILE *from = fopen(from_path, "r"), *to = from ? fopen(to_path, "w") : NULL;

	while (to && (len = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, len, to);
	bool failed = !to || ferror(from) || ferror(to);
	if (from)
		fclose(from);
	if ((to && fclose(to) != 0) || failed) {
		fprintf(stderr, "zonelab: cannot copy %s to %s: %s\n", from_path, to_path, strerror(errno));
		return ZT_EIO;
	}
	return ZT_OK;
}

/* Zone files of this machine go to their primaries' folders; from then on they are the zones' files. */
static int files_copy(struct lab *lab)
{
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		struct topology_zone *zone = &lab->topology.zones[i];
		char *name, path[4096];
		if (!zone->file || zone->file_is_packed)
			continue;
		if (!(name = arena_calloc(&lab->topology.tree.arena, ZONETEXT_FILE_NAME_SIZE)))
			return ZT_ENOMEM;
		int status = lab_path(lab, zone->primary, zonetext_file_name(zone, ".zone", name), path);
		if (status == ZT_OK)
			status = file_copy(zone->file, path);
		if (status != ZT_OK)
			return status;
		zone->file = name;      /* beside the configuration that names it */
	}
	return ZT_OK;
}

int render_nodes(const struct render *render, bool everywhere)
{
	struct lab *lab = render->lab;
	char path[4096];
	int status = folder_make(lab->dir);

	for (uint32_t i = 0; i < lab->topology.node_count && status == ZT_OK; i++) {
		status = lab_path(lab, &lab->topology.nodes[i], "", path);
		if (status == ZT_OK)
			status = folder_make(path);
	}
	lab->inside = RENDER_WORK_DIR;
	lab->listens_everywhere = everywhere;
	if (status == ZT_OK)
		status = files_copy(lab);
	return status == ZT_OK ? write_all(lab) : status;
}

void render_write_text(FILE *to, const char *text)
{
	fputc('"', to);
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fputc('\\', to);
		fputc(*p, to);
	}
	fputc('"', to);
}

void render_write_start(FILE *to, const struct topology_node *node)
{
	char folder[512], *text = NULL;
	size_t len = 0;
	FILE *command = open_memstream(&text, &len);

	if (!command)
		return;
	snprintf(folder, sizeof(folder), RENDER_WORK_DIR "/%s", node->name);
	fprintf(command, "mkdir -p %s/state && cp -rL " RENDER_CONFIG_DIR "/. %s && cd %s && exec ", folder, folder, folder);
	kind_command_write(command, node, folder);
	if (fclose(command) == 0)
		render_write_text(to, text);
	free(text);
}

/* One of its zones; for a resolver the root. */
static const char *asked_zone(const struct topology *topology, const struct topology_node *node)
{
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		if (topology_serves(&topology->zones[i], node))
			return topology->zones[i].text;
	}
	return ".";
}

void render_write_probe(FILE *to, const struct render *render, const struct topology_node *node)
{
	char address[NETADDR_TEXT_SIZE], text[1024];

	snprintf(text, sizeof(text), "dig @%s %s SOA +tries=1 +time=2 | grep -q 'status: NOERROR'",
		 render->lab->listens_everywhere ? "127.0.0.1" : netaddr_ip_to_text(&node->address, address),
		 asked_zone(&render->lab->topology, node));
	fputs("\"sh\", \"-c\", ", to);
	render_write_text(to, text);
}

static const char recipe_head[] =
	"# One image for every node of the lab. Beside this file belongs the release, made with `make dist`:\n"
	"#   zonetide-" PACKAGE_VERSION ".tar.xz\n"
	"FROM debian:12 AS build\n"
	"ADD zonetide-" PACKAGE_VERSION ".tar.xz /\n"
	"WORKDIR /zonetide-" PACKAGE_VERSION "\n"
	"# packages.txt is the release's own list; of it the group [build].\n"
	"RUN apt-get update && apt-get install -y --no-install-recommends \\\n"
	"    $(awk '{ sub(/#.*/, \"\") } /^\\[/ { take = /build/; next } take && NF { print $1 }' packages.txt)\n"
	"RUN mkdir build && cd build && ../configure -q --prefix=/usr/local && make -s -j\"$(nproc)\" && make -s install-strip DESTDIR=/made\n"
	"# The packages of the libraries that the programs load.\n"
	"RUN find /made/usr/local -type f -perm -u+x -exec ldd {} + | awk '$3 ~ /^\\// { print $3 }' | sort -u | xargs -n 1 realpath \\\n"
	"    | xargs dpkg -S | cut -d: -f1 | sort -u > /made/libraries\n"
	"\n"
	"FROM debian:12\n"
	"COPY --from=build /made/libraries /tmp/libraries\n"
	"RUN apt-get update && apt-get install -y --no-install-recommends $(cat /tmp/libraries) bind9-dnsutils";

int render_image(const struct render *render)
{
	const struct topology *topology = &render->lab->topology;
	bool is_named[NODE_KIND_COUNT] = { false };
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/image", render->dir) >= (int)sizeof(path))
		return ZT_ELIMIT;
	int status = folder_make(path);
	FILE *to = status == ZT_OK ? render_open(render, "image/Dockerfile") : NULL;
	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	fputs(recipe_head, to);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct kind *kind = kind_of(&topology->nodes[i]);
		if (kind->package && !is_named[topology->nodes[i].kind])
			fprintf(to, " %s", kind->package);
		is_named[topology->nodes[i].kind] = true;
	}
	fputs(" \\\n    && rm -rf /var/lib/apt/lists /tmp/libraries\nCOPY --from=build /made/usr/local /usr/local\n", to);
	return render_close(to, "image/Dockerfile");
}
