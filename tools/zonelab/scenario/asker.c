/* Asking what a play wants to know. */
#include "tools/zonelab/scenario/asker.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/net/udp.h"
#include "tools/zonelab/lab/door.h"
#include "tools/zonelab/scenario/program.h"

enum { PAUSE_MS = 50, REPEAT_MS = 300, SERVER_PATIENCE_MS = 1000, RESOLVER_PATIENCE_MS = 4000, PROGRAM_PAUSE_MS = 300 };

struct inquiry {
	bool is_open;
	uint16_t id;
	usec_t asked;              /* the lab's time */
	usec_t first, latest;      /* of sending, real time; `latest` of the answer once it is closed */
	struct program program;
};

struct asker {
	const struct lab *lab;
	const struct scenario *scenario;
	const struct lab_time *time;
	struct inquiry *inquiries;     /* one a question */
	struct pollfd *doors;          /* one a node; fd -1: not opened yet */
	struct secure_rng rng;
};

int asker_new(struct asker **out, const struct lab *lab, const struct scenario *scenario, const struct lab_time *time)
{
	struct asker *asker = *out = calloc(1, sizeof(*asker));

	if (!asker)
		return ZT_ENOMEM;
	*asker = (struct asker){ .lab = lab, .scenario = scenario, .time = time };
	asker->inquiries = calloc(scenario->question_count + 1, sizeof(*asker->inquiries));
	asker->doors = calloc(lab->topology.node_count + 1, sizeof(*asker->doors));
	if (!asker->inquiries || !asker->doors) {
		free(asker->inquiries);
		free(asker->doors);
		free(asker);
		*out = NULL;
		return ZT_ENOMEM;
	}
	for (uint32_t i = 0; i < lab->topology.node_count; i++)
		asker->doors[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	secure_rng_init(&asker->rng);
	return ZT_OK;
}

void asker_free(struct asker *asker)
{
	if (!asker)
		return;
	for (uint32_t i = 0; i < asker->scenario->question_count; i++)
		program_stop(&asker->inquiries[i].program);
	for (uint32_t i = 0; i < asker->lab->topology.node_count; i++) {
		if (asker->doors[i].fd >= 0)
			close(asker->doors[i].fd);
	}
	free(asker->inquiries);
	free(asker->doors);
	free(asker);
}

static size_t node_index(const struct asker *asker, const struct topology_node *node)
{
	return (size_t)(node - asker->lab->topology.nodes);
}

static struct probe probe_of(const struct question *question)
{
	return (struct probe){ .node = question->node, .name = question->name, .type = question->type, .recurse = topology_is_resolver(question->node) };
}

static usec_t patience_of(const struct question *question)
{
	return (topology_is_resolver(question->node) ? RESOLVER_PATIENCE_MS : SERVER_PATIENCE_MS) * USEC_PER_MSEC;
}

/* What does not leave is lost, as much else may be: it is repeated. */
static void question_send(struct asker *asker, uint32_t index, usec_t now)
{
	const struct question *question = &asker->scenario->questions[index];
	struct pollfd *door = &asker->doors[node_index(asker, question->node)];
	struct probe probe = probe_of(question);
	uint8_t wire[PROBE_QUERY_SIZE];

	asker->inquiries[index].latest = now;
	if (door->fd < 0 && door_open(asker->lab, question->node, SOCK_DGRAM | SOCK_NONBLOCK, &door->fd) != ZT_OK)
		return;
	size_t len = probe_query_write(&probe, asker->inquiries[index].id, wire);
	int status = len > 0 ? udp_send(&(struct udp_socket){ .fd = door->fd }, &question->node->address, wire, len) : ZT_OK;
	(void)status;
}

static void question_ask(struct asker *asker, uint32_t index, usec_t now)
{
	const struct question *question = &asker->scenario->questions[index];
	struct inquiry *inquiry = &asker->inquiries[index];

	inquiry->is_open = true;
	inquiry->asked = lab_time_now(asker->time);
	inquiry->first = inquiry->latest = now;
	if (!question->exec) {
		inquiry->id = secure_rng_u16(&asker->rng);
		question_send(asker, index, now);
	} else if (program_start(&inquiry->program, asker->lab, question->exec, index) != ZT_OK) {
		inquiry->is_open = false;      /* printed; it is tried again */
	}
}

static void question_close(struct asker *asker, struct play *play, uint32_t index, struct sight *sight)
{
	struct inquiry *inquiry = &asker->inquiries[index];

	inquiry->is_open = false;
	inquiry->latest = clock_now(asker->time->clock);
	sight->asked = inquiry->asked;
	play_seen(play, index, sight, lab_time_now(asker->time));
}

/* What one question has to do now. */
static void question_step(struct asker *asker, struct play *play, uint32_t index)
{
	const struct question *question = &asker->scenario->questions[index];
	struct inquiry *inquiry = &asker->inquiries[index];
	usec_t now = clock_now(asker->time->clock), pause = (question->exec ? PROGRAM_PAUSE_MS : PAUSE_MS) * USEC_PER_MSEC;
	struct sight sight = { 0 };

	if (!inquiry->is_open) {
		if (play_wants(play, index) && (inquiry->latest == 0 || now - inquiry->latest >= pause))
			question_ask(asker, index, now);
	} else if (question->exec) {
		if (program_ended(&inquiry->program, 0, &sight))
			question_close(asker, play, index, &sight);
	} else if (now - inquiry->first >= patience_of(question)) {
		sight.is_silent = true;
		question_close(asker, play, index, &sight);
	} else if (now - inquiry->latest >= REPEAT_MS * USEC_PER_MSEC) {
		question_send(asker, index, now);
	}
}

static void answer_take(struct asker *asker, struct play *play, size_t node, const uint8_t *wire, size_t len)
{
	for (uint32_t i = 0; i < asker->scenario->question_count; i++) {
		const struct question *question = &asker->scenario->questions[i];
		struct sight sight = { 0 };
		if (question->exec || !asker->inquiries[i].is_open || node_index(asker, question->node) != node)
			continue;
		sight.value = probe_of(question);
		if (probe_answer_read(&sight.value, asker->inquiries[i].id, wire, len)) {
			question_close(asker, play, i, &sight);
			return;
		}
	}
}

static void door_drain(struct asker *asker, struct play *play, size_t node)
{
	const struct udp_socket sock = { .fd = asker->doors[node].fd };
	uint8_t wire[4096];
	struct netaddr from;

	for (;;) {
		size_t len = sizeof(wire);
		int status = udp_receive(&sock, wire, &len, &from);
		if (status == ZT_OK && netaddr_equal(&asker->lab->topology.nodes[node].address, &from))
			answer_take(asker, play, node, wire, len);
		else if (status != ZT_OK && status != ZT_EREFUSED && status != ZT_ESPACE)
			return;
	}
}

void asker_step(struct asker *asker, struct play *play, int patience_ms)
{
	for (uint32_t i = 0; i < asker->scenario->question_count; i++)
		question_step(asker, play, i);
	if (poll(asker->doors, asker->lab->topology.node_count, patience_ms) <= 0)
		return;
	for (uint32_t i = 0; i < asker->lab->topology.node_count; i++) {
		if (asker->doors[i].fd >= 0 && asker->doors[i].revents)
			door_drain(asker, play, i);
	}
}
