/* Environments for a lab's clock, and what is known of the kinds of daemons. */
#include "tools/zonelab/files/speed.h"

#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/files/kinds.h"

/* Where Debian has it, on any architecture. The one for programs with threads. */
#define LIBFAKETIME "/usr/lib/*/faketime/libfaketimeMT.so.1"
/* BIND and Knot Resolver come with a malloc that reads the clock too early for libfaketime; the C library's own, and C++'s, go before it. */
#define OWN_MALLOC " libc.so.6 libstdc++.so.6"

enum { YEAR = 31536000 };

/* What is known of a kind at a lab's speed. */
struct speed_support {
	int behind;             /* seconds that its wall clock has to be behind the lab's */
	int most;               /* times as fast that it goes well; 0: as fast as can be */
	const char *lack;       /* what does not follow */
};

static const struct speed_support supports[NODE_KIND_COUNT] = {
	[NODE_PDNS] = { .lack = "EXPIRE has no effect, at any speed; REFRESH and RETRY follow" },
	/* It drops questions whose time of arrival, which the kernel tells and is real, is more than a second behind its own clock. Its shortest
	 * wait of half a second becomes none at 500 times. */
	[NODE_RECURSOR] = { .behind = YEAR, .most = 250, .lack = "its wall clock is a year behind the lab's; TTLs follow" },
};

static bool is_ours(const struct topology_node *node)
{
	return kind_of(node)->package == NULL;
}

static void add(struct speed_environment *out, const char *name, const char *value)
{
	size_t count = 0;

	while (out->list[count])
		count++;
	snprintf(out->texts[count], SPEED_TEXT_SIZE, "%s=%s", name, value);
	out->list[count] = out->texts[count];
}

static void add_ours(struct speed_environment *out, const struct lab *lab)
{
	char text[LAB_CLOCK_TEXT_SIZE];

	add(out, LAB_CLOCK_VARIABLE, lab_clock_to_text(&lab->clock, text));
}

/* False when there is none. */
static bool library_find(char out[SPEED_TEXT_SIZE / 2])
{
	glob_t found;
	bool is_found = glob(LIBFAKETIME, 0, NULL, &found) == 0 && strlen(found.gl_pathv[0]) < SPEED_TEXT_SIZE / 2;

	if (is_found)
		snprintf(out, SPEED_TEXT_SIZE / 2, "%s", found.gl_pathv[0]);
	globfree(&found);
	return is_found;
}

/* libfaketime counts from the start of the process; the offset is what the lab's clock has gained until now. */
static void add_foreign(struct speed_environment *out, const struct lab *lab, int behind)
{
	char library[SPEED_TEXT_SIZE / 2], preload[SPEED_TEXT_SIZE - 16], text[64];
	usec_t gained = clock_wall(&lab->clock.clock) - clock_wall(clock_system());

	if (!library_find(library))
		return;
	snprintf(preload, sizeof(preload), "%s%s", library, OWN_MALLOC);
	add(out, "LD_PRELOAD", preload);
	snprintf(text, sizeof(text), "%+" PRId64 " x%d", gained / USEC_PER_SEC - behind, lab->clock.clock.speed);
	add(out, "FAKETIME", text);
	out->is_foreign = true;
}

void speed_environment_of_node(struct speed_environment *out, const struct lab *lab, const struct topology_node *node)
{
	*out = (struct speed_environment){ 0 };
	if (lab->clock.clock.speed == 1)
		return;
	if (is_ours(node))
		add_ours(out, lab);
	else
		add_foreign(out, lab, supports[node->kind].behind);
}

void speed_environment_of_program(struct speed_environment *out, const struct lab *lab, const char *program)
{
	static const char *const ours[] = { "zonectl", "zonesync", "propest", "zonelab" };
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
	size_t i = 0;

	*out = (struct speed_environment){ 0 };
	if (lab->clock.clock.speed == 1)
		return;
	while (i < sizeof(ours) / sizeof(ours[0]) && strcmp(name, ours[i]) != 0)
		i++;
	if (i < sizeof(ours) / sizeof(ours[0]))
		add_ours(out, lab);
	else
		add_foreign(out, lab, 0);
}

/* The lab's nodes of a kind; false, with nothing printed, where there is none. */
static bool nodes_print(FILE *to, const struct lab *lab, enum node_kind kind)
{
	const struct topology *topology = &lab->topology;
	const char *before = "";

	for (uint32_t i = 0; i < topology->node_count; i++) {
		if (topology->nodes[i].kind != kind)
			continue;
		if (!*before)
			fprintf(to, "zonelab: at %d times the speed: %s (", lab->clock.clock.speed, kind_of(&topology->nodes[i])->title);
		fprintf(to, "%s%s", before, topology->nodes[i].name);
		before = ", ";
	}
	if (*before)
		fputs("): ", to);
	return *before;
}

void speed_tell(FILE *to, const struct lab *lab)
{
	const int speed = lab->clock.clock.speed;
	char library[SPEED_TEXT_SIZE / 2];
	bool has_library = library_find(library);

	for (enum node_kind kind = 0; kind < NODE_KIND_COUNT && speed > 1; kind++) {
		const struct speed_support *support = &supports[kind];
		bool is_foreign = kind != NODE_AUTHD && kind != NODE_RESOLVERD;
		if (!(is_foreign && !has_library) && !support->lack)
			continue;
		if (!nodes_print(to, lab, kind))
			continue;
		if (!has_library)
			fputs("real time, for libfaketime is missing: apt-get install faketime\n", to);
		else if (support->most > 0 && speed > support->most)
			fprintf(to, "%s; made for at most %d times the speed, it takes a processor for itself\n", support->lack, support->most);
		else
			fprintf(to, "%s\n", support->lack);
	}
}
