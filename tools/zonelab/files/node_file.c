/* Files in a node's folder. */
#include "tools/zonelab/files/node_file.h"

#include <errno.h>
#include <string.h>

FILE *node_file_open(const struct lab *lab, const struct topology_node *node, const char *name)
{
	char path[4096];
	FILE *file = lab_path(lab, node, name, path) == ZT_OK ? fopen(path, "w") : NULL;
	if (!file)
		fprintf(stderr, "zonelab: cannot write %s/%s/%s: %s\n", lab->dir, node->name, name, strerror(errno));
	return file;
}

int node_file_close(FILE *file, const char *name)
{
	bool failed = ferror(file) != 0;
	if (fclose(file) == 0 && !failed)
		return ZT_OK;
	fprintf(stderr, "zonelab: cannot write %s: %s\n", name, strerror(errno));
	return ZT_EIO;
}

int node_folder(const struct lab *lab, const struct topology_node *node, char out[4096])
{
	if (snprintf(out, 4096, "%s/%s", lab->inside ? lab->inside : lab->dir, node->name) < 4096)
		return ZT_OK;
	out[0] = '\0';
	return ZT_ELIMIT;
}

void write_quoted(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', to);
		fputc(*text, to);
	}
	fputc('\'', to);
}

void write_addresses(FILE *to, const struct topology_node *node, const char *between)
{
	char text[NETADDR_TEXT_SIZE];

	for (uint32_t i = 0; i < node->address_count; i++)
		fprintf(to, "%s'%s'", i > 0 ? between : "", netaddr_to_text(&node->addresses[i], text));
}

void write_everybody(FILE *to, const struct lab *lab, const char *between)
{
	if (lab->topology.mode == TOPOLOGY_LOOPBACK)
		fputs("127.0.0.0/8", to);
	else
		fprintf(to, "0.0.0.0/0%s0::/0", between);
}
