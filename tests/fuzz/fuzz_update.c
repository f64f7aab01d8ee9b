/* UPDATE messages: whatever is sent, reading and judging change nothing, and an applied one leaves the apex its SOA and an NS record, is a difference that
 * can be applied, and moves the serial on exactly when something changed.
 *
 * Input: the message.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "lib/dns/serial.h"
#include "lib/xfr/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fingerprint_key key = { "fuzz_update" };
static const uint8_t apex[] = "\7example", www[] = "\3www\7example", alias[] = "\5alias\7example";
static const uint8_t soa[] = "\2ns\7example\0\4mail\7example\0\0\0\0\1\0\0\16\20\0\0\2\130\0\1\121\200\0\0\1\54";
static const uint8_t ns[] = "\2ns\7example";

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct zone *zone_make(void)
{
	struct zone_edit *edit;
	struct zone *zone;

	require(zone_new(apex, &key, &zone) == ZT_OK && zone_edit_begin(zone, &edit) == ZT_OK);
	require(zone_edit_add(edit, &(struct change_record){ apex, TYPE_SOA, 300, soa, sizeof(soa) - 1 }) == ZT_OK);
	require(zone_edit_add(edit, &(struct change_record){ apex, TYPE_NS, 300, ns, sizeof(ns) }) == ZT_OK);
	require(zone_edit_add(edit, &(struct change_record){ www, TYPE_A, 300, (const uint8_t *)"\12\0\0\1", 4 }) == ZT_OK);
	require(zone_edit_add(edit, &(struct change_record){ www, TYPE_TXT, 300, (const uint8_t *)"\1x", 2 }) == ZT_OK);
	require(zone_edit_add(edit, &(struct change_record){ alias, TYPE_CNAME, 300, www, sizeof(www) }) == ZT_OK);
	zone_edit_publish(edit);
	return zone;
}

static void apply(const struct update *update, struct zone *zone)
{
	struct zone_edit *edit;
	struct changeset change;
	struct rrset set;

	require(zone_edit_begin(zone, &edit) == ZT_OK);
	int status = update_apply(update, edit);
	require(status == ZT_OK || status == ZT_ELIMIT);
	if (status != ZT_OK) {
		zone_edit_abort(edit);
		return;
	}
	require(update_serial(edit, zone_current(zone)) == ZT_OK);
	const struct zone_version *after = zone_edit_view(edit);
	require(zone_version_soa(after, &set) && set.count == 1);
	require(znode_rrset(zone_version_apex(after), TYPE_NS, 0, &set) && set.count >= 1);
	changeset_init(&change);
	require(zone_edit_changeset(edit, &change) == ZT_OK);
	require(changeset_is_empty(&change) == (zone_version_serial(after) == zone_version_serial(zone_current(zone))));
	require(changeset_is_empty(&change) || serial_is_newer(zone_version_serial(after), zone_version_serial(zone_current(zone))));
	zone_edit_abort(edit);
	require(zone_edit_begin(zone, &edit) == ZT_OK);
	require(zone_edit_apply(edit, &change) == ZT_OK);
	changeset_fini(&change);
	zone_edit_publish(edit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct update update;
	/* An exact copy, so that AddressSanitizer sees a read past the end. */
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	struct zone *zone = zone_make();
	enum rcode rcode = update_read(&update, copy, size);
	require(rcode == RCODE_NOERROR || rcode == RCODE_FORMERR || rcode == RCODE_NOTAUTH);
	if (rcode == RCODE_NOERROR && name_equal(update.apex, apex) && update_check(&update, zone_current(zone)) == RCODE_NOERROR)
		apply(&update, zone);
	update_fini(&update);
	zone_free(zone);
	free(copy);
	return 0;
}
