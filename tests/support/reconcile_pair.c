/* A reconciliation client and server side by side. */
#include "tests/support/reconcile_pair.h"

#include <stdlib.h>

#include "tests/support/suite.h"

enum { QUEUE_MAX = 80 };

/* Queries on their way to the server. */
struct queue {
	struct { uint8_t *wire; size_t len; } at[QUEUE_MAX];
	unsigned count;
};

struct zone_digest reconcile_pair_digest(const struct zone_version *version)
{
	struct zone_digester *digester;
	struct zone_digest digest;
	int status;

	ck_assert_int_eq(zone_digester_new(version, &digester), ZT_OK);
	while ((status = zone_digester_step(digester, 100000, &digest)) == ZT_EAGAIN)
		;
	ck_assert_int_eq(status, ZT_OK);
	zone_digester_free(digester);
	return digest;
}

static size_t under_way(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t len)
{
	pair->bytes += len + 2;
	if (pair->meddle)
		pair->meddle(pair, to_server, wire, &len);
	return len;
}

static void queries_gather(struct reconcile_pair *pair, struct reconcile_client *client, struct queue *queue)
{
	uint8_t *wire = malloc(MESSAGE_MAX_LEN);
	size_t len;
	int status;

	while ((status = reconcile_client_query(client, wire, MESSAGE_MAX_LEN, &len)) == ZT_OK) {
		ck_assert_uint_lt(queue->count, QUEUE_MAX);
		ck_assert_uint_le(len, MESSAGE_MAX_LEN - RECONCILE_ROOM);
		pair->queries++;
		len = under_way(pair, true, wire, len);
		if (len == 0)
			continue;
		queue->at[queue->count].wire = memcpy(malloc(len), wire, len);
		queue->at[queue->count++].len = len;
	}
	ck_assert_int_eq(status, ZT_EDONE);
	free(wire);
}

static enum reconcile_result deliver(struct reconcile_pair *pair, struct reconcile_client *client, uint8_t *wire, size_t len)
{
	enum reconcile_result result = RECONCILE_MORE;

	pair->messages++;
	len = under_way(pair, false, wire, len);
	for (unsigned i = 0; i <= pair->copies && len > 0; i++) {
		uint8_t *copy = memcpy(malloc(len), wire, len);      /* so that a read behind its end is found */
		result = reconcile_client_message(client, copy, len);
		free(copy);
	}
	return result;
}

/* What the server's owner does: finds the version, or says that it is gone. */
static int refuse(const struct reconcile_pair *pair, const struct message *message, uint8_t *wire, size_t *len)
{
	struct reconcile_query query;

	int status = reconcile_query_read(&message->edns, &query);
	if (status != ZT_OK)
		return status;
	struct zsync meant = { .key_id = query.key_id, .serial = query.serial, .summary = query.summary };
	struct zsync ours = zsync_of_version(pair->version, pair->key);
	if (query.key_id != ours.key_id)
		return reconcile_status_write(message, RECONCILE_OTHER_KEY, wire, MESSAGE_MAX_LEN, len);
	if (!(query.flags & RECONCILE_FIRST) && (meant.serial != ours.serial || !zsync_is_same(&meant, &ours)))
		return reconcile_status_write(message, RECONCILE_STALE, wire, MESSAGE_MAX_LEN, len);
	*len = 0;
	return ZT_OK;
}

static bool has_ended(enum reconcile_result result)
{
	return result == RECONCILE_DONE || result == RECONCILE_CURRENT || result == RECONCILE_FAILED;
}

static enum reconcile_result answer(struct reconcile_pair *pair, struct reconcile_client *client, const struct message *message)
{
	struct reconcile_server_config config = { .version = pair->version, .key = pair->key, .query = message };
	enum reconcile_result result = RECONCILE_MORE;
	struct reconcile_server *server;
	uint8_t *wire = malloc(MESSAGE_MAX_LEN);
	size_t len;

	int status = refuse(pair, message, wire, &len);
	if (status == ZT_OK && len > 0) {
		result = deliver(pair, client, wire, len);
	} else if (status != ZT_OK || reconcile_server_new(&config, &server) != ZT_OK) {
		pair->ignored++;
	} else {
		while (!has_ended(result) && (status = reconcile_server_next(server, wire, &len)) != ZT_EDONE) {
			pair->calls++;
			if (status == ZT_EBUSY) {
				struct zone_digest digest = reconcile_pair_digest(pair->version);
				reconcile_server_digest(server, &digest);
			} else if (status == ZT_OK) {
				ck_assert_uint_le(len, MESSAGE_MAX_LEN - RECONCILE_ROOM);
				result = deliver(pair, client, wire, len);
			} else if (status != ZT_EAGAIN) {
				pair->ignored++;
				break;
			}
		}
		reconcile_server_free(server);
	}
	free(wire);
	return result;
}

enum reconcile_result reconcile_pair_run(struct reconcile_pair *pair, struct reconcile_client *client)
{
	enum reconcile_result result = RECONCILE_SEND;
	struct queue queue = { .count = 0 };
	struct message message;

	do {
		if (result == RECONCILE_SEND)
			queries_gather(pair, client, &queue);
		if (result == RECONCILE_WORK) {
			result = reconcile_client_work(client);
			continue;
		}
		if (queue.count == 0)
			break;
		if (pair->on_query)
			pair->on_query(pair);
		result = RECONCILE_MORE;
		if (message_read(&message, queue.at[0].wire, queue.at[0].len) == ZT_OK)
			result = answer(pair, client, &message);
		else
			pair->ignored++;
		free(queue.at[0].wire);
		memmove(&queue.at[0], &queue.at[1], --queue.count * sizeof(queue.at[0]));
	} while (result == RECONCILE_MORE || result == RECONCILE_SEND || result == RECONCILE_WORK);
	while (queue.count > 0)
		free(queue.at[--queue.count].wire);
	return result;
}
