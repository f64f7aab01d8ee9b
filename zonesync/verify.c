/* zonesync verify.
 *
 * Count and fingerprint cover all but the SOA and ZONEMD at the apex. Two copies of one serial that differ, be it in those, will never become equal by
 * transfers, which go by the serial: they have diverged.
 */
#include "zonesync/verify.h"

#include <inttypes.h>

#include "lib/dns/serial.h"
#include "lib/zone/diff.h"

enum verdict {
	VERDICT_EQUAL,
	VERDICT_OTHER_SERIAL,       /* the same content under another serial */
	VERDICT_DIFFERENT,
	VERDICT_DIVERGED,
	VERDICT_DIVERGED_APEX,      /* only in what the summary leaves out */
};

static const char *const verdict_words[] = {
	[VERDICT_EQUAL] = "equal", [VERDICT_OTHER_SERIAL] = "equal-content", [VERDICT_DIFFERENT] = "different",
	[VERDICT_DIVERGED] = "diverged", [VERDICT_DIVERGED_APEX] = "diverged",
};

static bool verdict_is_good(enum verdict verdict)
{
	return verdict == VERDICT_EQUAL || verdict == VERDICT_OTHER_SERIAL;
}

static enum verdict decide(const struct zone_version *a, const struct zone_version *b)
{
	struct zone_summary of_a = zone_summary(a), of_b = zone_summary(b);
	bool is_content_equal = of_a.count == of_b.count && fingerprint_equal(of_a.fingerprint, of_b.fingerprint);
	bool is_serial_equal = zone_version_serial(a) == zone_version_serial(b);

	if (!is_content_equal)
		return is_serial_equal ? VERDICT_DIVERGED : VERDICT_DIFFERENT;
	if (!is_serial_equal)
		return VERDICT_OTHER_SERIAL;
	return diff_exists(a, b) ? VERDICT_DIVERGED_APEX : VERDICT_EQUAL;
}

static const char *who_is_newer(uint32_t a, uint32_t b)
{
	return serial_is_newer(a, b) ? "A is newer" : serial_is_newer(b, a) ? "B is newer" : "neither is newer";
}

static void verdict_write(enum verdict verdict, uint32_t a, uint32_t b, struct buf *out)
{
	switch (verdict) {
	case VERDICT_EQUAL:
		buf_printf(out, "equal\n");
		break;
	case VERDICT_OTHER_SERIAL:
		buf_printf(out, "equal: different serials (%" PRIu32 " and %" PRIu32 ", %s), same content\n", a, b, who_is_newer(a, b));
		break;
	case VERDICT_DIFFERENT:
		buf_printf(out, "different: serials %" PRIu32 " and %" PRIu32 ", %s; zonesync diff shows the records\n", a, b, who_is_newer(a, b));
		break;
	case VERDICT_DIVERGED:
		buf_printf(out, "DIVERGED: same serial %" PRIu32 ", different content; transfers go by the serial and will not mend this. "
			   "zonesync diff shows the records; raise the primary's serial, or transfer the whole zone again\n", a);
		break;
	case VERDICT_DIVERGED_APEX:
		buf_printf(out, "DIVERGED: same serial %" PRIu32 " and same content, but the SOA or ZONEMD at the apex differs; zonesync diff shows it\n", a);
		break;
	}
}

static void side_write(char letter, const struct source *source, const struct zone *zone, struct buf *out)
{
	const struct zone_version *version = zone_current(zone);
	struct zone_summary summary = zone_summary(version);
	char text[SOURCE_TEXT_SIZE], fingerprint[33];

	fingerprint_to_text(summary.fingerprint, fingerprint);
	buf_printf(out, "%c  serial %-10" PRIu32 "  RRsets %-8" PRIu64 "  fingerprint %s  %s\n", letter, zone_version_serial(version), summary.count,
		   fingerprint, source_to_text(source, text));
}

static enum command_exit tell(const struct command *command, const struct command_pair *pair, enum verdict verdict)
{
	enum command_exit done = verdict_is_good(verdict) ? COMMAND_OK : COMMAND_FAILED;
	uint32_t a = zone_version_serial(zone_current(pair->zone[0])), b = zone_version_serial(zone_current(pair->zone[1]));
	char zone[NAME_TEXT_SIZE];
	struct buf text;

	if (command->json)
		return command_print_json(json_pack("{s:b, s:s, s:b, s:s, s:o, s:o}", "ok", 1, "zone", name_to_text(pair->source[0].zone, zone),
						    "equal", (int)verdict_is_good(verdict), "verdict", verdict_words[verdict],
						    "a", command_source_json(&pair->source[0], pair->zone[0]),
						    "b", command_source_json(&pair->source[1], pair->zone[1])), done);
	buf_init(&text);
	side_write('A', &pair->source[0], pair->zone[0], &text);
	side_write('B', &pair->source[1], pair->zone[1], &text);
	verdict_write(verdict, a, b, &text);
	done = command_print_text(&text, done);
	buf_fini(&text);
	return done;
}

enum command_exit verify_run(const struct command *command)
{
	struct command_pair pair;

	enum command_exit result = command_pair_load(command, &pair);
	if (result == COMMAND_OK)
		result = tell(command, &pair, decide(zone_current(pair.zone[0]), zone_current(pair.zone[1])));
	command_pair_free(&pair);
	return result;
}
