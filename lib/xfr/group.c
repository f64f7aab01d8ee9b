/* Servers that help each other with one zone. */
#include "lib/xfr/group.h"

#include <stdlib.h>

#include "lib/dns/serial.h"

int group_init(struct group *group, unsigned primary_count, unsigned member_count)
{
	*group = (struct group){ .count = primary_count + member_count, .primary_count = primary_count };
	group->servers = calloc(group->count ? group->count : 1, sizeof(*group->servers));
	return group->servers ? ZT_OK : ZT_ENOMEM;
}

void group_fini(struct group *group)
{
	free(group->servers);
	*group = (struct group){ 0 };
}

void group_note_serial(struct group *group, unsigned server, uint32_t serial)
{
	struct group_server *s = &group->servers[server];

	if (s->has_serial && serial_is_newer(s->serial, serial))
		return;      /* an old message that comes late */
	s->has_serial = true;
	s->serial = serial;
}

void group_forget_serial(struct group *group, unsigned server)
{
	group->servers[server].has_serial = false;
}

void group_note_rtt(struct group *group, unsigned server, usec_t rtt)
{
	struct group_server *s = &group->servers[server];

	if (rtt < 1)
		rtt = 1;
	s->rtt = s->rtt ? s->rtt + (rtt - s->rtt) / 8 : rtt;
}

static bool has_reached(const struct group_server *server, uint32_t serial)
{
	return server->has_serial && !serial_is_newer(serial, server->serial);
}

int group_nearest(const struct group *group, uint32_t serial, uint64_t skip)
{
	int best = -1;

	for (unsigned i = 0; i < group->count; i++) {
		if ((i < 64 && skip >> i & 1) || !has_reached(&group->servers[i], serial))
			continue;
		if (best < 0 || group->servers[i].rtt < group->servers[best].rtt)
			best = (int)i;
	}
	return best;
}

unsigned group_draw(const struct group *group, const struct group_news *news, struct rng *rng, unsigned *out)
{
	unsigned chosen = 0, seen = 0;

	/* One pass: the n-th candidate takes a place with probability most / n. */
	for (unsigned i = group->primary_count; i < group->count && news->most > 0; i++) {
		if ((int)i == news->from || has_reached(&group->servers[i], news->serial))
			continue;
		seen++;
		if (chosen < news->most) {
			out[chosen++] = i;
			continue;
		}
		uint64_t at = rng_below(rng, seen);
		if (at < news->most)
			out[at] = i;
	}
	return chosen;
}
