/* The least a UDP server can do: takes datagrams in batches, marks each a response and sends it back.
 *
 * One socket opened by lib/net/udp.h as authd opens its own, one epoll descriptor, recvmmsg and sendmmsg of 64: what is left of authd's
 * cost per query above this is authd's, what is below is the kernel's. An answer has the question's size, or GROW bytes more. The system calls
 * are made here and not through udp_batch, so that a change there shows as a ratio and not in both.
 *
 * usage: bench_echo ADDRESS@PORT [GROW]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lib/net/udp.h"

enum {
	BATCH = 64,
	MESSAGE_SIZE = 2048,
	GROW_MAX = 512,
	HEADER_SIZE = 12,
	TURNS = 16,      /* batches before epoll is asked again, as in authd */
};

struct echo {
	struct mmsghdr messages[BATCH];
	struct iovec iovs[BATCH];
	struct netaddr peers[BATCH];
	uint8_t data[BATCH][MESSAGE_SIZE];
	size_t grow;
};

static void echo_prepare(struct echo *e, int count)
{
	for (int i = 0; i < count; i++) {
		e->iovs[i] = (struct iovec){ .iov_base = e->data[i], .iov_len = MESSAGE_SIZE - GROW_MAX };
		e->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &e->peers[i], .msg_namelen = sizeof(e->peers[i]), .msg_iov = &e->iovs[i], .msg_iovlen = 1,
		};
	}
}

/* Returns how many came. */
static int echo_batch(struct echo *e, int fd)
{
	int count = recvmmsg(fd, e->messages, BATCH, 0, NULL);
	if (count <= 0)
		return 0;
	for (int i = 0; i < count; i++) {
		if (e->messages[i].msg_len >= HEADER_SIZE)
			e->data[i][2] |= 0x80;
		e->iovs[i].iov_len = e->messages[i].msg_len + e->grow;
	}
	for (int done = 0; done < count;) {
		int sent = sendmmsg(fd, e->messages + done, (unsigned)(count - done), 0);
		done += sent > 0 ? sent : 1;
	}
	echo_prepare(e, count);
	return count;
}

static int serve(struct echo *e, int fd)
{
	int poll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };

	if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) {
		perror("bench_echo: epoll");
		return 1;
	}
	for (;;) {
		if (epoll_wait(poll, &event, 1, -1) < 1)
			continue;
		for (int turn = 0; turn < TURNS && echo_batch(e, fd) > 0; turn++)
			;
	}
}

int main(int argc, char **argv)
{
	struct netaddr address;
	struct udp_socket sock;
	long grow = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (argc < 2 || argc > 3 || grow < 0 || grow > GROW_MAX || netaddr_from_text(&address, argv[1], 53) != ZT_OK) {
		fprintf(stderr, "usage: bench_echo ADDRESS@PORT [GROW]\n");
		return 2;
	}
	struct echo *e = calloc(1, sizeof(*e));
	int status = e ? udp_open(&sock, &address, UDP_REUSEPORT | UDP_SERVER) : ZT_ENOMEM;
	if (status != ZT_OK) {
		fprintf(stderr, "bench_echo: %s: %s\n", argv[1], status_text(status));
		free(e);
		return 1;
	}
	e->grow = (size_t)grow;
	echo_prepare(e, BATCH);
	status = serve(e, sock.fd);
	udp_close(&sock);
	free(e);
	return status;
}
