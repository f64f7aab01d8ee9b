/* A scenario: a lab, and timed steps in it: changes, faults, and expectations with a deadline.
 *
 * Reading has two parts. scenario_parse knows the file alone; scenario_bind holds it against the topology that it is about: nodes, zones, names and values.
 * Nothing is started before both have found no problem; all problems are FILE:LINE:COL. What an expectation needs to know are questions, each asked of
 * one node (sight.h holds what came of one); who runs a scenario asks those, and play.h judges.
 *
 * Times are the lab's: with a lab that runs 60 times as fast, a minute of a scenario is a second.
 * Limits: 500 steps, 32 nodes or values in one list.
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/xfr/level.h"
#include "tools/zonelab/topology/topology.h"

enum { SCENARIO_STEPS_MAX = 500, SCENARIO_LIST_MAX = 32, SCENARIO_WORDS_MAX = 16 };

enum step_kind {
	STEP_UPDATE, STEP_FAULT, STEP_PARTITION, STEP_HEAL, STEP_KILL, STEP_START, STEP_BACKUP, STEP_RESTORE, STEP_FLOOD, STEP_EXEC, STEP_EXPECT,
	STEP_KIND_COUNT
};

enum condition_kind { CONDITION_SERIAL, CONDITION_ANSWER, CONDITION_MESSAGE, CONDITION_EXEC };
enum serial_test { SERIAL_IS, SERIAL_AT_LEAST, SERIAL_BELOW };
enum answer_test { ANSWER_RDATA, ANSWER_RCODE, ANSWER_NODATA, ANSWER_SILENT, ANSWER_FRESH, ANSWER_STALE };

enum { NO_QUESTION = UINT32_MAX, NO_STEP = UINT32_MAX };

/* A program run for a node. */
struct exec_what {
	const struct topology_node *node;
	const char *const *words;              /* {NODE} in a word stands for that node's IP@PORT */
	uint32_t word_count;
	int64_t exit;                          /* as it has to end */
	const char *prints;                    /* what its output has to hold; NULL: anything */
};

/* What has to be asked again and again while somebody waits for the answer. */
struct question {
	const struct topology_node *node;
	const uint8_t *name;
	uint16_t type;
	const struct exec_what *exec;          /* instead of a DNS question; NULL */
};

struct scenario_rdata {
	const uint8_t *bytes;
	uint16_t len;
};

struct condition {
	enum condition_kind kind;
	bool inverted;                         /* it must hold at none of the nodes */
	uint32_t *questions;                   /* of all of which it must hold */
	uint32_t question_count;
	uint32_t reference;                    /* what the primary says; or NO_QUESTION */
	/* serial */
	enum serial_test serial_test;
	uint32_t serial;                       /* without a reference */
	/* answer */
	enum answer_test answer_test;
	unsigned rcode;
	struct scenario_rdata *values;
	uint32_t value_count;
	/* message; NULL, and 0 bytes: any */
	const char *message;
	const struct topology_node *from, *to;
	const struct topology_zone *zone;
	uint64_t bytes_at_most;
	uint32_t since;                        /* the step from whose begin on it counts */
	uint32_t count;                        /* there were at least so many */
};

struct step {
	enum step_kind kind;
	struct topology_place place;
	const char *name;                      /* NULL without */
	bool has_at, has_after;
	usec_t at;                             /* since the scenario's begin */
	usec_t after;                          /* the end of the step before */
	const char *text;                      /* what it does, for people */
	/* The keeper's command, of update, fault, partition and heal; of the others what they are about. */
	const char *words[SCENARIO_WORDS_MAX];
	uint32_t word_count;
	const struct topology_node **nodes;    /* kill, start, backup, restore; flood: its target */
	uint32_t node_count;
	struct exec_what *exec;
	/* flood */
	const struct topology_node *from;
	uint32_t flood_rate;                   /* questions a second of the lab's time */
	usec_t flood_for;
	uint8_t *flood_name;
	/* expect */
	struct condition condition;
	bool has_within, has_holds;
	usec_t within;                         /* it has to become true */
	usec_t holds;                          /* it has to stay true */
	bool is_background;                    /* the next step does not wait for it */
};

/* Nodes whose kind may be chosen together. */
struct scenario_role {
	const char *name;
	const char *const *nodes;
	uint32_t node_count;
};

struct scenario_conf;

struct scenario {
	struct yaml_tree tree;                 /* owns everything */
	const struct scenario_conf *conf;
	const char *file;
	const char *title;
	const char *teaches;                   /* NULL without */
	const char *topology;                  /* as written */
	double speed;                          /* 0: the lab's own */
	bool needs_net;                        /* it has faults, or looks at messages */
	struct scenario_role *roles;
	uint32_t role_count;
	struct step *steps;
	uint32_t step_count;
	struct question *questions;            /* from scenario_bind on */
	uint32_t question_count;
};

/* Problems are added; then ZT_ESYNTAX and there is nothing to free. The scenario must not move afterwards. */
int scenario_parse(struct scenario *scenario, const struct topology_text *source, struct problems *problems) ZT_MUST_CHECK;
/* Holds it against a topology, which must outlive it; once. ZT_ESYNTAX, ZT_ENOMEM; the scenario is to be freed in every case. */
int scenario_bind(struct scenario *scenario, const struct topology *topology, struct problems *problems) ZT_MUST_CHECK;
void scenario_free(struct scenario *scenario);

/* "update", "restore-backup" … as scenarios write it. */
const char *step_kind_text(enum step_kind kind);
