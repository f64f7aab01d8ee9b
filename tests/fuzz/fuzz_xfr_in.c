/* The receiving side of transfers, fed a sequence of messages: no input may crash it, leak, or leave the zone locked.
 *
 * Input: one byte of settings (1 IXFR, 2 UDP, 4 any serial, 8 empty zone, 16 small limits), then messages as 16-bit length and bytes. The expected id is
 * 0x1234, the zone `example.` with serial 1.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/wire.h"
#include "lib/dns/rrtype.h"
#include "lib/xfr/xfr_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fingerprint_key key = { "fuzz_xfr_in" };
static const uint8_t apex[] = "\7example", www[] = "\3www\7example";
static const uint8_t soa[] = "\2ns\7example\0\4mail\7example\0\0\0\0\1\0\0\16\20\0\0\2\130\0\1\121\200\0\0\1\54";

static void require(int status)
{
	if (status != ZT_OK)
		abort();
}

static struct zone *zone_make(bool empty)
{
	struct zone_edit *edit;
	struct zone *zone;

	require(zone_new(apex, &key, &zone));
	if (empty)
		return zone;
	require(zone_edit_begin(zone, &edit));
	require(zone_edit_add(edit, &(struct change_record){ apex, TYPE_SOA, 300, soa, sizeof(soa) - 1 }));
	require(zone_edit_add(edit, &(struct change_record){ apex, TYPE_NS, 300, (const uint8_t *)"\2ns\7example", 12 }));
	require(zone_edit_add(edit, &(struct change_record){ www, TYPE_A, 300, (const uint8_t *)"\12\0\0\1", 4 }));
	zone_edit_publish(edit);
	return zone;
}

static void messages_feed(struct xfr_in *in, const uint8_t *data, size_t size)
{
	enum xfr_in_result result = XFR_IN_MORE;

	while (size >= 2 && result == XFR_IN_MORE) {
		size_t len = wire_get_u16(data);
		if (len > size - 2)
			len = size - 2;
		/* An exact copy, so that AddressSanitizer sees a read past the end. */
		uint8_t *copy = malloc(len ? len : 1);
		if (!copy)
			abort();
		memcpy(copy, data + 2, len);
		result = xfr_in_message(in, copy, len);
		free(copy);
		data += 2 + len;
		size -= 2 + len;
	}
	if (result == XFR_IN_DONE)
		zone_edit_publish(xfr_in_take_edit(in));
	if ((result == XFR_IN_FAILED) != (xfr_in_failure(in)->text[0] != '\0'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	uint8_t settings = data[0];
	struct zone *zone = zone_make(settings & 8);
	bool ixfr = (settings & 1) && !(settings & 8);
	struct xfr_in_config config = {
		.zone = zone, .type = ixfr ? TYPE_IXFR : TYPE_AXFR, .id = 0x1234, .udp = settings & 2, .any_serial = settings & 4,
	};
	if (settings & 16) {
		config.max_records = 5;
		config.max_bytes = 300;
	}
	struct xfr_in *in;
	require(xfr_in_new(&config, &in));
	messages_feed(in, data + 1, size - 1);
	xfr_in_free(in);
	/* Nothing holds the zone. */
	struct zone_edit *edit;
	require(zone_edit_begin(zone, &edit));
	zone_edit_abort(edit);
	zone_free(zone);
	return 0;
}
