/* zonesync verify.
 *
 * Where both sides say what they hold (servers by the ZSYNC option, a file by being read), and make their fingerprints with one key, that is compared; otherwise,
 * or with --full, the zones are transferred and compared record by record.
 *
 * Count and fingerprint cover all but the SOA and ZONEMD at the apex. Two copies of one serial that differ, be it in those, will never become equal by
 * transfers, which go by the serial: they have diverged.
 */
#include "zonesync/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/dns/serial.h"
#include "lib/zone/diff.h"
#include "zonesync/tell.h"

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

/* What is known of a side: what a server says of its version, or the version itself. */
struct side {
	const struct source *source;
	const struct zone *zone;      /* NULL: not loaded */
	bool is_known;
	uint32_t serial;
	uint8_t key_id;
	struct zone_summary summary;
};

static enum verdict decide_by_summary(const struct side *a, const struct side *b)
{
	bool is_same = a->summary.count == b->summary.count && fingerprint_equal(a->summary.fingerprint, b->summary.fingerprint);

	if (!is_same)
		return a->serial == b->serial ? VERDICT_DIVERGED : VERDICT_DIFFERENT;
	return a->serial == b->serial ? VERDICT_EQUAL : VERDICT_OTHER_SERIAL;
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

static void side_write(char letter, const struct side *side, struct buf *out)
{
	char text[SOURCE_TEXT_SIZE], fingerprint[33];

	fingerprint_to_text(side->summary.fingerprint, fingerprint);
	buf_printf(out, "%c  serial %-10" PRIu32 "  RRsets %-8" PRIu64 "  fingerprint %s  %s\n", letter, side->serial, side->summary.count, fingerprint,
		   source_to_text(side->source, text));
}

static json_t *side_json(const struct command *command, const struct side *side)
{
	char text[SOURCE_TEXT_SIZE], fingerprint[33];

	if (side->zone)
		return command_source_json(command, side->source, side->zone);
	fingerprint_to_text(side->summary.fingerprint, fingerprint);
	return json_pack("{s:o, s:I, s:I, s:s}", "source", command_text_json(source_to_text(side->source, text)), "serial", (json_int_t)side->serial,
			 "rrsets", (json_int_t)side->summary.count, "fingerprint", fingerprint);
}

/* Tells who notifies the server that is behind, so that it is told again (lib/xfr/behind.h). */
static void report(const struct command *command, const struct side side[2])
{
	bool is_a = serial_is_newer(side[1].serial, side[0].serial);
	const struct side *older = &side[is_a ? 0 : 1], *newer = &side[is_a ? 1 : 0];
	struct source to = { .is_server = true, .has_zone = true, .server = command->report };
	struct behind behind = { .server = older->source->server, .serial = older->serial, .newest = newer->serial };
	char error[FETCH_ERROR_SIZE], text[NETADDR_TEXT_SIZE];
	unsigned rcode;

	if (!serial_is_newer(newer->serial, older->serial) || !older->source->is_server)
		return;
	name_copy(to.zone, older->source->zone);
	struct fetch fetch = source_fetch(&to, &command->loader);
	int status = tell_behind(&fetch, &behind, &rcode, error);
	netaddr_to_text(&command->report, text);
	if (status != ZT_OK)
		fprintf(stderr, "zonesync: the report to %s failed: %s\n", text, error);
	else if (rcode != RCODE_NOERROR)
		fprintf(stderr, "zonesync: the report to %s is answered by %s; its allow-notify must name this machine\n", text, rcode_to_text(rcode));
	else
		fprintf(stderr, "zonesync: %s is told that %c is behind\n", text, is_a ? 'A' : 'B');
}

static enum command_exit tell(const struct command *command, const struct side side[2], enum verdict verdict)
{
	enum command_exit done = verdict_is_good(verdict) ? COMMAND_OK : COMMAND_FAILED;
	bool is_whole = side[0].zone && side[1].zone;
	char zone[NAME_TEXT_SIZE];
	struct buf text;

	if (netaddr_is_set(&command->report) && verdict == VERDICT_DIFFERENT)
		report(command, side);
	if (command->json)
		return command_print_json(json_pack("{s:b, s:s, s:b, s:s, s:s, s:o, s:o}", "ok", 1, "zone", name_to_text(side[0].source->zone, zone),
						    "equal", (int)verdict_is_good(verdict), "verdict", verdict_words[verdict],
						    "evidence", is_whole ? "records" : "fingerprints",
						    "a", side_json(command, &side[0]), "b", side_json(command, &side[1])), done);
	buf_init(&text);
	side_write('A', &side[0], &text);
	side_write('B', &side[1], &text);
	verdict_write(verdict, side[0].serial, side[1].serial, &text);
	if (!is_whole)
		buf_printf(&text, "(by the fingerprints that servers state, without transferring the zone; --full compares the records)\n");
	done = command_print_text(&text, done);
	buf_fini(&text);
	return done;
}

static void side_measure(const struct command *command, struct side *side)
{
	side->is_known = true;
	side->serial = zone_version_serial(zone_current(side->zone));
	side->key_id = zsync_key_id(&command->sync_key);
	side->summary = command_summary(command, side->zone);
}

/* What can be known of a side without a transfer. */
static enum command_exit side_ask(const struct command *command, struct side *side, struct zone **zone)
{
	char error[FETCH_ERROR_SIZE], text[SOURCE_TEXT_SIZE + FETCH_ERROR_SIZE];
	struct fetch_state state;

	if (!side->source->is_server) {
		enum command_exit result = command_load(command, side->source, zone);
		side->zone = *zone;
		if (result == COMMAND_OK)
			side_measure(command, side);
		return result;
	}
	struct fetch fetch = source_fetch(side->source, &command->loader);
	fetch.key = &command->sync_key;
	if (fetch_state(&fetch, &state, error) != ZT_OK) {
		size_t len = strlen(source_to_text(side->source, text));
		snprintf(text + len, FETCH_ERROR_SIZE, ": %.500s", error);
		return command_failed(command, text);
	}
	side->is_known = state.has_zsync;
	side->serial = state.serial;
	side->key_id = state.zsync.key_id;
	side->summary = state.zsync.summary;
	return COMMAND_OK;
}

/* By records: what is not loaded yet is. */
static enum command_exit compare_whole(const struct command *command, struct side side[2], struct command_pair *pair)
{
	enum command_exit result = COMMAND_OK;

	for (int i = 0; i < 2 && result == COMMAND_OK; i++) {
		if (!pair->zone[i])
			result = command_load(command, &pair->source[i], &pair->zone[i]);
		side[i].zone = pair->zone[i];
		if (result == COMMAND_OK)
			side_measure(command, &side[i]);
	}
	return result == COMMAND_OK ? tell(command, side, decide(zone_current(side[0].zone), zone_current(side[1].zone))) : result;
}

static enum command_exit compare(const struct command *command, struct command_pair *pair)
{
	struct side side[2] = { { .source = &pair->source[0] }, { .source = &pair->source[1] } };
	bool has_server = pair->source[0].is_server || pair->source[1].is_server;
	enum command_exit result = COMMAND_OK;

	if (has_server && !command->full) {
		for (int i = 0; i < 2 && result == COMMAND_OK && (i == 0 || side[0].is_known); i++)
			result = side_ask(command, &side[i], &pair->zone[i]);
		if (result != COMMAND_OK)
			return result;
		if (side[0].is_known && side[1].is_known && side[0].key_id == side[1].key_id)
			return tell(command, side, decide_by_summary(&side[0], &side[1]));
	}
	return compare_whole(command, side, pair);
}

enum command_exit verify_run(const struct command *command)
{
	struct command_pair pair;

	enum command_exit result = command_pair_parse(command, &pair);
	if (result == COMMAND_OK)
		result = compare(command, &pair);
	command_pair_free(&pair);
	return result;
}
