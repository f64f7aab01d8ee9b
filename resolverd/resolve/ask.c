/* Questions to servers. */
#include "resolverd/resolve/ask.h"

#include <string.h>

#include "lib/dns/writer.h"
#include "resolverd/resolve/select.h"

enum {
	TARGETS_AT_ONCE = 2,
	/* RFC 9156 section 2.3: at most so many shortened questions, the first of which add one label each. */
	MINIMISE_MAX = 10,
	MINIMISE_ONE_LABEL = 4,
};

/* Asks for the version of the zone (RFC 9660 section 2.1). */
static const uint8_t ask_version[] = { 0, EDNS_ZONEVERSION, 0, 0 };

struct context ask_context(const struct resolver *resolver, struct task *task, usec_t now)
{
	return (struct context){
		.policy = resolver->config.policy,
		.reader = { .cache = resolver->config.cache, .arena = &task->arena, .now = now },
	};
}

static size_t write_question(struct resolver *resolver, struct task *task)
{
	struct exchange *x = &task->exchange;
	bool forward = task->deleg->source == DELEG_FORWARD;
	struct message_writer writer;

	x->id = secure_rng_u16(resolver->config.secure_rng);
	message_writer_init(&writer, x->wire, sizeof(x->wire), x->id, forward ? FLAG_RD : 0);
	int status = message_write_question(&writer, task->asked_name, task->asked_type, CLASS_IN);
	if (status == ZT_OK && x->edns != EDNS_NONE) {
		struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .flags = EDNS_FLAG_DO };
		/* A zone's version is for authoritative servers to tell, not for resolvers (RFC 9660 section 3). */
		if (x->edns == EDNS_FULL && !forward) {
			edns.options = ask_version;
			edns.options_len = sizeof(ask_version);
		}
		status = message_write_edns(&writer, &edns);
	}
	return status == ZT_OK ? message_writer_finish(&writer) : 0;
}

/* Sends what exchange.server, .tcp and .edns and the asked name say. */
static enum ask_outcome send_question(struct resolver *resolver, struct task *task, usec_t timeout, usec_t now)
{
	struct exchange *x = &task->exchange;

	if (task->question_count >= LIMIT_TASK_QUESTIONS || task->quota->questions == 0 || now >= task->deadline) {
		task->quota->hit = true;
		return ASK_LIMITED;
	}
	x->wire_len = write_question(resolver, task);
	if (x->wire_len == 0)
		return ASK_LIMITED;
	task->question_count++;
	task->quota->questions--;
	x->mismatches = 0;
	x->sent = now;
	x->deadline = now + timeout < task->deadline ? now + timeout : task->deadline;
	struct action action = { .kind = ACTION_SEND, .exchange = x };
	if (!resolver_push(resolver, &action))
		return ASK_LIMITED;
	x->active = true;
	if (x->tcp)
		resolver->counters.sent_tcp++;
	else
		resolver->counters.sent_udp++;
	return ASK_SENT;
}

enum ask_outcome ask_again(struct resolver *resolver, struct task *task, bool tcp, enum edns_level edns, usec_t now)
{
	struct server_state state;

	infra_get(resolver->config.cache, &task->exchange.server, &state, now);
	task->exchange.tcp = tcp;
	task->exchange.edns = (uint8_t)edns;
	return send_question(resolver, task, tcp ? TCP_TIMEOUT : infra_rto(&state), now);
}

/* Whether the cache shows that the name belongs to the zone above it: something but a delegation is known of it. */
static bool is_known_inside(const struct context *ctx, const uint8_t *name)
{
	struct negative negative;

	return rrsets_get(&ctx->reader, name, TYPE_A, TRUST_ANSWER) || negatives_get(&ctx->reader, name, TYPE_A, &negative);
}

/* The next name to ask, as short as it can be (RFC 9156). */
static void choose_name(const struct context *ctx, struct task *task)
{
	const uint8_t *name = task->lookup.name;
	unsigned labels = name_label_count(name);

	task->asked_name = name;
	task->asked_type = task->type;
	if (!ctx->policy->minimise || task->no_minimise || task->deleg->source == DELEG_FORWARD || task->type == TYPE_DS)
		return;
	while (task->known_labels + 1 < labels && is_known_inside(ctx, name_strip(name, labels - task->known_labels - 1)))
		task->known_labels++;
	if (task->minimise_steps >= MINIMISE_MAX || task->known_labels + 1 >= labels)
		return;
	unsigned step = 1;
	if (task->minimise_steps >= MINIMISE_ONE_LABEL)
		step = (labels - task->known_labels + MINIMISE_MAX - task->minimise_steps - 1) / (MINIMISE_MAX - task->minimise_steps);
	if (task->known_labels + step >= labels)
		return;
	task->minimise_steps++;
	task->asked_name = name_strip(name, labels - task->known_labels - step);
	task->asked_type = TYPE_A;
}

/* Starts or joins the look-up of one target's next address type. False when that is not to be. */
static bool find_target(struct resolver *resolver, struct task *task, unsigned index, usec_t now)
{
	struct target *target = &task->deleg->targets[index];
	uint16_t type = target->asked_a ? TYPE_AAAA : TYPE_A;

	target->state = TARGET_FAILED;
	/* Inside the zone and without glue: nobody who could be asked knows. */
	if (name_is_within(target->name, task->deleg->zone))
		return false;
	if (task->zone_targets >= LIMIT_ZONE_TARGETS || task->quota->targets == 0) {
		task->quota->hit = true;
		return false;
	}
	task->zone_targets++;
	task->quota->targets--;
	if (type == TYPE_A)
		target->asked_a = true;
	else
		target->asked_aaaa = true;
	struct task *child = task_find(resolver, target->name, type);
	if (!child)
		child = task_new(resolver, target->name, type, task, now);
	if (!child || !task_wait(resolver, task, child, index))
		return false;
	target->state = TARGET_ASKED;
	return true;
}

/* Looks for addresses of a few more name servers, in random order. */
static enum ask_outcome find_targets(struct resolver *resolver, struct task *task, usec_t now)
{
	struct deleg *deleg = task->deleg;
	unsigned start = (unsigned)rng_below(resolver->config.rng, deleg->target_count);

	for (unsigned i = 0; i < deleg->target_count && task_wait_count(task) < TARGETS_AT_ONCE; i++) {
		unsigned index = (start + i) % deleg->target_count;
		if (deleg->targets[index].state == TARGET_UNKNOWN)
			find_target(resolver, task, index, now);
	}
	return task_wait_count(task) > 0 ? ASK_WAITING : ASK_EXHAUSTED;
}

/* One known server is few: looks up a name whose address is not known (its glue may have expired first), for those who come later. Nobody waits. */
static void find_another(struct resolver *resolver, struct task *task, usec_t now)
{
	struct deleg *deleg = task->deleg;
	unsigned start = (unsigned)rng_below(resolver->config.rng, deleg->target_count);

	if (deleg->server_count > 1 || task->zone_targets > 0 || task->quota->targets == 0)
		return;
	for (unsigned i = 0; i < deleg->target_count; i++) {
		const struct target *target = &deleg->targets[(start + i) % deleg->target_count];
		if (target->state != TARGET_UNKNOWN)
			continue;
		task->zone_targets++;
		task->quota->targets--;
		if (!task_find(resolver, target->name, TYPE_A))
			task_new(resolver, target->name, TYPE_A, task, now);
		return;
	}
}

enum ask_outcome ask_next(struct resolver *resolver, struct task *task, usec_t now)
{
	struct context ctx = ask_context(resolver, task, now);
	struct server_state state;

	if (task_is_too_many(resolver, task)) {
		task->quota->hit = true;
		return ASK_LIMITED;
	}
	task->server = select_server(task->deleg, &ctx, resolver->config.rng, &state);
	if (!task->server)
		return find_targets(resolver, task, now);
	find_another(resolver, task, now);
	task->server->tries++;
	task->exchange.server = task->server->addr;
	task->exchange.tcp = false;
	task->exchange.edns = state.edns;
	choose_name(&ctx, task);
	/* Waiting long for a server in trouble is for when there is no other. */
	if (task->deleg->server_count > 1 && state.timeouts > 1)
		state.timeouts = 1;
	return send_question(resolver, task, infra_rto(&state), now);
}
