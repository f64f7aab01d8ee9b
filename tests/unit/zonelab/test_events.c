/* The journal of a lab's events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/suite.h"
#include "tools/zonelab/keeper/events.h"

struct heard {
	uint64_t number;
	unsigned count;
	char line[200];
};

static void on_event(void *ctx, uint64_t number, const char *line, const json_t *event)
{
	struct heard *heard = ctx;

	heard->number = number;
	heard->count++;
	snprintf(heard->line, sizeof(heard->line), "%s", line);
	ck_assert_uint_eq((uint64_t)json_integer_value(json_object_get(event, "n")), number);
}

START_TEST(events_are_numbered_lines_with_the_time)
{
	char path[] = "/tmp/events-XXXXXX", text[300];
	struct manual_clock clock;
	struct events events;
	struct heard heard = { 0 };
	struct events_listener listener = { .heard = on_event, .ctx = &heard };

	close(mkstemp(path));
	manual_clock_init(&clock, 5 * USEC_PER_SEC, 0);
	ck_assert_int_eq(events_open(&events, path, &clock.clock), ZT_OK);
	events_add(&events, json_pack("{s:s, s:i}", "event", "change", "serial", 2));
	events_listen(&events, &listener);
	manual_clock_advance(&clock, 1250000);
	events_add(&events, json_pack("{s:s}", "event", "heal"));
	ck_assert_uint_eq(heard.number, 2);
	ck_assert_str_eq(heard.line, "{\"n\":2,\"t\":1.25,\"event\":\"heal\"}");
	events_unlisten(&events, &listener);
	events_add(&events, json_pack("{s:s}", "event", "heal"));
	ck_assert_uint_eq(heard.count, 1);
	events_close(&events);
	FILE *file = fopen(path, "r");
	size_t len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	ck_assert_str_eq(text, "{\"n\":1,\"t\":0.0,\"event\":\"change\",\"serial\":2}\n{\"n\":2,\"t\":1.25,\"event\":\"heal\"}\n{\"n\":3,\"t\":1.25,\"event\":\"heal\"}\n");
	unlink(path);
}
END_TEST

START_TEST(a_full_disk_is_told_once_and_listeners_still_hear)
{
	char said[1000];
	struct events events;
	struct heard heard = { 0 };
	struct events_listener listener = { .heard = on_event, .ctx = &heard };
	int saved = dup(STDERR_FILENO);
	FILE *stderr_copy = tmpfile();

	ck_assert_int_eq(events_open(&events, "/dev/full", clock_system()), ZT_OK);
	events_listen(&events, &listener);
	dup2(fileno(stderr_copy), STDERR_FILENO);
	for (int i = 0; i < 3; i++)
		events_add(&events, json_pack("{s:s}", "event", "heal"));
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(stderr_copy);
	size_t len = fread(said, 1, sizeof(said) - 1, stderr_copy);
	said[len] = '\0';
	fclose(stderr_copy);
	ck_assert_str_eq(said, "zonelab: events are missing from the file of events from number 1 on: No space left on device; the lab goes on\n");
	ck_assert_uint_eq(heard.count, 3);
	ck_assert_uint_eq(heard.number, 3);
	ck_assert_uint_eq(events.lost, 3);
	events_close(&events);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonelab/events");
	TCase *tcase = tcase_create("events");

	tcase_add_test(tcase, events_are_numbered_lines_with_the_time);
	tcase_add_test(tcase, a_full_disk_is_told_once_and_listeners_still_hear);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
