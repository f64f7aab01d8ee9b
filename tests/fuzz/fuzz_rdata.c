/* Fuzzes rdata text: the first two bytes are the type, the rest is its text, and its wire form as well. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/present.h"
#include "lib/dns/rdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t wire[RDATA_MAX_LEN], back[RDATA_MAX_LEN];

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Valid rdata survives text and back. */
static void round_trip(uint16_t type, const uint8_t *rdata, size_t len)
{
	struct buf text;
	struct wcursor out = wcursor_over(back, sizeof(back));

	require(rdata_is_valid(type, rdata, len));
	buf_init(&text);
	rdata_to_text(type, rdata, len, &text);
	buf_add_u8(&text, '\0');
	require(text.status == ZT_OK && strlen((char *)text.data) + 1 == text.len);
	require(rdata_from_text(type, (char *)text.data, NULL, &out, NULL) == ZT_OK);
	require(out.pos == len && (len == 0 || memcmp(back, rdata, len) == 0));
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t origin[] = "\7example";
	struct wcursor out = wcursor_over(wire, sizeof(wire));
	struct text_error error = { .text = "" };

	if (size < 2)
		return 0;
	uint16_t type = wire_get_u16(data);
	char *text = malloc(size - 1);
	if (!text)
		return 0;
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';
	if (rdata_from_text(type, text, origin, &out, &error) == ZT_OK)
		round_trip(type, wire, out.pos);
	else
		require(out.pos == 0 && error.text[0] != '\0');
	free(text);
	if (size - 2 <= RDATA_MAX_LEN && rdata_is_valid(type, data + 2, size - 2))
		round_trip(type, data + 2, size - 2);
	return 0;
}
