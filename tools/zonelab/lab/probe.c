/* Asking many servers at once. */
#include "tools/zonelab/lab/probe.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/dns/present.h"
#include "lib/dns/writer.h"
#include "lib/net/udp.h"
#include "tools/zonelab/lab/door.h"

enum { REPEAT_MS = 300 };

struct round {
	struct probe *probes;
	uint32_t count;
	uint32_t open;
	uint16_t first_id;
	usec_t sent[2];      /* the first and the latest round of sending */
	struct pollfd *doors;          /* in loopback mode one, in net mode one a node that is asked */
	const struct topology_node **nodes;
	uint32_t door_count;
	uint32_t *door_of;             /* of each question */
};

static int door_add(struct round *round, const struct lab *lab, const struct topology_node *node)
{
	struct pollfd *door = &round->doors[round->door_count];
	int status = door_open(lab, node, SOCK_DGRAM | SOCK_NONBLOCK, &door->fd);

	if (status != ZT_OK)
		return status;
	door->events = POLLIN;
	round->nodes[round->door_count++] = node;
	return ZT_OK;
}

static void doors_close(struct round *round)
{
	for (uint32_t i = 0; i < round->door_count; i++)
		close(round->doors[i].fd);
	free(round->doors);
	free(round->nodes);
	free(round->door_of);
}

/* Questions to one node usually follow each other. */
static int doors_open(struct round *round, const struct lab *lab)
{
	bool is_one_for_all = lab->topology.mode == TOPOLOGY_LOOPBACK;
	int status = ZT_OK;

	round->doors = calloc(round->count + 1, sizeof(*round->doors));
	round->nodes = calloc(round->count + 1, sizeof(*round->nodes));
	round->door_of = calloc(round->count + 1, sizeof(*round->door_of));
	if (!round->doors || !round->nodes || !round->door_of)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i < round->count && status == ZT_OK; i++) {
		uint32_t d = round->door_count;
		while (d > 0 && !is_one_for_all && round->nodes[d - 1] != round->probes[i].node)
			d--;
		if (d == 0)
			status = door_add(round, lab, round->probes[i].node);
		round->door_of[i] = d > 0 ? d - 1 : round->door_count - 1;
	}
	return status;
}

size_t probe_query_write(const struct probe *probe, uint16_t id, uint8_t out[PROBE_QUERY_SIZE])
{
	struct message_writer writer;
	struct edns_out edns = { .udp_size = EDNS_UDP_SIZE };

	message_writer_init(&writer, out, PROBE_QUERY_SIZE, id, probe->recurse ? FLAG_RD : 0);
	if (message_write_question(&writer, probe->name, probe->type, CLASS_IN) != ZT_OK || message_write_edns(&writer, &edns) != ZT_OK)
		return 0;
	return message_writer_finish(&writer);
}

static void question_send(struct round *round, uint32_t i)
{
	const struct probe *probe = &round->probes[i];
	uint8_t out[PROBE_QUERY_SIZE];
	size_t len = probe_query_write(probe, (uint16_t)(round->first_id + i), out);

	if (len == 0)
		return;
	/* A question that does not leave is like one that is lost: it is repeated. */
	int status = udp_send(&(struct udp_socket){ .fd = round->doors[round->door_of[i]].fd }, &probe->node->address, out, len);
	(void)status;
}

static void records_take(struct probe *probe, const struct message *message)
{
	struct wcursor bytes = wcursor_over(probe->bytes, sizeof(probe->bytes));
	struct record_iter iter;
	struct record record;

	record_iter_init(&iter, message, SECTION_ANSWER);
	while (record_iter_next(&iter, &record) && probe->count < PROBE_RDATA_MAX) {
		size_t at = bytes.pos;
		if (record.type != probe->type || record_rdata(message, &record, &bytes) != ZT_OK)
			continue;
		if (probe->count == 0 || record.ttl < probe->ttl)
			probe->ttl = record.ttl;
		probe->rdata[probe->count] = probe->bytes + at;
		probe->rdata_len[probe->count++] = (uint16_t)(bytes.pos - at);
	}
	struct soa soa;
	if (probe->type == TYPE_SOA && probe->count > 0 && soa_from_rdata(&soa, probe->rdata[0], probe->rdata_len[0]))
		probe->serial = soa.serial;
}

/* What the probe asked for. */
static void message_take(struct probe *probe, const struct message *message)
{
	probe->answered = true;
	probe->rcode = message_rcode(message);
	probe->authoritative = message->flags & FLAG_AA;
	records_take(probe, message);
}

static bool is_answer_to(const struct probe *probe, const struct message *message)
{
	return !probe->answered && message->qtype == probe->type && name_equal(message->qname, probe->name);
}

bool probe_answer_read(struct probe *probe, uint16_t id, const uint8_t *wire, size_t len)
{
	struct message message;

	if (message_read(&message, wire, len) != ZT_OK || !(message.flags & FLAG_QR) || message.id != id || !is_answer_to(probe, &message))
		return false;
	message_take(probe, &message);
	return true;
}

static void answer_take(struct round *round, const uint8_t *wire, size_t len, const struct netaddr *from)
{
	struct message message;

	if (message_read(&message, wire, len) != ZT_OK || !(message.flags & FLAG_QR))
		return;
	uint16_t i = (uint16_t)(message.id - round->first_id);
	if (i >= round->count)
		return;
	struct probe *probe = &round->probes[i];
	if (!is_answer_to(probe, &message) || !netaddr_equal(&probe->node->address, from))
		return;
	message_take(probe, &message);
	probe->rtt = clock_now(clock_system()) - round->sent[0];
	round->open--;
}

static void answers_drain(struct round *round, int door)
{
	const struct udp_socket sock = { .fd = door };
	uint8_t wire[4096];
	struct netaddr from;

	for (;;) {
		size_t len = sizeof(wire);
		int status = udp_receive(&sock, wire, &len, &from);
		if (status == ZT_OK)
			answer_take(round, wire, len, &from);
		else if (status != ZT_EREFUSED && status != ZT_ESPACE)
			return;
	}
}

static void send_open(struct round *round, usec_t now)
{
	for (uint32_t i = 0; i < round->count; i++) {
		if (!round->probes[i].answered)
			question_send(round, i);
	}
	round->sent[1] = now;
}

static void answers_wait(struct round *round, usec_t patience)
{
	if (poll(round->doors, round->door_count, (int)(patience / USEC_PER_MSEC) + 1) <= 0)
		return;
	for (uint32_t i = 0; i < round->door_count; i++) {
		if (round->doors[i].revents)
			answers_drain(round, round->doors[i].fd);
	}
}

int probe_all(const struct lab *lab, struct probe *probes, uint32_t count, usec_t timeout)
{
	const struct clock *clock = clock_system();
	struct secure_rng rng;
	struct round round = { .probes = probes, .count = count, .open = count };

	for (uint32_t i = 0; i < count; i++) {
		probes[i].answered = false;
		probes[i].count = 0;
	}
	secure_rng_init(&rng);
	round.first_id = secure_rng_u16(&rng);
	int status = doors_open(&round, lab);
	usec_t start = clock_now(clock), now = start;
	round.sent[0] = start;
	if (status == ZT_OK)
		send_open(&round, start);
	while (status == ZT_OK && round.open > 0 && now - start < timeout) {
		usec_t until = round.sent[1] + REPEAT_MS * USEC_PER_MSEC;
		if (until > start + timeout)
			until = start + timeout;
		answers_wait(&round, until - now);
		now = clock_now(clock);
		if (round.open > 0 && now - round.sent[1] >= REPEAT_MS * USEC_PER_MSEC)
			send_open(&round, now);
	}
	doors_close(&round);
	return status;
}

char *probe_to_text(const struct probe *probe, char *out, size_t size)
{
	struct buf text;

	if (!probe->answered || probe->rcode != RCODE_NOERROR || probe->count == 0) {
		snprintf(out, size, "%s", !probe->answered ? "no answer" : probe->rcode != RCODE_NOERROR ? rcode_to_text(probe->rcode) : "no data");
		return out;
	}
	buf_init(&text);
	for (unsigned i = 0; i < probe->count; i++) {
		if (i > 0)
			buf_printf(&text, ", ");
		rdata_to_text(probe->type, probe->rdata[i], probe->rdata_len[i], &text);
	}
	snprintf(out, size, "%.*s", (int)text.len, text.data ? (const char *)text.data : "");
	buf_fini(&text);
	return out;
}
