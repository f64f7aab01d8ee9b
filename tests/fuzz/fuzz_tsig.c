/* Fuzzes signed messages: what is read lies within the message, no stranger's message verifies, and what we sign verifies and stays readable. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/tsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1764000000 };

static uint8_t wire[MESSAGE_MAX_LEN];

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* As a question, as an answer, and refused. */
static void stranger_check(const struct tsig_key *key, const struct message *message)
{
	struct tsig_record record;
	struct tsig_chain chain;
	struct tsig_check check;

	tsig_check_init(&check, key);
	check.chain.mac_len = TSIG_MAC_MAX_LEN;
	memset(check.chain.mac, 7, TSIG_MAC_MAX_LEN);
	require(!tsig_verify_reply(&check, message, NOW) && !tsig_verify_end(&check));
	check.chain.is_continued = true;
	check.fault = TSIG_SOUND;
	if (tsig_verify_reply(&check, message, NOW))
		require(message->tsig_at == 0 && check.unsigned_count == 1 && !tsig_verify_end(&check));
	if (message->tsig_at == 0 || tsig_read(&record, message) != ZT_OK)
		return;
	require(record.mac + record.mac_len <= message->wire + message->len && record.other + record.other_len <= message->wire + message->len);
	require(tsig_verify_query(&chain, key, message, &record, record.time) != RCODE_NOERROR);
	struct tsig_message out = { wire, message->tsig_at, sizeof(wire) };
	memcpy(wire, message->wire, message->tsig_at);
	wire_put_u16(wire + 10, (uint16_t)(wire_get_u16(wire + 10) - 1));
	require(tsig_refuse(&record, &out, RCODE_BADKEY) == ZT_ESPACE || out.len == message->tsig_at + tsig_refuse_room(&record));
}

static void own_check(const struct tsig_key *key, const struct message *message)
{
	size_t len = message->tsig_at > 0 ? message->tsig_at : message->len;
	struct tsig_message out = { wire, len, sizeof(wire) };
	struct tsig_record record;
	struct tsig_chain chain, theirs;
	struct message read;

	memcpy(wire, message->wire, len);
	if (message->tsig_at > 0)
		wire_put_u16(wire + 10, (uint16_t)(wire_get_u16(wire + 10) - 1));
	if (wire_get_u16(wire + 10) == UINT16_MAX)
		return;
	tsig_chain_init(&chain, key);
	if (tsig_sign(&chain, &out, &(struct tsig_stamp){ .time = NOW, .fudge = TSIG_FUDGE_S }) != ZT_OK)
		return;
	require(message_read(&read, wire, out.len) == ZT_OK && read.tsig_at == len && tsig_read(&record, &read) == ZT_OK);
	require(tsig_verify_query(&theirs, key, &read, &record, NOW) == RCODE_NOERROR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tsig_key *key = NULL;
	struct message message;
	const char *why;

	if (size > MESSAGE_MAX_LEN || message_read(&message, data, size) != ZT_OK)
		return 0;
	require(tsig_key_from_text(&key, "xfr-key.example:bm90IHRvIGJlIGd1ZXNzZWQ=", &why) == ZT_OK);
	stranger_check(key, &message);
	own_check(key, &message);
	tsig_key_release(key);
	return 0;
}
