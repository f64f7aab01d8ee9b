/* Fuzzes the weather's words: what is taken is within bounds, and comes back the same after it was written. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/weather/weather_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 16 };

static size_t split(char *text, const char *words[WORDS_MAX])
{
	size_t count = 0;
	char *save = NULL;
	for (char *word = strtok_r(text, " \n", &save); word && count < WORDS_MAX; word = strtok_r(NULL, " \n", &save))
		words[count++] = word;
	return count;
}

static bool is_share(double x)
{
	return x >= 0 && x <= 1;
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * (fabs(a) + fabs(b));
}

static void check(const struct weather *weather)
{
	if (weather->delay < 0 || weather->jitter < 0 || !is_share(weather->loss) || !is_share(weather->duplicate) || !is_share(weather->reorder) ||
	    !(weather->burst == 0 || weather->burst >= 1))
		abort();
	struct buf text;
	struct weather again = { .delay = 0 };
	char error[WEATHER_ERROR_SIZE];
	const char *words[WORDS_MAX];
	buf_init(&text);
	weather_to_text(weather, &text);
	buf_add_u8(&text, 0);
	size_t count = strcmp((char *)text.data, "fine") == 0 ? 0 : split((char *)text.data, words);
	if (count > 0 && weather_set_words(&again, words, count, error) != ZT_OK)
		abort();
	if (again.delay != weather->delay || again.jitter != weather->jitter || again.rate != weather->rate || again.cut != weather->cut ||
	    again.mtu != weather->mtu || again.queue != weather->queue || !near(again.loss, weather->loss))
		abort();
	buf_fini(&text);
	struct weather_state state;
	struct weather_fate fate;
	weather_state_init(&state, 1, 0, 1);
	for (unsigned i = 0; i < 32; i++) {
		weather_step(weather, &state, 40 + 47 * i, i * 100, &fate);
		for (unsigned j = 0; j < fate.count; j++)
			if (fate.at[j] < (usec_t)i * 100)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weather weather = { .delay = 0 };
	char error[WEATHER_ERROR_SIZE] = "", *text = malloc(size + 1);
	const char *words[WORDS_MAX];

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	size_t count = split(text, words);
	if (weather_set_words(&weather, words, count, error) == ZT_OK)
		check(&weather);
	else if (!memchr(error, '\0', sizeof(error)) || !error[0])
		abort();
	free(text);
	return 0;
}
