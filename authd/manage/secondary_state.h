/* A secondary zone from inside. Of secondary.c, which decides nothing but does what the machine (lib/xfr/refresh.h) wants, secondary_soa.c,
 * secondary_transfer.c and secondary_reconcile.c, which ask the primaries. Not for others. */
#pragma once

#include "authd/manage/ladder.h"
#include "authd/manage/manage.h"
#include "authd/manage/outbound.h"
#include "authd/manage/relay.h"
#include "authd/manage/secondary.h"
#include "lib/xfr/group.h"
#include "lib/xfr/reconcile_client.h"
#include "lib/xfr/refresh.h"
#include "lib/xfr/xfr_edns.h"
#include "lib/xfr/xfr_in.h"

enum {
	SECONDARY_QUESTION_MAX = 1024,
	SECONDARY_STATE_SIZE = 9,
	SECONDARY_ALARM_SIZE = 320,
};

struct secondary {
	struct manage *manage;
	struct zone_entry *entry;
	struct refresh refresh;
	struct loop_timer timer;
	struct remote_options *primaries;     /* own copies, and behind them those of the group's other members; numbered as in `group` */
	usec_t *plain_until;                  /* of each: no EDNS before, for it does not take it */
	uint32_t primary_count, server_count;
	struct group group;
	struct relay *relay;                  /* NULL without a group */

	/* What is under way. */
	uint32_t ticket;
	unsigned primary;
	struct refresh_action action;         /* the last that asked for something */
	bool with_edns;                       /* the question has options */
	struct outbound_query query;
	uint8_t question[SECONDARY_QUESTION_MAX];
	size_t question_len;
	struct outbound_transfer transfer;
	struct xfr_in *in;                    /* NULL: no transfer */
	enum xfr_in_result result;
	struct secondary_repair *repair;      /* NULL: no reconciliation */
	struct xfr_edns said;                 /* what the answer's options say */
	bool is_offered;
	uint64_t received;                    /* bytes */
	uint32_t peer_serial;
	usec_t started;
	usec_t asked_at;                      /* when the transfer's question left; 0 once it has been answered */

	/* For people. */
	struct ladder ladder;
	enum journal_source last_source;      /* of the last transfer; 0: none */
	struct netaddr last_from;
	usec_t last_wall;
	bool is_failing;                      /* the log knows that no primary confirms the zone */
	char alarm[SECONDARY_ALARM_SIZE];                     /* what an operator should look at; empty when all is well */
};

static inline usec_t secondary_now(const struct secondary *s)
{
	return clock_now(s->manage->clock);
}

/* Does what is due and sleeps until more is. */
void secondary_run(struct secondary *s);
const char *secondary_primary_text(const struct secondary *s, unsigned primary, char out[NETADDR_TEXT_SIZE]);
/* What the journal is to know of a confirmation `age` ago. */
void secondary_state_write(const struct secondary *s, usec_t age, struct journal_state *state, uint8_t data[SECONDARY_STATE_SIZE]);
/* False in a zone without a SOA. */
bool secondary_timers(const struct zone_version *version, struct refresh_timers *timers);

/* secondary_soa.c */
/* Sets the callbacks; once. */
void secondary_soa_init(struct secondary *s);
void secondary_soa_ask(struct secondary *s, const struct refresh_action *action);
/* Who goes ahead of whom where many want something of one primary. */
enum errand_urgency secondary_urgency(const struct secondary *s);
bool secondary_is_plain(const struct secondary *s, unsigned primary);
/* Whether the response code may come of the question's options; then the next questions to this primary are without. */
bool secondary_plain_wanted(struct secondary *s, unsigned rcode);
/* Adds our options to the question, as far as the primary takes them. */
int secondary_edns_append(struct secondary *s) ZT_MUST_CHECK;
/* What an answer's options say of the primary, whose serial it has. */
struct refresh_peer secondary_judge(const struct secondary *s, const struct xfr_edns *said, uint32_t serial);
/* What it means that the primary has this serial and content. */
enum ladder_result secondary_result_of(const struct secondary *s, uint32_t serial, enum refresh_content content);
/* Keeps and counts a step: of `received` bytes, since `started`, with `peer_serial`. */
void secondary_step_note(struct secondary *s, enum ladder_kind kind, enum ladder_result result, const char *reason);

/* secondary_transfer.c */
/* A version that has been received. */
struct secondary_receipt {
	struct zone_edit *edit;               /* taken over */
	enum journal_source source;
	const char *what;                     /* for the log */
	uint32_t differences;
	uint64_t records;
};
/* Makes it ours, and tells the machine. */
void secondary_commit(struct secondary *s, const struct secondary_receipt *receipt);
void secondary_transfer_begin(struct secondary *s, const struct refresh_action *action);
/* Ends what is under way with no further word. */
void secondary_transfer_drop(struct secondary *s);
/* To the log, and to what people see of the zone. */
void secondary_failure_note(struct secondary *s, const char *what);
/* The connection ended before the answer did: on to what the ladder has next. */
void secondary_connection_failed(struct secondary *s, int status);
/* A transfer came to nothing, which has been noted: on to what the ladder has next. */
void secondary_ladder_down(struct secondary *s, enum refresh_failure failure);
/* The primary has nothing newer than we: its serial, and what it has `said`. */
void secondary_current(struct secondary *s, uint32_t serial);
/* Begins anew with what the machine wants; then the question, and how its answer is taken, go into s->transfer, and _open puts it on its way (if `status`, of
 * what came before, is ZT_OK). */
void secondary_transfer_prepare(struct secondary *s, const struct refresh_action *action);
void secondary_transfer_open(struct secondary *s, int status);
void secondary_transfer_on_start(struct outbound_transfer *transfer);

/* secondary_reconcile.c */
void secondary_reconcile_begin(struct secondary *s, const struct refresh_action *action);
void secondary_reconcile_drop(struct secondary *s);
