/* The asking side of reconciliation: the input is the server's messages, each led by its length (two bytes). The client ends, and the zone stays what it is: no
 * input knows the digest that it would have to have. */
#include <stdlib.h>
#include <string.h>

#include "lib/xfr/reconcile_client.h"
#include "tests/fuzz/reconcile_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fingerprint_key key = { "fuzz_reconcile" };

enum { CALLS_MAX = 1000000 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* What the client wants to send and do until it waits or has ended. */
static enum reconcile_result settle(struct reconcile_client *client, enum reconcile_result result)
{
	static uint8_t wire[MESSAGE_MAX_LEN];
	size_t len;

	for (unsigned calls = 0; result == RECONCILE_SEND || result == RECONCILE_WORK; calls++) {
		require(calls < CALLS_MAX);
		if (result == RECONCILE_WORK) {
			result = reconcile_client_work(client);
			continue;
		}
		while (reconcile_client_query(client, wire, sizeof(wire), &len) == ZT_OK) {
			struct message message;
			struct reconcile_query query;
			require(len <= MESSAGE_MAX_LEN - RECONCILE_ROOM && message_read(&message, wire, len) == ZT_OK);
			require(reconcile_query_read(&message.edns, &query) == ZT_OK);
		}
		result = RECONCILE_MORE;
	}
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone *zone = reconcile_fuzz_zone(&key, 3);
	struct reconcile_client *client;

	struct reconcile_client_config config = { .zone = zone, .key = &key, .any_serial = true, .max_bytes = 4 << 20 };
	require(reconcile_client_new(&config, &client) == ZT_OK);
	enum reconcile_result result = settle(client, RECONCILE_SEND);
	for (size_t at = 0; at + 2 <= size && result == RECONCILE_MORE;) {
		size_t len = wire_get_u16(data + at);
		at += 2;
		len = len < size - at ? len : size - at;
		uint8_t *copy = malloc(len + 1);
		require(copy);
		memcpy(copy, data + at, len);
		result = settle(client, reconcile_client_message(client, copy, len));
		free(copy);
		at += len;
	}
	require(result == RECONCILE_MORE || result == RECONCILE_FAILED || result == RECONCILE_CURRENT || result == RECONCILE_DONE);
	reconcile_client_free(client);
	return 0;
}
