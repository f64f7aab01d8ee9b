/* The keeper: the process that a lab belongs to, from `up` to `down`.
 *
 * It starts the daemons, notices when one ends, answers at the control socket DIR/zonelab.sock (doc/protocol-control.md says how lines look; its
 * commands are in commands.c), writes what happens to DIR/events.jsonl, and ends them all when it is told to end. If it is killed, they die with it.
 *
 * What belongs to a lab but is not the keeper's own business (a page, an observer) hangs on it as a part: it is started when every node answers,
 * runs in the keeper's loop, may hear of events, add to the state document, offer commands and ask for commands, and is stopped before the nodes
 * are. One thread, beside those of the network's engine.
 */
#pragma once

#include <jansson.h>

#include "lib/net/loop.h"
#include "tools/zonelab/keeper/events.h"
#include "tools/zonelab/lab/lab.h"

struct keeper;

/* One command asked of the keeper, by whomever. It must be ended exactly once, at once or later, by keeper_call_done or keeper_call_fail. */
struct keeper_call;

struct keeper_command {
	const char *name;
	unsigned min_args, max_args;      /* at most CTL_ARGS_MAX */
	const char *arguments;            /* for usage: "NODE"; "" for none */
	const char *help;                 /* one line */
	void (*run)(struct keeper *keeper, struct keeper_call *call, void *ctx);
};

struct keeper_part {
	/* Before the keeper moves into the lab's network: what shall listen outside is opened here. May be NULL. */
	int (*prepare)(void *ctx);
	/* Errors are printed (they reach the user) and end the lab. */
	int (*start)(struct keeper *keeper, void *ctx);
	void (*stop)(void *ctx);                       /* only what was started */
	void (*state_add)(void *ctx, json_t *state);   /* to the state document; may be NULL */
	const struct keeper_command *commands;
	size_t command_count;
	void *ctx;
};

struct lab *keeper_lab(struct keeper *keeper);
struct loop *keeper_loop(struct keeper *keeper);
struct events *keeper_events(struct keeper *keeper);
/* The state document; a new reference, NULL without memory. */
json_t *keeper_state(struct keeper *keeper);
/* Ends the lab; the loop goes on until everything has ended. */
void keeper_end(struct keeper *keeper);

/* How a command ended: ZT_OK with a result (borrowed: an object, where a command has only something to say {"text": …}), or another status and
 * what went wrong. */
typedef void (*keeper_answer)(void *ctx, int status, json_t *result, const char *error);

struct keeper_question {
	const char *command;
	const char *const *args;          /* good until it is answered */
	size_t arg_count;
};

/* Asks for a command as the control socket does. `answer` is called once, maybe before this returns. */
void keeper_ask(struct keeper *keeper, const struct keeper_question *question, keeper_answer answer, void *ctx);

/* NULL past the last one; the texts are good until the call is ended. */
const char *keeper_call_arg(const struct keeper_call *call, size_t i);
size_t keeper_call_arg_count(const struct keeper_call *call);
const char *const *keeper_call_args(const struct keeper_call *call);
/* Calls back once when whoever asked hangs up before the call is ended; it is to be ended all the same. */
void keeper_call_on_gone(struct keeper_call *call, void (*on_gone)(void *ctx), void *ctx);
/* `result` is taken over. */
void keeper_call_done(struct keeper_call *call, json_t *result);
void keeper_call_say(struct keeper_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
void keeper_call_fail(struct keeper_call *call, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The node an argument names; NULL after the call has failed with the names there are. */
const struct topology_node *keeper_call_node(struct keeper *keeper, struct keeper_call *call, size_t i);
/* Fails with those names. */
void keeper_call_no_node(struct keeper *keeper, struct keeper_call *call, const char *name);

/* The keeper's whole life, in its own process. `report`: a socket to the program that asked for the lab; it is sent KEEPER_READY, and until that
 * program has sent KEEPER_DETACH the lab lives no longer than it. Messages go to standard error, from KEEPER_READY on to DIR/keeper.log. */
enum { KEEPER_READY = 'R', KEEPER_DETACH = 'D' };
int keeper_run(struct lab *lab, int report, const struct keeper_part *parts, size_t part_count) ZT_MUST_CHECK;
