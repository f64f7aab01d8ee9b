/* What the parts of the scenario's reader share: the values of the file as the tables filled them. Not for others. */
#pragma once

#include "lib/conf/schema.h"
#include "tools/zonelab/scenario/scenario.h"

struct update_conf {
	const struct yaml_node *node;
	const char *zone, *add, *remove, *replace;
};

struct partition_conf {
	const struct yaml_node *node;
	struct schema_list nodes, from;
};

struct flood_conf {
	const struct yaml_node *node;
	const char *target, *from, *name;
	int64_t rate;
	usec_t duration;
};

struct exec_conf {
	const struct yaml_node *node;
	const char *at;
	struct schema_list command;
	int64_t exit;
	const char *prints;
};

struct serial_conf {
	const struct yaml_node *node;
	const char *zone;
	struct schema_list at;
	const char *is, *at_least, *below;
};

struct answer_conf {
	const struct yaml_node *node;
	const char *name, *type;
	struct schema_list at, is;
};

struct message_conf {
	const struct yaml_node *node;
	int kind;
	const char *from, *to, *zone, *since;
	uint64_t bytes_at_most;
	int64_t count;
};

struct expect_conf {
	const struct yaml_node *node;
	struct serial_conf serial;
	struct answer_conf answer;
	const char *converged;
	struct message_conf message;
	struct exec_conf exec;
	bool inverted;
};

struct step_conf {
	const struct yaml_node *node;
	const char *name;
	usec_t at, after;
	struct update_conf update;
	const struct yaml_node *fault;
	struct partition_conf partition;
	const char *heal;
	struct schema_list kill, start, backup, restore;
	struct flood_conf flood;
	struct exec_conf exec;
	struct expect_conf expect;
	usec_t within, holds;
	bool background;
};

struct scenario_conf {
	const struct yaml_node *node;
	const char *title, *teaches, *topology;
	int64_t speed;
	const struct yaml_node *roles;
	struct schema_list steps;
};

extern const struct schema scenario_schema;
const char *message_kind_text(int kind);

struct binder {
	struct scenario *scenario;
	const struct topology *topology;
	struct problems *problems;
	int status;
};

#define PROBLEM(binder, at, ...) problems_add((binder)->problems, (at) ? (at)->line : 0, (at) ? (at)->column : 0, __VA_ARGS__)

/* Zeroed memory that lives as long as the scenario; NULL (and binder->status) without any. */
void *binder_take(struct binder *binder, size_t size);
/* The same for text. */
const char *binder_text(struct binder *binder, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What a word names; NULL with a problem told. */
const struct topology_node *binder_node(struct binder *binder, const char *name, const struct yaml_node *at);
const struct topology_zone *binder_zone(struct binder *binder, const char *name, const struct yaml_node *at);
/* All that a list names, up to `*count`, which is set; NULL with a problem told. */
const struct topology_node **binder_nodes(struct binder *binder, const struct schema_list *names, const struct yaml_node *at, uint32_t *count);
struct exec_what *bind_exec(struct binder *binder, const struct exec_conf *conf);
/* What the step expects. */
void bind_condition(struct binder *binder, const struct expect_conf *conf, uint32_t step);
