/* The answer to `peers` in few columns. */
#include "tools/zonectl/peers.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "tools/zonectl/render.h"

enum { CELL_SIZE = 128 };

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));
	return text ? text : "";
}

/* "12s", "5m", "3h", "2d": one unit is enough to see at a glance. */
static void age_write(char *out, size_t size, double seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		snprintf(out, size, "%.0fs", floor(seconds));
	else if (seconds < 7200)
		snprintf(out, size, "%.0fm", floor(seconds / 60));
	else if (seconds < 2 * 86400)
		snprintf(out, size, "%.0fh", floor(seconds / 3600));
	else
		snprintf(out, size, "%.0fd", floor(seconds / 86400));
}

/* How long ago a moment "2026-01-31T12:00:00Z" was; false for what is none. */
static bool ago_write(char *out, size_t size, const char *at, usec_t now)
{
	struct tm tm = { 0 };
	const char *end = strptime(at, "%Y-%m-%dT%H:%M:%SZ", &tm);
	char age[16];

	if (!end || *end)
		return false;
	age_write(age, sizeof(age), (double)(now / USEC_PER_SEC - (usec_t)timegm(&tm)));
	snprintf(out, size, "%s ago", age);
	return true;
}

/* "3 versions, 5m" */
static json_t *lag_cell(const json_t *row)
{
	const json_t *versions = json_object_get(row, "behind_versions"), *seconds = json_object_get(row, "behind_s");
	char text[CELL_SIZE] = "", age[16] = "";
	long long count = json_integer_value(versions);

	if (json_is_number(seconds))
		age_write(age, sizeof(age), json_number_value(seconds));
	if (json_is_integer(versions))
		snprintf(text, sizeof(text), "%lld version%s, %s", count, count == 1 ? "" : "s", age);
	else
		snprintf(text, sizeof(text), "%s", age);
	return text[0] ? json_string(text) : json_null();
}

/* "5s ago, probe" */
static json_t *seen_cell(const json_t *row, usec_t now)
{
	const char *by = text_of(row, "confirmed_by");
	char text[CELL_SIZE], ago[32];

	if (!ago_write(ago, sizeof(ago), text_of(row, "confirmed_at"), now))
		return json_null();
	snprintf(text, sizeof(text), "%s, %s", ago, strcmp(by, "soa") == 0 ? "probe" : by);
	return json_string(text);
}

/* "ixfr, 312 B, 3 ms, 5s ago" */
static json_t *transfer_cell(const json_t *row, usec_t now)
{
	double bytes = json_number_value(json_object_get(row, "transfer_bytes"));
	long long ms = json_integer_value(json_object_get(row, "transfer_ms"));
	char text[CELL_SIZE], ago[32];

	if (!ago_write(ago, sizeof(ago), text_of(row, "transfer_at"), now))
		return json_null();
	if (bytes < 10000)
		snprintf(text, sizeof(text), "%s, %.0f B, %lld ms, %s", text_of(row, "transfer"), bytes, ms, ago);
	else if (bytes < 10e6)
		snprintf(text, sizeof(text), "%s, %.0f kB, %lld ms, %s", text_of(row, "transfer"), bytes / 1e3, ms, ago);
	else
		snprintf(text, sizeof(text), "%s, %.0f MB, %lld ms, %s", text_of(row, "transfer"), bytes / 1e6, ms, ago);
	return json_string(text);
}

/* Why it is behind; else why its last transfer was whole; else that nobody tells it. */
static json_t *remark_cell(const json_t *row)
{
	const char *reason = text_of(row, "reason"), *whole = text_of(row, "transfer_reason");

	if (reason[0])
		return json_string(reason);
	if (whole[0])
		return json_string(whole);
	return json_is_false(json_object_get(row, "notified")) ? json_string("not notified") : json_null();
}

json_t *peers_shorten(const json_t *rows, usec_t now)
{
	json_t *list = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_array_append_new(list, json_pack("{s:s, s:s, s:O, s:o, s:o, s:o, s:o}", "peer", text_of(row, "peer"), "state", text_of(row, "state"),
						      "serial", json_object_get(row, "serial"), "lag", lag_cell(row), "seen", seen_cell(row, now),
						      "last_transfer", transfer_cell(row, now), "remark", remark_cell(row)));
	}
	return list;
}
