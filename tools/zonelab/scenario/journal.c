/* Reading the lab's events. */
#include "tools/zonelab/scenario/journal.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int journal_open(struct journal *journal, const struct lab *lab)
{
	char path[4096];
	int status = lab_file(lab, "events.jsonl", path);

	if (status != ZT_OK)
		return status;
	journal->from = fopen(path, "re");
	if (journal->from && fseek(journal->from, 0, SEEK_END) == 0)
		return ZT_OK;
	int err = errno;
	fprintf(stderr, "zonelab: cannot read %s: %s\n", path, strerror(err));
	return status_from_errno(err);
}

void journal_close(struct journal *journal)
{
	if (journal->from)
		fclose(journal->from);
	free(journal->line);
	*journal = (struct journal){ 0 };
}

static const char *text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));
	return text ? text : "";
}

/* What did not arrive was not said. An exchange is told of when it is over, which is long after it began on a connection that is kept: it counts by its begin. */
static void line_take(const struct journal *journal, struct play *play, usec_t now)
{
	json_t *event = json_loads(journal->line, 0, NULL);

	if (event && strcmp(text_of(event, "event"), "message") == 0 && !json_is_true(json_object_get(event, "dropped"))) {
		const json_t *begun = json_object_get(event, "begun");
		usec_t at = (usec_t)(json_number_value(begun ? begun : json_object_get(event, "t")) * USEC_PER_SEC) - journal->behind;
		struct play_message message = {
			.kind = text_of(event, "kind"), .from = text_of(event, "from"), .to = text_of(event, "to"), .zone = text_of(event, "zone"),
			.bytes = (uint64_t)json_integer_value(json_object_get(event, "bytes")), .at = (usec_t)((double)at * journal->speed),
		};
		play_heard(play, &message, now);
	}
	json_decref(event);
}

void journal_step(struct journal *journal, struct play *play, usec_t now)
{
	ssize_t len;
	char *part = NULL;
	size_t size = 0;

	clearerr(journal->from);
	while ((len = getline(&part, &size, journal->from)) > 0) {
		if (journal->len + (size_t)len + 1 > journal->size) {
			char *larger = realloc(journal->line, journal->len + (size_t)len + 1);
			if (!larger)
				break;
			journal->line = larger;
			journal->size = journal->len + (size_t)len + 1;
		}
		memcpy(journal->line + journal->len, part, (size_t)len + 1);
		journal->len += (size_t)len;
		if (part[len - 1] != '\n')
			continue;      /* the rest is still to be written */
		line_take(journal, play, now);
		journal->len = 0;
	}
	free(part);
}
