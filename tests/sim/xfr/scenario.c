/* Scenarios as text and from seeds. */
#include "tests/sim/xfr/scenario.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---------------------------------------------------------------------------------------------------------------------------- */

struct quality {
	const char *name;
	struct simnet_link link;
};

static const struct quality qualities[SCENARIO_QUALITIES] = {
	{ "good", { .delay_min = USEC_PER_MSEC, .delay_max = 5 * USEC_PER_MSEC } },
	{ "fair", { .delay_min = 5 * USEC_PER_MSEC, .delay_max = 40 * USEC_PER_MSEC, .loss = 0.02, .duplicate = 0.02 } },
	{ "poor", { .delay_min = 0, .delay_max = 300 * USEC_PER_MSEC, .loss = 0.15, .duplicate = 0.1 } },
	{ "awful", { .delay_min = 0, .delay_max = 3 * USEC_PER_SEC, .loss = 0.5, .duplicate = 0.3 } },
	{ "slow", { .delay_min = USEC_PER_SEC, .delay_max = 4 * USEC_PER_SEC, .loss = 0.05 } },
};

const struct simnet_link *scenario_quality(unsigned number)
{
	return &qualities[number].link;
}

/* operands: a and b are servers, q a quality, s seconds. */
static const struct {
	const char *name, *operands;
} kinds[SCENARIO_KINDS] = {
	[SCENARIO_CHANGE] = { "change", "a" },
	[SCENARIO_RELOAD] = { "reload", "a" },
	[SCENARIO_CUT] = { "cut", "ab" },
	[SCENARIO_JOIN] = { "join", "ab" },
	[SCENARIO_ISOLATE] = { "isolate", "a" },
	[SCENARIO_UNITE] = { "unite", "" },
	[SCENARIO_LINK] = { "link", "abq" },
	[SCENARIO_WEATHER] = { "weather", "q" },
	[SCENARIO_CRASH] = { "crash", "a" },
	[SCENARIO_CRASH_BEFORE_STORE] = { "crash-before-store", "a" },
	[SCENARIO_CRASH_AFTER_STORE] = { "crash-after-store", "a" },
	[SCENARIO_CRASH_AFTER_PUBLISH] = { "crash-after-publish", "a" },
	[SCENARIO_RESTART] = { "restart", "a" },
	[SCENARIO_REFRESH] = { "refresh", "a" },
	[SCENARIO_RETRANSFER] = { "retransfer", "a" },
	[SCENARIO_CLOCK] = { "clock", "as" },
	[SCENARIO_LOSE_HISTORY] = { "lose-history", "a" },
	[SCENARIO_LOSE_ALL] = { "lose-all", "a" },
	[SCENARIO_BACKUP] = { "backup", "a" },
	[SCENARIO_RESTORE] = { "restore", "a" },
	[SCENARIO_IN_PLACE] = { "in-place", "a" },
	[SCENARIO_DIE] = { "die", "a" },
};

static const char *const misbehaviours[SCENARIO_MISBEHAVIOURS] = { "refuse", "garbage", "confuse", "stall", "plain" };

/* ---- writing -------------------------------------------------------------------------------------------------------------------------- */

void scenario_event_write(const struct scenario_event *event, FILE *out)
{
	fprintf(out, "+%" PRId64 ".%06" PRId64 " %s", event->after / USEC_PER_SEC, event->after % USEC_PER_SEC, kinds[event->kind].name);
	for (const char *operand = kinds[event->kind].operands; *operand; operand++) {
		switch (*operand) {
		case 'a': fprintf(out, " %u", event->a); break;
		case 'b': fprintf(out, " %u", event->b); break;
		case 'q': fprintf(out, " %s", qualities[event->amount].name); break;
		default: fprintf(out, " %d", event->amount); break;
		}
	}
	fputc('\n', out);
}

void scenario_write(const struct scenario *s, FILE *out)
{
	fprintf(out, "seed %" PRIu64 "\n", s->seed);
	fprintf(out, "zone %u %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", s->records, s->serial, s->refresh, s->retry, s->expire);
	fprintf(out, "network %s\n", qualities[s->quality].name);
	fprintf(out, "misbehave");
	for (unsigned i = 0; i < SCENARIO_MISBEHAVIOURS; i++) {
		if (s->percents[i] > 0)
			fprintf(out, " %s %u", misbehaviours[i], s->percents[i]);
	}
	fputc('\n', out);
	for (unsigned i = 0; i < s->server_count; i++) {
		const struct scenario_server *server = &s->servers[i];
		fprintf(out, "server %u history %u%s%s%s%s%s%s", i, server->history, server->has_journal ? " journal" : "",
			server->never_ixfr ? " no-ixfr" : "", server->is_foreign ? " foreign" : "", server->adopts ? " adopts" : "", server->in_group ? " group" : "",
			server->primaries ? " follows" : "");
		for (unsigned j = 0; j < s->server_count; j++) {
			if (server->primaries >> j & 1)
				fprintf(out, " %u", j);
		}
		fputc('\n', out);
	}
	for (unsigned i = 0; i < s->event_count; i++)
		scenario_event_write(&s->events[i], out);
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------------------- */

static bool quality_read(const char *word, unsigned *out)
{
	for (*out = 0; word && *out < SCENARIO_QUALITIES; (*out)++) {
		if (strcmp(word, qualities[*out].name) == 0)
			return true;
	}
	return false;
}

static bool server_number_read(const char *word, const struct scenario *s, unsigned *out)
{
	char *end;

	*out = word ? (unsigned)strtoul(word, &end, 10) : 0;
	return word && *end == '\0' && *out < s->server_count;
}

static bool event_operands_read(struct scenario *s, struct scenario_event *event, char **rest)
{
	unsigned quality = 0;

	for (const char *operand = kinds[event->kind].operands; *operand; operand++) {
		const char *word = strtok_r(NULL, " \n", rest);
		bool is_sound = *operand == 'a'   ? server_number_read(word, s, &event->a)
				: *operand == 'b' ? server_number_read(word, s, &event->b)
				: *operand == 'q' ? quality_read(word, &quality)
						  : word != NULL;
		if (!is_sound)
			return false;
		if (*operand == 'q')
			event->amount = (int)quality;
		else if (*operand == 's')
			event->amount = (int)strtol(word, NULL, 10);
	}
	return true;
}

static bool event_read(struct scenario *s, const char *when, char **rest)
{
	struct scenario_event event = { .after = (usec_t)(strtod(when, NULL) * USEC_PER_SEC + 0.5) };
	const char *word = strtok_r(NULL, " \n", rest);

	while (word && event.kind < SCENARIO_KINDS && strcmp(word, kinds[event.kind].name) != 0)
		event.kind++;
	if (!word || event.kind == SCENARIO_KINDS || s->event_count == SCENARIO_EVENTS_MAX || !event_operands_read(s, &event, rest))
		return false;
	s->events[s->event_count++] = event;
	return true;
}

static bool server_read(struct scenario *s, char **rest)
{
	struct scenario_server server = { 0 };
	const char *word = strtok_r(NULL, " \n", rest);

	if (!word || strtoul(word, NULL, 10) != s->server_count || s->server_count == SCENARIO_SERVERS_MAX)
		return false;
	for (word = strtok_r(NULL, " \n", rest); word && strcmp(word, "follows") != 0; word = strtok_r(NULL, " \n", rest)) {
		if (strcmp(word, "journal") == 0)
			server.has_journal = true;
		else if (strcmp(word, "no-ixfr") == 0)
			server.never_ixfr = true;
		else if (strcmp(word, "foreign") == 0)
			server.is_foreign = true;
		else if (strcmp(word, "adopts") == 0)
			server.adopts = true;
		else if (strcmp(word, "group") == 0)
			server.in_group = true;
		else if (strcmp(word, "history") == 0 && (word = strtok_r(NULL, " \n", rest)))
			server.history = (unsigned)strtoul(word, NULL, 10);
		else
			return false;
	}
	for (word = strtok_r(NULL, " \n", rest); word; word = strtok_r(NULL, " \n", rest))
		server.primaries |= UINT64_C(1) << (strtoul(word, NULL, 10) % SCENARIO_SERVERS_MAX);
	s->servers[s->server_count++] = server;
	return true;
}

static bool misbehaviours_read(struct scenario *s, char **rest)
{
	for (const char *word; (word = strtok_r(NULL, " \n", rest));) {
		const char *percent = strtok_r(NULL, " \n", rest);
		unsigned i = 0;
		while (i < SCENARIO_MISBEHAVIOURS && strcmp(word, misbehaviours[i]) != 0)
			i++;
		if (i == SCENARIO_MISBEHAVIOURS || !percent)
			return false;
		s->percents[i] = (unsigned)strtoul(percent, NULL, 10);
	}
	return true;
}

static bool line_read(struct scenario *s, char *line)
{
	char *rest = NULL, *word = strtok_r(line, " \n", &rest);

	if (!word || word[0] == '#')
		return true;
	if (word[0] == '+')
		return event_read(s, word + 1, &rest);
	if (strcmp(word, "server") == 0)
		return server_read(s, &rest);
	if (strcmp(word, "seed") == 0)
		return sscanf(rest, "%" SCNu64, &s->seed) == 1;
	if (strcmp(word, "network") == 0)
		return quality_read(strtok_r(NULL, " \n", &rest), &s->quality);
	if (strcmp(word, "zone") == 0)
		return sscanf(rest, "%u %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, &s->records, &s->serial, &s->refresh, &s->retry, &s->expire) == 5;
	return strcmp(word, "misbehave") == 0 && misbehaviours_read(s, &rest);
}

bool scenario_read(struct scenario *s, FILE *in)
{
	char line[512], copy[512];

	memset(s, 0, sizeof(*s));
	while (fgets(line, sizeof(line), in)) {
		memcpy(copy, line, sizeof(copy));
		if (!line_read(s, line)) {
			fprintf(stderr, "scenario: not understood: %s", copy);
			return false;
		}
	}
	return s->server_count > 0 && s->servers[0].primaries == 0;
}
