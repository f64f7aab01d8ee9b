/* What the keeper's files share. */
#pragma once

#include <event2/event.h>

#include "lib/ctl/ctl_server.h"
#include "tools/zonelab/keeper/captures.h"
#include "tools/zonelab/keeper/faults.h"
#include "tools/zonelab/keeper/jobs.h"
#include "tools/zonelab/keeper/keeper.h"
#include "tools/zonelab/weather/fabric.h"

enum { END_SIGNALS = 3 };

struct node_watch {
	bool was_killed;                       /* by command, and not started since */
	struct keeper_call *kill_call;         /* to be ended when it has ended; NULL */
};

struct keeper {
	struct lab *lab;
	struct loop loop;
	struct events events;
	struct fabric *fabric;                 /* NULL in loopback mode */
	struct faults faults;
	struct ctl_server *ctl;
	struct ctl_command *ctl_commands;      /* the table the server works by: ours and the parts' */
	const struct keeper_part *parts;
	size_t part_count;
	size_t parts_started;
	struct node_watch *nodes;              /* in the topology's order */
	struct jobs jobs;
	struct captures captures;
	struct loop_io news_io;                /* of the switch */
	int report;                            /* -1 when the lab stands on its own */
	struct loop_io report_io;
	struct loop_signal child_signal, end_signals[END_SIGNALS];
	struct loop_timer patience;            /* with nodes that were asked to end */
	bool is_ending;
};
