/* Carries the machine's questions over the network: a fresh UDP socket with a random port for each question (RFC 5452), or a TCP stream.
 *
 * The sockets are connected, so only the server asked can answer. One thread. Not here: what the bytes mean (iterate.h).
 */
#pragma once

#include "lib/net/loop.h"
#include "resolverd/resolve/iterate.h"

struct upstream;

struct upstream_config {
	struct loop *loop;
	struct resolver *resolver;
	struct secure_rng *secure_rng;
	/* After each event given to the resolver, so that its actions are taken; `now` is the time the event was given. */
	void (*on_event)(void *ctx, usec_t now);
	void *ctx;
};

int upstream_new(struct upstream **upstream, const struct upstream_config *config) ZT_MUST_CHECK;
/* Drops what is under way. NULL is fine. */
void upstream_free(struct upstream *upstream);
/* Takes an ACTION_SEND. What goes wrong at once is told to the resolver at once, without on_event. */
void upstream_send(struct upstream *upstream, struct exchange *exchange, const struct policy *policy);
/* Takes an ACTION_REPORT: one message, whose answer nobody waits for. */
void upstream_report(struct upstream *upstream, const struct sibling_report *report, const struct policy *policy);
