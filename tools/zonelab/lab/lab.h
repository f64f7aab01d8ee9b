/* A lab on disk: its work folder, and the processes that were started in it.
 *
 * The folder holds one sub-folder a node (configuration, zone files, state, log), topology.yaml, a copy of what the lab was made from, and
 * lab.json, which says what runs, so that later commands find the lab again, whatever happened to the topology's own file since. A process is
 * known by its pid together with its start time, so a pid that was given to somebody else is never touched. All belong to the lab's keeper
 * (keeper/), which answers at DIR/zonelab.sock and holds the folder's lock as long as it lives.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/lab_clock.h"
#include "tools/zonelab/topology/topology.h"
#include "tools/zonelab/weather/space.h"

#define LAB_SOCKET "zonelab.sock"      /* in the work folder: the keeper's control socket */

struct lab_process {
	pid_t pid;                         /* 0: not started */
	unsigned long long started;        /* the kernel's start time of the pid, clock ticks since boot */
};

struct lab {
	char dir[4096];                    /* absolute */
	char topology_path[4096];          /* absolute */
	struct topology topology;
	struct lab_process keeper;
	struct lab_process *processes;     /* one a node, in the topology's order */
	const char *inside;                /* where nodes see `dir`; NULL: where it is */
	bool listens_everywhere;           /* nodes listen on all addresses, not on their own */
	int *networks;                     /* one a node: its network namespace, a descriptor of the keeper's; once inside, of this process's; -1 */
	struct space space;                /* of net mode, once inside (door.h) */
	bool is_inside;
	uint64_t seed;                     /* of the weather */
	struct lab_clock clock;            /* by which its nodes live; of speed 1 it is real time */
	int lock;                          /* on the folder, while the lab is started; -1 */
};

/* How a lab is to be. */
struct lab_wish {
	const char *dir;
	const char *topology_path;
	enum topology_mode mode;
	uint16_t port;                     /* of loopback mode; 0: the topology's */
	uint64_t seed;                     /* of net mode's weather */
	int speed;                         /* of the lab's clock; 0: 1 */
};

/* Reads the topology and makes the folder; nothing runs yet. The folder is created; ZT_EBUSY when a lab is running or being started in it. Errors are
 * printed; ZT_ESYNTAX is the topology's fault. */
int lab_create(struct lab *lab, const struct lab_wish *wish) ZT_MUST_CHECK;
/* Finds a running lab by its folder. ZT_ENOENT (printed with what to do) when there is none. */
int lab_find(struct lab *lab, const char *dir) ZT_MUST_CHECK;
/* The same, also when its keeper is gone. */
int lab_open(struct lab *lab, const char *dir) ZT_MUST_CHECK;
/* Reads and checks a topology without a work folder. */
int lab_read(struct lab *lab, const char *topology_path) ZT_MUST_CHECK;
void lab_free(struct lab *lab);
/* Writes lab.json. */
int lab_save(const struct lab *lab) ZT_MUST_CHECK;
/* Removes lab.json: nothing runs any more. The rest of the folder stays for reading. */
void lab_forget(const struct lab *lab);

/* Whether the lab's keeper runs. */
bool lab_is_alive(const struct lab *lab);
/* "loopback", "net". */
const char *lab_mode_text(enum topology_mode mode);
/* `DIR/NODE/FILE`; ZT_ELIMIT when too long. */
int lab_path(const struct lab *lab, const struct topology_node *node, const char *file, char out[4096]) ZT_MUST_CHECK;
/* `DIR/FILE`. */
int lab_file(const struct lab *lab, const char *file, char out[4096]) ZT_MUST_CHECK;
