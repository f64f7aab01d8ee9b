/* How far back the history reaches, in words. */
#include "tools/zonectl/history.h"

#include <string.h>

#include "tools/zonectl/render.h"

json_t *history_shorten(const json_t *rows)
{
	json_t *list = json_array(), *copy;
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		copy = json_copy((json_t *)(uintptr_t)row);
		json_object_del(copy, "fingerprint");
		json_array_append_new(list, copy);
	}
	return list;
}

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));
	return value ? value : "?";
}

static void beyond_write(const json_t *beyond, struct buf *out)
{
	const json_t *peer;
	size_t i;

	buf_printf(out, "Would get the whole zone now:\n");
	json_array_foreach(beyond, i, peer) {
		const json_t *serial = json_object_get(peer, "serial");
		buf_printf(out, "  %s", text(peer, "peer"));
		if (json_is_integer(serial))
			buf_printf(out, ", serial %lld", (long long)json_integer_value(serial));
		buf_printf(out, ": %s\n", text(peer, "reason"));
	}
}

void reach_write(const json_t *reach, struct buf *out)
{
	const json_t *oldest = json_object_get(reach, "oldest_serial"), *slowest = json_object_get(reach, "slowest_serial");
	const json_t *beyond = json_object_get(reach, "peers_beyond");
	char age[32], bytes[32], limit[32];

	if (json_is_integer(oldest)) {
		render_number("age_s", json_number_value(json_object_get(reach, "reach_s")), age, sizeof(age));
		render_number("bytes_bytes", json_number_value(json_object_get(reach, "bytes")), bytes, sizeof(bytes));
		render_number("limit_bytes", json_number_value(json_object_get(reach, "limit_bytes")), limit, sizeof(limit));
		buf_printf(out, "IXFR reaches back to serial %lld, which was displaced %s ago: %lld version%s, %s (journal-size for all zones: %s).\n",
			   (long long)json_integer_value(oldest), age, number(reach, "versions"), number(reach, "versions") == 1 ? "" : "s", bytes, limit);
	} else {
		buf_printf(out, "IXFR reaches back nowhere: there is no older version in the journal.\n");
	}
	if (json_is_integer(slowest))
		buf_printf(out, "The slowest server that counts is %s, last seen at serial %lld; what it may ask for goes last.\n", text(reach, "slowest_peer"),
			   (long long)json_integer_value(slowest));
	if (json_array_size(beyond) > 0)
		beyond_write(beyond, out);
	else if (number(reach, "peers_within") > 0)
		buf_printf(out, "That is enough for all %lld server%s known.\n", number(reach, "peers_within"), number(reach, "peers_within") == 1 ? "" : "s");
}
