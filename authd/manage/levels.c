/* UPDATEs that wait. */
#include "authd/manage/levels.h"

#include <stdlib.h>
#include <string.h>
#include <urcu/compiler.h>

#include "authd/manage/peers.h"
#include "authd/manage/primary.h"
#include "authd/manage/watch.h"
#include "authd/serve/edns.h"
#include "authd/serve/workers.h"

enum { LAGGARDS_TEXT_MAX = 200 };

/* One UPDATE. */
struct level_wait {
	struct cds_list_head link;
	struct levels *levels;
	struct request *request;
	struct level_question question;
	struct watch watch;
	bool watches;                    /* the watch is under way */
	bool is_crowded;
	uint32_t old_ttl;
	usec_t since;
	usec_t seen_at;                  /* all had it; 0 = not yet */
	struct fingerprint fingerprint;
};

struct levels {
	struct manage *manage;
	struct cds_list_head list;       /* of those that wait */
	unsigned count;
	size_t bytes;
};

/* ---- the answer ---------------------------------------------------------------------------------------------------------------------- */

/* Caches count whole seconds, so one more may pass. */
static usec_t visible_at(const struct level_wait *wait)
{
	return wait->old_ttl == 0 ? wait->seen_at : wait->seen_at + ((usec_t)wait->old_ttl + 1) * USEC_PER_SEC;
}

static enum level level_reached(const struct level_wait *wait, const struct watch_count *count, usec_t now)
{
	if (count->total > count->confirmed)
		return count->confirmed >= (count->total + 1) / 2 ? LEVEL_QUORUM : LEVEL_LOCAL;
	return wait->question.level == LEVEL_VISIBLE && wait->seen_at > 0 && now >= visible_at(wait) ? LEVEL_VISIBLE : LEVEL_ALL;
}

static uint16_t capped(uint32_t count)
{
	return count < UINT16_MAX ? (uint16_t)count : UINT16_MAX;
}

static struct level_answer answer_make(const struct level_wait *wait, const struct watch_count *count)
{
	usec_t now = loop_now(wait->levels->manage->loop);
	struct level_answer answer = {
		.asked = wait->question.level, .reached = level_reached(wait, count, now), .serial = wait->watch.serial, .fingerprint = wait->fingerprint,
		.confirmed = capped(count->confirmed), .total = capped(count->total), .visible_in_s = LEVEL_UNKNOWN,
		.waited_ms = (uint32_t)((now - wait->since) / USEC_PER_MSEC),
	};

	if (answer.reached >= answer.asked)
		answer.flags |= LEVEL_REACHED;
	if (wait->is_crowded)
		answer.flags |= LEVEL_CROWDED;
	if (wait->question.level == LEVEL_VISIBLE && wait->seen_at > 0) {
		usec_t left = visible_at(wait) - now;
		answer.visible_in_s = left > 0 ? (uint32_t)((left + USEC_PER_SEC - 1) / USEC_PER_SEC) : 0;
	}
	return answer;
}

/* "lags: 192.0.2.1@53 (no answer to NOTIFY), and 2 more", as far as there is room. */
static size_t laggards_text(const struct level_wait *wait, char *out, size_t size)
{
	json_t *list = peers_lagging(wait->watch.entry, wait->watch.serial), *peer;
	size_t i, used = 0, count = json_array_size(list);
	char one[160];

	json_array_foreach(list, i, peer) {
		int len = snprintf(one, sizeof(one), "%s%s (%s)", i == 0 ? "lags: " : ", ", json_string_value(json_object_get(peer, "peer")),
				   json_string_value(json_object_get(peer, "reason")));
		/* The rest must be countable. */
		if (len < 0 || (size_t)len >= sizeof(one) || used + (size_t)len + sizeof(", and 4294967295 more") > size) {
			used += (size_t)snprintf(out + used, size - used, "%s%zu more", used > 0 ? ", and " : "lags: ", count - i);
			break;
		}
		memcpy(out + used, one, (size_t)len);
		used += (size_t)len;
	}
	json_decref(list);
	return used;
}

/* Bytes of options that the reply still takes. */
static size_t room_of(const struct request *request)
{
	size_t used = request->reply.len + request->options_len + request->signing.room;
	size_t limit = request->udp_limit > used ? request->udp_limit - used : 0, space = sizeof(request->options) - request->options_len;
	return limit < space ? limit : space;
}

static void option_add(struct request *request, const uint8_t *option, size_t len)
{
	memcpy(request->options + request->options_len, option, len);
	request->options_len = (uint16_t)(request->options_len + len);
}

/* An extended error that is none: the update is done. It only carries a text (RFC 8914 section 4.1). */
static void laggards_add(const struct level_wait *wait)
{
	uint8_t option[OPTION_HEAD_LEN + 2 + LAGGARDS_TEXT_MAX];
	char text[LAGGARDS_TEXT_MAX];
	size_t room = room_of(wait->request), size = room > OPTION_HEAD_LEN + 2 ? room - OPTION_HEAD_LEN - 2 : 0;

	size = size < sizeof(text) ? size : sizeof(text);
	if (size < 40)      /* an address and a number */
		return;
	size_t len = laggards_text(wait, text, size);
	wire_put_u16(option, EDNS_EDE);
	wire_put_u16(option + 2, (uint16_t)(2 + len));
	wire_put_u16(option + 4, EDE_OTHER);
	memcpy(option + 6, text, len);
	option_add(wait->request, option, 6 + len);
}

static void receipt_add(const struct level_wait *wait)
{
	uint8_t option[LEVEL_ANSWER_LEN];
	struct watch_count count = { 0 };

	if (wait->watch.entry->primary)
		watch_count(wait->watch.entry, &wait->watch, &count);
	struct level_answer answer = answer_make(wait, &count);
	if (room_of(wait->request) < LEVEL_ANSWER_LEN)
		return;
	level_answer_write(&answer, option);
	option_add(wait->request, option, LEVEL_ANSWER_LEN);
	if (!(answer.flags & LEVEL_REACHED) && count.total > count.confirmed)
		laggards_add(wait);
}

/* ---- waiting ------------------------------------------------------------------------------------------------------------------------- */

static void wait_finish(struct level_wait *wait)
{
	struct levels *levels = wait->levels;

	if (wait->watches)
		watch_end(&wait->watch);
	receipt_add(wait);
	levels->count--;
	levels->bytes -= wait->request->wire_len;
	cds_list_del(&wait->link);
	worker_reply(wait->request);
	free(wait);
}

/* All have it: now only time is waited for, and the zone's end. */
static void age_begin(struct level_wait *wait)
{
	wait->watch.level = WATCH_COUNT;
	wait->watch.count = UINT32_MAX;
	wait->watch.deadline = visible_at(wait);
	wait->watches = true;
	watch_begin(wait->levels->manage, wait->watch.entry, &wait->watch);
}

/* What caches may still give is waited for only where that ends in time; else the client is told how long it is. */
static bool waits_for_caches(const struct level_wait *wait)
{
	usec_t at = visible_at(wait);
	return wait->question.level == LEVEL_VISIBLE && at > loop_now(wait->levels->manage->loop) && at <= wait->watch.deadline;
}

static void on_end(struct watch *watch, enum watch_outcome outcome)
{
	struct level_wait *wait = caa_container_of(watch, struct level_wait, watch);

	wait->watches = false;
	if (outcome == WATCH_REACHED)
		wait->seen_at = loop_now(wait->levels->manage->loop);
	if (outcome == WATCH_REACHED && waits_for_caches(wait))
		age_begin(wait);
	else
		wait_finish(wait);
}

/* False: there is nothing to wait for, or no room to wait. */
static bool wait_begin(struct level_wait *wait)
{
	struct levels *levels = wait->levels;
	struct watch_count count;

	if (wait->question.level == LEVEL_LOCAL || !wait->watch.entry->primary)
		return false;
	watch_count(wait->watch.entry, &wait->watch, &count);
	bool is_reached = watch_count_is_reached(&count);
	if (is_reached) {
		wait->seen_at = wait->since;
		if (!waits_for_caches(wait))
			return false;
	}
	wait->is_crowded = levels->count >= LEVELS_MAX || levels->bytes + wait->request->wire_len > LEVELS_BYTES_MAX;
	if (wait->is_crowded)
		return false;
	levels->count++;
	levels->bytes += wait->request->wire_len;
	cds_list_add_tail(&wait->link, &levels->list);
	wait->watches = true;
	if (is_reached)
		age_begin(wait);
	else
		watch_begin(levels->manage, wait->watch.entry, &wait->watch);
	return true;
}

bool levels_take(struct levels *levels, struct request *request, struct zone_entry *entry, const struct level_question *question, uint32_t old_ttl)
{
	const struct zone_version *version = zone_current(entry->zone);
	usec_t timeout = (usec_t)question->timeout_ms * USEC_PER_MSEC, most = LEVELS_TIMEOUT_MAX_S * USEC_PER_SEC;
	struct level_wait *wait = calloc(1, sizeof(*wait));

	if (!wait)      /* the answer is right without its receipt */
		return false;
	wait->levels = levels;
	wait->request = request;
	wait->question = *question;
	wait->old_ttl = old_ttl;
	wait->since = loop_now(levels->manage->loop);
	wait->fingerprint = zone_summary(version).fingerprint;
	wait->watch = (struct watch){
		.serial = zone_version_serial(version), .level = question->level == LEVEL_QUORUM ? WATCH_QUORUM : WATCH_ALL,
		.deadline = wait->since + (timeout < most ? timeout : most), .on_end = on_end, .entry = entry,
	};
	if (wait_begin(wait))
		return true;
	receipt_add(wait);
	free(wait);
	return false;
}

bool levels_knows(const struct levels *levels, const struct request *request)
{
	const struct level_wait *wait;

	cds_list_for_each_entry(wait, &levels->list, link) {
		const struct request *other = wait->request;
		if (request->stream == 0 && other->stream == 0 && other->wire_len == request->wire_len && netaddr_equal(&other->via, &request->via) &&
		    memcmp(other->wire, request->wire, request->wire_len) == 0)
			return true;
	}
	return false;
}

int levels_new(struct levels **out, struct manage *manage)
{
	struct levels *levels = calloc(1, sizeof(*levels));

	if (!levels)
		return ZT_ENOMEM;
	levels->manage = manage;
	CDS_INIT_LIST_HEAD(&levels->list);
	*out = levels;
	return ZT_OK;
}

void levels_finish(struct levels *levels)
{
	struct level_wait *wait, *next;

	cds_list_for_each_entry_safe(wait, next, &levels->list, link)
		wait_finish(wait);
}

void levels_free(struct levels *levels)
{
	if (!levels)
		return;
	levels_finish(levels);
	free(levels);
}
