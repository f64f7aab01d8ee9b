/* Following a change through a lab.
 *
 * Every round asks each server of the zone for its serial and each resolver, as a client would (RD=1), for the record. So the resolvers are busy
 * caches: they fetch again as soon as a copy has run out. Rounds follow each other closely for a second after each change that is seen, when
 * more are to be expected, else at leisure. A node whose process has ended is not asked any more.
 */
#include "tools/zonelab/cli/watch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dns/rcode.h"
#include "lib/dns/rrtype.h"
#include "lib/dns/serial.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/probe.h"
#include "tools/zonelab/lab/process.h"

enum {
	CLOSE_ROUND_MS = 5,
	MEASURING_ROUND_MS = 20,
	LEISURE_ROUND_MS = 100,
	CLOSE_FOR_S = 1,
	ANSWER_WAIT_MS = 1000,
	SHOWN_SIZE = 200,
};

/* One node as last seen. */
struct subject {
	const struct topology_node *node;
	const struct lab_process *process;
	bool is_server;
	bool is_dead;
	bool is_current;
	bool was_seen;
	char shown[SHOWN_SIZE];
};

struct watching {
	const struct lab *lab;
	const struct watch_options *options;
	struct subject *subjects;
	struct probe *probes;
	uint32_t count;
	uint32_t asked;          /* of them; the others have died */
	usec_t close_until;      /* when nothing more happens */
	struct watch_result result;
};

static void subject_add(struct watching *w, const struct lab *lab, const struct topology_node *node)
{
	const struct lab_process *process = &lab->processes[node - lab->topology.nodes];
	bool is_server = !topology_is_resolver(node);

	w->subjects[w->count] = (struct subject){
		.node = node, .process = process, .is_server = is_server, .is_dead = !process_is_alive(process),
	};
	w->probes[w->count++] = (struct probe){
		.node = node,
		.name = is_server ? w->options->zone->apex : w->options->name,
		.type = is_server ? TYPE_SOA : w->options->type,
		.recurse = !is_server,
	};
	*(is_server ? &w->result.servers : &w->result.caches) += 1;
}

static int watching_init(struct watching *w, const struct lab *lab, const struct watch_options *options)
{
	const struct topology *topology = &lab->topology;

	*w = (struct watching){
		.lab = lab,
		.options = options,
		.subjects = calloc(topology->node_count, sizeof(*w->subjects)),
		.probes = calloc(topology->node_count, sizeof(*w->probes)),
		.result = { .servers_done = -1, .first_fresh = -1, .caches_done = -1 },
	};
	if (!w->subjects || !w->probes)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i <= options->zone->secondary_count; i++)
		subject_add(w, lab, topology_server(options->zone, i));
	for (uint32_t i = 0; i < topology->node_count; i++) {
		if (topology_is_resolver(&topology->nodes[i]))
			subject_add(w, lab, &topology->nodes[i]);
	}
	w->asked = w->count;
	return ZT_OK;
}

static void watching_fini(struct watching *w)
{
	free(w->subjects);
	free(w->probes);
}

static bool is_current(const struct watching *w, const struct subject *subject, const struct probe *probe)
{
	if (!w->options->until_converged || !probe->answered || probe->rcode != RCODE_NOERROR)
		return false;
	if (subject->is_server)
		return probe->count > 0 && !serial_is_newer(w->options->serial, probe->serial);
	return probe_is_exactly(probe, w->options->rdata, w->options->rdata_len);
}

/* By the lab's clock. */
static usec_t since_origin(const struct watching *w, usec_t now)
{
	return (now - w->options->origin) * w->lab->clock.clock.speed;
}

static void subject_look(struct watching *w, uint32_t i, usec_t now)
{
	struct subject *subject = &w->subjects[i];
	const struct probe *probe = &w->probes[i];
	char text[SHOWN_SIZE];

	if (!probe->answered && !subject->is_dead)
		subject->is_dead = !process_is_alive(subject->process);
	if (subject->is_dead)
		snprintf(text, sizeof(text), "dead");
	else if (subject->is_server && probe->answered && probe->count > 0)
		snprintf(text, sizeof(text), "serial %u", probe->serial);
	else
		probe_to_text(probe, text, sizeof(text));
	subject->is_current = is_current(w, subject, probe);
	if (subject->is_current && !subject->is_server && w->result.first_fresh < 0)
		w->result.first_fresh = since_origin(w, now);
	if (subject->was_seen && strcmp(text, subject->shown) == 0)
		return;
	w->close_until = now + CLOSE_FOR_S * USEC_PER_SEC;
	printf("%+9.3f s  %-18s %s%s%s", (double)since_origin(w, now) / USEC_PER_SEC, subject->node->name,
	       subject->was_seen ? subject->shown : "", subject->was_seen ? " -> " : "", text);
	if (!subject->is_server && probe->answered && probe->count > 0)
		printf("  (TTL %u)", probe->ttl);
	putchar('\n');
	fflush(stdout);
	snprintf(subject->shown, sizeof(subject->shown), "%s", text);
	subject->was_seen = true;
}

/* Counts who is current and notes when a group became complete. A cache that fell back to old data makes its group incomplete again. */
static void progress_note(struct watching *w, usec_t now)
{
	w->result.servers_current = w->result.caches_current = 0;
	for (uint32_t i = 0; i < w->count; i++) {
		if (w->subjects[i].is_current)
			*(w->subjects[i].is_server ? &w->result.servers_current : &w->result.caches_current) += 1;
	}
	bool servers = w->result.servers_current == w->result.servers, caches = w->result.caches_current == w->result.caches;
	if (!servers)
		w->result.servers_done = -1;
	else if (w->result.servers_done < 0)
		w->result.servers_done = since_origin(w, now);
	if (!caches)
		w->result.caches_done = -1;
	else if (w->result.caches_done < 0)
		w->result.caches_done = since_origin(w, now);
}

/* All who can still change have changed. */
static bool is_done(const struct watching *w)
{
	bool done = w->options->until_converged;

	for (uint32_t i = 0; i < w->count && done; i++)
		done = w->subjects[i].is_current || w->subjects[i].is_dead;
	return done;
}

/* Moves who has died behind those that are asked. */
static void dead_put_last(struct watching *w)
{
	for (uint32_t i = w->asked; i-- > 0;) {
		if (!w->subjects[i].is_dead)
			continue;
		w->asked--;
		struct subject subject = w->subjects[i];
		memmove(&w->subjects[i], &w->subjects[i + 1], (w->asked - i) * sizeof(*w->subjects));
		w->subjects[w->asked] = subject;
		struct probe probe = w->probes[i];
		memmove(&w->probes[i], &w->probes[i + 1], (w->asked - i) * sizeof(*w->probes));
		w->probes[w->asked] = probe;
	}
}

static int round_pause_ms(const struct watching *w, usec_t now)
{
	if (now < w->close_until)
		return CLOSE_ROUND_MS;
	return w->options->until_converged ? MEASURING_ROUND_MS : LEISURE_ROUND_MS;
}

/* Rests; false when the reader of standard output is gone meanwhile, which a watch that has nothing to say would not notice. */
static bool rest(int pause_ms)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };

	if (poll(&reader, 1, pause_ms) <= 0)
		return true;
	if (reader.revents & (POLLERR | POLLHUP))
		return false;
	poll(NULL, 0, pause_ms);
	return true;
}

static int rounds_run(struct watching *w)
{
	const struct clock *clock = clock_system();

	for (uint32_t i = 0; i < w->asked; i++) {
		if (w->subjects[i].is_dead)
			subject_look(w, i, clock_now(clock));
	}
	dead_put_last(w);
	while (!is_done(w) && w->asked > 0 && !interrupt_is_waiting() && !ferror(stdout)) {
		if (w->options->deadline > 0 && clock_now(clock) > w->options->deadline)
			return ZT_ETIMEOUT;
		int status = probe_all(w->lab, w->probes, w->asked, ANSWER_WAIT_MS * USEC_PER_MSEC);
		if (status != ZT_OK)
			return status;
		usec_t now = clock_now(clock);
		for (uint32_t i = 0; i < w->asked; i++)
			subject_look(w, i, now);
		dead_put_last(w);
		progress_note(w, now);
		if (!is_done(w) && !rest(round_pause_ms(w, now)))
			return ZT_OK;
	}
	return ZT_OK;
}

int watch_run(const struct lab *lab, const struct watch_options *options, struct watch_result *result)
{
	struct watching w;
	int status = watching_init(&w, lab, options);

	if (status == ZT_OK)
		status = rounds_run(&w);
	if (result)
		*result = w.result;
	watching_fini(&w);
	return status;
}
