/* Bump allocation. */
#include "lib/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;      /* usable bytes */
	size_t used;
	_Alignas(ALIGN) uint8_t data[];
};

void arena_init(struct arena *arena, size_t chunk_size)
{
	arena->chunk = NULL;
	arena->chunk_size = chunk_size;
	arena->total = 0;
}

void arena_fini(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunk;
	while (chunk) {
		struct arena_chunk *older = chunk->older;
		free(chunk);
		chunk = older;
	}
	arena->chunk = NULL;
	arena->total = 0;
}

void arena_reset(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunk;
	if (!chunk)
		return;
	while (chunk->older) {
		struct arena_chunk *older = chunk->older;
		arena->total -= chunk->size;
		free(chunk);
		chunk = older;
	}
	chunk->used = 0;
	arena->chunk = chunk;
}

static struct arena_chunk *chunk_add(struct arena *arena, size_t at_least)
{
	size_t size = at_least > arena->chunk_size ? at_least : arena->chunk_size;
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->older = arena->chunk;
	chunk->size = size;
	chunk->used = 0;
	arena->chunk = chunk;
	arena->total += size;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct arena_chunk *chunk = arena->chunk;
	if (!chunk || chunk->size - chunk->used < size) {
		chunk = chunk_add(arena, size);
		if (!chunk)
			return NULL;
	}
	void *p = chunk->data + chunk->used;
	chunk->used += size;
	return p;
}

void *arena_calloc(struct arena *arena, size_t size)
{
	void *p = arena_alloc(arena, size);
	if (p)
		memset(p, 0, size);
	return p;
}

void *arena_copy(struct arena *arena, const void *data, size_t len)
{
	void *p = arena_alloc(arena, len ? len : 1);
	if (p && len)
		memcpy(p, data, len);
	return p;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text) + 1);
}
