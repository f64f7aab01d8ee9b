/* Doors: sockets that lie in a node's own network, so that asking a node is not subject to the lab's weather.
 *
 * In loopback mode a door is a plain socket. In net mode a program enters the lab's space first: the keeper when it starts the lab, any other program of the
 * same user, of one thread, with door_enter, after which it reaches nothing but the lab.
 */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* Harmless in loopback mode, and where it was entered already. Errors are printed. */
int door_enter(struct lab *lab) ZT_MUST_CHECK;
/* A socket of the family of the node's first address, not bound; `type` may have SOCK_NONBLOCK, SOCK_CLOEXEC is always set. Its local address will be the
 * node's own. */
int door_open(const struct lab *lab, const struct topology_node *node, int type, int *fd) ZT_MUST_CHECK;
/* Moves this process, of one thread, into the node's network to stay. Nothing in loopback mode. */
int door_move(const struct lab *lab, const struct topology_node *node) ZT_MUST_CHECK;
