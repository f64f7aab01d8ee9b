/* Tasks: table, lists, waits. */
#include "resolverd/resolve/task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "resolverd/cache/messages.h"

enum { TASK_CHUNK = 8192, FIRST_ACTIONS = 64 };

static uint64_t task_hash(const struct resolver *resolver, const uint8_t *name, uint16_t type)
{
	return name_hash(name, resolver->config.cache->seed + type);
}

struct task *task_find(const struct resolver *resolver, const uint8_t *name, uint16_t type)
{
	uint64_t hash = task_hash(resolver, name, type);
	struct task *task = resolver->table[hash % TASK_TABLE_SIZE];

	while (task && !(task->hash == hash && task->type == type && name_equal(task->name, name)))
		task = task->hash_next;
	return task;
}

static struct quota *quota_for(const struct task *parent)
{
	if (parent) {
		parent->quota->refs++;
		return parent->quota;
	}
	struct quota *quota = malloc(sizeof(*quota));
	if (quota)
		*quota = (struct quota){ .refs = 1, .questions = LIMIT_QUESTIONS, .targets = LIMIT_TARGETS };
	return quota;
}

struct task *task_new(struct resolver *resolver, const uint8_t *name, uint16_t type, const struct task *parent, usec_t now)
{
	if (resolver->task_count >= LIMIT_TASKS || (parent && parent->depth >= LIMIT_DEPTH))
		return NULL;
	struct task *task = calloc(1, sizeof(*task));
	if (!task)
		return NULL;
	task->quota = quota_for(parent);
	if (!task->quota) {
		free(task);
		return NULL;
	}
	arena_init(&task->arena, TASK_CHUNK);
	name_copy(task->name, name);
	task->type = type;
	task->depth = parent ? parent->depth + 1 : 0;
	task->deadline = parent ? parent->deadline : now + LIMIT_TIME;
	task->lookup.name = task->name;
	task->result.generation = messages_generation(resolver->config.cache);
	task->hash = task_hash(resolver, name, type);
	struct task **bucket = &resolver->table[task->hash % TASK_TABLE_SIZE];
	task->hash_next = *bucket;
	*bucket = task;
	resolver->task_count++;
	task_make_ready(resolver, task);
	return task;
}

static uint64_t zone_slot(const struct resolver *resolver, const struct deleg *deleg)
{
	return name_hash(deleg->zone, resolver->config.cache->seed) % ZONE_LOAD_SIZE;
}

void task_enter(struct resolver *resolver, struct task *task, struct deleg *deleg)
{
	if (task->deleg)
		resolver->zone_load[zone_slot(resolver, task->deleg)]--;
	resolver->zone_load[zone_slot(resolver, deleg)]++;
	task->deleg = deleg;
}

bool task_is_too_many(const struct resolver *resolver, const struct task *task)
{
	/* All that goes to a forwarder is at one zone. */
	return task->deleg->source != DELEG_FORWARD && resolver->task_count > LIMIT_TASKS / 2 &&
	       resolver->zone_load[zone_slot(resolver, task->deleg)] > LIMIT_ZONE_TASKS;
}

void task_retire(struct resolver *resolver, struct task *task)
{
	struct task **at = &resolver->table[task->hash % TASK_TABLE_SIZE];

	assert(!task->is_ready && !task->waiters);
	while (*at != task)
		at = &(*at)->hash_next;
	*at = task->hash_next;
	resolver->task_count--;
	if (task->deleg)
		resolver->zone_load[zone_slot(resolver, task->deleg)]--;
	for (unsigned i = 0; i < TASK_MAX_WAITS; i++) {
		if (task->waits[i].child)
			task_unwait(&task->waits[i]);
	}
	task->list_next = resolver->done;
	resolver->done = task;
}

void task_free(struct task *task)
{
	if (--task->quota->refs == 0)
		free(task->quota);
	arena_fini(&task->arena);
	free(task);
}

void task_free_done(struct resolver *resolver)
{
	while (resolver->done) {
		struct task *task = resolver->done;
		resolver->done = task->list_next;
		task_free(task);
	}
}

void task_make_ready(struct resolver *resolver, struct task *task)
{
	if (task->is_ready)
		return;
	task->is_ready = true;
	task->list_next = NULL;
	*resolver->ready_tail = task;
	resolver->ready_tail = &task->list_next;
}

struct task *task_take_ready(struct resolver *resolver)
{
	struct task *task = resolver->ready;

	if (!task)
		return NULL;
	resolver->ready = task->list_next;
	if (!resolver->ready)
		resolver->ready_tail = &resolver->ready;
	task->is_ready = false;
	return task;
}

/* Whether `from` waits for `sought`, at any distance. Each task is visited once. */
static bool waits_for(struct resolver *resolver, struct task *from, const struct task *sought)
{
	if (from == sought)
		return true;
	if (from->mark == resolver->mark)
		return false;
	from->mark = resolver->mark;
	for (unsigned i = 0; i < TASK_MAX_WAITS; i++) {
		if (from->waits[i].child && waits_for(resolver, from->waits[i].child, sought))
			return true;
	}
	return false;
}

bool task_wait(struct resolver *resolver, struct task *parent, struct task *child, unsigned target)
{
	struct wait *free_wait = NULL;

	for (unsigned i = 0; i < TASK_MAX_WAITS; i++) {
		if (!parent->waits[i].child)
			free_wait = &parent->waits[i];
	}
	resolver->mark++;
	if (!free_wait || waits_for(resolver, child, parent))
		return false;
	*free_wait = (struct wait){ .parent = parent, .child = child, .next = child->waiters, .deleg = parent->deleg, .target = target };
	child->waiters = free_wait;
	return true;
}

void task_unwait(struct wait *wait)
{
	struct wait **at = &wait->child->waiters;

	while (*at != wait)
		at = &(*at)->next;
	*at = wait->next;
	*wait = (struct wait){ .child = NULL };
}

unsigned task_wait_count(const struct task *task)
{
	unsigned count = 0;
	for (unsigned i = 0; i < TASK_MAX_WAITS; i++)
		count += task->waits[i].child && task->waits[i].deleg == task->deleg;
	return count;
}

bool resolver_push(struct resolver *resolver, const struct action *action)
{
	if (resolver->action_count == resolver->action_size) {
		unsigned size = resolver->action_size ? resolver->action_size * 2 : FIRST_ACTIONS;
		struct action *ring = malloc(size * sizeof(*ring));
		if (!ring)
			return false;
		for (unsigned i = 0; i < resolver->action_count; i++)
			ring[i] = resolver->actions[(resolver->action_first + i) % resolver->action_size];
		free(resolver->actions);
		resolver->actions = ring;
		resolver->action_first = 0;
		resolver->action_size = size;
	}
	resolver->actions[(resolver->action_first + resolver->action_count++) % resolver->action_size] = *action;
	return true;
}

int resolver_new(struct resolver **out, const struct resolver_config *config)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	if (!resolver)
		return ZT_ENOMEM;
	resolver->siblings = siblings_new();
	if (!resolver->siblings) {
		free(resolver);
		return ZT_ENOMEM;
	}
	resolver->config = *config;
	resolver->ready_tail = &resolver->ready;
	*out = resolver;
	return ZT_OK;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	task_free_done(resolver);
	for (unsigned i = 0; i < TASK_TABLE_SIZE; i++) {
		while (resolver->table[i]) {
			struct task *task = resolver->table[i];
			resolver->table[i] = task->hash_next;
			task_free(task);
		}
	}
	free(resolver->actions);
	siblings_free(resolver->siblings);
	free(resolver);
}

void resolver_set_policy(struct resolver *resolver, const struct policy *policy)
{
	/* Repairs may be others now. */
	if (resolver->config.policy != policy)
		siblings_reset(resolver->siblings);
	resolver->config.policy = policy;
}

bool resolver_next(struct resolver *resolver, struct action *action)
{
	if (resolver->action_count == 0) {
		task_free_done(resolver);
		return false;
	}
	*action = resolver->actions[resolver->action_first];
	resolver->action_first = (resolver->action_first + 1) % resolver->action_size;
	resolver->action_count--;
	return true;
}

const struct resolver_counters *resolver_counters(const struct resolver *resolver)
{
	return &resolver->counters;
}

unsigned resolver_task_count(const struct resolver *resolver)
{
	return resolver->task_count;
}
