/* Problems of a file. */
#include "lib/conf/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"

enum {
	PROBLEMS_MAX = 100,
	TEXT_SIZE = 512,
};

struct problem {
	unsigned line;
	unsigned column;
	size_t order;
	char text[TEXT_SIZE];
};

void problems_init(struct problems *problems, const char *file)
{
	*problems = (struct problems){ .file = file };
}

void problems_fini(struct problems *problems)
{
	free(problems->items);
	*problems = (struct problems){ 0 };
}

void problems_add(struct problems *problems, unsigned line, unsigned column, const char *format, ...)
{
	problems->total++;
	if (problems->count == PROBLEMS_MAX)
		return;
	struct problem *items = reallocarray(problems->items, problems->count + 1, sizeof(*items));
	if (!items)
		return;
	problems->items = items;
	struct problem *problem = &items[problems->count];
	*problem = (struct problem){ .line = line, .column = column, .order = problems->count };
	problems->count++;
	va_list args;
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	/* Text quoted from the file must not drive a terminal. */
	for (char *p = problem->text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

static int by_position(const void *a, const void *b)
{
	const struct problem *p = *(const struct problem *const *)a, *q = *(const struct problem *const *)b;
	if (p->line != q->line)
		return p->line < q->line ? -1 : 1;
	if (p->column != q->column)
		return p->column < q->column ? -1 : 1;
	return p->order < q->order ? -1 : 1;
}

void problems_write(const struct problems *problems, struct buf *out)
{
	const struct problem *sorted[PROBLEMS_MAX];

	for (size_t i = 0; i < problems->count; i++)
		sorted[i] = &problems->items[i];
	if (problems->count > 0)
		qsort(sorted, problems->count, sizeof(sorted[0]), by_position);
	for (size_t i = 0; i < problems->count; i++) {
		if (sorted[i]->line > 0)
			buf_printf(out, "%s:%u:%u: %s\n", problems->file, sorted[i]->line, sorted[i]->column, sorted[i]->text);
		else
			buf_printf(out, "%s: %s\n", problems->file, sorted[i]->text);
	}
	if (problems->total > problems->count)
		buf_printf(out, "%s: and %zu more problems\n", problems->file, problems->total - problems->count);
}
