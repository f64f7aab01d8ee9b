/* UDP sockets and batches. */
#include "lib/net/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	BATCH_DEFAULT = 64,
	BATCH_MAX = 1024,
	MESSAGE_DEFAULT = 4096,
	BUFFER_BYTES = 4 << 20,
	/* The only control message asked for: struct in6_pktinfo is the larger of the two. */
	CONTROL_SIZE = CMSG_SPACE(sizeof(struct in6_pktinfo)),
	ALIGNMENT = 64,
};

static int option_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int pktinfo_enable(struct udp_socket *sock)
{
	sock->has_pktinfo = true;
	if (sock->local.family == AF_INET6)
		return option_set(sock->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return option_set(sock->fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* A forged "fragmentation needed" must not shrink the path's MTU: answers are kept small by EDNS instead (RFC 9715). With DF the kernel
 * is also spared the choice of an IP identification for each datagram. */
static int mtu_discovery_disable(struct udp_socket *sock, unsigned flags)
{
	if (sock->local.family == AF_INET6)
		return option_set(sock->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	return option_set(sock->fd, IPPROTO_IP, IP_MTU_DISCOVER, flags & UDP_DONT_FRAGMENT ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT);
}

static void buffer_enlarge(int fd, int name, int force_name)
{
	/* Beyond the system's limit only with the right capability; what the system gives is good enough. */
	if (option_set(fd, SOL_SOCKET, force_name, BUFFER_BYTES) != 0)
		(void)option_set(fd, SOL_SOCKET, name, BUFFER_BYTES);
}

static int options_apply(struct udp_socket *sock, unsigned flags)
{
	int fd = sock->fd;

	if (sock->local.family == AF_INET6 && option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
		return -1;
	if ((flags & UDP_REUSEPORT) && option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	if (flags & UDP_SERVER) {
		buffer_enlarge(fd, SO_RCVBUF, SO_RCVBUFFORCE);
		buffer_enlarge(fd, SO_SNDBUF, SO_SNDBUFFORCE);
		if (mtu_discovery_disable(sock, flags) != 0)
			return -1;
		if (netaddr_is_wildcard(&sock->local))
			return pktinfo_enable(sock);
	}
	return 0;
}

static int local_refresh(struct udp_socket *sock)
{
	struct netaddr bound = { 0 };
	socklen_t len = sizeof(bound);

	if (getsockname(sock->fd, &bound.any, &len) != 0)
		return status_from_errno(errno);
	sock->local = bound;
	return ZT_OK;
}

int udp_open(struct udp_socket *sock, const struct netaddr *local, unsigned flags)
{
	*sock = (struct udp_socket){ .fd = -1, .local = *local };
	sock->fd = socket(local->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (sock->fd < 0)
		return status_from_errno(errno);
	int status = ZT_OK;
	if (options_apply(sock, flags) != 0 || bind(sock->fd, &local->any, netaddr_len(local)) != 0)
		status = errno == EADDRINUSE ? ZT_EBUSY : status_from_errno(errno);
	if (status == ZT_OK)
		status = local_refresh(sock);
	if (status != ZT_OK)
		udp_close(sock);
	return status;
}

int udp_connect(struct udp_socket *sock, const struct netaddr *remote)
{
	if (connect(sock->fd, &remote->any, netaddr_len(remote)) != 0)
		return status_from_errno(errno);
	return local_refresh(sock);
}

void udp_close(struct udp_socket *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
}

int udp_send(const struct udp_socket *sock, const struct netaddr *to, const void *data, size_t len)
{
	ssize_t sent = sendto(sock->fd, data, len, 0, to ? &to->any : NULL, to ? netaddr_len(to) : 0);
	if (sent >= 0)
		return ZT_OK;
	return errno == ENOBUFS ? ZT_EAGAIN : status_from_errno(errno);
}

/* Puts the control message that selects the source address; `header` has room for it. */
static void pktinfo_write(struct msghdr *header, const struct netaddr *from)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	if (from->family == AF_INET) {
		struct in_pktinfo info = { .ipi_spec_dst = from->v4.sin_addr };
		*control = (struct cmsghdr){ .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(info)) };
		memcpy(CMSG_DATA(control), &info, sizeof(info));
		header->msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in6_pktinfo info = { .ipi6_addr = from->v6.sin6_addr, .ipi6_ifindex = from->v6.sin6_scope_id };
		*control = (struct cmsghdr){ .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(info)) };
		memcpy(CMSG_DATA(control), &info, sizeof(info));
		header->msg_controllen = CMSG_SPACE(sizeof(info));
	}
}

int udp_send_from(const struct udp_socket *sock, const struct netaddr *from, const struct netaddr *to, const void *data, size_t len)
{
	if (!sock->has_pktinfo)
		return udp_send(sock, to, data, len);

	_Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE] = { 0 };
	struct netaddr name = *to;
	uint8_t *copy = malloc(len ? len : 1);      /* iovec takes no const */
	if (!copy)
		return ZT_ENOMEM;
	memcpy(copy, data, len);
	struct iovec iov = { .iov_base = copy, .iov_len = len };
	struct msghdr header = {
		.msg_name = &name, .msg_namelen = netaddr_len(to), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	pktinfo_write(&header, from);
	ssize_t sent = sendmsg(sock->fd, &header, 0);
	int err = errno;
	free(copy);
	if (sent >= 0)
		return ZT_OK;
	return err == ENOBUFS ? ZT_EAGAIN : status_from_errno(err);
}

int udp_receive(const struct udp_socket *sock, void *data, size_t *len, struct netaddr *from)
{
	struct netaddr sender = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = *len };
	struct msghdr message = { .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &iov, .msg_iovlen = 1 };

	ssize_t got = recvmsg(sock->fd, &message, 0);
	if (got < 0)
		return status_from_errno(errno);
	if (from)
		*from = sender;
	*len = (size_t)got;
	return message.msg_flags & MSG_TRUNC ? ZT_ESPACE : ZT_OK;
}

/* Hands out aligned parts of one block: called once with base NULL to measure, once to cut. */
struct cutter {
	uint8_t *base;
	size_t used;
};

static void *cut(struct cutter *cutter, size_t size)
{
	void *part = cutter->base ? cutter->base + cutter->used : NULL;
	cutter->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	return part;
}

/* Buffers a multiple of 4 KiB apart would all compete for the same few lines of the first cache. */
static size_t buffer_stride(size_t size)
{
	size_t stride = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	return stride % 4096 == 0 ? stride + ALIGNMENT : stride;
}

static void batch_lay_out(struct udp_batch *batch, struct cutter *cutter)
{
	size_t n = batch->size;

	batch->slots = cut(cutter, n * sizeof(*batch->slots));
	batch->in = cut(cutter, n * sizeof(*batch->in));
	batch->out = cut(cutter, n * sizeof(*batch->out));
	batch->in_iov = cut(cutter, n * sizeof(*batch->in_iov));
	batch->out_iov = cut(cutter, n * sizeof(*batch->out_iov));
	batch->controls = cut(cutter, n * CONTROL_SIZE);
	size_t query_stride = buffer_stride(batch->query_size), answer_stride = buffer_stride(batch->answer_size);
	uint8_t *queries = cut(cutter, n * query_stride);
	uint8_t *answers = cut(cutter, n * answer_stride);
	if (!cutter->base)
		return;
	for (size_t i = 0; i < n; i++) {
		struct udp_slot *slot = &batch->slots[i];
		*slot = (struct udp_slot){ .query = queries + i * query_stride, .answer = answers + i * answer_stride };
		batch->in_iov[i] = (struct iovec){ .iov_base = slot->query, .iov_len = batch->query_size };
		batch->in[i].msg_hdr = (struct msghdr){
			.msg_name = &slot->remote,
			.msg_namelen = sizeof(slot->remote),
			.msg_iov = &batch->in_iov[i],
			.msg_iovlen = 1,
			.msg_control = batch->controls + i * CONTROL_SIZE,
			.msg_controllen = CONTROL_SIZE,
		};
	}
}

int udp_batch_init(struct udp_batch *batch, const struct udp_batch_config *config)
{
	struct udp_batch_config c = config ? *config : (struct udp_batch_config){ 0 };
	struct cutter cutter = { 0 };

	*batch = (struct udp_batch){
		.size = c.size ? c.size : BATCH_DEFAULT,
		.query_size = c.query_size ? c.query_size : MESSAGE_DEFAULT,
		.answer_size = c.answer_size ? c.answer_size : MESSAGE_DEFAULT,
	};
	if (batch->size > BATCH_MAX || batch->query_size > UINT16_MAX || batch->answer_size > UINT16_MAX)
		return ZT_EINVAL;
	batch_lay_out(batch, &cutter);
	batch->block = aligned_alloc(ALIGNMENT, cutter.used);
	if (!batch->block)
		return ZT_ENOMEM;
	memset(batch->block, 0, cutter.used);
	cutter = (struct cutter){ .base = batch->block };
	batch_lay_out(batch, &cutter);
	return ZT_OK;
}

void udp_batch_fini(struct udp_batch *batch)
{
	free(batch->block);
	*batch = (struct udp_batch){ 0 };
}

/* Pending ICMP errors of earlier answers surface on an unconnected socket only with IP_RECVERR, but may on some paths; each
 * read clears one. */
static bool is_peer_error(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH || err == ENETUNREACH || err == EHOSTDOWN || err == EPROTO || err == ENOPROTOOPT;
}

int udp_batch_receive(struct udp_batch *batch, const struct udp_socket *sock)
{
	/* Only what the last receive used has been overwritten by the kernel. */
	for (unsigned i = 0; i < batch->count; i++) {
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->slots[i].remote);
		batch->in[i].msg_hdr.msg_controllen = CONTROL_SIZE;
	}
	batch->sock = sock;
	batch->count = 0;

	int got;
	do {
		got = recvmmsg(sock->fd, batch->in, batch->size, 0, NULL);
	} while (got < 0 && (errno == EINTR || is_peer_error(errno)));
	if (got < 0)
		return errno == EAGAIN ? 0 : status_from_errno(errno);

	for (int i = 0; i < got; i++) {
		struct udp_slot *slot = &batch->slots[i];
		slot->query_len = batch->in[i].msg_len;
		slot->query_is_cut = batch->in[i].msg_hdr.msg_flags & MSG_TRUNC;
		slot->answer_len = 0;
	}
	batch->count = (unsigned)got;
	return got;
}

/* The interface number would force the route; only link-local IPv6 needs it. */
static void pktinfo_prepare(struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	if (!control)
		return;
	if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(control), sizeof(info));
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(control), &info, sizeof(info));
	} else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;
		memcpy(&info, CMSG_DATA(control), sizeof(info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(control), &info, sizeof(info));
	}
}

static unsigned answers_collect(struct udp_batch *batch)
{
	unsigned count = 0;

	for (unsigned i = 0; i < batch->count; i++) {
		struct udp_slot *slot = &batch->slots[i];
		if (slot->answer_len == 0)
			continue;
		const struct msghdr *asked = &batch->in[i].msg_hdr;
		batch->out_iov[count] = (struct iovec){ .iov_base = slot->answer, .iov_len = slot->answer_len };
		batch->out[count].msg_hdr = (struct msghdr){
			.msg_name = &slot->remote,
			.msg_namelen = asked->msg_namelen,
			.msg_iov = &batch->out_iov[count],
			.msg_iovlen = 1,
		};
		if (batch->sock->has_pktinfo && asked->msg_controllen > 0) {
			batch->out[count].msg_hdr.msg_control = asked->msg_control;
			batch->out[count].msg_hdr.msg_controllen = asked->msg_controllen;
			pktinfo_prepare(&batch->out[count].msg_hdr);
		}
		count++;
	}
	return count;
}

/* An answer is longer than the interface's MTU: whoever allows such answers wants them in fragments, so DF goes. False where it was not set. */
static bool fragments_allow(const struct udp_socket *sock)
{
	int mode = IP_PMTUDISC_OMIT;
	socklen_t len = sizeof(mode);

	return sock->local.family == AF_INET && getsockopt(sock->fd, IPPROTO_IP, IP_MTU_DISCOVER, &mode, &len) == 0 && mode != IP_PMTUDISC_OMIT &&
	       option_set(sock->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT) == 0;
}

unsigned udp_batch_send(struct udp_batch *batch)
{
	unsigned count = answers_collect(batch);
	unsigned done = 0, sent = 0;

	while (done < count) {
		int n = sendmmsg(batch->sock->fd, batch->out + done, count - done, 0);
		if (n > 0) {
			/* The kernel stops at the first message it can't take and tells why only if that is the first one. */
			done += (unsigned)n;
			sent += (unsigned)n;
		} else if (errno == EINTR || (errno == EMSGSIZE && fragments_allow(batch->sock))) {
			continue;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			batch->dropped += count - done;
			break;
		} else {
			batch->failed++;
			done++;
		}
	}
	return sent;
}

void udp_batch_local(const struct udp_batch *batch, unsigned i, struct netaddr *local)
{
	*local = batch->sock->local;
	struct msghdr *header = &batch->in[i].msg_hdr;
	struct cmsghdr *control = batch->sock->has_pktinfo ? CMSG_FIRSTHDR(header) : NULL;
	if (!control)
		return;
	if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(control), sizeof(info));
		local->v4.sin_addr = info.ipi_spec_dst;
	} else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;
		memcpy(&info, CMSG_DATA(control), sizeof(info));
		local->v6.sin6_addr = info.ipi6_addr;
		local->v6.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
	}
}
