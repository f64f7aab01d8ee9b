/* Hard bounds. */
#include "tools/propest/model/bound.h"

#include <math.h>
#include <stdlib.h>

#include "tools/propest/model/transfer.h"

/* TTLs are whole seconds: each hop may round once. */
static const double rounding_s = 1;

struct cache_class cache_facts_class(const struct cache_facts *facts, size_t i)
{
	if (facts->class_count > 0)
		return facts->classes[i];
	return (struct cache_class){ .share = 1, .max_ttl_s = facts->max_ttl_s, .min_ttl_s = facts->min_ttl_s,
		.hold_s = facts->hold_s };
}

size_t cache_facts_class_count(const struct cache_facts *facts)
{
	return facts->class_count > 0 ? facts->class_count : 1;
}

double cache_facts_ttl(const struct cache_facts *facts)
{
	double longest = 0;

	for (size_t i = 0; i < cache_facts_class_count(facts); i++) {
		struct cache_class class = cache_facts_class(facts, i);
		longest = fmax(longest, class_ttl(&class, facts->ttl_s));
	}
	return longest;
}

double bound_caches(const struct cache_facts *facts, double last_server)
{
	double longest = 0;

	/* The first hop's minimum is in the effective TTL; each further hop may raise what is left of it to the minimum once more. */
	for (size_t i = 0; i < cache_facts_class_count(facts); i++) {
		struct cache_class class = cache_facts_class(facts, i);
		longest = fmax(longest, class_ttl(&class, facts->ttl_s) + (facts->depth - 1) * class.min_ttl_s + class.hold_s);
	}
	return last_server + facts->query_lifetime_s + longest + facts->depth * rounding_s;
}

/* The longest pause between two polls of a server that has been failing for `failing_s`. */
static double longest_retry(const struct vendor *vendor, double retry_s, double failing_s)
{
	if (!vendor->retry_doubles)
		return retry_s;
	return fmax(retry_s, fmin(failing_s / vendor->jitter_low + retry_s, vendor->retry_max));
}

/* How many polls in a row may be lost before it counts as impossible. */
static double lost_polls(const struct network_link *link, const struct vendor *vendor)
{
	double all_lost = pow(transfer_round_loss(link->query_loss), vendor->query_tries);

	if (all_lost <= 0)
		return 0;
	return all_lost < 1 ? fmax(ceil(log(BOUND_IMPOSSIBLE) / log(all_lost)) - 1, 0) : HUGE_VAL;
}

/* The latest end of the outages that can hold up what is due at `due` at the latest and was wanted from `since` on. Each adds `pause`, given
 * for how long everything may have failed by then: since the first outage, as a server need not get through between two. */
static double through_outages(const struct network *net, size_t link, double since, double due, double (*pause)(const struct network *, size_t, double))
{
	bool moved = true;
	double failing_since = HUGE_VAL;

	for (size_t i = 0; i < net->outage_count; i++)
		if (net->outages[i].hits[link])
			failing_since = fmin(failing_since, net->outages[i].begin);
	while (moved) {
		moved = false;
		for (size_t i = 0; i < net->outage_count; i++) {
			const struct network_outage *o = &net->outages[i];
			double after = o->end + pause(net, link, o->end - failing_since);
			if (o->hits[link] && o->probability > 0 && o->begin <= due && after > since && after > due) {
				due = after;
				moved = true;
			}
		}
	}
	return due;
}

static bool outage_touches(const struct network *net, size_t link, double from, double to)
{
	for (size_t i = 0; i < net->outage_count; i++) {
		const struct network_outage *o = &net->outages[i];
		if (o->hits[link] && o->probability > 0 && o->begin <= to && o->end > from)
			return true;
	}
	return false;
}

static double poll_pause(const struct network *net, size_t link, double failing_s)
{
	size_t to = net->links[link].to;
	const struct vendor *v = net->servers[to].vendor;
	return longest_retry(v, network_timers_of(net, to).retry_s, failing_s) + v->query_timeout * v->query_tries;
}

static double notify_pause(const struct network *net, size_t link, double failing_s)
{
	(void)failing_s;
	return net->servers[net->links[link].from].vendor->backoff_max;
}

/* When a change that the sender has at `since` is served by the receiver at the latest. */
static double link_bound(const struct network *net, size_t number, double since)
{
	const struct network_link *link = &net->links[number];
	const struct vendor *to = net->servers[link->to].vendor, *from = net->servers[link->from].vendor;
	struct network_timers timers = network_timers_of(net, link->to);
	double lost = lost_polls(link, to);
	double work = transfer_seconds(link, to, 1) + (link->query_loss > 0 ? transfer_handshake_wait(link->query_loss, BOUND_IMPOSSIBLE) : 0);
	double failing = to->query_timeout * to->query_tries;

	if (isinf(lost))
		return HUGE_VAL;
	double polled = through_outages(net, number, since, since + timers.refresh_s, poll_pause);
	for (double i = 0; i < lost; i++)
		polled += failing + longest_retry(to, timers.retry_s, i * timers.retry_s);
	if (link->query_loss > 0)
		polled += failing;
	/* Only a lossless link with a durable queue or without outages can be relied on for NOTIFY. */
	double notified = HUGE_VAL;
	if (link->notify && link->notify_loss <= 0 && link->query_loss <= 0) {
		double earliest = since + link->holdoff_s, latest = earliest + network_detect_max(net, link->from);
		if (from->notify_law == NOTIFY_DURABLE)
			notified = through_outages(net, number, earliest, latest, notify_pause) + link->rtt_s / 2;
		else if (!outage_touches(net, number, earliest, latest + link->rtt_s / 2))
			notified = latest + link->rtt_s / 2;
	}
	return fmin(polled, notified) + work;
}

int bound_servers(const struct network *net, double *bound)
{
	bool *settled = calloc(net->server_count + 1, sizeof(*settled));
	double expire = net->timers.expire_s;

	if (!settled)
		return ZT_ENOMEM;
	for (size_t i = 0; i < net->server_count; i++)
		bound[i] = net->servers[i].primary ? net->servers[i].publish_s : HUGE_VAL;
	for (;;) {
		size_t next = net->server_count;
		for (size_t i = 0; i < net->server_count; i++)
			if (!settled[i] && (next == net->server_count || bound[i] < bound[next]))
				next = i;
		if (next == net->server_count || isinf(bound[next]))
			break;
		settled[next] = true;
		for (size_t i = 0; i < net->link_count; i++)
			if (net->links[i].from == next)
				bound[net->links[i].to] = fmin(bound[net->links[i].to], link_bound(net, i, bound[next]));
	}
	/* What no poll ever reaches stops by expiry, its followers one EXPIRE later each. */
	for (size_t round = 1; round <= net->server_count; round++)
		for (size_t i = 0; i < net->server_count; i++) {
			double last = 0;
			for (size_t j = 0; j < net->link_count; j++)
				if (net->links[j].to == i)
					last = fmax(last, bound[net->links[j].from]);
			if (!net->servers[i].primary && bound[i] > last + expire)
				bound[i] = last + expire;
		}
	for (size_t i = 0; i < net->server_count; i++)
		if (isinf(bound[i]))
			bound[i] = (double)net->server_count * expire;
	free(settled);
	return ZT_OK;
}
