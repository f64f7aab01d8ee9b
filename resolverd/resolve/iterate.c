/* The machine that moves tasks.
 *
 *   LOOKUP ──miss──> DELEG ──> ASK ──sent──> REPLY ──answer, negative──> DONE
 *     ^                         │ ^            │
 *     │                  no address            ├─referral, next server, TCP, less EDNS──> ASK
 *     │                         v │            │
 *     │                       TARGETS          └─CNAME──> LOOKUP (of the target)
 *     └──────────────────────────────────────────────────────┘
 */
#include "resolverd/resolve/iterate.h"

#include <assert.h>

#include "resolverd/resolve/ask.h"

/* A name server's address look-up has ended: tell a task that waited for it. */
static void tell_waiter(struct resolver *resolver, struct task *task, struct wait *wait)
{
	struct task *parent = wait->parent;

	if (parent->deleg == wait->deleg && parent->deleg) {
		struct target *target = &parent->deleg->targets[wait->target];
		unsigned added = 0;
		for (unsigned i = 0; i < task->result.chain_count; i++)
			added += deleg_add_addresses(parent->deleg, resolver->config.policy, task->result.chain[i]);
		if (added > 0)
			target->state = TARGET_KNOWN;
		else
			target->state = target->asked_aaaa ? TARGET_FAILED : TARGET_UNKNOWN;
		if (parent->state == TASK_TARGETS)
			task_make_ready(resolver, parent);
	}
	task_unwait(wait);
}

/* Ends the task with the result that is in it. */
static void finish(struct resolver *resolver, struct task *task)
{
	struct action action = { .kind = ACTION_ANSWER, .result = &task->result };

	task->state = TASK_DONE;
	task->result.chain = task->lookup.chain;
	resolver->asker_count -= task->asker_count;
	while (task->askers) {
		action.asker = task->askers;
		task->askers = task->askers->next;
		/* Out of memory: the asker's own time-out is all that is left. */
		(void)resolver_push(resolver, &action);
	}
	while (task->waiters)
		tell_waiter(resolver, task, task->waiters);
	task_retire(resolver, task);
}

static void finish_answer(struct resolver *resolver, struct task *task)
{
	task->result.rcode = task->lookup.rcode;
	task->result.chain_count = task->lookup.chain_count;
	finish(resolver, task);
}

static void finish_negative(struct resolver *resolver, struct task *task)
{
	task->result.negative = &task->lookup.negative;
	finish_answer(resolver, task);
}

/* SERVFAIL. It is remembered (RFC 9520), but not when only the share of work of another question was used up. */
static void finish_failure(struct resolver *resolver, struct task *task, usec_t now)
{
	resolver->counters.failed++;
	if (task->quota->hit)
		resolver->counters.limited++;
	if (task->depth == 0 || !task->quota->hit)
		failures_put(resolver->config.cache, task->name, task->type, now);
	task->result.rcode = RCODE_SERVFAIL;
	task->result.chain_count = 0;
	finish(resolver, task);
}

static void step_lookup(struct resolver *resolver, struct task *task, usec_t now)
{
	struct context ctx = ask_context(resolver, task, now);

	switch (lookup_step(&ctx, &task->lookup, task->type)) {
	case LOOKUP_ANSWER:
		finish_answer(resolver, task);
		break;
	case LOOKUP_NEGATIVE:
		finish_negative(resolver, task);
		break;
	case LOOKUP_MISS:
		task->state = TASK_DELEG;
		break;
	case LOOKUP_FAILED:
		finish_failure(resolver, task, now);
		break;
	}
}

/* Asks for the root's NS set while the hints are in use (RFC 8109). */
static void prime(struct resolver *resolver, const struct task *task, usec_t now)
{
	bool is_priming = task->type == TYPE_NS && *task->name == 0;

	if (!is_priming && !task_find(resolver, name_root, TYPE_NS) && !failures_has(resolver->config.cache, name_root, TYPE_NS, now))
		task_new(resolver, name_root, TYPE_NS, NULL, now);
}

static void enter_deleg(struct resolver *resolver, struct task *task, struct deleg *deleg)
{
	task_enter(resolver, task, deleg);
	task->zone_targets = 0;
	task->known_labels = name_label_count(deleg->zone);
	task->state = TASK_ASK;
}

static void step_deleg(struct resolver *resolver, struct task *task, usec_t now)
{
	struct context ctx = ask_context(resolver, task, now);
	const uint8_t *name = task->lookup.name;

	/* A DS set belongs to the parent's side of a cut (RFC 4035 section 3.1.4.1). */
	struct deleg *deleg = deleg_find(&ctx, task->type == TYPE_DS ? name_parent(name) : name);
	if (!deleg) {
		finish_failure(resolver, task, now);
		return;
	}
	if (deleg->source == DELEG_HINTS)
		prime(resolver, task, now);
	enter_deleg(resolver, task, deleg);
}

/* All servers of a delegation from the cache have failed: perhaps the parent knows newer ones. */
static bool go_to_parent(struct resolver *resolver, struct task *task, usec_t now)
{
	struct context ctx = ask_context(resolver, task, now);

	if (task->reparented || task->deleg->source != DELEG_CACHE || *task->deleg->zone == 0)
		return false;
	struct deleg *deleg = deleg_find(&ctx, name_parent(task->deleg->zone));
	if (!deleg)
		return false;
	task->reparented = true;
	enter_deleg(resolver, task, deleg);
	return true;
}

static void apply_outcome(struct resolver *resolver, struct task *task, enum ask_outcome outcome, usec_t now)
{
	switch (outcome) {
	case ASK_SENT:
		task->state = TASK_REPLY;
		break;
	case ASK_WAITING:
		task->state = TASK_TARGETS;
		break;
	case ASK_EXHAUSTED:
		if (!go_to_parent(resolver, task, now))
			finish_failure(resolver, task, now);
		break;
	case ASK_LIMITED:
		finish_failure(resolver, task, now);
		break;
	}
}

/* Moves the task as far as it goes without an event. */
static void run(struct resolver *resolver, struct task *task, usec_t now)
{
	for (;;) {
		switch (task->state) {
		case TASK_LOOKUP:
			step_lookup(resolver, task, now);
			break;
		case TASK_DELEG:
			step_deleg(resolver, task, now);
			break;
		case TASK_ASK:
			apply_outcome(resolver, task, ask_next(resolver, task, now), now);
			break;
		default:
			return;
		}
	}
}

static void run_all(struct resolver *resolver, usec_t now)
{
	for (struct task *task = task_take_ready(resolver); task; task = task_take_ready(resolver)) {
		if (task->state == TASK_TARGETS)
			task->state = TASK_ASK;
		run(resolver, task, now);
	}
}

/* What the cache keeps of an NS set that came from the zone's own servers ends with the delegation that led there: otherwise a zone's
 * old servers could keep themselves in charge for ever after the parent has moved the zone. */
static void put_ns(struct resolver *resolver, const struct task *task, const struct rrset *ns, usec_t now)
{
	struct rrset capped = *ns;

	if (capped.expires > task->deleg->expires && name_equal(ns->owner, task->deleg->zone))
		capped.expires = task->deleg->expires;
	rrsets_put(resolver->config.cache, &capped, now);
}

static void cache_reply(struct resolver *resolver, const struct task *task, const struct reply *reply, usec_t now)
{
	struct cache *cache = resolver->config.cache;

	if (reply->kind > REPLY_REFERRAL)      /* of no use, so of no truth */
		return;
	for (unsigned i = 0; i < reply->chain_count; i++) {
		/* What a DNAME makes is made again from the DNAME. */
		if (i > 0 && reply->chain[i]->type == TYPE_CNAME && reply->chain[i - 1]->type == TYPE_DNAME)
			continue;
		if (reply->chain[i]->type == TYPE_NS)
			put_ns(resolver, task, reply->chain[i], now);
		else
			rrsets_put(cache, reply->chain[i], now);
	}
	if (reply->ns)
		put_ns(resolver, task, reply->ns, now);
	for (unsigned i = 0; i < reply->glue_count; i++)
		rrsets_put(cache, reply->glue[i], now);
	if (reply->kind == REPLY_NXDOMAIN || reply->kind == REPLY_NODATA)
		negatives_put(cache, reply->target, task->asked_type, &reply->negative, now);
}

/* Adds the reply's chain to the answer. False when it has become too long. */
static bool append_chain(struct task *task, const struct reply *reply)
{
	for (unsigned i = 0; i < reply->chain_count; i++) {
		if (reply->chain[i]->type == TYPE_CNAME && task->type != TYPE_CNAME && task->type != TYPE_ANY)
			task->lookup.alias_count++;
		if (!lookup_push(&task->lookup, reply->chain[i]))
			return false;
	}
	task->lookup.name = reply->target;
	return task->lookup.alias_count <= CHAIN_MAX;
}

/* The server was of no use: another one. */
static void next_server(struct resolver *resolver, struct task *task, bool lame, usec_t now)
{
	resolver->counters.lame += lame;
	if (lame && task->deleg->source != DELEG_FORWARD)
		infra_set_lame(resolver->config.cache, &task->server->addr, task->deleg->zone, now);
	task->server->bad = true;
	task->state = TASK_ASK;
}

static void digest_referral(struct resolver *resolver, struct task *task, const struct reply *reply, usec_t now)
{
	struct context ctx = ask_context(resolver, task, now);

	/* The parent of a cut is asked for DS and must not point below it. */
	if (++task->referral_count > LIMIT_REFERRALS || (task->type == TYPE_DS && name_equal(reply->ns->owner, task->lookup.name))) {
		next_server(resolver, task, false, now);
		return;
	}
	struct deleg *deleg = deleg_from_referral(&ctx, reply);
	if (deleg)
		enter_deleg(resolver, task, deleg);
	else
		finish_failure(resolver, task, now);
}

/* The reply to a shortened question only tells whether a delegation is there. */
static void digest_minimised(struct resolver *resolver, struct task *task, const struct reply *reply, usec_t now)
{
	switch (reply->kind) {
	case REPLY_REFERRAL:
		digest_referral(resolver, task, reply, now);
		return;
	case REPLY_ANSWER:
	case REPLY_CNAME:
	case REPLY_NODATA:
		task->known_labels = name_label_count(task->asked_name);
		break;
	default:
		/* NXDOMAIN too: servers that deny empty non-terminals exist (RFC 9156 section 2.3). */
		task->no_minimise = true;
		break;
	}
	task->server->tries--;
	task->state = TASK_ASK;
}

static void digest_full(struct resolver *resolver, struct task *task, const struct reply *reply, usec_t now)
{
	switch (reply->kind) {
	case REPLY_ANSWER:
	case REPLY_CNAME:
	case REPLY_NXDOMAIN:
	case REPLY_NODATA:
		if (!append_chain(task, reply)) {
			finish_failure(resolver, task, now);
			return;
		}
		break;
	case REPLY_REFERRAL:
		digest_referral(resolver, task, reply, now);
		return;
	default:
		next_server(resolver, task, reply->kind == REPLY_LAME, now);
		return;
	}
	if (reply->kind == REPLY_CNAME) {
		task->state = TASK_LOOKUP;
		return;
	}
	task->lookup.rcode = reply->rcode;
	task->lookup.negative = reply->negative;
	if (reply->kind == REPLY_ANSWER)
		finish_answer(resolver, task);
	else
		finish_negative(resolver, task);
}

static void digest(struct resolver *resolver, struct task *task, const struct reply *reply, usec_t now)
{
	struct exchange *x = &task->exchange;

	if (reply->kind == REPLY_TRUNCATED && !x->tcp) {
		apply_outcome(resolver, task, ask_again(resolver, task, true, (enum edns_level)x->edns, now), now);
		return;
	}
	if (reply->kind == REPLY_NO_EDNS && x->edns < EDNS_NONE) {
		enum edns_level less = (enum edns_level)(x->edns + 1);
		infra_set_edns(resolver->config.cache, &x->server, less, now);
		apply_outcome(resolver, task, ask_again(resolver, task, x->tcp, less, now), now);
		return;
	}
	cache_reply(resolver, task, reply, now);
	if (ask_was_minimised(task))
		digest_minimised(resolver, task, reply, now);
	else
		digest_full(resolver, task, reply, now);
}

static struct task *task_of(struct exchange *exchange)
{
	assert(exchange->active);
	return (struct task *)((uint8_t *)exchange - offsetof(struct task, exchange));
}

/* Whether the message answers the question (RFC 5452 section 9.1; server and ports are the socket's business). */
static bool answers(const struct task *task, const struct message *message)
{
	if (message->id != task->exchange.id || !(message->flags & FLAG_QR) || flags_opcode(message->flags) != OPCODE_QUERY)
		return false;
	if (message->count[SECTION_QUESTION] == 0)
		return (message->flags & FLAG_RCODE_MASK) != RCODE_NOERROR && (message->flags & FLAG_RCODE_MASK) != RCODE_NXDOMAIN;
	return message->count[SECTION_QUESTION] == 1 && message->qtype == task->asked_type && message->qclass == CLASS_IN &&
	       message->qname_len > 0 && name_equal(message->qname, task->asked_name);
}

/* A reply with our id that can't be read. */
static bool is_garbled(const struct task *task, const uint8_t *wire, size_t len)
{
	return len >= MESSAGE_HEADER_LEN && wire_get_u16(wire) == task->exchange.id && (wire[2] & 0x80);
}

/* A server that shows an older version of its zone than another did is reported, where the zone's operator wants that. */
static void siblings_look(struct resolver *resolver, const struct task *task, const struct message *message, usec_t now)
{
	struct sibling_version version = { .server = &task->exchange.server, .asked = task->deleg->zone };
	struct action action = { .kind = ACTION_REPORT };

	if (task->deleg->source == DELEG_FORWARD || !scrub_zone_version(message, task->asked_name, &version.zone, &version.serial))
		return;
	if (siblings_note(resolver->siblings, resolver->config.policy, &version, now, &action.report) && resolver_push(resolver, &action))
		resolver->counters.behind++;
}

static void read_reply(struct resolver *resolver, struct task *task, const struct message *message, usec_t now)
{
	struct scrub_question question = {
		.qname = task->asked_name,
		.qtype = task->asked_type,
		.zone = task->deleg->zone,
		.forwarded = task->deleg->source == DELEG_FORWARD,
		.with_edns = task->exchange.edns != EDNS_NONE,
		.origin = { .learned = now, .server = task->exchange.server },
	};
	struct reply *reply = arena_alloc(&task->arena, sizeof(*reply));

	siblings_look(resolver, task, message, now);
	if (!reply || scrub_reply(reply, message, &question, resolver->config.policy, &task->arena) != ZT_OK)
		finish_failure(resolver, task, now);
	else
		digest(resolver, task, reply, now);
}

static void go_on(struct resolver *resolver, struct task *task, usec_t now)
{
	if (task->state != TASK_DONE)
		run(resolver, task, now);
	run_all(resolver, now);
}

/* Many wrong replies came: somebody may be guessing ids. TCP can't be guessed into. */
static bool count_mismatch(struct resolver *resolver, struct task *task, usec_t now)
{
	struct exchange *x = &task->exchange;

	resolver->counters.mismatches++;
	if (x->tcp || ++x->mismatches < LIMIT_MISMATCHES)
		return false;
	x->active = false;
	apply_outcome(resolver, task, ask_again(resolver, task, true, (enum edns_level)x->edns, now), now);
	go_on(resolver, task, now);
	return true;
}

bool resolver_on_reply(struct resolver *resolver, struct exchange *exchange, const uint8_t *wire, size_t len, usec_t now)
{
	struct task *task = task_of(exchange);
	struct message message;

	int status = message_read(&message, wire, len);
	bool ours = status == ZT_OK ? answers(task, &message) : is_garbled(task, wire, len);
	if (!ours && !exchange->tcp)
		return count_mismatch(resolver, task, now);
	exchange->active = false;
	if (!ours || status != ZT_OK) {
		next_server(resolver, task, false, now);
	} else {
		if (!exchange->tcp)
			infra_answered(resolver->config.cache, &exchange->server, now - exchange->sent, now);
		read_reply(resolver, task, &message, now);
	}
	go_on(resolver, task, now);
	return true;
}

void resolver_on_timeout(struct resolver *resolver, struct exchange *exchange, usec_t now)
{
	struct task *task = task_of(exchange);

	exchange->active = false;
	resolver->counters.timeouts++;
	infra_timed_out(resolver->config.cache, &exchange->server, now);
	if (exchange->tcp)
		task->server->bad = true;
	task->state = TASK_ASK;
	go_on(resolver, task, now);
}

void resolver_on_failure(struct resolver *resolver, struct exchange *exchange, usec_t now)
{
	struct task *task = task_of(exchange);

	exchange->active = false;
	infra_timed_out(resolver->config.cache, &exchange->server, now);
	task->server->bad = true;
	task->state = TASK_ASK;
	go_on(resolver, task, now);
}

void resolver_on_unsent(struct resolver *resolver, struct exchange *exchange, bool unreachable, usec_t now)
{
	struct task *task = task_of(exchange);

	exchange->active = false;
	task->question_count--;
	task->quota->questions++;
	if (unreachable)
		infra_unreachable(resolver->config.cache, &exchange->server, now);
	task->server->bad = true;
	task->state = TASK_ASK;
	go_on(resolver, task, now);
}

bool resolver_ask(struct resolver *resolver, const uint8_t *name, uint16_t type, struct asker *asker, usec_t now)
{
	struct task *task = task_find(resolver, name, type);

	resolver->counters.questions++;
	if (resolver->asker_count >= LIMIT_WAITING || (task && task->asker_count >= LIMIT_ASKERS))
		return false;
	if (task)
		resolver->counters.joined++;
	else
		task = task_new(resolver, name, type, NULL, now);
	if (!task)
		return false;
	asker->next = task->askers;
	task->askers = asker;
	task->asker_count++;
	resolver->asker_count++;
	run_all(resolver, now);
	return true;
}
