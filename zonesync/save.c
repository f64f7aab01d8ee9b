/* Replacing a zone file at one stroke. */
#include "zonesync/save.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
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

/* What the new file's permissions shall be. */
static mode_t mode_default(void)
{
	mode_t mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

/* Finds the file that a rename must replace, and its permissions. */
static int target_find(const char *path, char target[PATH_MAX], mode_t *mode, char error[SAVE_ERROR_SIZE])
{
	struct stat info;

	*mode = mode_default();
	if (!realpath(path, target)) {
		if (errno != ENOENT || strlen(path) >= PATH_MAX)
			return fail(ZT_EINVAL, "write", path, error);
		memcpy(target, path, strlen(path) + 1);
		return ZT_OK;
	}
	if (stat(target, &info) != 0)
		return fail(ZT_EIO, "write", path, error);
	if (!S_ISREG(info.st_mode)) {
		snprintf(error, SAVE_ERROR_SIZE, "cannot write %.300s: not a regular file; expected a file to create or replace, or - for standard output", path);
		return ZT_EINVAL;
	}
	*mode = info.st_mode & 07777;
	return ZT_OK;
}

static int content_write(const struct zone_version *version, FILE *file, mode_t mode)
{
	errno = 0;
	int status = zonefile_write(version, file);
	if (status == ZT_OK && (fchmod(fileno(file), mode) != 0 || fsync(fileno(file)) != 0))
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
static int temporary_write(const struct zone_version *version, int fd, mode_t mode)
{
	FILE *file = fdopen(fd, "w");

	if (!file) {
		close(fd);
		return ZT_ENOMEM;
	}
	int status = content_write(version, file, mode);
	int why = errno;
	if (fclose(file) != 0 && status == ZT_OK)
		return status_from_errno(errno);
	errno = why;
	return status;
}

int save_zone(const struct zone_version *version, const char *path, char error[SAVE_ERROR_SIZE])
{
	char target[PATH_MAX], temporary[TEMPORARY_SIZE];
	mode_t mode;

	int status = target_find(path, target, &mode, error);
	if (status != ZT_OK)
		return status;
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", target);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail(ZT_EIO, "create a file beside", path, error);
	status = temporary_write(version, fd, mode);
	if (status == ZT_OK && rename(temporary, target) != 0)
		status = ZT_EIO;
	if (status != ZT_OK) {
		int why = errno;
		unlink(temporary);
		errno = why;
		return fail(status, "write", path, error);
	}
	status = folder_sync(target);
	return status == ZT_OK ? ZT_OK : fail(status, "make durable", path, error);
}
