/* What the files of the reconciliation client share: its state, and the three stages of work (reconcile_client_read.c, reconcile_client_apply.c). */
#pragma once

#include "lib/xfr/reconcile_client.h"
#include "lib/xfr/reconcile_side.h"

/* One query of a round and its answer. */
struct reconcile_question {
	struct buf entries;              /* ours */
	struct buf answers;              /* for each message of the answer: a 32-bit length in host order and its entries */
	uint8_t flags;                   /* enum reconcile_query_flag */
	unsigned messages;               /* of the answer so far */
	bool is_answered;                /* the last one has come */
};

struct reconcile_round {
	struct reconcile_question *questions;
	unsigned count, room;
};

enum reconcile_stage {
	STAGE_ASK,                       /* queries and answers */
	STAGE_READ,                      /* working through the answers of a round */
	STAGE_APPLY,
	STAGE_VERIFY,
	STAGE_END,
};

/* RRsets of ours that may have to go, one range at a time. */
enum reconcile_passing {
	PASSING_NONE,
	PASSING_ALL,                     /* all go */
	PASSING_UNLISTED,                /* those that are not in the server's LIST */
	PASSING_MARKED,                  /* those whose bit is set in a GIVE */
};

struct reconcile_client {
	struct reconcile_client_config config;
	uint8_t apex[NAME_MAX_LEN];
	const struct zone_version *version;      /* pinned: what we have */
	struct reconcile_side side;
	enum reconcile_stage stage;
	enum reconcile_result result;            /* of the end */
	struct reconcile_failure failure;
	bool is_stale;                           /* wait for the open answers, then begin anew */
	unsigned restarts, round_trips;
	unsigned levels;                         /* rounds since the last restart */
	uint64_t bytes_in, bytes_out, records;

	struct reconcile_round now;              /* asked and answered */
	unsigned sent, open;                     /* of its questions: sent in all, and waiting for an answer */
	uint16_t base_id;                        /* of its first question */
	struct reconcile_round next;             /* in the making */
	struct reconcile_writer writer;          /* of the last question of `next` */
	bool next_has_fp;

	bool has_target, has_digest;
	struct zsync target;
	struct zone_digest digest;

	/* STAGE_READ: where it stands. */
	unsigned question;
	size_t answer_pos;                       /* in its answers, behind the message in hand */
	bool has_message;
	struct reconcile_reader reader;          /* of the message in hand */
	struct reconcile_reader asked;           /* of the question's own entries */
	bool has_asked;
	struct reconcile_range last;             /* the last entry's, to see that they go forward */
	bool has_last;
	enum reconcile_passing passing;
	struct reconcile_items items;
	uint64_t item_index;
	struct reconcile_match match;
	uint64_t differing;                      /* ranges of this round that differed… */
	uint64_t differing_rrsets;               /* …and RRsets of ours in them */
	unsigned work;

	/* What it comes to. */
	struct buf removals;                     /* owner, type, covers of each RRset to remove */
	struct changeset given;                  /* records to add */
	struct zone_edit *edit;
	size_t removals_pos, given_pos;
	struct zone_digester *digester;
};

enum { RECONCILE_WORK_MAX = 200 };               /* units of work in one call: measured ranges, RRsets */

/* Notes the first failure; returns its status. */
int reconcile_fail(struct reconcile_client *client, enum reconcile_reason reason, int status, const char *format, ...) __attribute__((format(printf, 4, 5)));
int reconcile_fail_memory(struct reconcile_client *client);

/* Work of one stage: ZT_EAGAIN: not finished; ZT_OK: finished; otherwise noted by reconcile_fail. */
int reconcile_read(struct reconcile_client *client) ZT_MUST_CHECK;
int reconcile_apply(struct reconcile_client *client) ZT_MUST_CHECK;
int reconcile_verify(struct reconcile_client *client) ZT_MUST_CHECK;
/* Begins the reading of a round's answers. */
void reconcile_read_begin(struct reconcile_client *client);

/* The writer to add an entry of the next round to; NULL (and a noted failure) without memory. */
struct reconcile_writer *reconcile_next_writer(struct reconcile_client *client);
/* Whether going on would cost more than AXFR (reconcile_estimate.c); *differing: the RRsets that seem to differ. */
bool reconcile_is_too_much(const struct reconcile_client *client, uint64_t *differing);
