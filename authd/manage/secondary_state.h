/* A secondary zone from inside. Of secondary.c, which decides nothing but does what the machine (lib/xfr/refresh.h) wants, and
 * secondary_transfer.c, which asks the primaries. Not for others. */
#pragma once

#include "authd/manage/manage.h"
#include "authd/manage/outbound.h"
#include "authd/manage/relay.h"
#include "authd/manage/secondary.h"
#include "lib/xfr/group.h"
#include "lib/xfr/refresh.h"
#include "lib/xfr/xfr_in.h"

enum {
	SECONDARY_QUESTION_MAX = 1024,
	SECONDARY_STATE_SIZE = 9,
	SECONDARY_ALARM_SIZE = 160,
};

struct secondary {
	struct manage *manage;
	struct zone_entry *entry;
	struct refresh refresh;
	struct loop_timer timer;
	struct remote_options *primaries;     /* own copies, and behind them those of the group's other members; numbered as in `group` */
	uint32_t primary_count, server_count;
	struct group group;
	struct relay *relay;                  /* NULL without a group */

	/* What is under way. */
	uint32_t ticket;
	unsigned primary;
	struct outbound_query query;
	uint8_t question[SECONDARY_QUESTION_MAX];
	size_t question_len;
	struct outbound_transfer transfer;
	struct xfr_in *in;                    /* NULL: no transfer */
	enum xfr_in_result result;
	usec_t started;
	usec_t asked_at;                      /* when the transfer's question left; 0 once it has been answered */

	/* For people. */
	bool has_transferred;
	enum xfr_in_style last_style;
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
/* What the journal is to know of the last confirmation. */
void secondary_state_write(const struct secondary *s, struct journal_state *state, uint8_t data[SECONDARY_STATE_SIZE]);
/* False in a zone without a SOA. */
bool secondary_timers(const struct zone_version *version, struct refresh_timers *timers);

/* secondary_transfer.c */
void secondary_soa_ask(struct secondary *s, const struct refresh_action *action);
void secondary_transfer_begin(struct secondary *s, const struct refresh_action *action);
/* Ends what is under way with no further word. */
void secondary_transfer_drop(struct secondary *s);
/* To the log, and to what people see of the zone. */
void secondary_failure_note(struct secondary *s, const char *what);
/* Sets the callbacks; once. */
void secondary_transfer_init(struct secondary *s);
