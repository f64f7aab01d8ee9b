/* Clocks of labs. */
#include "lib/base/lab_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static usec_t lab_now(const struct clock *clock)
{
	return clock_now(clock_system()) * clock->speed;
}

static usec_t lab_wall(const struct clock *clock)
{
	usec_t epoch = ((const struct lab_clock *)(const void *)clock)->epoch;

	return epoch + (clock_wall(clock_system()) - epoch) * clock->speed;
}

void lab_clock_init(struct lab_clock *lab, int speed, usec_t epoch)
{
	*lab = (struct lab_clock){ .clock = { .now = lab_now, .wall = lab_wall, .speed = speed }, .epoch = epoch };
}

/* Digits only, of a number up to `most`; *end: behind them. */
static bool number_read(const char *text, int64_t most, int64_t *value, const char **end)
{
	*value = 0;
	for (*end = text; **end >= '0' && **end <= '9' && *value <= most; (*end)++)
		*value = 10 * *value + (**end - '0');
	return *end != text && *value <= most;
}

/* ".5": of a second, in microseconds; further digits have to be digits. Nothing is 0. */
static bool fraction_read(const char *text, int64_t *value)
{
	int64_t scale = USEC_PER_SEC;

	*value = 0;
	if (!*text)
		return true;
	if (*text++ != '.' || !*text)
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		scale /= 10;
		*value += scale * (*text - '0');
	}
	return !*text;
}

int lab_clock_from_text(struct lab_clock *lab, const char *text)
{
	int64_t speed, seconds, fraction;
	const char *end;

	if (!number_read(text, LAB_CLOCK_FASTEST, &speed, &end) || speed == 0 || *end != '@' || !number_read(end + 1, UINT32_MAX, &seconds, &end) ||
	    !fraction_read(end, &fraction))
		return ZT_EMALFORMED;
	lab_clock_init(lab, (int)speed, seconds * USEC_PER_SEC + fraction);
	return ZT_OK;
}

char *lab_clock_to_text(const struct lab_clock *lab, char out[LAB_CLOCK_TEXT_SIZE])
{
	snprintf(out, LAB_CLOCK_TEXT_SIZE, "%d@%" PRId64 ".%06" PRId64, lab->clock.speed, lab->epoch / USEC_PER_SEC, lab->epoch % USEC_PER_SEC);
	return out;
}

const struct clock *clock_of_environment(void)
{
	static struct lab_clock lab;
	const char *text = getenv(LAB_CLOCK_VARIABLE);

	if (!text || !text[0])
		return clock_system();
	return lab_clock_from_text(&lab, text) == ZT_OK ? &lab.clock : NULL;
}

void lab_clock_complain(const char *program)
{
	fprintf(stderr, "%s: the environment's " LAB_CLOCK_VARIABLE " is no clock; expected SPEED@EPOCH, such as 60@1764036000.5: a speed from 1 to %d, an epoch in seconds since "
		"1970; unset it for the true time\n", program, LAB_CLOCK_FASTEST);
}
