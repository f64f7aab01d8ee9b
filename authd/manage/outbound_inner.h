/* What the files of outbound share: outbound.c (life, questions, servers), outbound_link.c (connections and transfers), outbound_sign.c (TSIG). */
#pragma once

#include "authd/manage/manage.h"
#include "authd/manage/outbound.h"
#include "lib/dns/tsig.h"

struct outbound_socket;

/* Somebody who is asked. Found by address and TLS; there as long as anything hangs on it, or something is remembered of it. */
struct outbound_server {
	struct outbound_server *next;            /* with the same hash */
	struct outbound *outbound;
	struct netaddr address;
	struct tls_context *tls;                 /* NULL: plain. Counted */
	struct errand_gate gate;
	struct errand_queue questions;           /* of outbound_query */
	struct errand_queue transfers;           /* of outbound_transfer */
	struct cds_list_head links;
	struct loop_timer run;                   /* gives turns */
	uint64_t told;                           /* hash of the last problem with TLS in the log; 0: none since the server last answered */
	bool is_back;                            /* it was down; who follows it is to be told */
	unsigned users;                          /* queries and transfers, open or waiting, links, and callers on their way */
};

enum { OUTBOUND_QUERY_SLOTS = 4096, OUTBOUND_SERVER_SLOTS = 1024 };

struct outbound {
	struct manage *manage;
	uint64_t seed;                           /* of the servers' table */
	struct outbound_stats stats;             /* but for the numbers of servers */
	struct outbound_socket *sockets;
	char why[TSIG_FAULT_TEXT_SIZE];          /* of the transfer that has just ended */
	struct outbound_query *queries[OUTBOUND_QUERY_SLOTS];
	struct outbound_server *servers[OUTBOUND_SERVER_SLOTS];
};

/* outbound.c */
/* The address we ask `peer` from: the first listen address that can reach it, else any. */
void outbound_source_choose(const struct outbound *outbound, const struct netaddr *peer, struct netaddr *source);
/* The server, made when it is not there; counts one user more. NULL without memory. */
struct outbound_server *outbound_server_acquire(struct outbound *outbound, const struct remote_options *remote);
void outbound_server_release(struct outbound_server *server);
/* Turns are given by the loop, soon. */
void outbound_server_turns_soon(struct outbound_server *server);
/* What was seen of the server; tells of changes in the log. */
void outbound_server_on_life(struct outbound_server *server);
void outbound_server_on_silence(struct outbound_server *server);
void outbound_server_on_failure(struct outbound_server *server);

/* outbound_sign.c: only where the server has a key, but for outbound_believes_reply */
enum { OUTBOUND_SIGNED_MAX = 2048 };         /* bytes of a question with its signature */

struct outbound_question {
	const uint8_t *wire;
	size_t len;
};

/* Writes the question with its signature to `out`, whose size is OUTBOUND_SIGNED_MAX. */
int outbound_sign_query(const struct outbound *outbound, struct outbound_query *query, struct tsig_message *out, const struct outbound_question *question)
	ZT_MUST_CHECK;
void outbound_sign_forget(struct outbound_query *query);
/* The same for a transfer's, to an `out` of any size; `check` has been made for its key. */
int outbound_sign_transfer(const struct outbound *outbound, struct tsig_check *check, struct tsig_message *out, const struct outbound_question *question)
	ZT_MUST_CHECK;
/* Signs a question where it is; the check has been begun. */
int outbound_sign(const struct outbound *outbound, struct tsig_check *check, struct tsig_message *message) ZT_MUST_CHECK;
/* Whether it is signed as it must be; if not, that is told, and the reply counts as not received: another may come. */
bool outbound_believes_reply(const struct outbound *outbound, struct outbound_query *query, const uint8_t *wire, size_t len);
/* The same for a message of a transfer's answer; check->fault says what is wrong. */
bool outbound_believes_message(const struct outbound *outbound, struct tsig_check *check, const uint8_t *wire, size_t len);

/* outbound_link.c */
enum { OUTBOUND_PADDED_MAX = 1536 };
/* A question that goes by TLS, as it is sent (RFC 8467); false where it can't be padded. */
bool outbound_question_pad(uint8_t padded[OUTBOUND_PADDED_MAX], const uint8_t *wire, size_t *len);
/* Sends a question by TLS; one that is on its way is left alone. */
int outbound_link_ask(struct outbound_query *query, const uint8_t *wire, size_t len) ZT_MUST_CHECK;
/* The question is closed: its connection need not wait for the reply. */
void outbound_link_forget(struct outbound_query *query);
/* Whether a transfer on a connection to the server has this id. */
bool outbound_link_has_id(const struct outbound_server *server, uint16_t id);
/* Starts the next transfer that waits. False: none waits, or there is no connection for it now. */
bool outbound_transfer_turn(struct outbound_server *server);
void outbound_links_close(struct outbound_server *server);
