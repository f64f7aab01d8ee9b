/* A set of folders. */
#include "lib/base/folders.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096, CAPACITY_FIRST = 16 };

void folders_init(struct folders *folders)
{
	*folders = (struct folders){ 0 };
	arena_init(&folders->arena, CHUNK);
}

void folders_fini(struct folders *folders)
{
	arena_fini(&folders->arena);
	free(folders->items);
	*folders = (struct folders){ 0 };
}

static int compare(const char *item, const char *text, size_t len)
{
	int order = strncmp(item, text, len);
	return order != 0 ? order : item[len] != '\0';
}

/* The place of the text, or where it belongs. */
static uint32_t place_of(const struct folders *folders, const char *text, size_t len, bool *found)
{
	uint32_t low = 0, high = folders->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare(folders->items[middle], text, len);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = false;
	return low;
}

static int grow(struct folders *folders)
{
	uint32_t capacity = folders->capacity ? folders->capacity * 2 : CAPACITY_FIRST;
	const char **items = realloc(folders->items, capacity * sizeof(*items));

	if (!items)
		return ZT_ENOMEM;
	folders->items = items;
	folders->capacity = capacity;
	return ZT_OK;
}

static int add(struct folders *folders, const char *text, size_t len)
{
	bool found;

	while (len > 1 && text[len - 1] == '/')
		len--;
	if (folders->last && compare(folders->last, text, len) == 0)
		return ZT_OK;
	uint32_t place = place_of(folders, text, len, &found);
	if (found) {
		folders->last = folders->items[place];
		return ZT_OK;
	}
	char *copy = arena_calloc(&folders->arena, len + 1);
	if (!copy || (folders->count == folders->capacity && grow(folders) != ZT_OK))
		return ZT_ENOMEM;
	memcpy(copy, text, len);
	memmove(folders->items + place + 1, folders->items + place, (folders->count - place) * sizeof(*folders->items));
	folders->items[place] = copy;
	folders->count++;
	folders->last = copy;
	return ZT_OK;
}

int folders_add(struct folders *folders, const char *folder)
{
	return add(folders, folder, strlen(folder));
}

int folders_add_of(struct folders *folders, const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return add(folders, ".", 1);
	return add(folders, file, slash == file ? 1 : (size_t)(slash - file));
}
