/* Fuzzes names: from text, to text, and as compressed wire form. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* A valid name survives text and back, and every operation on it. */
static void name_exercise(const uint8_t *name)
{
	uint8_t back[NAME_MAX_LEN], joined[NAME_MAX_LEN];
	char text[NAME_TEXT_SIZE];
	size_t len = name_len(name);

	require(name_is_valid(name, len));
	require(name_from_text(back, name_to_text(name, text), NULL) == ZT_OK);
	require(name_len(back) == len && memcmp(back, name, len) == 0);
	name_lower(back);
	require(name_equal(back, name) && name_cmp(back, name) == 0 && name_hash(back, 7) == name_hash(name, 7));
	require(name_is_within(name, name_parent(name)) && name_common_labels(name, back) == name_label_count(name));
	if (name_join(joined, name, len - 1, back) == ZT_OK)
		require(name_label_count(joined) == 2 * name_label_count(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t origin[] = "\7example\3net";
	uint8_t name[NAME_MAX_LEN];
	struct rcursor cur = rcursor_over(data, size);

	if (name_from_chars(name, (const char *)data, size, origin) == ZT_OK)
		name_exercise(name);
	for (cur.pos = size / 2; cur.status == ZT_OK && rcursor_left(&cur) > 0;) {
		size_t len = name_read(&cur, name);
		require((len > 0) == (cur.status == ZT_OK));
		if (len > 0)
			name_exercise(name);
	}
	cur = rcursor_over(data, size);
	if (name_read_plain(&cur, name) > 0)
		name_exercise(name);
	return 0;
}
