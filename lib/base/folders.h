/* A set of folders, as texts: each once, in order. For what a process may touch. */
#pragma once

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/status.h"

struct folders {
	struct arena arena;
	const char **items;       /* sorted */
	uint32_t count;
	uint32_t capacity;
	const char *last;         /* added or found; most files lie where the one before did */
};

void folders_init(struct folders *folders);
void folders_fini(struct folders *folders);
/* Adds a folder; "/" at its end does not count. */
ZT_MUST_CHECK int folders_add(struct folders *folders, const char *folder);
/* Adds the folder a file lies in; "." where its path names none. */
ZT_MUST_CHECK int folders_add_of(struct folders *folders, const char *file);
