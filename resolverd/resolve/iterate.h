/* The resolver as a pure state machine: events in, actions out.
 *
 * Events: a question (resolver_ask), the bytes of a reply, a time-out, a failure of the network. After each event the driver takes the actions
 * that have come up until there are none (resolver_next): send a question upstream and watch its deadline, or answer an asker. The clock
 * is a parameter and all randomness comes from the generators handed in, so the machine runs unchanged in the daemon, in
 * simulations and under the fuzzer.
 *
 * Life of a question: equal questions in flight are one task (resolver_ask joins). A task looks into the cache, finds the deepest
 * delegation it can use, asks one of its servers, believes of the reply what scrub.h lets through, caches that, and goes on: to the next
 * server, down a referral, along a CNAME. Addresses of name servers are found by tasks of their own, which the asking task waits for.
 *
 * Limits, so that no question and no zone can cause unbounded work: LIMIT_… below, for a client's question and all tasks made
 * for it together.
 *
 * Threads: one resolver a thread; the cache is shared. Memory: a task's arena, freed when the driver has taken all actions.
 */
#pragma once

#include "lib/base/rng.h"
#include "resolverd/cache/cache.h"
#include "resolverd/cache/infra.h"
#include "resolverd/resolve/lookup.h"
#include "resolverd/resolve/policy.h"
#include "resolverd/resolve/siblings.h"

enum {
	LIMIT_QUESTIONS = 100,       /* upstream questions, all tasks of a client's question */
	LIMIT_TASK_QUESTIONS = 32,   /* upstream questions of one task */
	LIMIT_TARGETS = 24,          /* name server names looked up, all tasks of a client's question */
	LIMIT_ZONE_TARGETS = 6,      /* name server names looked up for one delegation (NXNSAttack) */
	LIMIT_DEPTH = 6,             /* tasks waiting for tasks */
	LIMIT_REFERRALS = 32,        /* of one task */
	LIMIT_TASKS = 4096,          /* in flight, a resolver */
	LIMIT_ZONE_TASKS = 256,      /* of them at one zone, while more than half of LIMIT_TASKS are in flight: a dead zone that is asked for very many
	                              * names must not take all */
	LIMIT_ASKERS = 1000,         /* joined to one task */
	LIMIT_WAITING = 32768,       /* askers of all tasks, a resolver: each costs the driver memory while it waits */
	LIMIT_MISMATCHES = 8,        /* wrong replies to a UDP question, then it is asked by TCP (forgers at work) */
};
#define LIMIT_TIME (10 * USEC_PER_SEC)
#define TCP_TIMEOUT (4 * USEC_PER_SEC)

enum { QUESTION_MAX_LEN = MESSAGE_HEADER_LEN + NAME_MAX_LEN + 4 + 11 + 4 };

/* One question on its way to one server. */
struct exchange {
	struct netaddr server;
	bool tcp;
	bool active;                     /* between ACTION_SEND and the event that ends it */
	uint8_t edns;                    /* enum edns_level it was sent with */
	uint16_t id;
	uint8_t mismatches;
	usec_t sent;
	usec_t deadline;
	uint8_t wire[QUESTION_MAX_LEN];
	size_t wire_len;
};

/* Embedded in whatever wants an answer. */
struct asker {
	struct asker *next;
};

struct result {
	enum rcode rcode;
	struct rrset *const *chain;
	unsigned chain_count;
	const struct negative *negative;      /* NULL if the answer is positive or a failure */
	uint32_t generation;                  /* of messages made from it */
};

enum action_kind {
	ACTION_SEND,          /* exchange: send wire to server, watch the deadline */
	ACTION_REPORT,        /* report: a server is behind; tell who tells it (a message of lib/xfr/behind.h, sent once) */
	ACTION_ANSWER,        /* asker, result: both valid until resolver_next returns false; the asker is the driver's again */
};

struct action {
	enum action_kind kind;
	struct exchange *exchange;
	struct asker *asker;
	const struct result *result;
	struct sibling_report report;
};

struct resolver_counters {
	uint64_t questions;           /* client questions that needed work */
	uint64_t joined;              /* of them, joined to a task in flight */
	uint64_t sent_udp, sent_tcp;  /* upstream questions */
	uint64_t timeouts;
	uint64_t mismatches;          /* replies that were none */
	uint64_t lame;
	uint64_t behind;              /* servers reported to be behind others of their zone */
	uint64_t failed;              /* tasks that ended in SERVFAIL */
	uint64_t limited;             /* of them, stopped by a limit */
};

struct resolver;

/* All borrowed for the resolver's life; the policy may be replaced between events. */
struct resolver_config {
	struct cache *cache;
	const struct policy *policy;
	struct secure_rng *secure_rng;     /* message ids */
	struct rng *rng;                   /* choice of servers */
};

int resolver_new(struct resolver **resolver, const struct resolver_config *config) ZT_MUST_CHECK;
/* Askers that still wait are forgotten, exchanges with them. */
void resolver_free(struct resolver *resolver);
void resolver_set_policy(struct resolver *resolver, const struct policy *policy);

/* `name` in lower case. False when too much is in flight: the asker gets no answer. */
bool resolver_ask(struct resolver *resolver, const uint8_t *name, uint16_t type, struct asker *asker, usec_t now);
/* False: these bytes are no reply to the exchange, which goes on. True: the exchange is over. */
bool resolver_on_reply(struct resolver *resolver, struct exchange *exchange, const uint8_t *wire, size_t len, usec_t now);
/* The deadline has passed; the exchange is over. */
void resolver_on_timeout(struct resolver *resolver, struct exchange *exchange, usec_t now);
/* The network refused, or a stream ended early; the exchange is over. */
void resolver_on_failure(struct resolver *resolver, struct exchange *exchange, usec_t now);
/* The question could not be sent; the exchange is over and counts for no limit. `unreachable`: there is no way to the server (such as IPv6 where there
 * is none); otherwise we lack something ourselves. */
void resolver_on_unsent(struct resolver *resolver, struct exchange *exchange, bool unreachable, usec_t now);

bool resolver_next(struct resolver *resolver, struct action *action);
const struct resolver_counters *resolver_counters(const struct resolver *resolver);
/* Tasks in flight. */
unsigned resolver_task_count(const struct resolver *resolver);
