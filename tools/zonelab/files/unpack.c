/* xz unpacks; what it says about a damaged file is printed by itself. */
#include "tools/zonelab/files/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/lab/process.h"

int unpack_zone(const struct lab *lab, const struct topology_zone *zone, const char *name)
{
	char program[4096], option[] = "-dc", file[4096], block[65536];
	char *const argv[] = { program, option, file, NULL };
	int result = -1;
	size_t len;
	FILE *from;
	pid_t pid;

	if (!process_find_program("xz", program)) {
		fprintf(stderr, "zonelab: cannot find xz, which unpacks %s; apt-get install xz-utils\n", zone->file);
		return ZT_ENOENT;
	}
	if (snprintf(file, sizeof(file), "%s", zone->file) >= (int)sizeof(file))
		return ZT_ELIMIT;
	FILE *to = node_file_open(lab, zone->primary, name);
	if (!to)
		return ZT_EIO;
	int status = process_run(argv, 0, &from, &pid);
	while (status == ZT_OK && (len = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, len, to);
	if (status == ZT_OK) {
		fclose(from);
		while (waitpid(pid, &result, 0) < 0 && errno == EINTR)
			continue;
	}
	int closed = node_file_close(to, name);
	if (status == ZT_OK && result != 0) {
		fprintf(stderr, "zonelab: cannot unpack the file of zone %s\n", zone->text);
		status = ZT_EZONE;
	}
	return status == ZT_OK ? closed : status;
}
