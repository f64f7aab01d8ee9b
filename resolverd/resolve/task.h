/* Tasks: the book-keeping of questions in flight. Inner header of resolve/; the machine that moves them is iterate.c.
 *
 * A task is in the resolver's table by (name, type), so that equal questions meet. It ends in one of two ways, a result for all who wait, or
 * the resolver's end. Who waits: askers (clients), and tasks that need a name server's address. Waiting never goes round in a
 * circle: task_wait refuses it.
 */
#pragma once

#include "resolverd/resolve/deleg.h"
#include "resolverd/resolve/iterate.h"

/* Work left to a client's question and all tasks made for it. */
struct quota {
	unsigned refs;
	unsigned questions;
	unsigned targets;
	bool hit;                /* a limit was reached */
};

enum { TASK_MAX_WAITS = 4 };

struct task;

/* `parent` waits for `child`, to learn addresses of a delegation's target. */
struct wait {
	struct task *parent;
	struct task *child;      /* NULL = unused */
	struct wait *next;       /* of the child's waiters */
	struct deleg *deleg;     /* news for another delegation than the task is at now is old */
	unsigned target;
};

enum task_state {
	TASK_LOOKUP,             /* see what the cache has */
	TASK_DELEG,              /* find whom to ask */
	TASK_ASK,                /* ask */
	TASK_REPLY,              /* waits for an exchange */
	TASK_TARGETS,            /* waits for addresses */
	TASK_DONE,
};

struct task {
	struct task *hash_next;
	struct task *list_next;          /* of the ready or the done list */
	bool is_ready;
	uint8_t name[NAME_MAX_LEN];      /* lower case */
	uint16_t type;
	uint64_t hash;
	enum task_state state;
	struct arena arena;
	struct asker *askers;
	unsigned asker_count;
	struct wait *waiters;            /* tasks that wait for this one */
	struct wait waits[TASK_MAX_WAITS];
	unsigned depth;
	unsigned mark;                   /* of the search for circles */
	struct quota *quota;
	usec_t deadline;

	struct lookup lookup;            /* the answer as it grows; lookup.name is the name to be resolved now */
	struct deleg *deleg;             /* set by task_enter */
	struct server *server;           /* the one of the exchange, in deleg */
	struct exchange exchange;
	unsigned question_count;
	unsigned referral_count;
	unsigned zone_targets;           /* targets looked up for this delegation */
	bool reparented;                 /* a dead delegation was already fetched again from its parent */
	bool no_minimise;                /* a server did not take shortened names well */
	unsigned minimise_steps;
	unsigned known_labels;           /* no delegation hides above a name of so many labels */
	const uint8_t *asked_name;       /* of the exchange: lookup.name or, minimised, one of its ancestors */
	uint16_t asked_type;
	struct result result;
};


enum { TASK_TABLE_SIZE = 4096, ZONE_LOAD_SIZE = 4096 };

struct resolver {
	struct resolver_config config;
	struct siblings *siblings;
	struct task *table[TASK_TABLE_SIZE];
	unsigned task_count;
	unsigned asker_count;            /* of all tasks */
	uint16_t zone_load[ZONE_LOAD_SIZE];      /* tasks by the hash of the zone they are at */
	unsigned mark;
	struct task *ready, **ready_tail;
	struct task *done;
	struct action *actions;          /* a ring that grows */
	unsigned action_first, action_count, action_size;
	struct resolver_counters counters;
};

struct task *task_find(const struct resolver *resolver, const uint8_t *name, uint16_t type);
/* In the table, ready to run. `parent` NULL: a client's question, with a quota of its own. NULL when memory is out or too much is in flight. */
struct task *task_new(struct resolver *resolver, const uint8_t *name, uint16_t type, const struct task *parent, usec_t now);
/* Out of the table, to the done list; its waiters are told by the caller before. */
void task_retire(struct resolver *resolver, struct task *task);
void task_free_done(struct resolver *resolver);
/* The task goes on at this delegation. */
void task_enter(struct resolver *resolver, struct task *task, struct deleg *deleg);
/* Whether others need the task's place more: too much is in flight, and much of it is at this zone. */
bool task_is_too_many(const struct resolver *resolver, const struct task *task);
void task_free(struct task *task);

void task_make_ready(struct resolver *resolver, struct task *task);
struct task *task_take_ready(struct resolver *resolver);

/* False when that would be a circle, or the parent waits for too many already. */
bool task_wait(struct resolver *resolver, struct task *parent, struct task *child, unsigned target);
/* Ends one wait; both sides forget it. */
void task_unwait(struct wait *wait);
unsigned task_wait_count(const struct task *task);

/* False when memory is out; the action is lost. */
bool resolver_push(struct resolver *resolver, const struct action *action);
