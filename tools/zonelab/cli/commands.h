/* What zonelab's commands do. Each prints what goes wrong and returns the exit code. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/netaddr.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_REACHED = 3 };

#define DEFAULT_DIR "zonelab-work"

enum mode_wish { MODE_DEFAULT, MODE_LOOPBACK, MODE_NET };

struct arguments {
	const char *program;      /* as it was called */
	const char *dir;
	uint16_t port;            /* 0 = the topology's */
	double client_rate;       /* negative = the topology's */
	enum mode_wish mode;
	struct netaddr http;      /* of the page; unset = no page */
	int speed;                /* of the lab's clock; 0 = 1 */
	uint64_t seed;            /* of the weather */
	bool json;
	char **words;             /* what follows the command */
	int word_count;
};

/* Says what is wrong with a word of the command line. */
int usage_error(const char *what, const char *word);

struct lab;
/* lab_find, and door_enter. */
int lab_find_inside(struct lab *lab, const char *dir);
/* The node a word names; NULL after saying which there are. */
const struct topology_node *node_named(const struct lab *lab, const char *word);

int command_up(const struct arguments *args);
int command_render(const struct arguments *args);
int command_down(const struct arguments *args);
int command_status(const struct arguments *args);
int command_dig(const struct arguments *args);
int command_exec(const struct arguments *args);
int command_update(const struct arguments *args);
int command_watch(const struct arguments *args);
int command_report(const struct arguments *args);
int command_demo(const struct arguments *args);
int command_scenario(const struct arguments *args);
int command_shell(const struct arguments *args);
int command_kill(const struct arguments *args);
int command_fault(const struct arguments *args);
int command_partition(const struct arguments *args);
int command_heal(const struct arguments *args);
int command_capture(const struct arguments *args);
int command_start(const struct arguments *args);
int command_graph(const struct arguments *args);
int command_new(const struct arguments *args);
int command_labs(const struct arguments *args);
