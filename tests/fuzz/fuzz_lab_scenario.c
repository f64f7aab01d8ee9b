/* Fuzzes the reader of scenario files, its check against a topology, and the machine with what it accepts. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/scenario/play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char lab[] =
	"nodes:\n  - {name: ns1.test, kind: authd}\n  - {name: ns2.test, kind: authd}\n  - {name: edge, kind: resolverd}\n"
	"zones:\n  - {name: ., primary: ns1.test}\n  - {name: test., primary: ns1.test, secondaries: [ns2.test], records: www A 192.0.2.1}\n";

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Every action ends well, every question with silence: the machine comes to its end, whatever is expected. */
static void play_through(const struct scenario *scenario)
{
	struct play play;
	usec_t now = 0;

	if (play_init(&play, scenario) != ZT_OK)
		return;
	for (unsigned rounds = 0;; rounds++) {
		struct play_next next = play_next(&play, now);
		require(rounds < 4 * SCENARIO_STEPS_MAX);
		if (next.want == PLAY_END)
			break;
		if (next.want == PLAY_ACT) {
			play_acted(&play, next.step, true, "", now);
			continue;
		}
		struct sight silence = { .asked = now, .is_silent = true };
		for (uint32_t i = 0; i < scenario->question_count; i++) {
			if (play_wants(&play, i))
				play_seen(&play, i, &silence, now);
		}
		/* What a look has changed has its own time. */
		next = play_next(&play, now);
		if (next.want == PLAY_ACT)
			play_acted(&play, next.step, true, "", now);
		else if (next.until > now && next.until < INT64_MAX)
			now = next.until;
	}
	for (uint32_t i = 0; i < scenario->step_count; i++)
		require(play.steps[i].state >= PLAY_PASSED);
	play_fini(&play);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct topology_text of_lab = { "lab.yaml", lab, strlen(lab) }, source = { "fuzz.yaml", (const char *)data, size };
	struct problems problems;
	struct topology topology;
	struct scenario scenario;

	problems_init(&problems, "fuzz.yaml");
	require(topology_parse(&topology, &of_lab, &problems) == ZT_OK);
	int status = scenario_parse(&scenario, &source, &problems);
	if (status == ZT_OK) {
		status = scenario_bind(&scenario, &topology, &problems);
		if (status == ZT_OK)
			play_through(&scenario);
		scenario_free(&scenario);
	}
	/* Success and silence are the same thing. */
	require((status == ZT_OK) == (problems.total == 0));
	topology_free(&topology);
	problems_fini(&problems);
	return 0;
}
