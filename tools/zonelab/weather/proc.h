/* Writing to the kernel's files below /proc. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* In one write, as such files want it; errno is kept. */
static inline bool proc_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int err = errno;
	close(fd);
	errno = err;
	return good;
}
