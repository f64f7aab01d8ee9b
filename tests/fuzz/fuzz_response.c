/* Fuzzes what a resolving task makes of hostile replies.
 *
 * Input: one byte of settings, then replies, each an operation byte, a length (2 bytes) and that many bytes. Operation 0 takes them as
 * flags, three counts (a byte each) and records behind the right id and question, 1 as a whole message but for the id, 2 as a time-out, 3 as a failure of the
 * network. When the input ends, everything else times out. The task must end, with an answer, within the limits of iterate.h.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cursor.h"
#include "resolverd/resolve/iterate.h"
#include "resolverd/serve/respond.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_STEPS = 4 * LIMIT_QUESTIONS, EXCHANGES = 64 };

struct stage {
	struct cache cache;
	struct policy policy;
	struct netaddr server;
	struct route route;
	struct secure_rng secure_rng;
	struct rng rng;
	struct resolver *resolver;
	struct asker asker;
	struct responder *responder;
	const uint8_t *qname;
	uint16_t qtype;
	unsigned answers;
	struct exchange *waiting[EXCHANGES];
	unsigned waiting_count;
	usec_t now;
};

static void check(bool good)
{
	if (!good)
		abort();
}

static void stage_init(struct stage *stage, uint8_t settings)
{
	static const uint16_t types[] = { TYPE_A, TYPE_ANY, TYPE_CNAME, TYPE_NS, TYPE_DS, TYPE_RRSIG, TYPE_SOA, TYPE_TXT };
	static const uint8_t names[][20] = { "\003www\007example", "\001a\001b\001c\007example" };

	memset(stage, 0, sizeof(*stage));
	stage->now = 100 * USEC_PER_SEC;
	stage->qtype = types[settings >> 2 & 7];
	stage->qname = names[settings >> 5 & 1];
	check(cache_init(&stage->cache, CACHE_MIN_SIZE, 1) == ZT_OK);
	check(netaddr_from_text(&stage->server, "192.0.2.1", 53) == ZT_OK);
	stage->policy = (struct policy){ .hints = &stage->server, .hint_count = 1, .upstream_port = 53, .max_ttl = 86400, .max_negative_ttl = 3600,
		                         .minimise = settings & 2, .local_zones = true };
	stage->route = (struct route){ .kind = ROUTE_FORWARD, .servers = &stage->server, .server_count = 1 };
	if (settings & 1) {
		stage->policy.routes = &stage->route;
		stage->policy.route_count = 1;
	}
	secure_rng_init(&stage->secure_rng);
	rng_seed(&stage->rng, 1);
	struct resolver_config config = { .cache = &stage->cache, .policy = &stage->policy, .secure_rng = &stage->secure_rng, .rng = &stage->rng };
	check(resolver_new(&stage->resolver, &config) == ZT_OK);
	stage->responder = responder_new();
	check(stage->responder != NULL);
}

static void stage_fini(struct stage *stage)
{
	responder_free(stage->responder);
	resolver_free(stage->resolver);
	cache_fini(&stage->cache);
}

/* The answer must be fit to be written. */
static void take_answer(struct stage *stage, const struct result *result)
{
	struct content content = { .rcode = result->rcode, .answer = result->chain, .answer_count = result->chain_count, .authority_expires = INT64_MAX };
	struct message message;

	stage->answers++;
	if (result->negative) {
		content.authority = result->negative->sets;
		content.authority_count = result->negative->count;
	}
	if (!responder_draft(stage->responder, stage->qname, stage->qtype, &content, true))
		return;
	const struct message_draft *draft = &stage->responder->draft;
	uint8_t *wire = stage->responder->wire;
	wire_put_u16(wire + 4, 1);
	for (int i = 0; i < 3; i++)
		wire_put_u16(wire + 6 + 2 * i, draft->count[i]);
	check(message_read(&message, wire, (size_t)(draft->body - wire) + draft->body_len) == ZT_OK);
}

static void take_actions(struct stage *stage)
{
	struct action action;

	while (resolver_next(stage->resolver, &action)) {
		if (action.kind == ACTION_ANSWER) {
			take_answer(stage, action.result);
			continue;
		}
		check(stage->waiting_count < EXCHANGES);
		stage->waiting[stage->waiting_count++] = action.exchange;
	}
}

/* Header and question of the exchange, flags, counts and records of the input. */
static size_t build_reply(const struct exchange *x, struct rcursor *body, uint8_t *out, size_t size)
{
	struct wcursor cur = wcursor_over(out, size);
	size_t question_len = name_len(x->wire + MESSAGE_HEADER_LEN) + 4;

	wcursor_put(&cur, x->wire, 2);
	wcursor_u16(&cur, (uint16_t)(FLAG_QR | rcursor_u16(body)));
	wcursor_u16(&cur, 1);
	for (int i = 0; i < 3; i++)
		wcursor_u16(&cur, rcursor_u8(body));
	wcursor_put(&cur, x->wire + MESSAGE_HEADER_LEN, question_len);
	size_t left = rcursor_left(body);
	wcursor_put(&cur, rcursor_take(body, left), left);
	return cur.status == ZT_OK ? cur.pos : 0;
}

static void deliver(struct stage *stage, struct exchange *x, uint8_t operation, struct rcursor body)
{
	static uint8_t room[MESSAGE_MAX_LEN];
	size_t len = 0;

	stage->now += USEC_PER_MSEC;
	if (operation == 0) {
		len = build_reply(x, &body, room, sizeof(room));
	} else if (operation == 1 && body.len >= 2) {
		memcpy(room, body.base, body.len);
		memcpy(room, x->wire, 2);
		len = body.len;
	}
	stage->waiting_count--;
	if (operation == 3) {
		resolver_on_failure(stage->resolver, x, stage->now);
	} else if (len == 0) {
		stage->now = x->deadline;
		resolver_on_timeout(stage->resolver, x, stage->now);
	} else {
		uint8_t *exact = malloc(len);      /* so that a read past the end is seen */
		check(exact != NULL);
		memcpy(exact, room, len);
		if (!resolver_on_reply(stage->resolver, x, exact, len, stage->now))
			stage->waiting[stage->waiting_count++] = x;
		free(exact);
	}
	take_actions(stage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rcursor input = rcursor_over(data, size);
	struct stage stage;
	unsigned steps = 0;

	stage_init(&stage, rcursor_u8(&input));
	check(resolver_ask(stage.resolver, stage.qname, stage.qtype, &stage.asker, stage.now));
	take_actions(&stage);
	while (stage.waiting_count > 0) {
		struct exchange *x = stage.waiting[stage.waiting_count - 1];
		uint8_t operation = rcursor_left(&input) > 0 ? rcursor_u8(&input) & 3 : 2;
		uint16_t len = rcursor_u16(&input);
		const uint8_t *body = rcursor_take(&input, len);
		check(++steps < MOST_STEPS + size);
		deliver(&stage, x, operation, rcursor_over(body ? body : data, body ? len : 0));
	}
	check(stage.answers == 1);
	check(resolver_task_count(stage.resolver) == 0);
	stage_fini(&stage);
	return 0;
}
