/* Building and checking a struct network. */
#include "tools/propest/model/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void network_init(struct network *net)
{
	*net = (struct network){ .timers = { 3600, 900, 604800 } };
}

void network_fini(struct network *net)
{
	for (size_t i = 0; i < net->outage_count; i++)
		free(net->outages[i].hits);
	free(net->servers);
	free(net->links);
	free(net->outages);
	network_init(net);
}

/* Room for one more element of `size` bytes; arrays grow by doubling. NULL when memory is out, the old array then stays. */
static void *grown(void *array, size_t count, size_t size)
{
	if (count != 0 && (count & (count - 1)) != 0)
		return array;
	return reallocarray(array, count == 0 ? 1 : 2 * count, size);
}

int network_add_server(struct network *net, const char *name, size_t *out)
{
	if (net->server_count >= NETWORK_MAX_SERVERS)
		return ZT_ELIMIT;
	struct network_server *servers = grown(net->servers, net->server_count, sizeof(*servers));
	if (!servers)
		return ZT_ENOMEM;
	net->servers = servers;
	struct network_server *server = &servers[net->server_count];
	*server = (struct network_server){
		.vendor = vendor_generic(), .is_public = true, .weight = 1, .poll_age_s = -1, .refresh_s = -1, .retry_s = -1, .cycle_s = -1,
	};
	snprintf(server->name, sizeof(server->name), "%s", name);
	*out = net->server_count++;
	return ZT_OK;
}

struct network_link *network_add_link(struct network *net, size_t from, size_t to)
{
	if (net->link_count >= NETWORK_MAX_LINKS || net->outage_count > 0)
		return NULL;
	struct network_link *links = grown(net->links, net->link_count, sizeof(*links));
	if (!links)
		return NULL;
	net->links = links;
	struct network_link *link = &links[net->link_count++];
	*link = (struct network_link){ .from = from, .to = to, .notify = true, .rtt_s = .001, .transfer_bytes = 1000 };
	return link;
}

struct network_outage *network_add_outage(struct network *net, double begin, double end)
{
	if (net->outage_count >= NETWORK_MAX_OUTAGES)
		return NULL;
	struct network_outage *outages = grown(net->outages, net->outage_count, sizeof(*outages));
	if (!outages)
		return NULL;
	net->outages = outages;
	struct network_outage *outage = &outages[net->outage_count];
	*outage = (struct network_outage){ .begin = begin, .end = end, .probability = 1,
		.hits = calloc(net->link_count + 1, sizeof(bool)) };
	if (!outage->hits)
		return NULL;
	net->outage_count++;
	return outage;
}

size_t network_find(const struct network *net, const char *name)
{
	size_t i = 0;
	while (i < net->server_count && strcmp(net->servers[i].name, name) != 0)
		i++;
	return i;
}

static double clamped(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

struct network_timers network_timers_of(const struct network *net, size_t server)
{
	const struct network_server *s = &net->servers[server];
	const struct vendor *v = s->vendor;
	double refresh = s->refresh_s >= 0 ? s->refresh_s : net->timers.refresh_s;
	double retry = s->retry_s >= 0 ? s->retry_s : net->timers.retry_s;

	/* A server's own timers are what it was configured to do, so they win over its vendor's defaults; zero would poll without end. */
	struct network_timers out = { .expire_s = net->timers.expire_s };
	out.refresh_s = s->refresh_s >= 0 ? fmax(refresh, 1) : clamped(refresh, v->refresh_min, v->refresh_max);
	out.retry_s = s->retry_s >= 0 ? fmax(retry, 1) : clamped(retry, v->retry_min, v->retry_max);
	double grid = v->poll_grid > 0 && s->cycle_s >= 0 ? s->cycle_s : v->poll_grid;
	if (grid > 0) {
		out.refresh_s = ceil(out.refresh_s / grid) * grid;
		out.retry_s = ceil(out.retry_s / grid) * grid;
	}
	return out;
}

double network_detect_max(const struct network *net, size_t server)
{
	const struct network_server *s = &net->servers[server];

	return s->vendor->detect_max > 0 && s->cycle_s >= 0 ? s->cycle_s : s->vendor->detect_max;
}

static bool is_probability(double p)
{
	return p >= 0 && p <= 1;
}

static const char *link_fault(const struct network *net, const struct network_link *link)
{
	if (link->from >= net->server_count || link->to >= net->server_count)
		return "a link leads to a server that is not listed";
	if (link->from == link->to)
		return "a server can't transfer from itself";
	if (!is_probability(link->notify_loss) || !is_probability(link->query_loss))
		return "a loss must lie between 0 and 1";
	if (!(link->rtt_s >= 0) || !(link->holdoff_s >= 0) || !(link->transfer_bytes >= 0) || !(link->bytes_per_s >= 0))
		return "times, sizes and rates of a link can't be negative";
	return NULL;
}

/* Servers that no chain of links connects with a primary never learn anything: the first of them, or server_count. */
static size_t first_unreached(const struct network *net)
{
	bool reached[NETWORK_MAX_SERVERS];
	bool moved = true;

	for (size_t i = 0; i < net->server_count; i++)
		reached[i] = net->servers[i].primary;
	while (moved) {
		moved = false;
		for (size_t i = 0; i < net->link_count; i++)
			if (reached[net->links[i].from] && !reached[net->links[i].to])
				moved = reached[net->links[i].to] = true;
	}
	size_t i = 0;
	while (i < net->server_count && reached[i])
		i++;
	return i;
}

int network_check(const struct network *net, const char **why, size_t *who)
{
	double weight = 0;
	bool primary = false;

	*who = net->server_count;
	for (size_t i = 0; i < net->server_count; i++) {
		const struct network_server *s = &net->servers[i];
		primary |= s->primary;
		weight += s->is_public ? s->weight : 0;
		if (!(s->weight >= 0) || !(s->publish_s >= 0)) {
			*who = i;
			*why = "the weight and the publishing delay can't be negative";
			return ZT_EINVAL;
		}
	}
	*why = !primary ? "no server is the primary" : !(weight > 0) ? "no public server: caches have nobody to ask" : NULL;
	for (size_t i = 0; i < net->link_count && !*why; i++) {
		*why = link_fault(net, &net->links[i]);
		if (*why && net->links[i].to < net->server_count)
			*who = net->links[i].to;
	}
	for (size_t i = 0; i < net->outage_count && !*why; i++)
		if (!is_probability(net->outages[i].probability) || !(net->outages[i].end >= net->outages[i].begin))
			*why = "an outage needs a probability of 0..1 and may not end before it begins";
	if (*why)
		return ZT_EINVAL;
	*who = first_unreached(net);
	if (*who < net->server_count) {
		*why = "no chain of transfers leads from a primary to this server";
		return ZT_EINVAL;
	}
	return ZT_OK;
}
