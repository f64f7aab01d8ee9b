/* The table of timing laws. A row changes with the vendor's releases: note the version it was read from. */
#include "tools/propest/model/vendor.h"

#include <stddef.h>
#include <strings.h>

enum { DAY = 86400, WEEK = 7 * DAY };

static const struct vendor table[] = {
	/* Nothing known: BIND's NOTIFY spacing, the widest common jitter, no clamp. */
	{
		.name = "generic", .version = "RFC 1996 and common practice",
		.notify_law = NOTIFY_FIXED, .attempts = 3, .offset = { 0, 5, 10 },
		.refresh_min = 1, .refresh_max = 4 * WEEK, .retry_min = 1, .retry_max = 2 * WEEK, .jitter_low = .75,
		.query_timeout = 5, .query_tries = 3,
	},
	{
		.name = "bind", .version = "9.18",
		.notify_law = NOTIFY_FIXED, .attempts = 3, .offset = { 0, 5, 10 },
		.refresh_min = 300, .refresh_max = 4 * WEEK, .retry_min = 500, .retry_max = 2 * WEEK, .jitter_low = .75,
		.query_timeout = 5, .query_tries = 3,
	},
	{
		.name = "nsd", .version = "4.6",
		.notify_law = NOTIFY_FIXED, .attempts = 5, .offset = { 0, 3, 6, 9, 12 },
		.refresh_min = 1, .refresh_max = DAY, .retry_min = 1, .retry_max = DAY, .jitter_low = .9, .retry_doubles = true,
		.query_timeout = 10, .query_tries = 3, .apply_max = 1,
	},
	{
		.name = "knot", .version = "3.2",
		.notify_law = NOTIFY_RETRY, .attempts = 1,
		.refresh_min = 2, .refresh_max = 4 * WEEK, .retry_min = 1, .retry_max = 4 * WEEK, .jitter_low = 1,
		.query_timeout = 5, .query_tries = 1,
	},
	/* A primary finds changed zones once a cycle of 60 s; a secondary's due zones are looked at once a cycle too. */
	{
		.name = "powerdns", .version = "4.7",
		.notify_law = NOTIFY_FIXED, .attempts = 4, .offset = { 0, 3, 8, 17 }, .detect_max = 60,
		.refresh_min = 1, .refresh_max = 4 * WEEK, .retry_min = 60, .retry_max = 4 * WEEK, .jitter_low = 1, .poll_grid = 60,
		.query_timeout = 2, .query_tries = 1,
	},
	{
		.name = "authd", .version = "0.1",
		.notify_law = NOTIFY_DURABLE, .attempts = 1, .backoff_min = 1, .backoff_max = 60,
		.refresh_min = 1, .refresh_max = 4 * WEEK, .retry_min = 1, .retry_max = 2 * WEEK, .jitter_low = .9,
		.query_timeout = 1, .query_tries = 3,
	},
};

enum { TABLE_ROWS = sizeof(table) / sizeof(table[0]) };

const struct vendor *vendor_row(unsigned index)
{
	return index < TABLE_ROWS ? &table[index] : NULL;
}

const struct vendor *vendor_generic(void)
{
	return &table[0];
}

const struct vendor *vendor_find(const char *name)
{
	for (unsigned i = 0; i < TABLE_ROWS; i++)
		if (strcasecmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}
