/* Optimal string alignment distance over three rows. */
#include "lib/base/nearest.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 63 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int folded(char c)
{
	return tolower((unsigned char)c);
}

size_t nearest_distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	size_t rows[3][WORD_MAX + 1];

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return a_len > b_len ? a_len : b_len;
	size_t *before = rows[0], *above = rows[1], *current = rows[2];
	for (size_t j = 0; j <= b_len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		current[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t replace = above[j - 1] + (folded(a[i - 1]) != folded(b[j - 1]));
			current[j] = least(replace, least(above[j], current[j - 1]) + 1);
			if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]))
				current[j] = least(current[j], before[j - 2] + 1);
		}
		size_t *free_row = before;
		before = above;
		above = current;
		current = free_row;
	}
	return above[b_len];
}

void nearest_consider(const char *word, const char *candidate, const char **best)
{
	size_t distance = nearest_distance(word, candidate);
	size_t allowed = (strlen(word) + 2) / 3;

	if (distance <= allowed && (!*best || distance < nearest_distance(word, *best)))
		*best = candidate;
}
