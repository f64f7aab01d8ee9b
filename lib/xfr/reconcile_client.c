/* The reconciliation client: rounds of queries and their answers. */
#include "lib/xfr/reconcile_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/dns/serial.h"
#include "lib/dns/writer.h"
#include "lib/xfr/reconcile_client_state.h"

#define DEFAULT_MAX_RECORDS UINT64_C(50000000)
#define DEFAULT_MAX_BYTES (UINT64_C(256) << 20)

enum {
	OPEN_MAX = 64,                   /* queries under way at once */
	QUESTIONS_MAX = 60000,           /* of a round: ids are 16 bits wide */
	ENTRIES_SOFT = 24576,            /* bytes of a query after which the next one is begun; an entry adds 35 kB at most */
	RESTARTS_MAX = 3,
	LEVELS_MAX = 12,                 /* rounds; each cuts our ranges by 16, so that honest servers need 9 for 2^32 RRsets */
};

int reconcile_fail(struct reconcile_client *client, enum reconcile_reason reason, int status, const char *format, ...)
{
	va_list args;

	client->failure.reason = reason;
	client->failure.status = status;
	va_start(args, format);
	vsnprintf(client->failure.text, sizeof(client->failure.text), format, args);
	va_end(args);
	return status;
}

int reconcile_fail_memory(struct reconcile_client *client)
{
	return reconcile_fail(client, RECONCILE_LOCAL, ZT_ENOMEM, "out of memory");
}

/* ---- rounds ------------------------------------------------------------------------------------------------------------------------------ */

static void round_drop(struct reconcile_round *round)
{
	for (unsigned i = 0; i < round->count; i++) {
		buf_fini(&round->questions[i].entries);
		buf_fini(&round->questions[i].answers);
	}
	free(round->questions);
	*round = (struct reconcile_round){ 0 };
}

static struct reconcile_question *question_add(struct reconcile_client *client)
{
	struct reconcile_round *round = &client->next;

	if (round->count == round->room) {
		unsigned room = round->room > 0 ? 2 * round->room : 4;
		struct reconcile_question *questions = realloc(round->questions, room * sizeof(*questions));
		if (!questions) {
			reconcile_fail_memory(client);
			return NULL;
		}
		round->questions = questions;
		round->room = room;
	}
	struct reconcile_question *question = &round->questions[round->count++];
	*question = (struct reconcile_question){ .flags = 0 };
	buf_init(&question->entries);
	buf_init(&question->answers);
	return question;
}

struct reconcile_writer *reconcile_next_writer(struct reconcile_client *client)
{
	struct reconcile_round *round = &client->next;

	if (round->count == 0 || round->questions[round->count - 1].entries.len > ENTRIES_SOFT) {
		if (!question_add(client))
			return NULL;
		reconcile_writer_init(&client->writer, NULL);
	}
	client->writer.out = &round->questions[round->count - 1].entries;      /* the questions may have moved */
	return &client->writer;
}

/* What was made becomes what is asked. */
static int round_begin(struct reconcile_client *client)
{
	for (unsigned i = 0; i < client->next.count; i++) {
		if (client->next.questions[i].entries.status != ZT_OK)
			return reconcile_fail_memory(client);
	}
	if (client->next.count > QUESTIONS_MAX)
		return reconcile_fail(client, RECONCILE_OVER_BUDGET, ZT_ELIMIT, "too many questions at once");
	if (client->levels == LEVELS_MAX)
		return reconcile_fail(client, RECONCILE_OVER_BUDGET, ZT_ELIMIT, "no end after %d rounds", LEVELS_MAX);
	client->base_id = (uint16_t)(client->base_id + client->sent);      /* of a round that became stale not all */
	round_drop(&client->now);
	client->now = client->next;
	client->next = (struct reconcile_round){ 0 };
	client->next_has_fp = false;
	client->sent = client->open = 0;
	client->levels++;
	client->stage = STAGE_ASK;
	return ZT_OK;
}

/* The first question: our whole zone, cut into ranges. */
static int first_round(struct reconcile_client *client)
{
	struct reconcile_range all = { .from.len = 0, .to_end = true };
	struct reconcile_measure measure = { .in = zone_summary(client->version) };
	struct reconcile_writer *writer = reconcile_next_writer(client);
	unsigned cuts;

	if (!writer)
		return ZT_ENOMEM;
	if (reconcile_side_describe(&client->side, &all, &measure, writer, &cuts) != ZT_OK)
		return reconcile_fail(client, RECONCILE_OVER_BUDGET, ZT_ELIMIT, "a name has more than %d RRsets", RECONCILE_LIST_MAX);
	client->next.questions[0].flags = (uint8_t)(RECONCILE_FIRST | (cuts == 0 ? RECONCILE_DIGEST : 0));
	return round_begin(client);
}

/* Another one after a round was read; or all is there. */
static int next_round(struct reconcile_client *client)
{
	uint64_t differing;

	if (client->next.count > 0 && !client->config.at_any_cost && reconcile_is_too_much(client, &differing))
		return reconcile_fail(client, RECONCILE_TOO_DIFFERENT, ZT_ELIMIT, "some %llu of %llu RRsets seem to differ", (unsigned long long)differing,
				      (unsigned long long)client->target.summary.count);
	if (client->next.count == 0 && client->has_digest) {
		round_drop(&client->now);
		client->stage = STAGE_APPLY;
		return ZT_OK;
	}
	if (client->next.count == 0 && !question_add(client))
		return ZT_ENOMEM;
	if (!client->next_has_fp)
		client->next.questions[client->next.count - 1].flags = RECONCILE_DIGEST;
	return round_begin(client);
}

/* ---- begin and end ------------------------------------------------------------------------------------------------------------------------ */

static void gathered_init(struct reconcile_client *client)
{
	buf_init(&client->removals);
	changeset_init(&client->given);
	client->has_target = client->has_digest = false;
	client->levels = 0;
	client->records = 0;
}

int reconcile_client_new(const struct reconcile_client_config *config, struct reconcile_client **out)
{
	struct reconcile_client *client = calloc(1, sizeof(*client));

	if (!client)
		return ZT_ENOMEM;
	client->config = *config;
	if (config->max_records == 0)
		client->config.max_records = DEFAULT_MAX_RECORDS;
	if (config->max_bytes == 0)
		client->config.max_bytes = DEFAULT_MAX_BYTES;
	name_copy(client->apex, zone_apex(config->zone));
	client->version = zone_version_acquire(zone_current(config->zone));
	client->base_id = config->id;
	reconcile_side_init(&client->side, client->version, config->key);
	gathered_init(client);
	int status = first_round(client);
	if (status != ZT_OK) {
		reconcile_client_free(client);
		return status;
	}
	*out = client;
	return ZT_OK;
}

void reconcile_client_free(struct reconcile_client *client)
{
	if (!client)
		return;
	zone_digester_free(client->digester);
	zone_edit_abort(client->edit);
	round_drop(&client->now);
	round_drop(&client->next);
	buf_fini(&client->removals);
	changeset_fini(&client->given);
	zone_version_release(client->version);
	free(client);
}

static enum reconcile_result end(struct reconcile_client *client, enum reconcile_result result)
{
	client->stage = STAGE_END;
	client->result = result;
	return result;
}

static enum reconcile_result end_failed(struct reconcile_client *client)
{
	zone_digester_free(client->digester);
	zone_edit_abort(client->edit);
	client->digester = NULL;
	client->edit = NULL;
	return end(client, RECONCILE_FAILED);
}

/* ---- queries ------------------------------------------------------------------------------------------------------------------------------ */

static int options_write(const struct reconcile_client *client, const struct reconcile_question *question, struct buf *out)
{
	struct reconcile_query query = { .flags = question->flags, .key_id = zsync_key_id(client->config.key) };
	uint8_t head[RECONCILE_QUERY_HEAD], option[ZSYNC_OPTION_LEN];

	if (question->flags & RECONCILE_FIRST) {
		struct zsync ours = zsync_of_version(client->version, client->config.key);
		ours.flags = ZSYNC_RECONCILES;
		zsync_write(&ours, option);
		buf_add(out, option, sizeof(option));
	} else {
		query.serial = client->target.serial;
		query.summary = client->target.summary;
	}
	reconcile_query_head_write(&query, head);
	buf_add_u16(out, RECONCILE_OPTION);
	buf_add_u16(out, (uint16_t)(sizeof(head) + question->entries.len));
	buf_add(out, head, sizeof(head));
	buf_add(out, question->entries.data, question->entries.len);
	return out->status;
}

static bool has_query(const struct reconcile_client *client)
{
	return client->stage == STAGE_ASK && !client->is_stale && client->sent < client->now.count && client->open < OPEN_MAX;
}

int reconcile_client_query(struct reconcile_client *client, uint8_t *out, size_t size, size_t *len)
{
	struct message_writer writer;
	struct buf options;

	if (!has_query(client))
		return ZT_EDONE;
	buf_init(&options);
	int status = options_write(client, &client->now.questions[client->sent], &options);
	message_writer_init(&writer, out, size, (uint16_t)(client->base_id + client->sent), 0);
	if (status == ZT_OK)
		status = message_write_question(&writer, client->apex, RECONCILE_TYPE, CLASS_IN);
	if (status == ZT_OK)
		status = message_write_edns(&writer, &(struct edns_out){ .udp_size = EDNS_UDP_SIZE, .options = options.data, .options_len = (uint16_t)options.len });
	buf_fini(&options);
	if (status != ZT_OK)
		return status;
	*len = message_writer_finish(&writer);
	client->bytes_out += *len;
	client->round_trips += client->sent == 0;
	client->sent++;
	client->open++;
	return ZT_OK;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------------ */

/* The question that the message answers; NULL and a noted failure if none. */
static struct reconcile_question *question_of(struct reconcile_client *client, const struct message *message)
{
	uint16_t index = (uint16_t)(message->id - client->base_id);

	if (!(message->flags & FLAG_QR) || flags_opcode(message->flags) != 0 || index >= client->sent || client->now.questions[index].is_answered) {
		reconcile_fail(client, RECONCILE_MALFORMED, ZT_EMALFORMED, "a message that answers nothing");
		return NULL;
	}
	struct reconcile_question *question = &client->now.questions[index];
	bool is_right = message->count[SECTION_QUESTION] == 0 ? question->messages > 0
		      : message->count[SECTION_QUESTION] == 1 && message->qtype == RECONCILE_TYPE && name_equal(message->qname, client->apex);
	if (!is_right && message_rcode(message) == RCODE_NOERROR) {
		reconcile_fail(client, RECONCILE_MALFORMED, ZT_EMALFORMED, "an answer to another question");
		return NULL;
	}
	return question;
}

/* One record of the Answer section becomes one to add. */
static int record_take(struct reconcile_client *client, const struct message *message, const struct record *record)
{
	uint8_t rdata[RDATA_MAX_LEN];
	struct wcursor out = wcursor_over(rdata, sizeof(rdata));
	bool is_soa = record->type == TYPE_SOA;

	if (record->rr_class != CLASS_IN || rr_type_is_meta(record->type) || !name_is_within(record->owner, client->apex) ||
	    (is_soa && !name_equal(record->owner, client->apex)) || record_rdata(message, record, &out) != ZT_OK)
		return reconcile_fail(client, RECONCILE_MALFORMED, ZT_EMALFORMED, "a record that has no place in the zone");
	changeset_add(&client->given, &(struct change_record){
		.owner = record->owner, .type = record->type, .ttl = record->ttl > INT32_MAX ? 0 : record->ttl, .rdata = rdata, .rdata_len = (uint16_t)out.pos,
	});
	if (++client->records > client->config.max_records)
		return reconcile_fail(client, RECONCILE_OVER_BUDGET, ZT_ELIMIT, "more than %llu records", (unsigned long long)client->config.max_records);
	return ZT_OK;
}

static int records_take(struct reconcile_client *client, const struct message *message)
{
	struct record_iter iter;
	struct record record;
	int status = ZT_OK;

	record_iter_init(&iter, message, SECTION_ANSWER);
	while (status == ZT_OK && record_iter_next(&iter, &record))
		status = record_take(client, message, &record);
	if (status == ZT_OK && record_iter_is_broken(&iter))
		return reconcile_fail(client, RECONCILE_MALFORMED, ZT_EMALFORMED, "a name that leads nowhere");
	return status == ZT_OK && changeset_status(&client->given) != ZT_OK ? reconcile_fail_memory(client) : status;
}

/* What the first message of all says: the server's version. */
static int target_take(struct reconcile_client *client, const struct message *message)
{
	struct record_iter iter;
	struct record record;
	struct soa soa;
	uint8_t rdata[2 * NAME_MAX_LEN + 20];
	struct wcursor out = wcursor_over(rdata, sizeof(rdata));

	record_iter_init(&iter, message, SECTION_ANSWER);
	if (!zsync_read(&message->edns, &client->target) || !record_iter_next(&iter, &record) || record.type != TYPE_SOA ||
	    record_rdata(message, &record, &out) != ZT_OK || !soa_from_rdata(&soa, rdata, out.pos) || soa.serial != client->target.serial)
		return reconcile_fail(client, RECONCILE_MALFORMED, ZT_EMALFORMED, "the server does not say what version it has");
	if (client->target.key_id != zsync_key_id(client->config.key))
		return reconcile_fail(client, RECONCILE_KEY_DIFFERS, ZT_EUNSUPPORTED, "the server makes its fingerprints with another key (sync-secret)");
	client->has_target = true;
	return ZT_OK;
}

static bool is_current(const struct reconcile_client *client)
{
	struct rrset soa;

	return !client->config.any_serial && zone_version_soa(client->version, &soa) &&
	       !serial_is_newer(client->target.serial, zone_version_serial(client->version));
}

/* The version we spoke about is gone, and all questions about it are answered. */
static int restart(struct reconcile_client *client)
{
	if (++client->restarts > RESTARTS_MAX)
		return reconcile_fail(client, RECONCILE_NO_VERSION, ZT_EAGAIN, "the server's version changed %d times meanwhile", RESTARTS_MAX + 1);
	client->is_stale = false;
	round_drop(&client->next);
	buf_fini(&client->removals);
	changeset_fini(&client->given);
	gathered_init(client);
	return first_round(client);
}

static int status_check(struct reconcile_client *client, const struct reconcile_answer *answer)
{
	switch (answer->status) {
	case RECONCILE_GOES_ON:
		return ZT_OK;
	case RECONCILE_BUDGET:
		return reconcile_fail(client, RECONCILE_OVER_BUDGET, ZT_ELIMIT, "the server asks for AXFR instead");
	case RECONCILE_OTHER_KEY:
		return reconcile_fail(client, RECONCILE_KEY_DIFFERS, ZT_EUNSUPPORTED, "the server makes its fingerprints with another key (sync-secret)");
	default:
		return reconcile_fail(client, RECONCILE_NOT_SPOKEN, ZT_EUNSUPPORTED, "the server answers with a status unknown here (%u)", answer->status);
	}
}

static int answer_read(struct reconcile_client *client, const struct message *message, struct reconcile_answer *answer)
{
	unsigned rcode = message_rcode(message);

	if (rcode != RCODE_NOERROR) {
		bool is_not_spoken = rcode == RCODE_NOTIMP || rcode == RCODE_FORMERR;
		client->failure.rcode = rcode;
		return reconcile_fail(client, is_not_spoken ? RECONCILE_NOT_SPOKEN : RECONCILE_REFUSED, ZT_EREFUSED, "the server answers %s", rcode_to_text(rcode));
	}
	int status = reconcile_answer_read(&message->edns, answer);
	if (status == ZT_ENOENT || message->flags & FLAG_TC)
		return reconcile_fail(client, RECONCILE_NOT_SPOKEN, ZT_EUNSUPPORTED, "the server does not speak this");
	return status == ZT_OK ? ZT_OK : reconcile_fail(client, RECONCILE_MALFORMED, status, "a malformed answer");
}

static void entries_keep(struct reconcile_question *question, const struct reconcile_answer *answer)
{
	uint32_t len = (uint32_t)answer->entries_len;

	question->messages++;
	if (len == 0)
		return;
	buf_add(&question->answers, &len, sizeof(len));
	buf_add(&question->answers, answer->entries, len);
}

/* A message of a question's answer that goes on as it should. */
static int answer_take(struct reconcile_client *client, struct reconcile_question *question, const struct message *message, const struct reconcile_answer *answer)
{
	int status = ZT_OK;

	if (question->flags & RECONCILE_FIRST && question->messages == 0)
		status = target_take(client, message);
	if (status == ZT_OK)
		status = records_take(client, message);
	if (status != ZT_OK)
		return status;
	entries_keep(question, answer);
	if (question->answers.status != ZT_OK)
		return reconcile_fail_memory(client);
	if (answer->flags & RECONCILE_HAS_DIGEST) {
		client->digest = answer->digest;
		client->has_digest = true;
	}
	if (answer->flags & RECONCILE_LAST && question->flags & RECONCILE_DIGEST && !client->has_digest)
		return reconcile_fail(client, RECONCILE_MALFORMED, ZT_EMALFORMED, "the server does not tell the digest of its version");
	return ZT_OK;
}

static int message_take(struct reconcile_client *client, const uint8_t *wire, size_t len)
{
	struct reconcile_question *question;
	struct reconcile_answer answer;
	struct message message;

	client->bytes_in += len;
	if (client->stage != STAGE_ASK || message_read(&message, wire, len) != ZT_OK)
		return reconcile_fail(client, RECONCILE_MALFORMED, ZT_EMALFORMED, "a malformed message");
	if (client->bytes_in + client->bytes_out > client->config.max_bytes)
		return reconcile_fail(client, RECONCILE_OVER_BUDGET, ZT_ELIMIT, "more than %llu bytes", (unsigned long long)client->config.max_bytes);
	if (!(question = question_of(client, &message)))
		return ZT_EMALFORMED;
	int status = answer_read(client, &message, &answer);
	if (status == ZT_OK && answer.status == RECONCILE_STALE)
		client->is_stale = true;
	else if (status == ZT_OK)
		status = status_check(client, &answer);
	if (status == ZT_OK && !client->is_stale)
		status = answer_take(client, question, &message, &answer);
	if (status == ZT_OK && answer.flags & RECONCILE_LAST) {
		question->is_answered = true;
		client->open--;
	}
	return status == ZT_OK && client->is_stale && client->open == 0 ? restart(client) : status;
}

enum reconcile_result reconcile_client_message(struct reconcile_client *client, const uint8_t *wire, size_t len)
{
	if (client->stage == STAGE_END || message_take(client, wire, len) != ZT_OK)
		return end_failed(client);
	if (client->has_target && is_current(client))
		return end(client, RECONCILE_CURRENT);
	if (client->open == 0 && client->sent == client->now.count) {
		client->stage = STAGE_READ;
		reconcile_read_begin(client);
		return RECONCILE_WORK;
	}
	return has_query(client) ? RECONCILE_SEND : RECONCILE_MORE;
}

enum reconcile_result reconcile_client_work(struct reconcile_client *client)
{
	int status = ZT_EINVAL;

	switch (client->stage) {
	case STAGE_READ:
		status = reconcile_read(client);
		if (status == ZT_OK)
			status = next_round(client);
		break;
	case STAGE_APPLY:
		status = reconcile_apply(client);
		if (status == ZT_OK)
			client->stage = STAGE_VERIFY;
		break;
	case STAGE_VERIFY:
		status = reconcile_verify(client);
		if (status == ZT_OK)
			return end(client, RECONCILE_DONE);
		break;
	case STAGE_ASK:
	case STAGE_END:
		break;
	}
	if (status != ZT_OK && status != ZT_EAGAIN)
		return end_failed(client);
	return client->stage == STAGE_ASK ? RECONCILE_SEND : RECONCILE_WORK;
}

struct zone_edit *reconcile_client_take_edit(struct reconcile_client *client)
{
	struct zone_edit *edit = client->edit;

	client->edit = NULL;
	return edit;
}

const struct reconcile_failure *reconcile_client_failure(const struct reconcile_client *client)
{
	return &client->failure;
}

bool reconcile_client_is_complete(const struct reconcile_client *client)
{
	return client->open == 0;
}

const struct zsync *reconcile_client_target(const struct reconcile_client *client)
{
	return client->has_target ? &client->target : NULL;
}

uint64_t reconcile_client_bytes_in(const struct reconcile_client *client)
{
	return client->bytes_in;
}

uint64_t reconcile_client_bytes_out(const struct reconcile_client *client)
{
	return client->bytes_out;
}

unsigned reconcile_client_round_trips(const struct reconcile_client *client)
{
	return client->round_trips;
}

uint64_t reconcile_client_records(const struct reconcile_client *client)
{
	return client->records;
}
