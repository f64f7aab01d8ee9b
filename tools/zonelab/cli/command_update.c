/* zonelab update. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fingerprint.h"
#include "lib/dns/present.h"
#include "lib/dns/rcode.h"
#include "lib/dns/rrtype.h"
#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/files/change.h"
#include "tools/zonelab/lab/lab.h"
#include "tools/zonelab/lab/probe.h"

enum { SERIAL_WAIT_MS = 1000, TEXT_SIZE = 65536, DEFAULT_TIMEOUT_S = 30, TIMEOUT_MAX_S = 300 };

/* update ZONE add|delete|replace NAME …, parsed. */
struct update_words {
	const struct topology_zone *zone;
	uint8_t name[NAME_MAX_LEN];
	uint8_t rdata[UPDATE_RDATA_MAX];
	struct update_change change;
};

static bool is_number(const char *word)
{
	return *word != '\0' && strspn(word, "0123456789") == strlen(word);
}

static int zone_find(const struct lab *lab, const char *word, struct update_words *u)
{
	uint8_t apex[NAME_MAX_LEN];

	u->zone = name_from_text(apex, word, NULL) == ZT_OK ? topology_zone(&lab->topology, apex) : NULL;
	if (u->zone)
		return EXIT_OK;
	fprintf(stderr, "zonelab: there is no zone %s; the zones are:", word);
	for (uint32_t i = 0; i < lab->topology.zone_count; i++)
		fprintf(stderr, " %s", lab->topology.zones[i].text);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int owner_read(const char *word, struct update_words *u)
{
	if (name_from_text(u->name, word, u->zone->apex) != ZT_OK)
		return usage_error("not a domain name: ", word);
	if (name_is_within(u->name, u->zone->apex))
		return EXIT_OK;
	fprintf(stderr, "zonelab: %s is outside zone %s; a name without a final dot is completed with the zone\n", word, u->zone->text);
	return EXIT_USAGE;
}

static int ttl_read(const char *word, struct update_change *change)
{
	unsigned long ttl = is_number(word) ? strtoul(word, NULL, 10) : ULONG_MAX;

	if (ttl > INT32_MAX)
		return usage_error("expected a TTL in seconds, not ", word);
	change->ttl = (uint32_t)ttl;
	return EXIT_OK;
}

/* TYPE [RDATA…] */
static int record_read(const struct arguments *args, int at, struct update_words *u)
{
	char text[TEXT_SIZE] = "";
	size_t used = 0;
	struct text_error error = { 0 };
	struct wcursor out = wcursor_over(u->rdata, sizeof(u->rdata));

	if (!rr_type_from_text(args->words[at], &u->change.type) || rr_type_is_meta(u->change.type))
		return usage_error("expected a record type, such as A, not ", args->words[at]);
	for (int i = at + 1; i < args->word_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > at + 1 ? " " : "", args->words[i]);
	if (used >= sizeof(text))
		return usage_error("the rdata is too long", "");
	if (used == 0)
		return EXIT_OK;
	if (rdata_from_text(u->change.type, text, u->zone->apex, &out, &error) != ZT_OK) {
		fprintf(stderr, "zonelab: \"%s\" is no rdata of %s: %s\n", text, args->words[at], error.text[0] ? error.text : "too long");
		return EXIT_USAGE;
	}
	u->change.rdata = u->rdata;
	u->change.rdata_len = (uint16_t)out.pos;
	return EXIT_OK;
}

static int update_read(const struct lab *lab, const struct arguments *args, struct update_words *u)
{
	bool is_replace = strcmp(args->words[1], "replace") == 0, is_add = is_replace || strcmp(args->words[1], "add") == 0;
	int at = 3, exit_code = zone_find(lab, args->words[0], u);

	if (exit_code == EXIT_OK && !is_add && strcmp(args->words[1], "delete") != 0)
		exit_code = usage_error("expected add, delete or replace, not ", args->words[1]);
	if (exit_code == EXIT_OK)
		exit_code = owner_read(args->words[2], u);
	if (exit_code != EXIT_OK)
		return exit_code;
	if (is_add && args->word_count < 6)
		return usage_error(is_replace ? "replace needs NAME TTL TYPE RDATA" : "add needs NAME TTL TYPE RDATA", "");
	u->change = (struct update_change){ .name = u->name, .type = TYPE_ANY };
	/* To delete takes no TTL; one that is given, as in nsupdate, does not matter. */
	if (is_add || (at < args->word_count && is_number(args->words[at])))
		exit_code = ttl_read(args->words[at++], &u->change);
	if (exit_code == EXIT_OK && at < args->word_count)
		exit_code = record_read(args, at, u);
	u->change.add = is_add;
	u->change.delete_record = !is_add && u->change.rdata;
	u->change.delete_rrset = is_replace || (!is_add && !u->change.rdata);
	return exit_code;
}

/* --at LEVEL and --timeout SECONDS, which stand at the end. Takes them off the words. */
static int level_words_take(struct arguments *args, struct update_change *change)
{
	bool has_timeout = false;
	double timeout = DEFAULT_TIMEOUT_S;
	char *end;

	while (args->word_count >= 2 && strncmp(args->words[args->word_count - 2], "--", 2) == 0) {
		const char *option = args->words[args->word_count - 2], *value = args->words[args->word_count - 1];
		if (strcmp(option, "--at") == 0) {
			change->has_level = level_from_text(value, &change->level.level);
			if (!change->has_level)
				return usage_error("--at: expected local, quorum, all or visible, not ", value);
		} else if (strcmp(option, "--timeout") == 0) {
			timeout = strtod(value, &end);
			has_timeout = true;
			if (*value < '0' || *value > '9' || *end || timeout > TIMEOUT_MAX_S)
				return usage_error("--timeout: expected seconds from 0 to 300, not ", value);
		} else {
			return usage_error("unknown option of update: ", option);
		}
		args->word_count -= 2;
	}
	if (has_timeout && !change->has_level)
		return usage_error("--timeout belongs to --at", "");
	change->level.timeout_ms = (uint32_t)(timeout * 1000);
	return EXIT_OK;
}

/* The receipt, and how far the change has come. */
static void receipt_print(const struct update_words *u, const struct update_result *result)
{
	const struct level_answer *receipt = &result->receipt;
	char fingerprint[33];

	fingerprint_to_text(receipt->fingerprint, fingerprint);
	printf("receipt: %s serial %u, fingerprint %s\n%s after %u ms: %u of %u secondaries were seen with it", u->zone->text, receipt->serial, fingerprint,
	       level_to_text(receipt->reached), receipt->waited_ms, receipt->confirmed, receipt->total);
	if (receipt->visible_in_s != LEVEL_UNKNOWN && receipt->visible_in_s > 0)
		printf("; caches may give old data for %u s more", receipt->visible_in_s);
	printf("%s%s%s\n", receipt->flags & LEVEL_CROWDED ? "; too many wait there already" : "", result->text[0] ? "; " : "", result->text);
}

/* The primary's serial; false without an answer. */
static bool serial_ask(const struct lab *lab, const struct topology_zone *zone, uint32_t *serial)
{
	struct probe probe = { .node = zone->primary, .name = zone->apex, .type = TYPE_SOA };
	bool answered = probe_all(lab, &probe, 1, SERIAL_WAIT_MS * USEC_PER_MSEC) == ZT_OK && probe.answered && probe.count > 0;

	*serial = probe.serial;
	return answered;
}

static int update_apply(const struct lab *lab, const struct update_words *u)
{
	const char *primary = u->zone->primary->name;
	struct update_result result;
	uint32_t before, after;
	bool is_known = serial_ask(lab, u->zone, &before);
	int status = is_known ? change_apply(lab, u->zone, &u->change, &result) : ZT_ETIMEOUT;

	if (status != ZT_OK) {
		fprintf(stderr, status == ZT_ETIMEOUT ? "zonelab: no answer from %s, the primary of %s: %s; see zonelab status\n"
						       : "zonelab: %s, the primary of %s, does not have the change: %s\n",
			primary, u->zone->text, status_text(status));
		return EXIT_FAILED;
	}
	if (result.rcode != RCODE_NOERROR) {
		fprintf(stderr, "zonelab: %s answered %s; its log says why\n", primary, rcode_to_text(result.rcode));
		return EXIT_FAILED;
	}
	double took = (double)(result.acknowledged - result.sent) / USEC_PER_MSEC;
	is_known = result.has_serials || serial_ask(lab, u->zone, &after);
	if (result.has_serials) {
		before = result.before;
		after = result.after;
	}
	if (!is_known)
		printf("%s: NOERROR after %.3f ms\n", primary, took);
	else if (after == before)
		printf("%s: NOERROR after %.3f ms; nothing to change, the serial of %s stays %u\n", primary, took, u->zone->text, after);
	else
		printf("%s: NOERROR after %.3f ms; serial of %s: %u -> %u\n", primary, took, u->zone->text, before, after);
	if (result.has_receipt)
		receipt_print(u, &result);
	else if (u->change.has_level)
		printf("%s does not know levels; see zonectl wait\n", primary);
	return !u->change.has_level || (result.has_receipt && result.receipt.flags & LEVEL_REACHED) ? EXIT_OK : EXIT_NOT_REACHED;
}

int command_update(const struct arguments *args)
{
	struct lab lab;
	struct update_words u = { 0 };
	struct arguments own = *args;
	struct update_change level = { 0 };
	int exit_code = level_words_take(&own, &level);

	if (exit_code != EXIT_OK)
		return exit_code;
	if (own.word_count < 3)
		return usage_error("update needs ZONE add|delete|replace NAME", "");
	if (lab_find_inside(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	exit_code = update_read(&lab, &own, &u);
	u.change.has_level = level.has_level;
	u.change.level = level.level;
	if (exit_code == EXIT_OK)
		exit_code = update_apply(&lab, &u);
	lab_free(&lab);
	return exit_code;
}
