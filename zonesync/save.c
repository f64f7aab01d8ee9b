/* Replacing a zone file at one stroke. */
#include "zonesync/save.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/zone/zonefile.h"

enum { TEMPORARY_SIZE = PATH_MAX + 16 };

static int fail(int status, const char *what, const char *path, char error[SAVE_ERROR_SIZE])
{
	snprintf(error, SAVE_ERROR_SIZE, "cannot %s %.300s: %s", what, path, errno ? strerror(errno) : status_text(status));
	return status;
}

/* The file that a rename must replace, and what the new one takes over from it. */
struct target {
	char path[PATH_MAX];
	mode_t mode;
	bool exists;
	uid_t user;          /* exists */
	gid_t group;
};

static mode_t mode_default(void)
{
	mode_t mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static int target_find(const char *path, struct target *target, char error[SAVE_ERROR_SIZE])
{
	struct stat info;

	*target = (struct target){ .mode = mode_default() };
	if (!realpath(path, target->path)) {
		if (errno != ENOENT || strlen(path) >= PATH_MAX)
			return fail(ZT_EINVAL, "write", path, error);
		memcpy(target->path, path, strlen(path) + 1);
		return ZT_OK;
	}
	if (stat(target->path, &info) != 0)
		return fail(ZT_EIO, "write", path, error);
	if (!S_ISREG(info.st_mode)) {
		snprintf(error, SAVE_ERROR_SIZE, "cannot write %.300s: not a regular file; expected a file to create or replace, or - for standard output", path);
		return ZT_EINVAL;
	}
	target->exists = true;
	target->mode = info.st_mode & 07777;
	target->user = info.st_uid;
	target->group = info.st_gid;
	return ZT_OK;
}

/* Only root may give files away; for others an owner that changes is no reason to fail. */
static bool owner_take(int fd, const struct target *target)
{
	return !target->exists || fchown(fd, target->user, target->group) == 0 || errno == EPERM;
}

static int content_write(const struct zone_version *version, FILE *file, const struct target *target)
{
	errno = 0;
	int status = zonefile_write(version, file);
	if (status == ZT_OK && (!owner_take(fileno(file), target) || fchmod(fileno(file), target->mode) != 0 || fsync(fileno(file)) != 0))
		status = status_from_errno(errno);
	return status;
}

/* Makes the rename durable. */
static int folder_sync(const char *path)
{
	char copy[PATH_MAX];

	memcpy(copy, path, strlen(path) + 1);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = fd < 0 || fsync(fd) != 0 ? status_from_errno(errno) : ZT_OK;
	if (fd >= 0)
		close(fd);
	return status;
}

/* Ends with the content durable under the temporary name, or not at all there; errno tells why not. */
static int temporary_write(const struct zone_version *version, int fd, const struct target *target)
{
	FILE *file = fdopen(fd, "w");

	if (!file) {
		close(fd);
		return ZT_ENOMEM;
	}
	int status = content_write(version, file, target);
	int why = errno;
	if (fclose(file) != 0 && status == ZT_OK)
		return status_from_errno(errno);
	errno = why;
	return status;
}

int save_zone(const struct zone_version *version, const char *path, char error[SAVE_ERROR_SIZE])
{
	char temporary[TEMPORARY_SIZE];
	struct target target;

	int status = target_find(path, &target, error);
	if (status != ZT_OK)
		return status;
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", target.path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail(ZT_EIO, "create a file beside", path, error);
	status = temporary_write(version, fd, &target);
	if (status == ZT_OK && rename(temporary, target.path) != 0)
		status = ZT_EIO;
	if (status != ZT_OK) {
		int why = errno;
		unlink(temporary);
		errno = why;
		return fail(status, "write", path, error);
	}
	status = folder_sync(target.path);
	return status == ZT_OK ? ZT_OK : fail(status, "make durable", path, error);
}
