/* Bump allocation for things that die together: one query, one transfer, one parse.
 *
 * Memory is given back all at once by arena_reset (keeps the first chunk) or arena_fini. Not thread-safe.
 */
#pragma once

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk;   /* newest first */
	size_t chunk_size;           /* default size of a new chunk, bytes */
	size_t total;                /* bytes held in chunks */
};

void arena_init(struct arena *arena, size_t chunk_size);
void arena_fini(struct arena *arena);
void arena_reset(struct arena *arena);

/* Aligned to 16 bytes, contents undefined. NULL when memory is out. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, zeroed. */
void *arena_calloc(struct arena *arena, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t len);
char *arena_strdup(struct arena *arena, const char *text);
