/* Signatures of what is sent, and of what comes back (TSIG, RFC 8945). What is not signed as it should be is told and counts as not received. */
#include <stdlib.h>
#include <string.h>

#include "authd/manage/outbound_inner.h"
#include "authd/manage/registry.h"

#define SIGNED_ANEW (30 * USEC_PER_SEC)      /* a question repeated after so long is signed anew */

static usec_t wall_of(const struct outbound *outbound)
{
	return clock_wall(outbound->manage->clock);
}

/* Copies the question to `out` and signs it. */
static int question_sign(struct tsig_chain *chain, struct tsig_message *out, const struct outbound_question *question, usec_t wall)
{
	struct tsig_stamp stamp = { .time = (uint64_t)(wall / USEC_PER_SEC), .fudge = TSIG_FUDGE_S };

	if (question->len > out->size)
		return ZT_ESPACE;
	memcpy(out->wire, question->wire, question->len);
	out->len = question->len;
	return tsig_sign(chain, out, &stamp);
}

/* Of a question that is under way. */
struct outbound_signature {
	struct tsig_chain chain;
	usec_t signed_at;      /* wall clock */
};

int outbound_sign_query(const struct outbound *outbound, struct outbound_query *query, struct tsig_message *out, const struct outbound_question *question)
{
	struct outbound_signature *signature = query->signature ? query->signature : calloc(1, sizeof(*signature));
	usec_t wall = wall_of(outbound);

	query->signature = signature;
	if (!signature)
		return ZT_ENOMEM;
	/* A repeated question has the same signature, so that the answer to either is good. */
	if (wall - signature->signed_at > SIGNED_ANEW || wall < signature->signed_at)
		signature->signed_at = wall;
	tsig_chain_init(&signature->chain, query->remote->key);
	return question_sign(&signature->chain, out, question, signature->signed_at);
}

void outbound_sign_forget(struct outbound_query *query)
{
	free(query->signature);
	query->signature = NULL;
}

/* Tells once in a while: who knows the question's id can make us write this. */
static void fault_tell(const struct outbound *outbound, const struct netaddr *server, const uint8_t *zone, const char *fault)
{
	struct manage *manage = outbound->manage;
	struct zone_entry *entry = registry_get(&manage->registry, zone);
	char address[NETADDR_TEXT_SIZE], name[NAME_TEXT_SIZE];

	netaddr_to_text(server, address);
	if (entry && entry->secondary)
		zone_entry_fail(entry, "answer of %s not believed: %s", address, fault);
	if (log_limit_passes(&manage->log_refreshes, manage->log))
		log_warn(manage->log, "zone %s: answer of %s not believed: %s", name_to_text(zone, name), address, fault);
}

bool outbound_believes_reply(const struct outbound *outbound, struct outbound_query *query, const uint8_t *wire, size_t len)
{
	char text[TSIG_FAULT_TEXT_SIZE];
	struct message message;
	struct tsig_check check;

	if (!query->remote->key)
		return true;
	if (!query->signature || message_read(&message, wire, len) != ZT_OK)
		return false;
	tsig_check_init(&check, query->remote->key);
	check.chain = query->signature->chain;
	bool is_believed = tsig_verify_reply(&check, &message, (uint64_t)(wall_of(outbound) / USEC_PER_SEC));
	query->fault = is_believed ? TSIG_SOUND : (uint8_t)check.fault;
	query->fault_error = (uint16_t)check.error;
	if (is_believed)
		return true;
	fault_tell(outbound, &query->remote->address, message.qname, tsig_fault_text(&check, text));
	return false;
}

int outbound_sign(const struct outbound *outbound, struct tsig_check *check, struct tsig_message *message)
{
	struct tsig_stamp stamp = { .time = (uint64_t)(wall_of(outbound) / USEC_PER_SEC), .fudge = TSIG_FUDGE_S };

	return tsig_sign(&check->chain, message, &stamp);
}

int outbound_sign_transfer(const struct outbound *outbound, struct tsig_check *check, struct tsig_message *out, const struct outbound_question *question)
{
	return question_sign(&check->chain, out, question, wall_of(outbound));
}

bool outbound_believes_message(const struct outbound *outbound, struct tsig_check *check, const uint8_t *wire, size_t len)
{
	struct message message;

	if (message_read(&message, wire, len) == ZT_OK)
		return tsig_verify_reply(check, &message, (uint64_t)(wall_of(outbound) / USEC_PER_SEC));
	check->fault = TSIG_GARBLED;
	return false;
}
