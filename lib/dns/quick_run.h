/* Runs of characters, sixteen at a time where the processor has SSE2 (every x86-64), one by one elsewhere. Private to lib/dns.
 *
 * Both forms of a function give the same (a unit test compares them). The text must be readable for QUICK_RUN bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { QUICK_RUN = 16 };

/* The characters at the start that are surely QUICK_WORD: printable, and none of ( ) ; " \ and dot. At most QUICK_RUN. */
static inline unsigned quick_run_word_plainly(const char *at)
{
	unsigned len = 0;
	while (len < QUICK_RUN && (uint8_t)at[len] > ' ' && !strchr("();\"\\.", at[len]))
		len++;
	return len;
}

/* A bit for each of the first sixteen characters that is no digit. */
static inline unsigned quick_run_not_digit_plainly(const char *at)
{
	unsigned bits = 0;
	for (unsigned i = 0; i < QUICK_RUN; i++)
		bits |= (unsigned)(at[i] < '0' || at[i] > '9') << i;
	return bits;
}

#if defined(__SSE2__)
#include <emmintrin.h>

/* Whether runs are cheaper than the loops that do without them. */
enum { QUICK_RUN_PAYS = 1 };

/* One bit for each of sixteen bytes that equals `c`. */
static inline __m128i run_equal(__m128i text, char c)
{
	return _mm_cmpeq_epi8(text, _mm_set1_epi8(c));
}

static inline unsigned quick_run_word(const char *at)
{
	__m128i text = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i other = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(' ')), text);
	other = _mm_or_si128(other, _mm_or_si128(run_equal(text, '('), run_equal(text, ')')));
	other = _mm_or_si128(other, _mm_or_si128(run_equal(text, ';'), run_equal(text, '"')));
	other = _mm_or_si128(other, _mm_or_si128(run_equal(text, '\\'), run_equal(text, '.')));
	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(other) | 1U << QUICK_RUN);
}

static inline unsigned quick_run_not_digit(const char *at)
{
	__m128i value = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), _mm_set1_epi8('0'));
	__m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
	return ~(unsigned)_mm_movemask_epi8(digit) & 0xffff;
}

#else

enum { QUICK_RUN_PAYS = 0 };

static inline unsigned quick_run_word(const char *at)
{
	return quick_run_word_plainly(at);
}

static inline unsigned quick_run_not_digit(const char *at)
{
	return quick_run_not_digit_plainly(at);
}

#endif
