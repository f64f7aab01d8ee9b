/* Making a node's network. */
#include "tools/zonelab/weather/nodenet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/zonelab/weather/proc.h"
#include "tools/zonelab/weather/rtnl.h"

/* What may wait for the switch to read it: a burst of a transfer's segments is not to be lost before any weather has seen it. */
enum { TUN_QUEUE = 4096, LOOPBACK_INDEX = 1 };

static int refuse(char reason[SPACE_REASON_SIZE], const char *what, int err)
{
	snprintf(reason, SPACE_REASON_SIZE, "%s: %s", what, strerror(err));
	return ZT_EUNSUPPORTED;
}

/* The kernel shows each thread the settings of the network namespace it is in. */
static bool setting(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	return proc_write(path, text);
}

static int settings_write(char reason[SPACE_REASON_SIZE])
{
	static const struct {
		const char *name, *text;
	} quiet[] = {
		{ "ipv6/conf/" NODENET_INTERFACE "/accept_ra", "0" },
		{ "ipv6/conf/" NODENET_INTERFACE "/autoconf", "0" },
		{ "ipv6/conf/" NODENET_INTERFACE "/accept_dad", "0" },
		{ "ipv6/conf/" NODENET_INTERFACE "/router_solicitations", "0" },
		{ "ipv6/conf/" NODENET_INTERFACE "/addr_gen_mode", "1" },      /* no link-local address of its own */
	};
	char group[32];

	if (!setting("ipv4/ip_unprivileged_port_start", "0"))
		return refuse(reason, "port 53 can't be opened to daemons without privileges (ip_unprivileged_port_start)", errno);
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		if (!setting(quiet[i].name, quiet[i].text))
			return refuse(reason, quiet[i].name, errno);
	}
	/* Only a convenience, and refused where the group has no number in the user namespace. */
	snprintf(group, sizeof(group), "%u %u", (unsigned)getegid(), (unsigned)getegid());
	(void)setting("ipv4/ping_group_range", group);
	return ZT_OK;
}

static int tun_open(int *tun, unsigned *interface, char reason[SPACE_REASON_SIZE])
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	*tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (*tun < 0)
		return refuse(reason, "/dev/net/tun can't be opened", errno);
	memcpy(request.ifr_name, NODENET_INTERFACE, sizeof(NODENET_INTERFACE));
	if (ioctl(*tun, TUNSETIFF, &request) < 0)
		return refuse(reason, "no TUN device can be made", errno);
	*interface = if_nametoindex(NODENET_INTERFACE);
	return *interface == 0 ? refuse(reason, "the TUN device is not there", errno) : ZT_OK;
}

static const struct netaddr *first_of(const struct nodenet_config *config, sa_family_t family)
{
	for (size_t i = 0; i < config->address_count; i++) {
		if (config->addresses[i].family == family)
			return &config->addresses[i];
	}
	return NULL;
}

static int addresses_set(const struct nodenet_config *config, unsigned interface, char reason[SPACE_REASON_SIZE])
{
	struct rtnl rtnl;
	const struct netaddr *v4 = first_of(config, AF_INET), *v6 = first_of(config, AF_INET6);

	rtnl_open(&rtnl);
	rtnl_link_up(&rtnl, LOOPBACK_INDEX, 0, 0);
	rtnl_link_up(&rtnl, interface, config->mtu, TUN_QUEUE);
	for (size_t i = 0; i < config->address_count; i++)
		rtnl_address_add(&rtnl, interface, &config->addresses[i]);
	if (v4)
		rtnl_default_route(&rtnl, interface, v4);
	if (v6)
		rtnl_default_route(&rtnl, interface, v6);
	for (size_t i = 0; i < config->address_count; i++) {
		if (config->addresses[i].family == AF_INET6)
			rtnl_address_await(&rtnl, &config->addresses[i]);
	}
	rtnl_close(&rtnl);
	if (rtnl.failed) {
		char what[64];
		snprintf(what, sizeof(what), "%s of a node can't be set", rtnl.what);
		return refuse(reason, what, rtnl.failed);
	}
	return ZT_OK;
}

/* In a new network namespace that the thread has just moved into. */
static int furnish(const struct nodenet_config *config, struct nodenet *node, char reason[SPACE_REASON_SIZE])
{
	unsigned interface = 0;

	node->netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (node->netns < 0)
		return refuse(reason, "the network namespace can't be opened", errno);
	int status = tun_open(&node->tun, &interface, reason);
	if (status == ZT_OK)
		status = settings_write(reason);
	return status == ZT_OK ? addresses_set(config, interface, reason) : status;
}

int nodenet_make(const struct space *space, const struct nodenet_config *config, struct nodenet *node, char reason[SPACE_REASON_SIZE])
{
	*node = (struct nodenet){ .netns = -1, .tun = -1 };
	if (unshare(CLONE_NEWNET) < 0)
		return refuse(reason, "no network namespaces for this user", errno);
	int status = furnish(config, node, reason);
	if (setns(space->hub, CLONE_NEWNET) < 0)
		status = refuse(reason, "no way back to the hub", errno);
	if (status != ZT_OK) {
		if (node->tun >= 0)
			close(node->tun);
		if (node->netns >= 0)
			close(node->netns);
		*node = (struct nodenet){ .netns = -1, .tun = -1 };
	}
	return status;
}
