/* Where questions go. */
#include "resolverd/resolve/policy.h"

#include <stdlib.h>

/* a.root-servers.net to m.root-servers.net. */
static const char *const root_servers[] = {
	"198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4", "198.97.190.53",
	"192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33",
	"2001:503:ba3e::2:30", "2801:1b8:10::b", "2001:500:2::c", "2001:500:2d::d", "2001:500:a8::e", "2001:500:2f::f", "2001:500:12::d0d",
	"2001:500:1::53", "2001:7fe::53", "2001:503:c27::2:30", "2001:7fd::1", "2001:500:9f::42", "2001:dc3::35",
};

const struct route *policy_route(const struct policy *policy, const uint8_t *name)
{
	const struct route *best = NULL;
	size_t best_len = 0;

	for (uint32_t i = 0; i < policy->route_count; i++) {
		const struct route *route = &policy->routes[i];
		size_t len = name_len(route->zone);
		if (len > best_len && name_is_within(name, route->zone)) {
			best = route;
			best_len = len;
		}
	}
	return best;
}

int policy_add_hint(struct policy *policy, const struct netaddr *server)
{
	struct netaddr *hints = realloc(policy->hints, (policy->hint_count + 1) * sizeof(*hints));
	if (!hints)
		return ZT_ENOMEM;
	policy->hints = hints;
	hints[policy->hint_count++] = *server;
	return ZT_OK;
}

int policy_builtin_hints(struct policy *policy)
{
	struct netaddr server;
	int status = ZT_OK;

	for (size_t i = 0; i < sizeof(root_servers) / sizeof(root_servers[0]) && status == ZT_OK; i++) {
		status = netaddr_from_text(&server, root_servers[i], policy->upstream_port);
		if (status == ZT_OK)
			status = policy_add_hint(policy, &server);
	}
	return status;
}

static bool is_special(const struct netaddr *server)
{
	size_t len;
	const uint8_t *ip = netaddr_ip(server, &len);

	if (netaddr_is_wildcard(server))
		return true;
	/* 0.0.0.0/8 and 224.0.0.0/3, or ff00::/8. */
	return len == 4 ? ip[0] == 0 || ip[0] >= 224 : ip[0] == 0xff;
}

bool policy_may_ask(const struct policy *policy, const struct netaddr *server)
{
	if (is_special(server) || (netaddr_is_loopback(server) && !policy->allow_loopback))
		return false;
	for (uint32_t i = 0; i < policy->own_count; i++) {
		if (netaddr_equal(&policy->own[i], server))
			return false;
	}
	return true;
}

void policy_fini(struct policy *policy)
{
	for (uint32_t i = 0; i < policy->route_count; i++)
		free(policy->routes[i].servers);
	free(policy->routes);
	free(policy->hints);
	free(policy->repairs);
	free(policy->own);
	*policy = (struct policy){ 0 };
}
