/* Whether a condition holds. */
#include "tools/zonelab/scenario/judge.h"

#include <stdio.h>

#include "lib/dns/rcode.h"
#include "lib/dns/rdata.h"
#include "lib/dns/serial.h"

/* Seen in that time. */
static const struct sight *sight_of(const struct judge *judge, uint32_t question)
{
	const struct sight *sight = question == NO_QUESTION ? NULL : &judge->sights[question];
	return sight && sight->is_known && sight->asked >= judge->since && sight->asked < judge->until ? sight : NULL;
}

static enum truth truth_of(bool holds)
{
	return holds ? TRUTH_YES : TRUTH_NO;
}

static bool has_records(const struct sight *sight)
{
	return sight->has_value && sight->value.rcode == RCODE_NOERROR && sight->value.count > 0;
}

static enum truth serial_judge(const struct judge *judge, const struct condition *condition, const struct sight *sight)
{
	const struct sight *primary = sight_of(judge, condition->reference);
	uint32_t wanted = condition->serial;

	if (condition->reference != NO_QUESTION) {
		if (!primary || !has_records(primary))      /* a primary that is silent counts with what it said last */
			return TRUTH_UNKNOWN;
		wanted = primary->value.serial;
	}
	if (sight->is_silent || !has_records(sight))
		return TRUTH_NO;
	if (condition->serial_test == SERIAL_BELOW)
		return truth_of(serial_is_newer(wanted, sight->value.serial));
	bool is_same = sight->value.serial == wanted;
	return truth_of(is_same || (condition->serial_test == SERIAL_AT_LEAST && serial_is_newer(sight->value.serial, wanted)));
}

static bool holds_record(const struct probe *probe, const uint8_t *rdata, uint16_t len)
{
	for (unsigned i = 0; i < probe->count; i++) {
		if (rdata_cmp(probe->type, probe->rdata[i], probe->rdata_len[i], rdata, len) == 0)
			return true;
	}
	return false;
}

static bool is_same_answer(const struct probe *a, const struct probe *b)
{
	bool same = a->rcode == b->rcode && a->count == b->count;

	for (unsigned i = 0; i < b->count && same; i++)
		same = holds_record(a, b->rdata[i], b->rdata_len[i]);
	return same;
}

static bool is_given(const struct condition *condition, const struct probe *probe)
{
	bool same = probe->rcode == RCODE_NOERROR && probe->count == condition->value_count;

	for (uint32_t i = 0; i < condition->value_count && same; i++)
		same = holds_record(probe, condition->values[i].bytes, condition->values[i].len);
	return same;
}

static enum truth answer_judge(const struct judge *judge, const struct condition *condition, const struct sight *sight)
{
	const struct sight *primary = sight_of(judge, condition->reference);

	if (condition->answer_test == ANSWER_SILENT)
		return truth_of(sight->is_silent);
	if (sight->is_silent)
		return TRUTH_NO;
	switch (condition->answer_test) {
	case ANSWER_RDATA: return truth_of(is_given(condition, &sight->value));
	case ANSWER_RCODE: return truth_of(sight->value.rcode == condition->rcode);
	case ANSWER_NODATA: return truth_of(sight->value.rcode == RCODE_NOERROR && sight->value.count == 0);
	default: break;
	}
	if (!primary || !primary->has_value)
		return TRUTH_UNKNOWN;
	bool is_fresh = is_same_answer(&sight->value, &primary->value);
	return truth_of(condition->answer_test == ANSWER_FRESH ? is_fresh : !is_fresh && has_records(sight));
}

static enum truth one_judge(const struct judge *judge, const struct condition *condition, uint32_t question)
{
	const struct sight *sight = sight_of(judge, question);
	enum truth truth = TRUTH_UNKNOWN;

	if (!sight)
		return TRUTH_UNKNOWN;
	if (condition->kind == CONDITION_SERIAL)
		truth = serial_judge(judge, condition, sight);
	else if (condition->kind == CONDITION_ANSWER)
		truth = answer_judge(judge, condition, sight);
	else
		truth = truth_of(sight->exit == judge->questions[question].exec->exit && sight->prints);
	if (!condition->inverted || truth == TRUTH_UNKNOWN)
		return truth;
	return truth == TRUTH_YES ? TRUTH_NO : TRUTH_YES;
}

enum truth judge_condition(const struct judge *judge, const struct condition *condition)
{
	enum truth all = TRUTH_YES;

	if (condition->kind == CONDITION_MESSAGE)
		return truth_of((judge->messages >= condition->count) != condition->inverted);
	for (uint32_t i = 0; i < condition->question_count; i++) {
		enum truth one = one_judge(judge, condition, condition->questions[i]);
		if (one == TRUTH_NO)
			return TRUTH_NO;
		if (one == TRUTH_UNKNOWN)
			all = TRUTH_UNKNOWN;
	}
	return all;
}

static void sight_write(const struct condition *condition, const struct sight *sight, struct buf *out)
{
	char text[400];

	if (!sight)
		buf_printf(out, "has not been heard of");
	else if (condition->kind == CONDITION_EXEC)
		buf_printf(out, "exit %d%s%s", sight->exit, sight->text[0] ? ", " : "", sight->text);
	else if (sight->is_silent)
		buf_printf(out, "is silent");
	else if (condition->kind == CONDITION_SERIAL && has_records(sight))
		buf_printf(out, "has %u", sight->value.serial);
	else
		buf_printf(out, "says %s", probe_to_text(&sight->value, text, sizeof(text)));
}

void judge_seen_write(const struct judge *judge, const struct condition *condition, struct buf *out)
{
	enum truth all = judge_condition(judge, condition);
	bool is_first = true;

	if (condition->kind == CONDITION_MESSAGE) {
		buf_printf(out, "%u such message%s", judge->messages, judge->messages == 1 ? "" : "s");
		return;
	}
	for (uint32_t i = 0; i < condition->question_count; i++) {
		uint32_t question = condition->questions[i];
		if (all != TRUTH_YES && one_judge(judge, condition, question) == TRUTH_YES)
			continue;
		buf_printf(out, "%s%s ", is_first ? "" : "; ", judge->questions[question].node->name);
		sight_write(condition, sight_of(judge, question), out);
		is_first = false;
	}
	if (condition->reference == NO_QUESTION)
		return;
	buf_printf(out, "; the primary ");
	sight_write(condition, sight_of(judge, condition->reference), out);
}
