/* Backups of what nodes have stored. */
#include "tools/zonelab/scenario/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 5, BLOCK_SIZE = 1 << 16 };

static int fail(const char *what, const char *path)
{
	int err = errno;
	fprintf(stderr, "zonelab: %s %s: %s\n", what, path, strerror(err));
	return status_from_errno(err);
}

/* At the top of a node's folder: what is of the lab, not of the node. */
static bool is_left_out(const FTSENT *entry)
{
	return entry->fts_level == 1 && (strcmp(entry->fts_name, "log") == 0 || strncmp(entry->fts_name, "exec-", 5) == 0);
}

static int bytes_copy(int from, int to)
{
	static const size_t size = BLOCK_SIZE;
	char block[BLOCK_SIZE];
	ssize_t len;

	while ((len = read(from, block, size)) > 0) {
		for (ssize_t at = 0, written; at < len; at += written) {
			written = write(to, block + at, (size_t)(len - at));
			if (written < 0)
				return ZT_EIO;
		}
	}
	return len == 0 ? ZT_OK : ZT_EIO;
}

/* With its times and its mode: some daemons believe a file by when it was written. */
static int file_copy(const FTSENT *entry, const char *path)
{
	const struct stat *st = entry->fts_statp;
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int from = open(entry->fts_accpath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (from < 0)
		return errno == ENOENT ? ZT_EAGAIN : fail("cannot read", entry->fts_path);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st->st_mode & 07777), status = ZT_OK;
	if (to < 0 || bytes_copy(from, to) != ZT_OK || futimens(to, times) != 0 || (geteuid() == 0 && fchown(to, st->st_uid, st->st_gid) != 0))
		status = fail("cannot write", path);
	close(from);
	if (to >= 0)
		close(to);
	return status;
}

static int folder_copy(const FTSENT *entry, const char *path)
{
	const struct stat *st = entry->fts_statp;

	if (mkdir(path, st->st_mode & 07777) != 0 && errno != EEXIST)
		return fail("cannot create folder", path);
	if (geteuid() == 0 && chown(path, st->st_uid, st->st_gid) != 0)
		return fail("cannot give away", path);
	return ZT_OK;
}

/* Visits all below a folder, the folder itself included. */
typedef int visit(const FTSENT *entry, const char *relative, void *ctx);

static int walk(const char *folder, visit *each, void *ctx)
{
	char path[4096];
	char *roots[] = { path, NULL };
	size_t skip = strlen(folder);
	FTSENT *entry;
	int status = ZT_OK;

	if (snprintf(path, sizeof(path), "%s", folder) >= (int)sizeof(path))
		return ZT_ELIMIT;
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	while (tree && status == ZT_OK && (entry = fts_read(tree))) {
		if (!is_left_out(entry))
			status = each(entry, entry->fts_path + skip, ctx);
	}
	if (tree)
		fts_close(tree);
	return tree ? status : fail("cannot read folder", folder);
}

static int copy_one(const FTSENT *entry, const char *relative, void *ctx)
{
	char path[8192];

	snprintf(path, sizeof(path), "%s%s", (const char *)ctx, relative);
	if (entry->fts_info == FTS_D)
		return folder_copy(entry, path);
	return entry->fts_info == FTS_F ? file_copy(entry, path) : ZT_OK;      /* sockets and the like are made by who runs */
}

static int remove_one(const FTSENT *entry, const char *relative, void *ctx)
{
	(void)ctx;
	if (entry->fts_info == FTS_D || (entry->fts_info == FTS_DP && *relative == '\0'))
		return ZT_OK;
	return remove(entry->fts_accpath) == 0 || errno == ENOENT ? ZT_OK : fail("cannot remove", entry->fts_path);
}

/* Sums up sizes and times, so that a write shows. */
static int sum_one(const FTSENT *entry, const char *relative, void *ctx)
{
	uint64_t *sum = ctx;
	(void)relative;

	if (entry->fts_info == FTS_F) {
		const struct stat *st = entry->fts_statp;
		*sum = *sum * 31 + (uint64_t)st->st_size + (uint64_t)st->st_mtim.tv_sec * 1000003 + (uint64_t)st->st_mtim.tv_nsec;
	}
	return ZT_OK;
}

static int paths_make(const struct lab *lab, const struct topology_node *node, char folder[4096], char backup[4096])
{
	int status = lab_file(lab, "backup", backup);

	if (status == ZT_OK && mkdir(backup, 0755) != 0 && errno != EEXIST)
		status = fail("cannot create folder", backup);
	if (status == ZT_OK)
		status = lab_file(lab, node->name, folder);
	if (status == ZT_OK && snprintf(backup, 4096, "%s/backup/%s", lab->dir, node->name) >= 4096)
		status = ZT_ELIMIT;
	return status;
}

int backup_make(const struct lab *lab, const struct topology_node *node)
{
	char folder[4096], backup[4096];
	int status = paths_make(lab, node, folder, backup);

	for (int i = 0; i < TRIES && status == ZT_OK; i++) {
		uint64_t before = 0, after = 0;
		if (access(backup, F_OK) == 0)
			status = walk(backup, remove_one, NULL);
		if (status == ZT_OK)
			status = walk(folder, sum_one, &before);
		if (status == ZT_OK)
			status = walk(folder, copy_one, backup);
		if (status == ZT_OK)
			status = walk(folder, sum_one, &after);
		if (status == ZT_OK && before == after)
			return ZT_OK;
		status = status == ZT_EAGAIN ? ZT_OK : status;
	}
	if (status != ZT_OK)
		return status;
	fprintf(stderr, "zonelab: %s writes all the time; no backup can be made of it\n", node->name);
	return ZT_EBUSY;
}

int backup_restore(const struct lab *lab, const struct topology_node *node)
{
	char folder[4096], backup[4096];
	int status = paths_make(lab, node, folder, backup);

	if (status == ZT_OK)
		status = walk(folder, remove_one, NULL);
	return status == ZT_OK ? walk(backup, copy_one, folder) : status;
}
