/* The system's clock and the manual one. */
#include "lib/base/clock.h"

#include <time.h>

static usec_t from_timespec(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (usec_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

static usec_t system_now(const struct clock *clock)
{
	(void)clock;
	return from_timespec(CLOCK_MONOTONIC);
}

static usec_t system_wall(const struct clock *clock)
{
	(void)clock;
	return from_timespec(CLOCK_REALTIME);
}

static const struct clock system_clock = { .now = system_now, .wall = system_wall, .speed = 1 };

const struct clock *clock_system(void)
{
	return &system_clock;
}

static usec_t manual_now(const struct clock *clock)
{
	return ((const struct manual_clock *)(const void *)clock)->now;
}

static usec_t manual_wall(const struct clock *clock)
{
	const struct manual_clock *manual = (const void *)clock;
	return manual->now + manual->wall_offset;
}

void manual_clock_init(struct manual_clock *manual, usec_t now, usec_t wall)
{
	manual->clock.now = manual_now;
	manual->clock.wall = manual_wall;
	manual->clock.speed = 1;
	manual->now = now;
	manual->wall_offset = wall - now;
}

void manual_clock_advance(struct manual_clock *manual, usec_t by)
{
	manual->now += by;
}

char *wall_to_text(usec_t wall, char out[WALL_TEXT_SIZE])
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, WALL_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}
