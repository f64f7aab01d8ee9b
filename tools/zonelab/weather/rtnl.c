/* Messages to the routing socket, one at a time. */
#include "tools/zonelab/weather/rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 512, AWAIT_TURNS = 5000, AWAIT_PAUSE_MS = 1 };

struct message {
	struct nlmsghdr header;
	char body[MESSAGE_SIZE - sizeof(struct nlmsghdr)];
};

static void fail(struct rtnl *rtnl, int err, const char *what)
{
	if (rtnl->failed == 0) {
		rtnl->failed = err;
		rtnl->what = what;
	}
}

void rtnl_open(struct rtnl *rtnl)
{
	*rtnl = (struct rtnl){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) };
	if (rtnl->fd < 0)
		fail(rtnl, errno, "the routing socket");
}

void rtnl_close(struct rtnl *rtnl)
{
	if (rtnl->fd >= 0)
		close(rtnl->fd);
	rtnl->fd = -1;
}

/* Begins a request with its fixed part, which the caller fills. */
static void *begin(struct message *message, int type, unsigned flags, size_t len)
{
	memset(message, 0, sizeof(*message));
	message->header = (struct nlmsghdr){
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(len), .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
	};
	return message->body;
}

static void attribute(struct message *message, unsigned type, const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(message->header.nlmsg_len) - sizeof(message->header);
	struct rtattr head = { .rta_type = (uint16_t)type, .rta_len = (uint16_t)RTA_LENGTH(len) };

	memcpy(message->body + at, &head, sizeof(head));
	memcpy(message->body + at + RTA_LENGTH(0), data, len);
	message->header.nlmsg_len = (uint32_t)(sizeof(message->header) + at + RTA_ALIGN(head.rta_len));
}

struct answer {
	struct nlmsghdr header;
	union {
		struct nlmsgerr error;
		struct rtmsg route;
		char room[1024];
	};
};

/* Sends the request and reads one answer. */
static void exchange(struct rtnl *rtnl, struct message *message, struct answer *answer, const char *what)
{
	ssize_t len = -1;

	memset(answer, 0, sizeof(*answer));
	if (rtnl->failed)
		return;
	message->header.nlmsg_seq = ++rtnl->sequence;
	if (send(rtnl->fd, message, message->header.nlmsg_len, 0) >= 0) {
		do {
			len = recv(rtnl->fd, answer, sizeof(*answer), 0);
		} while (len < 0 && errno == EINTR);
	}
	if (len < (ssize_t)NLMSG_LENGTH(sizeof(answer->route)))
		fail(rtnl, len < 0 ? errno : EPROTO, what);
	else if (answer->header.nlmsg_type == NLMSG_ERROR && answer->error.error != 0)
		fail(rtnl, -answer->error.error, what);
}

/* Of requests that are only acknowledged. */
static void finish(struct rtnl *rtnl, struct message *message, const char *what)
{
	struct answer answer;

	exchange(rtnl, message, &answer, what);
	if (!rtnl->failed && answer.header.nlmsg_type != NLMSG_ERROR)
		fail(rtnl, EPROTO, what);
}

void rtnl_link_up(struct rtnl *rtnl, unsigned interface, unsigned mtu, unsigned queue)
{
	struct message message;
	struct ifinfomsg *info = begin(&message, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = (int)interface;
	info->ifi_flags = info->ifi_change = IFF_UP;
	if (mtu)
		attribute(&message, IFLA_MTU, &(uint32_t){ mtu }, sizeof(uint32_t));
	if (queue)
		attribute(&message, IFLA_TXQLEN, &(uint32_t){ queue }, sizeof(uint32_t));
	finish(rtnl, &message, "an interface");
}

void rtnl_address_add(struct rtnl *rtnl, unsigned interface, const struct netaddr *address)
{
	struct message message;
	struct ifaddrmsg *info = begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*info));
	size_t len;
	const uint8_t *ip = netaddr_ip(address, &len);

	info->ifa_family = (uint8_t)address->family;
	info->ifa_prefixlen = (uint8_t)(8 * len);
	info->ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0;
	info->ifa_scope = RT_SCOPE_UNIVERSE;
	info->ifa_index = interface;
	attribute(&message, IFA_LOCAL, ip, len);
	attribute(&message, IFA_ADDRESS, ip, len);
	finish(rtnl, &message, "an address");
}

void rtnl_default_route(struct rtnl *rtnl, unsigned interface, const struct netaddr *source)
{
	struct message message;
	struct rtmsg *info = begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*info));
	size_t len;
	const uint8_t *ip = netaddr_ip(source, &len);

	info->rtm_family = (uint8_t)source->family;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = RTPROT_STATIC;
	info->rtm_scope = source->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	info->rtm_type = RTN_UNICAST;
	attribute(&message, RTA_OIF, &(uint32_t){ interface }, sizeof(uint32_t));
	attribute(&message, RTA_PREFSRC, ip, len);
	finish(rtnl, &message, "a default route");
}

static bool is_taken(struct rtnl *rtnl, const struct netaddr *address)
{
	struct message message;
	struct answer answer;
	struct rtmsg *info = begin(&message, RTM_GETROUTE, 0, sizeof(*info));
	size_t len;
	const uint8_t *ip = netaddr_ip(address, &len);

	message.header.nlmsg_flags = NLM_F_REQUEST;
	info->rtm_family = (uint8_t)address->family;
	info->rtm_dst_len = (uint8_t)(8 * len);
	attribute(&message, RTA_DST, ip, len);
	exchange(rtnl, &message, &answer, "the route to an address");
	return answer.header.nlmsg_type == RTM_NEWROUTE && answer.route.rtm_type == RTN_LOCAL;
}

void rtnl_address_await(struct rtnl *rtnl, const struct netaddr *address)
{
	for (unsigned i = 0; !is_taken(rtnl, address) && !rtnl->failed; i++) {
		if (i == AWAIT_TURNS)
			fail(rtnl, ETIMEDOUT, "an IPv6 address");
		else
			poll(NULL, 0, AWAIT_PAUSE_MS);
	}
}
