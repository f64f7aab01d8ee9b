/* Messages into a thread that runs a loop: many producers, one consumer, nodes owned by the sender's data.
 *
 * Posting is lock-free and allocates nothing; only the post that finds the mailbox empty wakes the loop (one eventfd write). Messages of one
 * producer arrive in the order they were posted.
 *
 * A node belongs to the mailbox from mailbox_post until on_message is called with it; from then on it is the receiver's, which may free it or
 * post it on (to another mailbox or the same) inside the callback.
 */
#pragma once

#include <stdatomic.h>

#include "lib/base/status.h"
#include "lib/net/loop.h"

struct mailbox_node {
	struct mailbox_node *next;
};

typedef void (*mailbox_on_message)(struct mailbox_node *node, void *ctx);

struct mailbox {
	_Atomic(struct mailbox_node *) newest;
	int fd;
	struct loop_io io;
	mailbox_on_message on_message;
	void *ctx;
};

/* In the consumer's thread; the mailbox must not move afterwards. */
ZT_MUST_CHECK int mailbox_open(struct mailbox *mailbox, struct loop *loop, mailbox_on_message on_message, void *ctx);
/* From any thread. The mailbox must outlive every producer's last post. */
void mailbox_post(struct mailbox *mailbox, struct mailbox_node *node);
/* In the consumer's thread: delivers what is still there, then closes. */
void mailbox_close(struct mailbox *mailbox);
