/* Following a change through a lab.
 *
 * Every round asks each server of the zone for its serial and each resolver, as a client would (RD=1), for the record. So the resolvers are busy
 * caches: they fetch again as soon as a copy has run out.
 */
#include "tools/zonelab/watch.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rcode.h"
#include "lib/dns/rrtype.h"
#include "lib/dns/serial.h"
#include "tools/zonelab/probe.h"

enum {
	ROUND_MS = 5,
	ANSWER_WAIT_MS = 1000,
	SHOWN_SIZE = 200,
};

/* One node as last seen. */
struct subject {
	const struct topology_node *node;
	bool is_server;
	bool is_current;
	bool was_seen;
	char shown[SHOWN_SIZE];
};

struct watching {
	const struct watch_options *options;
	struct subject *subjects;
	struct probe *probes;
	uint32_t count;
	struct watch_result result;
};

static void subject_add(struct watching *w, const struct topology_node *node)
{
	bool is_server = node->kind == NODE_AUTHD;
	w->subjects[w->count] = (struct subject){ .node = node, .is_server = is_server };
	w->probes[w->count++] = (struct probe){
		.to = &node->address,
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
		.options = options,
		.subjects = calloc(topology->node_count, sizeof(*w->subjects)),
		.probes = calloc(topology->node_count, sizeof(*w->probes)),
		.result = { .servers_done = -1, .first_fresh = -1, .caches_done = -1 },
	};
	if (!w->subjects || !w->probes)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i <= options->zone->secondary_count; i++)
		subject_add(w, topology_server(options->zone, i));
	for (uint32_t i = 0; i < topology->node_count; i++) {
		if (topology->nodes[i].kind == NODE_RESOLVERD)
			subject_add(w, &topology->nodes[i]);
	}
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

static void subject_look(struct watching *w, uint32_t i, usec_t now)
{
	struct subject *subject = &w->subjects[i];
	const struct probe *probe = &w->probes[i];
	char text[SHOWN_SIZE];

	if (subject->is_server && probe->answered && probe->count > 0)
		snprintf(text, sizeof(text), "serial %u", probe->serial);
	else
		probe_to_text(probe, text, sizeof(text));
	subject->is_current = is_current(w, subject, probe);
	if (subject->is_current && !subject->is_server && w->result.first_fresh < 0)
		w->result.first_fresh = now - w->options->origin;
	if (subject->was_seen && strcmp(text, subject->shown) == 0)
		return;
	printf("%+9.3f s  %-18s %s%s%s", (double)(now - w->options->origin) / USEC_PER_SEC, subject->node->name,
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
		w->result.servers_done = now - w->options->origin;
	if (!caches)
		w->result.caches_done = -1;
	else if (w->result.caches_done < 0)
		w->result.caches_done = now - w->options->origin;
}

static bool is_done(const struct watching *w)
{
	return w->options->until_converged && w->result.servers_done >= 0 && w->result.caches_done >= 0;
}

/* Ctrl-C ends the watch, not the program: SIGINT is blocked and looked for between rounds. */
static bool was_interrupted(void)
{
	sigset_t pending;
	sigpending(&pending);
	return sigismember(&pending, SIGINT);
}

static int rounds_run(struct watching *w)
{
	const struct clock *clock = clock_system();

	while (!is_done(w) && !was_interrupted()) {
		if (w->options->deadline > 0 && clock_now(clock) > w->options->deadline)
			return ZT_ETIMEOUT;
		int status = probe_all(w->probes, w->count, ANSWER_WAIT_MS * USEC_PER_MSEC);
		if (status != ZT_OK)
			return status;
		usec_t now = clock_now(clock);
		for (uint32_t i = 0; i < w->count; i++)
			subject_look(w, i, now);
		progress_note(w, now);
		if (!is_done(w))
			poll(NULL, 0, ROUND_MS);
	}
	return ZT_OK;
}

int watch_run(const struct lab *lab, const struct watch_options *options, struct watch_result *result)
{
	struct watching w;
	sigset_t interrupt, before;
	int status = watching_init(&w, lab, options);

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &before);
	if (status == ZT_OK)
		status = rounds_run(&w);
	if (was_interrupted()) {      /* taken, so that it does not end the program when it is unblocked */
		int number;
		sigwait(&interrupt, &number);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (result)
		*result = w.result;
	watching_fini(&w);
	return status;
}
