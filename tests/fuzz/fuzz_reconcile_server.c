/* The answering side of reconciliation: the input is what stands in a query's option. Whatever it is, the answer ends, each message of it is sound and has its room,
 * and nothing is given that the zone has not. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/writer.h"
#include "lib/xfr/reconcile_server.h"
#include "tests/fuzz/reconcile_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fingerprint_key key = { "fuzz_reconcile" };

enum { CALLS_MAX = 1000000 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static size_t query_write(uint8_t wire[MESSAGE_MAX_LEN], const uint8_t *data, size_t size)
{
	static uint8_t option[MESSAGE_MAX_LEN];
	struct message_writer writer;

	wire_put_u16(option, RECONCILE_OPTION);
	wire_put_u16(option + 2, (uint16_t)size);
	memcpy(option + 4, data, size);
	message_writer_init(&writer, wire, MESSAGE_MAX_LEN, 1, 0);
	require(message_write_question(&writer, reconcile_fuzz_apex, RECONCILE_TYPE, CLASS_IN) == ZT_OK);
	require(message_write_edns(&writer, &(struct edns_out){ .udp_size = 1232, .options = option, .options_len = (uint16_t)(size + 4) }) == ZT_OK);
	return message_writer_finish(&writer);
}

static void answer_check(const uint8_t *wire, size_t len)
{
	struct reconcile_answer answer;
	struct message message;

	require(len <= MESSAGE_MAX_LEN - RECONCILE_ROOM && message_read(&message, wire, len) == ZT_OK);
	require(reconcile_answer_read(&message.edns, &answer) == ZT_OK && message_rcode(&message) == RCODE_NOERROR);
}

static void answer_all(struct reconcile_server *server)
{
	static uint8_t wire[MESSAGE_MAX_LEN];
	static const struct zone_digest digest = { { 1 } };
	size_t len;
	int status;

	for (unsigned calls = 0; (status = reconcile_server_next(server, wire, &len)) != ZT_EDONE; calls++) {
		require(calls < CALLS_MAX);
		if (status == ZT_OK)
			answer_check(wire, len);
		else if (status == ZT_EBUSY)
			reconcile_server_digest(server, &digest);
		else if (status != ZT_EAGAIN)
			break;
	}
	require(status == ZT_EDONE || status == ZT_EMALFORMED || status == ZT_ELIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t wire[MESSAGE_MAX_LEN];
	struct zone *zone = reconcile_fuzz_zone(&key, 1);
	struct reconcile_server *server;
	struct message message;

	if (size > 60000)
		return 0;
	require(message_read(&message, wire, query_write(wire, data, size)) == ZT_OK);
	struct reconcile_server_config config = { zone_current(zone), &key, &message };
	if (reconcile_server_new(&config, &server) != ZT_OK)
		return 0;
	answer_all(server);
	reconcile_server_free(server);
	return 0;
}
