/* "Did you mean …?": the word of a list that a mistyped one is nearest to. */
#pragma once

#include <stddef.h>

/* Edits (insert, delete, replace, swap of two neighbours) from one word to the other, letter case aside. Words longer than 63 bytes
 * are as far from everything as they are long. */
size_t nearest_distance(const char *a, const char *b);

/* For picking the best of many: keeps `*best` if `candidate` is no better. Start with *best = NULL. Only words close enough to be a slip of the
 * fingers count (a third of the letters, at least one edit). */
void nearest_consider(const char *word, const char *candidate, const char **best);
