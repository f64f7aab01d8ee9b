/* UDP sockets, and batches of messages on recvmmsg and sendmmsg.
 *
 * A server thread owns one socket and one batch and turns: udp_batch_receive, fill in the answers, udp_batch_send. A batch owns all its
 * memory from init on; receiving and sending allocate nothing. An answer leaves from the address the query was sent to, also where the
 * socket is bound to a wildcard. Clients use udp_send and udp_receive.
 *
 * What the kernel does not take at once is dropped and counted, as DNS over UDP expects: waiting would delay everybody else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"

struct mmsghdr;
struct iovec;

struct udp_socket {
	int fd;                    /* non-blocking; -1 when closed */
	struct netaddr local;      /* as bound, with the real port */
	bool has_pktinfo;          /* a server's, bound to a wildcard: each message tells its local address */
};

enum udp_flags {
	UDP_REUSEPORT = 1,         /* several sockets share the address, one a thread */
	UDP_SERVER = 2,            /* for batches: large buffers, answers from the address asked, path MTU guesses ignored */
	UDP_DONT_FRAGMENT = 4,     /* with UDP_SERVER, IPv4: sets DF (RFC 9715 section 3.1); until an answer is longer than the interface's MTU */
};

/* Binds to `local` (port 0: any). */
ZT_MUST_CHECK int udp_open(struct udp_socket *sock, const struct netaddr *local, unsigned flags);
/* Fixes the peer: only its messages arrive, and its ICMP errors are seen as ZT_EREFUSED. */
ZT_MUST_CHECK int udp_connect(struct udp_socket *sock, const struct netaddr *remote);
void udp_close(struct udp_socket *sock);

/* `to` is NULL on a connected socket. ZT_EAGAIN when the socket's buffer is full. */
ZT_MUST_CHECK int udp_send(const struct udp_socket *sock, const struct netaddr *to, const void *data, size_t len);
/* The same from a given local address, for a late answer of a socket that is bound to a wildcard. */
ZT_MUST_CHECK int udp_send_from(const struct udp_socket *sock, const struct netaddr *from, const struct netaddr *to, const void *data,
				size_t len);
/* *len goes in as the room and comes out as the message's length; `from` may be NULL. ZT_EAGAIN: nothing there; ZT_ESPACE: the message
 * was longer than the room and is lost. */
ZT_MUST_CHECK int udp_receive(const struct udp_socket *sock, void *data, size_t *len, struct netaddr *from);

struct udp_slot {
	struct netaddr remote;
	uint8_t *query;            /* borrowed from the batch */
	uint32_t query_len;
	bool query_is_cut;         /* the query was longer than query_size */
	uint8_t *answer;           /* room for answer_size bytes */
	uint32_t answer_len;       /* set by the caller; 0 = no answer */
};

struct udp_batch {
	struct udp_slot *slots;
	unsigned count;            /* slots filled by the last receive */
	unsigned size;             /* slots there are */
	uint32_t query_size;
	uint32_t answer_size;
	uint64_t dropped;          /* answers the socket had no room for */
	uint64_t failed;           /* answers the kernel refused: no route, forbidden, … */
	const struct udp_socket *sock;      /* of the last receive */
	struct mmsghdr *in, *out;
	struct iovec *in_iov, *out_iov;
	uint8_t *controls;
	void *block;               /* the one allocation behind all of it */
};

struct udp_batch_config {
	unsigned size;             /* 0 = 64, at most 1024 */
	uint32_t query_size;       /* 0 = 4096 */
	uint32_t answer_size;      /* 0 = 4096 */
};

/* `config` NULL takes the defaults. */
ZT_MUST_CHECK int udp_batch_init(struct udp_batch *batch, const struct udp_batch_config *config);
void udp_batch_fini(struct udp_batch *batch);

/* Takes what is waiting, up to the batch's size, and clears all answers. Returns how many, 0 when nothing waits, or a status
 * (ICMP errors are no errors of a server's socket and are skipped). */
ZT_MUST_CHECK int udp_batch_receive(struct udp_batch *batch, const struct udp_socket *sock);
/* Sends the answers of the slots filled by the last receive. Returns how many left; see `dropped` and `failed` for the others. */
unsigned udp_batch_send(struct udp_batch *batch);
/* The address slot `i`'s query was sent to (with the socket's port). */
void udp_batch_local(const struct udp_batch *batch, unsigned i, struct netaddr *local);
