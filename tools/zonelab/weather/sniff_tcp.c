/* Connections to port 53: where their messages begin and end, who asked what in them, and when the answer is whole.
 *
 * A stream is followed as its sender sends it: each new byte once, in order, whatever the weather does to it. What the weather took is a hole until the receiver
 * acknowledges what lies behind it. Only where a segment was never seen (the connection is older than its memory here) the track is lost; then bytes are all that is counted.
 */
#include "tools/zonelab/weather/sniff_inner.h"

#include <stdlib.h>

#include "lib/base/cursor.h"
#include "lib/dns/rrtype.h"

enum { BUCKETS = 1024, REQUESTS = 4, NONE = -1, TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct request {
	struct sniff_message message;
	uint64_t asked;                   /* bytes of the question */
	uint16_t id;
	bool is_open;
	bool is_whole;                    /* by what was seen last */
	bool has_soa;
	uint8_t soa[SNIFF_SOA_NUMBERS];   /* the numbers of the SOA record the transfer began with */
};

struct stream {
	uint32_t next;                    /* sequence number of the next new byte */
	bool is_known;                    /* its beginning was seen */
	bool is_lost;                     /* a segment was not seen */
	bool has_hole;
	uint32_t hole_end;
	uint8_t prefix_len;               /* 0 to 2: of the length in front of a message */
	uint32_t len, left;               /* of the message, with prefix_len 2 */
	usec_t began;                     /* the message's first byte was sent */
	size_t head_len, tail_len;
	uint8_t head[SNIFF_HEAD], tail[SNIFF_TAIL];
};

struct connection {
	uint64_t key;
	int16_t next;                     /* in the bucket */
	bool is_used;
	bool is_closing;                  /* one side has ended */
	bool saw_drop;
	uint8_t open;                     /* requests */
	uint32_t first;                   /* the client's initial sequence number */
	uint16_t client, server;          /* nodes */
	usec_t last;                      /* the latest packet arrives, of either side */
	struct stream ask, answer;
	struct request requests[REQUESTS];
};

struct connections {
	sniff_report *report;
	void *ctx;
	size_t open;                      /* requests of all */
	unsigned hand;                    /* where the next one to forget is looked for */
	int16_t buckets[BUCKETS];
	struct connection all[SNIFF_CONNECTIONS];
};

struct segment {
	uint32_t sequence, acknowledged;
	uint8_t flags;
	const uint8_t *data;
	size_t len;
	usec_t sent, due;
	bool is_delivered;
};

struct connections *sniff_tcp_new(sniff_report *report, void *ctx)
{
	struct connections *connections = calloc(1, sizeof(*connections));

	if (!connections)
		return NULL;
	connections->report = report;
	connections->ctx = ctx;
	for (size_t i = 0; i < BUCKETS; i++)
		connections->buckets[i] = NONE;
	return connections;
}

void sniff_tcp_free(struct connections *connections)
{
	free(connections);
}

size_t sniff_tcp_open(const struct connections *connections)
{
	return connections->open;
}

/* ---- the table */

static int16_t *bucket_of(struct connections *connections, uint64_t key)
{
	return &connections->buckets[key % BUCKETS];
}

static struct connection *connection_find(struct connections *connections, uint64_t key)
{
	int16_t at = *bucket_of(connections, key);
	while (at != NONE && connections->all[at].key != key)
		at = connections->all[at].next;
	return at == NONE ? NULL : &connections->all[at];
}

static void request_report(struct connections *connections, struct connection *connection, struct request *request)
{
	struct sniff_message *message = &request->message;

	/* What was sent and never came is no answer. */
	if (connection->answer.has_hole)
		message->is_answered = false;
	if (!message->is_answered) {
		message->bytes = request->asked;
		message->is_dropped = connection->saw_drop && message->kind != SNIFF_NOTIFY;
	}
	request->is_open = false;
	connection->open--;
	connections->open--;
	connections->report(connections->ctx, message);
}

static void connection_end(struct connections *connections, struct connection *connection)
{
	int16_t *place = bucket_of(connections, connection->key), mine = (int16_t)(connection - connections->all);

	for (size_t i = 0; i < REQUESTS; i++) {
		if (connection->requests[i].is_open)
			request_report(connections, connection, &connection->requests[i]);
	}
	while (*place != mine)
		place = &connections->all[*place].next;
	*place = connection->next;
	connection->is_used = false;
}

static struct connection *connection_begin(struct connections *connections, uint64_t key)
{
	struct connection *connection = &connections->all[connections->hand];

	connections->hand = (connections->hand + 1) % SNIFF_CONNECTIONS;
	if (connection->is_used)
		connection_end(connections, connection);
	int16_t *bucket = bucket_of(connections, key);
	memset(connection, 0, offsetof(struct connection, ask));
	memset(&connection->ask, 0, offsetof(struct stream, head));
	memset(&connection->answer, 0, offsetof(struct stream, head));
	connection->is_used = true;
	connection->key = key;
	connection->next = *bucket;
	*bucket = (int16_t)(connection - connections->all);
	return connection;
}

/* ---- requests */

static bool is_transfer(enum sniff_kind kind)
{
	return kind == SNIFF_IXFR || kind == SNIFF_AXFR;
}

static struct request *request_find(struct connection *connection, uint16_t id)
{
	struct request *session = NULL;

	for (size_t i = 0; i < REQUESTS; i++) {
		struct request *request = &connection->requests[i];
		if (request->is_open && request->id == id)
			return request;
		if (request->is_open && request->message.kind == SNIFF_ZSYNC)
			session = request;
	}
	return session;
}

/* A free place. The answers that look whole are: something else is asked now. */
static struct request *request_place(struct connections *connections, struct connection *connection)
{
	struct request *oldest = NULL, *free_one = NULL;

	for (size_t i = 0; i < REQUESTS; i++) {
		struct request *request = &connection->requests[i];
		if (request->is_open && request->is_whole && !connection->answer.has_hole)
			request_report(connections, connection, request);
		if (!request->is_open)
			free_one = request;
		else if (!oldest || request->message.begin < oldest->message.begin)
			oldest = request;
	}
	if (!free_one) {
		request_report(connections, connection, oldest);
		free_one = oldest;
	}
	return free_one;
}

static void on_question(struct connections *connections, struct connection *connection, const struct segment *segment)
{
	struct question question;
	const struct stream *stream = &connection->ask;

	if (!sniff_question_read(&question, stream->head, stream->head_len) || question.is_response || question.kind == SNIFF_NOTHING)
		return;
	struct request *session = question.kind == SNIFF_ZSYNC ? request_find(connection, question.id) : NULL;
	if (session && session->message.kind == SNIFF_ZSYNC && session->message.zone_len == question.zone_len &&
	    memcmp(session->message.zone, question.zone, question.zone_len) == 0) {
		session->asked += stream->len;
		return;
	}
	struct request *request = request_place(connections, connection);
	*request = (struct request){ .id = question.id, .is_open = true, .asked = stream->len };
	request->message = (struct sniff_message){
		.kind = question.kind, .from = connection->client, .to = connection->server, .is_tcp = true, .zone_len = question.zone_len,
		.begin = stream->began, .end = segment->due,
	};
	memcpy(request->message.zone, question.zone, question.zone_len);
	connection->open++;
	connections->open++;
	if (question.kind == SNIFF_NOTIFY)
		request_report(connections, connection, request);
}

/* ---- answers */

/* Keeps the numbers of the first record, if that is a SOA; returns where they stand in the message, 0 without. */
static size_t first_soa_read(struct request *request, const struct stream *stream, size_t at)
{
	uint8_t owner[NAME_MAX_LEN];
	struct rcursor cur = rcursor_over(stream->head, stream->head_len);

	rcursor_take(&cur, at);
	if (name_read(&cur, owner) == 0 || rcursor_u16(&cur) != TYPE_SOA)
		return 0;
	rcursor_take(&cur, 6);
	uint16_t len = rcursor_u16(&cur);
	if (len < SNIFF_SOA_NUMBERS)
		return 0;
	rcursor_take(&cur, (size_t)len - SNIFF_SOA_NUMBERS);
	size_t place = cur.pos;
	const uint8_t *numbers = rcursor_take(&cur, SNIFF_SOA_NUMBERS);
	if (!numbers)
		return 0;
	memcpy(request->soa, numbers, SNIFF_SOA_NUMBERS);
	request->has_soa = true;
	return place;
}

/* Whether the message ends with the SOA record of the beginning; `first` is where that one stands, if in this message. */
static bool ends_with_soa(const struct request *request, const struct stream *stream, size_t first)
{
	if (!request->has_soa || stream->tail_len < SNIFF_SOA_NUMBERS)
		return false;
	for (size_t i = stream->tail_len - SNIFF_SOA_NUMBERS + 1; i-- > 0;) {
		if (memcmp(stream->tail + i, request->soa, SNIFF_SOA_NUMBERS) == 0)
			return stream->len - stream->tail_len + i > first;
	}
	return false;
}

static void on_answer(struct connections *connections, struct connection *connection, const struct segment *segment)
{
	struct question question;
	const struct stream *stream = &connection->answer;

	if (!sniff_question_read(&question, stream->head, stream->head_len) || !question.is_response)
		return;
	struct request *request = request_find(connection, question.id);
	if (!request)
		return;
	struct sniff_message *message = &request->message;
	size_t soa_at = 0;
	if (is_transfer(message->kind) && message->bytes == 0 && !question.is_alone)
		soa_at = first_soa_read(request, stream, question.end);
	bool is_first = message->bytes == 0;
	message->bytes += stream->len;
	message->is_answered = true;
	if (segment->is_delivered && segment->due > message->end)
		message->end = segment->due;
	if (is_transfer(message->kind))
		request->is_whole = (is_first && question.is_alone) || ends_with_soa(request, stream, soa_at);
	else
		request->is_whole = message->kind != SNIFF_ZSYNC;
	/* A transfer might go on behind a SOA record in its middle, which a moment will show. */
	if (request->is_whole && !connection->answer.has_hole && (!is_transfer(message->kind) || (is_first && question.is_alone)))
		request_report(connections, connection, request);
}

/* ---- streams */

static void keep_head(struct stream *stream, const uint8_t *data, size_t len)
{
	size_t room = SNIFF_HEAD - stream->head_len;
	size_t part = len < room ? len : room;

	memcpy(stream->head + stream->head_len, data, part);
	stream->head_len += part;
}

static void keep_tail(struct stream *stream, const uint8_t *data, size_t len)
{
	if (len >= SNIFF_TAIL) {
		memcpy(stream->tail, data + len - SNIFF_TAIL, SNIFF_TAIL);
		stream->tail_len = SNIFF_TAIL;
		return;
	}
	size_t kept = stream->tail_len + len > SNIFF_TAIL ? SNIFF_TAIL - len : stream->tail_len;
	memmove(stream->tail, stream->tail + stream->tail_len - kept, kept);
	memcpy(stream->tail + kept, data, len);
	stream->tail_len = kept + len;
}

/* New bytes, in order. */
static void stream_take(struct connections *connections, struct connection *connection, bool is_client, const struct segment *segment)
{
	struct stream *stream = is_client ? &connection->ask : &connection->answer;
	const uint8_t *data = segment->data, *end = data + segment->len;

	while (data < end) {
		if (stream->prefix_len < 2) {
			if (stream->prefix_len == 0)
				stream->began = segment->sent;
			stream->len = stream->prefix_len == 0 ? *data : stream->len << 8 | *data;
			stream->left = stream->len;
			stream->prefix_len++;
			stream->head_len = stream->tail_len = 0;
			data++;
		} else {
			size_t part = (size_t)(end - data) < stream->left ? (size_t)(end - data) : stream->left;
			keep_head(stream, data, part);
			keep_tail(stream, data, part);
			stream->left -= (uint32_t)part;
			data += part;
		}
		if (stream->prefix_len < 2 || stream->left > 0)
			continue;
		stream->prefix_len = 0;
		if (stream->len > 0 && is_client)
			on_question(connections, connection, segment);
		else if (stream->len > 0)
			on_answer(connections, connection, segment);
	}
}

/* Bytes of an answer whose messages can't be told apart count for the oldest question. */
static void count_blindly(struct connection *connection, const struct segment *segment)
{
	struct request *oldest = NULL;

	for (size_t i = 0; i < REQUESTS; i++) {
		struct request *request = &connection->requests[i];
		if (request->is_open && (!oldest || request->message.begin < oldest->message.begin))
			oldest = request;
	}
	if (!oldest)
		return;
	oldest->message.bytes += segment->len;
	oldest->message.is_answered = true;
	oldest->is_whole = false;
	if (segment->is_delivered && segment->due > oldest->message.end)
		oldest->message.end = segment->due;
}

static void stream_data(struct connections *connections, struct connection *connection, bool is_client, struct segment segment)
{
	struct stream *stream = is_client ? &connection->ask : &connection->answer;
	int32_t ahead = (int32_t)(segment.sequence - stream->next);
	uint32_t end = segment.sequence + (uint32_t)segment.len;

	if (!stream->is_known || segment.len == 0)
		return;
	if (!segment.is_delivered && (!stream->has_hole || (int32_t)(end - stream->hole_end) > 0)) {
		stream->has_hole = true;
		stream->hole_end = end;
	}
	if (ahead < 0) {
		/* Sent again: only what lies behind the known part is new. */
		if ((int32_t)(end - stream->next) <= 0)
			return;
		segment.data += -(int64_t)ahead;
		segment.len -= (size_t) - (int64_t)ahead;
	}
	stream->is_lost |= ahead > 0;
	stream->next = end;
	if (!stream->is_lost)
		stream_take(connections, connection, is_client, &segment);
	else if (!is_client)
		count_blindly(connection, &segment);
}

/* The client has all that the weather had taken of the answers. */
static void hole_close(struct connection *connection, const struct segment *segment)
{
	struct stream *stream = &connection->answer;

	if (!stream->has_hole || (int32_t)(segment->acknowledged - stream->hole_end) < 0)
		return;
	stream->has_hole = false;
	for (size_t i = 0; i < REQUESTS; i++) {
		struct request *request = &connection->requests[i];
		if (request->is_open && request->message.is_answered && segment->sent > request->message.end)
			request->message.end = segment->sent;
	}
}

/* ---- segments */

/* The same for both directions. */
static uint64_t connection_key(const struct ip_header *ip, bool is_client, uint16_t client_port)
{
	const uint8_t *client = is_client ? ip->source : ip->destination, *server = is_client ? ip->destination : ip->source;
	uint64_t key = client_port;

	for (size_t i = 0; i < ip->address_len; i += 4) {
		key = (key ^ wire_get_u32(client + i)) * UINT64_C(0x9e3779b97f4a7c15);
		key = (key ^ key >> 31 ^ wire_get_u32(server + i)) * UINT64_C(0xbf58476d1ce4e5b9);
	}
	return key ^ key >> 29;
}

static struct connection *connection_open(struct connections *connections, uint64_t key, const struct sighting *sighting, const struct segment *segment)
{
	struct connection *connection = connection_find(connections, key);

	if (connection && connection->first == segment->sequence)
		return connection;
	if (connection)
		connection_end(connections, connection);
	connection = connection_begin(connections, key);
	connection->client = (uint16_t)sighting->from;
	connection->server = (uint16_t)sighting->to;
	connection->first = segment->sequence;
	connection->ask.next = segment->sequence + 1;
	connection->ask.is_known = true;
	return connection;
}

static void on_segment(struct connections *connections, struct connection *connection, bool is_client, const struct segment *segment)
{
	connection->saw_drop |= !segment->is_delivered;
	if (segment->due > connection->last)
		connection->last = segment->due;
	if (!is_client && (segment->flags & TCP_SYN) && !connection->answer.is_known) {
		connection->answer.next = segment->sequence + 1;
		connection->answer.is_known = true;
	}
	if (is_client && (segment->flags & TCP_ACK))
		hole_close(connection, segment);
	/* A SYN counts as a byte; data may be with it (RFC 7413). */
	struct segment data = *segment;
	data.sequence += (segment->flags & TCP_SYN) != 0;
	stream_data(connections, connection, is_client, data);
	if (!segment->is_delivered)
		return;
	connection->is_closing |= (segment->flags & TCP_FIN) != 0;
	if ((segment->flags & TCP_RST) || (connection->is_closing && connection->open == 0))
		connection_end(connections, connection);
}

void sniff_tcp_segment(struct connections *connections, const struct sighting *sighting, const struct ip_header *ip)
{
	if (ip->payload_len < TCP_HEADER)
		return;
	uint16_t source = wire_get_u16(ip->payload), destination = wire_get_u16(ip->payload + 2);
	size_t header = (size_t)(ip->payload[12] >> 4) * 4;
	if ((source != SNIFF_PORT && destination != SNIFF_PORT) || header < TCP_HEADER || header > ip->payload_len)
		return;
	struct segment segment = {
		.sequence = wire_get_u32(ip->payload + 4), .acknowledged = wire_get_u32(ip->payload + 8), .flags = ip->payload[13],
		.data = ip->payload + header, .len = ip->payload_len - header, .sent = sighting->sent, .due = sighting->due,
		.is_delivered = sighting->fate == FATE_DELIVERED,
	};
	bool is_client = destination == SNIFF_PORT;
	uint64_t key = connection_key(ip, is_client, is_client ? source : destination);
	struct connection *connection = is_client && (segment.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN
						? connection_open(connections, key, sighting, &segment) : connection_find(connections, key);
	if (connection)
		on_segment(connections, connection, is_client, &segment);
}

/* ---- quiet */

static bool request_is_over(const struct connection *connection, const struct request *request, usec_t now)
{
	const struct stream *answer = &connection->answer;
	usec_t quiet = now - (connection->last > request->message.end ? connection->last : request->message.end);

	if (quiet > SNIFF_PATIENCE)
		return true;
	bool is_between = answer->is_lost || answer->prefix_len == 0;
	if (answer->has_hole || !request->message.is_answered || !is_between)
		return false;
	return quiet > (request->is_whole || connection->is_closing ? SNIFF_QUIET_WHOLE : SNIFF_QUIET);
}

void sniff_tcp_tick(struct connections *connections, usec_t now)
{
	for (size_t i = 0; connections->open > 0 && i < SNIFF_CONNECTIONS; i++) {
		struct connection *connection = &connections->all[i];
		if (!connection->is_used || connection->open == 0)
			continue;
		for (size_t j = 0; j < REQUESTS; j++) {
			struct request *request = &connection->requests[j];
			if (request->is_open && request_is_over(connection, request, now))
				request_report(connections, connection, request);
		}
		if (connection->is_closing && connection->open == 0)
			connection_end(connections, connection);
	}
}
