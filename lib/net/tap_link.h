/* The way of a tap's bytes: connects, reads and writes for fstrm's writer, and never waits for longer than a bound. */
#pragma once

#include <fstrm.h>

#include "lib/net/tap.h"

struct tap_link {
	const struct tap_config *config;
	int fd;
	int stop_fd;                    /* readable once the tap is to end: waits are short from then on */
	int err;                        /* errno of the last failure */
	uint64_t file_size;
};

void tap_link_init(struct tap_link *link, const struct tap_config *config, int stop_fd);
/* Whether the reader has left: it has nothing to say before the stream's end. */
bool tap_link_is_broken(struct tap_link *link);
/* A writer over the link, which must outlive it; NULL when memory is out. */
struct fstrm_writer *tap_link_writer(struct tap_link *link);
