/* The reconciliation client at work on answers: what goes, what is asked next. */
#include "lib/xfr/reconcile_client_state.h"

#include <string.h>

static int malformed(struct reconcile_client *client, const char *what)
{
	return reconcile_fail(client, RECONCILE_MALFORMED, ZT_EMALFORMED, "the server's answer makes no sense: %s", what);
}

/* ---- RRsets of ours in one range ------------------------------------------------------------------------------------------------------ */

static int pass_begin(struct reconcile_client *client, enum reconcile_passing passing, uint64_t count)
{
	client->passing = passing;
	client->item_index = 0;
	if (passing == PASSING_UNLISTED)
		reconcile_match_init(&client->match, &client->reader.entry);
	int status = reconcile_items_init(&client->items, &client->side, &client->reader.entry.range, count);
	return status == ZT_OK ? ZT_OK : malformed(client, "a range that is none");
}

static bool must_go(struct reconcile_client *client)
{
	switch (client->passing) {
	case PASSING_UNLISTED:
		return !reconcile_match_find(&client->match, reconcile_items_hash(&client->items));
	case PASSING_MARKED:
		return reconcile_bit(client->reader.entry.data, client->item_index);
	default:
		return true;
	}
}

static void removal_add(struct reconcile_client *client)
{
	const uint8_t *owner = znode_owner(client->items.node);

	buf_add(&client->removals, owner, name_len(owner));
	buf_add_u16(&client->removals, client->items.set.type);
	buf_add_u16(&client->removals, client->items.set.covers);
}

/* What of the server's list was not found here is asked for. */
static int want_write(struct reconcile_client *client)
{
	if (reconcile_match_invert(&client->match) == 0)
		return ZT_OK;
	struct reconcile_writer *writer = reconcile_next_writer(client);
	if (!writer)
		return ZT_ENOMEM;
	reconcile_entry_begin(writer, RECONCILE_WANT, &client->reader.entry.range, client->match.count);
	buf_add(writer->out, client->match.found, (client->match.count + 7) / 8);
	return ZT_OK;
}

static int pass(struct reconcile_client *client)
{
	while (client->work < RECONCILE_WORK_MAX) {
		if (!reconcile_items_next(&client->items)) {
			enum reconcile_passing passing = client->passing;
			client->passing = PASSING_NONE;
			return passing == PASSING_UNLISTED ? want_write(client) : ZT_OK;
		}
		client->work++;
		if (must_go(client))
			removal_add(client);
		client->item_index++;
	}
	return ZT_OK;
}

/* ---- entries -------------------------------------------------------------------------------------------------------------------------- */

static int fp_read(struct reconcile_client *client, const struct reconcile_measure *measure)
{
	const struct reconcile_entry *entry = &client->reader.entry;
	unsigned cuts;

	if (entry->count == measure->in.count && fingerprint_equal(entry->fingerprint, measure->in.fingerprint))
		return ZT_OK;
	client->differing++;
	client->differing_rrsets += measure->in.count;
	if (entry->count == 0)
		return pass_begin(client, PASSING_ALL, measure->in.count);
	struct reconcile_writer *writer = reconcile_next_writer(client);
	if (!writer)
		return ZT_ENOMEM;
	int status = reconcile_side_describe(&client->side, &entry->range, measure, writer, &cuts);
	client->work += 2 * RECONCILE_WAYS;
	if (status == ZT_ELIMIT)
		return reconcile_fail(client, RECONCILE_OVER_BUDGET, status, "a name has more than %d RRsets", RECONCILE_LIST_MAX);
	client->next_has_fp |= cuts > 0;
	return ZT_OK;
}

/* Each entry must be about a part of what we asked, and answer it. */
static int asked_check(struct reconcile_client *client)
{
	const struct reconcile_entry *entry = &client->reader.entry, *asked = &client->asked.entry;

	if (client->has_last && reconcile_range_order(&client->last, &entry->range) >= 0)
		return malformed(client, "its entries go backwards");
	while (client->has_asked && reconcile_range_order(&asked->range, &entry->range) < 0)
		client->has_asked = reconcile_reader_next(&client->asked);
	if (!client->has_asked || !reconcile_range_within(&entry->range, &asked->range))
		return malformed(client, "it is about what was not asked");
	bool fits = asked->kind == RECONCILE_FP ? entry->kind == RECONCILE_FP || entry->kind == RECONCILE_LIST
		  : asked->kind == RECONCILE_LIST && entry->kind == RECONCILE_GIVE && entry->count == asked->count &&
		    reconcile_range_equal(&asked->range, &entry->range);
	if (!fits)
		return malformed(client, "an entry of the wrong kind");
	client->last = entry->range;
	client->has_last = true;
	return ZT_OK;
}

static int entry_read(struct reconcile_client *client)
{
	const struct reconcile_entry *entry = &client->reader.entry;
	struct reconcile_measure measure;

	client->work++;
	int status = asked_check(client);
	if (status != ZT_OK)
		return status;
	if (reconcile_side_measure(&client->side, &entry->range, &measure) != ZT_OK)
		return malformed(client, "a range that is none");
	switch (entry->kind) {
	case RECONCILE_FP:
		return fp_read(client, &measure);
	case RECONCILE_LIST:
		client->differing++;
		client->differing_rrsets += measure.in.count;
		return pass_begin(client, PASSING_UNLISTED, measure.in.count);
	default:      /* RECONCILE_GIVE of as many as we listed, hence as we have */
		return pass_begin(client, PASSING_MARKED, measure.in.count);
	}
}

/* ---- answers, one after another --------------------------------------------------------------------------------------------------------- */

static void question_begin(struct reconcile_client *client)
{
	const struct reconcile_question *question = &client->now.questions[client->question];

	client->answer_pos = 0;
	client->has_message = client->has_last = false;
	reconcile_reader_init(&client->asked, question->entries.data, question->entries.len);
	client->has_asked = reconcile_reader_next(&client->asked);
}

void reconcile_read_begin(struct reconcile_client *client)
{
	client->question = 0;
	client->passing = PASSING_NONE;
	client->differing = client->differing_rrsets = 0;
	question_begin(client);
}

/* The next message of the question's answer; false when there is none. */
static bool message_begin(struct reconcile_client *client)
{
	const struct buf *answers = &client->now.questions[client->question].answers;
	uint32_t len;

	if (client->answer_pos == answers->len)
		return false;
	memcpy(&len, answers->data + client->answer_pos, sizeof(len));
	client->answer_pos += sizeof(len);
	reconcile_reader_init(&client->reader, answers->data + client->answer_pos, len);
	client->answer_pos += len;
	client->has_message = true;
	return true;
}

/* One step: an entry, a message, a question. ZT_OK: there may be more. ZT_EDONE: all is read. */
static int step(struct reconcile_client *client)
{
	if (client->passing != PASSING_NONE)
		return pass(client);
	if (client->has_message && reconcile_reader_next(&client->reader))
		return entry_read(client);
	if (client->has_message && client->reader.cur.status != ZT_OK)
		return malformed(client, "broken entries");
	client->has_message = false;
	if (message_begin(client))
		return ZT_OK;
	if (++client->question == client->now.count)
		return ZT_EDONE;
	question_begin(client);
	return ZT_OK;
}

int reconcile_read(struct reconcile_client *client)
{
	int status = ZT_OK;

	client->work = 0;
	while (status == ZT_OK && client->work < RECONCILE_WORK_MAX)
		status = step(client);
	if (client->removals.status != ZT_OK)
		return reconcile_fail_memory(client);
	return status == ZT_OK ? ZT_EAGAIN : status == ZT_EDONE ? ZT_OK : status;
}
