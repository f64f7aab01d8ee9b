/* A daemon's side of the control channel: a Unix socket in its event loop, a table of commands.
 *
 * A client sends request lines and gets one reply line for each, in order; the next request is taken up when the one before is answered
 * and not too many replies wait to be read.
 *
 * Life of a request: it is handed to its command's handler, which ends it by ctl_request_reply or ctl_request_fail, at once or later. Every request must
 * be ended exactly once, also when its client has gone (the reply then goes nowhere) and when the server was closed; ctl_request_on_gone
 * tells when to stop bothering. One thread. The process must ignore SIGPIPE.
 */
#pragma once

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/status.h"
#include "lib/ctl/ctl_message.h"

struct ctl_server;
struct ctl_request;

typedef void (*ctl_handler)(struct ctl_request *request, void *ctx);

struct ctl_command {
	const char *name;
	unsigned min_args;
	unsigned max_args;           /* at most CTL_ARGS_MAX */
	const char *arguments;       /* for usage: "ZONE SERIAL"; "" for none */
	const char *help;            /* one line */
	ctl_handler handler;
};

struct ctl_config {
	const char *path;                        /* of the socket */
	const char *program;                     /* for messages: "authd" */
	const struct ctl_command *commands;      /* borrowed; "help" is built in */
	size_t command_count;
	void *ctx;                               /* for the handlers */
};

/* Creates the socket with mode 0660. One left behind by a dead daemon is replaced; ZT_EBUSY when a living one answers there. On failure `error` tells the
 * whole story. */
ZT_MUST_CHECK int ctl_server_open(struct ctl_server **server, struct event_base *base, const struct ctl_config *config,
				  char error[CTL_ERROR_SIZE]);
/* Removes the socket, pushes out what fits of pending replies, hangs up. NULL is fine. Allowed inside handlers. */
void ctl_server_close(struct ctl_server *server);

/* Its name, for a handler of several. */
const char *ctl_request_command(const struct ctl_request *request);
/* NULL past the last one. */
const char *ctl_request_arg(const struct ctl_request *request, size_t i);
size_t ctl_request_arg_count(const struct ctl_request *request);
/* The request's other members ("options"): the fallback where absent or of another type. */
const char *ctl_request_text(const struct ctl_request *request, const char *option, const char *fallback);
double ctl_request_number(const struct ctl_request *request, const char *option, double fallback);
bool ctl_request_flag(const struct ctl_request *request, const char *option);

/* Calls back once when the client hangs up (or the server closes) before the reply. Not called when it has hung up already. */
void ctl_request_on_gone(struct ctl_request *request, ctl_handler on_gone, void *ctx);

/* End the request. `result` is taken over; NULL (out of memory while it was built) becomes a failure. */
void ctl_request_reply(struct ctl_request *request, json_t *result);
void ctl_request_fail(struct ctl_request *request, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
