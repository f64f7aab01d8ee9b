/* Batches of DNS questions. */
#include "tools/propest/gather/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dns/writer.h"

enum { QUERY_SIZE = 512, ANSWER_SIZE = MESSAGE_MAX_LEN };

/* A question under way. */
struct flight {
	struct question *question;
	int fd;
	uint16_t id;
	bool tcp, edns;
	unsigned try;
	usec_t sent_at, deadline;
	uint8_t query[QUERY_SIZE + 2];      /* with TCP's length before it */
	size_t query_len, written;
	uint8_t *answer;                    /* ANSWER_SIZE + 2 */
	size_t have;
};

void asker_init(struct asker *asker, const struct clock *clock, unsigned timeout_ms, unsigned tries)
{
	*asker = (struct asker){ .clock = clock, .timeout_ms = timeout_ms, .tries = tries };
	secure_rng_init(&asker->rng);
}

/* Asks for the name server's id, the zone's version and the time to expiry; servers leave out what they don't know. */
static int write_query(struct flight *flight)
{
	static const uint8_t options[] = { 0, EDNS_NSID, 0, 0, 0, EDNS_EXPIRE, 0, 0, 0, EDNS_ZONEVERSION, 0, 0 };
	const struct question *q = flight->question;
	struct message_writer writer;
	struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .options = options, .options_len = sizeof(options) };

	message_writer_init(&writer, flight->query + 2, QUERY_SIZE, flight->id, q->recurse ? FLAG_RD : 0);
	int status = message_write_question(&writer, q->name, q->type, CLASS_IN);
	if (status == ZT_OK && flight->edns)
		status = message_write_edns(&writer, &edns);
	flight->query_len = message_writer_finish(&writer);
	wire_put_u16(flight->query, (uint16_t)flight->query_len);
	return status;
}

static void land(struct flight *flight, int status)
{
	if (flight->fd >= 0)
		close(flight->fd);
	flight->fd = -1;
	flight->question->status = status;
}

/* Sends over a fresh socket, so that late answers to an earlier try can't be taken for this one's. */
static void launch(struct asker *asker, struct flight *flight)
{
	struct question *q = flight->question;
	int type = flight->tcp ? SOCK_STREAM : SOCK_DGRAM;

	if (flight->fd >= 0)
		close(flight->fd);
	flight->fd = socket(q->to.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	flight->id = secure_rng_u16(&asker->rng);
	flight->written = flight->have = 0;
	flight->sent_at = clock_now(asker->clock);
	flight->deadline = flight->sent_at + (usec_t)asker->timeout_ms * USEC_PER_MSEC;
	int status = write_query(flight);
	if (status != ZT_OK || flight->fd < 0) {
		land(flight, status != ZT_OK ? status : status_from_errno(errno));
		return;
	}
	if (connect(flight->fd, &q->to.any, netaddr_len(&q->to)) < 0 && errno != EINPROGRESS) {
		land(flight, errno == ECONNREFUSED ? ZT_EREFUSED : status_from_errno(errno));
		return;
	}
	q->sent++;
	if (!flight->tcp && send(flight->fd, flight->query + 2, flight->query_len, MSG_NOSIGNAL) < 0)
		land(flight, errno == ECONNREFUSED ? ZT_EREFUSED : status_from_errno(errno));
}

/* Whether these bytes answer this question. */
static bool answers(const struct flight *flight, const struct message *m)
{
	const struct question *q = flight->question;

	if (m->id != flight->id || !(m->flags & FLAG_QR))
		return false;
	/* Some servers leave the question out of an error. */
	if (m->count[SECTION_QUESTION] == 0)
		return message_rcode(m) != RCODE_NOERROR;
	return m->qtype == q->type && name_equal(m->qname, q->name);
}

static void take_answer(struct asker *asker, struct flight *flight, const uint8_t *wire, size_t len)
{
	struct question *q = flight->question;
	int status = message_read(&q->message, wire, len);

	if (status == ZT_ETRUNC || q->message.id != flight->id)
		return;
	if (status == ZT_OK && !answers(flight, &q->message))
		return;
	unsigned rcode = status == ZT_OK ? message_rcode(&q->message) : RCODE_NOERROR;
	if (status == ZT_OK && !flight->tcp && q->message.flags & FLAG_TC) {
		flight->tcp = true;
		launch(asker, flight);
		return;
	}
	if (flight->edns && (rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP || rcode == RCODE_BADVERS)) {
		flight->edns = false;
		launch(asker, flight);
		return;
	}
	if (!flight->tcp)
		q->rtt_s = (double)(clock_now(asker->clock) - flight->sent_at) / (double)USEC_PER_SEC;
	land(flight, status);
	/* The message borrows these bytes, so they are kept at the size they have. */
	uint8_t *kept = malloc(len);
	if (!kept) {
		q->status = ZT_ENOMEM;
		return;
	}
	memcpy(kept, wire, len);
	q->wire = kept;
	if (status == ZT_OK)
		q->status = message_read(&q->message, kept, len);
}

static void on_tcp(struct asker *asker, struct flight *flight)
{
	ssize_t n;

	if (flight->written < flight->query_len + 2) {
		n = send(flight->fd, flight->query + flight->written, flight->query_len + 2 - flight->written, MSG_NOSIGNAL);
		if (n > 0)
			flight->written += (size_t)n;
		else if (n < 0 && errno != EAGAIN)
			land(flight, errno == ECONNREFUSED ? ZT_EREFUSED : status_from_errno(errno));
		return;
	}
	n = recv(flight->fd, flight->answer + flight->have, ANSWER_SIZE + 2 - flight->have, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		land(flight, ZT_ECLOSED);
		return;
	}
	flight->have += n > 0 ? (size_t)n : 0;
	if (flight->have < 2 || flight->have < 2u + wire_get_u16(flight->answer))
		return;
	take_answer(asker, flight, flight->answer + 2, wire_get_u16(flight->answer));
	if (flight->fd >= 0 && flight->have > 0)
		land(flight, ZT_EMALFORMED);
}

static void on_udp(struct asker *asker, struct flight *flight)
{
	ssize_t n = recv(flight->fd, flight->answer, ANSWER_SIZE, 0);

	if (n >= 0)
		take_answer(asker, flight, flight->answer, (size_t)n);
	else if (errno != EAGAIN)
		land(flight, errno == ECONNREFUSED ? ZT_EREFUSED : status_from_errno(errno));
}

static void on_deadline(struct asker *asker, struct flight *flight)
{
	flight->question->lost++;
	if (++flight->try < asker->tries)
		launch(asker, flight);
	else
		land(flight, ZT_ETIMEOUT);
}

/* One turn of the loop; false when all have landed. */
static bool turn(struct asker *asker, struct flight *flights, struct pollfd *polls, size_t count)
{
	usec_t now = clock_now(asker->clock), next = INT64_MAX;
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		struct flight *f = &flights[i];
		if (f->fd >= 0 && f->deadline <= now)
			on_deadline(asker, f);
		polls[i] = (struct pollfd){ .fd = f->fd, .events = f->tcp && f->written < f->query_len + 2 ? POLLOUT : POLLIN };
		if (f->fd >= 0) {
			any = true;
			next = f->deadline < next ? f->deadline : next;
		}
	}
	if (!any)
		return false;
	now = clock_now(asker->clock);
	int wait_ms = next > now ? (int)((next - now) / USEC_PER_MSEC) + 1 : 0;
	if (poll(polls, count, wait_ms) <= 0)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (flights[i].fd < 0 || polls[i].revents == 0)
			continue;
		if (flights[i].tcp)
			on_tcp(asker, &flights[i]);
		else
			on_udp(asker, &flights[i]);
	}
	return true;
}

int ask_all(struct asker *asker, struct question *questions, size_t count)
{
	struct flight *flights = calloc(count + 1, sizeof(*flights));
	struct pollfd *polls = calloc(count + 1, sizeof(*polls));
	int status = flights && polls ? ZT_OK : ZT_ENOMEM;

	for (size_t i = 0; i < count && status == ZT_OK; i++) {
		flights[i] = (struct flight){ .question = &questions[i], .fd = -1, .edns = true, .answer = malloc(ANSWER_SIZE + 2) };
		if (!flights[i].answer)
			status = ZT_ENOMEM;
	}
	for (size_t i = 0; i < count && status == ZT_OK; i++)
		launch(asker, &flights[i]);
	while (status == ZT_OK && turn(asker, flights, polls, count))
		;
	for (size_t i = 0; flights && i < count; i++)
		free(flights[i].answer);
	free(flights);
	free(polls);
	return status;
}

void ask_free(struct question *questions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(questions[i].wire);
		questions[i].wire = NULL;
	}
}
