/* A stack that producers push onto with compare-and-swap, and that the consumer takes whole and turns around. Taking everything
 * at once is what makes it safe from ABA. */
#include "lib/net/mailbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct mailbox_node *reversed(struct mailbox_node *newest)
{
	struct mailbox_node *oldest = NULL;
	while (newest) {
		struct mailbox_node *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

static void deliver(struct mailbox *mailbox)
{
	struct mailbox_node *node = reversed(atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire));
	while (node) {
		struct mailbox_node *next = node->next;
		mailbox->on_message(node, mailbox->ctx);
		node = next;
	}
}

static void on_readable(void *ctx)
{
	struct mailbox *mailbox = ctx;
	uint64_t wakes;
	/* The wake is taken before the messages: one posted in between is delivered now and wakes us once more for nothing. */
	ssize_t got = read(mailbox->fd, &wakes, sizeof(wakes));
	(void)got;
	deliver(mailbox);
}

int mailbox_open(struct mailbox *mailbox, struct loop *loop, mailbox_on_message on_message, void *ctx)
{
	*mailbox = (struct mailbox){ .on_message = on_message, .ctx = ctx };
	mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mailbox->fd < 0)
		return status_from_errno(errno);
	loop_io_init(&mailbox->io, on_readable, mailbox);
	int status = loop_io_start(&mailbox->io, loop, mailbox->fd, LOOP_READ);
	if (status != ZT_OK)
		close(mailbox->fd);
	return status;
}

void mailbox_post(struct mailbox *mailbox, struct mailbox_node *node)
{
	struct mailbox_node *seen = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
	do {
		node->next = seen;
	} while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &seen, node, memory_order_release, memory_order_relaxed));
	/* `node` may be gone already; who found the mailbox empty wakes the consumer. */
	if (!seen) {
		const uint64_t one = 1;
		ssize_t put = write(mailbox->fd, &one, sizeof(one));
		(void)put;
	}
}

void mailbox_close(struct mailbox *mailbox)
{
	while (atomic_load_explicit(&mailbox->newest, memory_order_relaxed))
		deliver(mailbox);
	loop_io_stop(&mailbox->io);
	close(mailbox->fd);
	mailbox->fd = -1;
}
