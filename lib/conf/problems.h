/* All that is wrong with one file, collected so that its author sees everything at once. */
#pragma once

#include <stddef.h>

struct buf;
struct problem;

struct problems {
	const char *file;          /* borrowed, as the user named it */
	struct problem *items;
	size_t count;              /* kept; the first 100 */
	size_t total;              /* found; 0 = the file is fine */
};

void problems_init(struct problems *problems, const char *file);
void problems_fini(struct problems *problems);

/* Says what is wrong and what was expected. Line and column count from 1; line 0 means the file as a whole. */
void problems_add(struct problems *problems, unsigned line, unsigned column, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Appends a line `FILE:LINE:COL: text` for each, in the file's order. */
void problems_write(const struct problems *problems, struct buf *out);
