/* The namespaces that a lab lives in: what its keeper enters once, before it makes a thread or a child.
 *
 * An ordinary user gets a user namespace (with the same numbers of user and group, so that nothing looks different inside); root needs none and gets none.
 * With SPACE_NET the keeper itself moves into an empty network namespace, the *hub*: from then on neither it nor what it starts can reach anything but the lab.
 * What shall listen outside (the page) is opened before; sockets stay where they were made. Children made by space_fork live in a PID namespace whose init
 * ends with the keeper, however the keeper ends, and takes all of them along. A daemon that calls setgroups fails in a user namespace, as it does without.
 *
 *	struct space space;                                        keeper                      another process of the same user
 *	space_init(&space);
 *	space_enter(&space, SPACE_NET, reason)                                                  space_join(&space, keeper_pid, reason)
 *	nodenet_make(&space, &config, &node, reason)                                           space_open(keeper_pid, number, &netns)
 *	pid = space_fork(&space); in the child: space_move(node.netns), execv …                space_socket(&space, netns, AF_INET, SOCK_DGRAM, &fd), or
 *	…                                                                                      space_move(netns), execv …
 *	space_end(&space)
 *
 * Threads: space_enter and space_join want a process of one thread; all else is for any thread that was made after them.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/status.h"

enum { SPACE_REASON_SIZE = 256 };

enum space_flags {
	SPACE_CHILDREN = 0,     /* only the PID namespace: loopback mode */
	SPACE_NET = 1,          /* and the hub */
};

struct space {
	int hub;                /* descriptor of the hub's network namespace, -1 without */
	int children;           /* of the PID namespace that space_fork uses, -1 without */
	pid_t init;             /* 0 without */
};

/* No namespace: space_fork is fork, space_end does nothing. */
void space_init(struct space *space);

/* Whether this user can have a lab with SPACE_NET here: a child tries all that is needed, node and TUN device included (some milliseconds).
 * ZT_EUNSUPPORTED with a reason such as "/dev/net/tun can't be opened: Permission denied". Forks, and waits for that child only. */
ZT_MUST_CHECK int space_check(char reason[SPACE_REASON_SIZE]);

/* ZT_EUNSUPPORTED and a reason where the system does not let us; the process may then be in some of the namespaces, but works as before with SPACE_CHILDREN. */
ZT_MUST_CHECK int space_enter(struct space *space, unsigned flags, char reason[SPACE_REASON_SIZE]);

/* fork whose child lives in the PID namespace: 0 in the child, -1 and errno (ENOMEM when the init has ended). The child's parent is this process, which reaps it by
 * the number it gets here. A helper process comes and goes on the way, and gives a SIGCHLD of its own. In the child, exec or _exit before long. */
pid_t space_fork(const struct space *space);

/* Kills all that was made by space_fork, waits for it, and closes the descriptors. Waits for every child of this process on the way, since the kernel
 * lets the init go only after those; who wants to know how a child ended reaps it before. Harmless after space_init and a second time. */
void space_end(struct space *space);

/* Moves this process, of one thread, into the user namespace and hub of a keeper. The space is then good for space_socket; children are not the keeper's.
 * ZT_EDENIED (another user's), ZT_ENOENT (no such process), ZT_ESYSTEM, each with a reason. */
ZT_MUST_CHECK int space_join(struct space *space, pid_t keeper, char reason[SPACE_REASON_SIZE]);

/* The keeper's descriptor `number` (a network namespace) as one of this process, closed on exec. */
ZT_MUST_CHECK int space_open(pid_t keeper, int number, int *netns);

/* Moves the calling thread into a network namespace, to stay: for a child before exec. ZT_EDENIED, ZT_ESYSTEM. */
ZT_MUST_CHECK int space_move(int netns);

/* A socket made inside a node's network namespace; the thread is back in the hub afterwards. `type` may have SOCK_NONBLOCK; SOCK_CLOEXEC is always set. */
ZT_MUST_CHECK int space_socket(const struct space *space, int netns, int family, int type, int *fd);
