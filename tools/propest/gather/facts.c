/* The life of a struct facts. */
#include "tools/propest/gather/facts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void facts_init(struct facts *facts)
{
	*facts = (struct facts){
		.rrset_ttl_s = -1, .negative_ttl_s = -1, .cache_count = 1,
		/* The largest of what the usual resolvers allow themselves, so that the bound holds for all of them. */
		.caches = { .max_ttl_s = 604800, .query_lifetime_s = 2, .depth = 2 }, .max_negative_ttl_s = 10800,
	};
	network_init(&facts->net);
}

void facts_fini(struct facts *facts)
{
	network_fini(&facts->net);
	free(facts->observations);
	for (size_t i = 0; i < facts->warning_count; i++)
		free(facts->warnings[i]);
	free(facts->warnings);
	facts_init(facts);
}

void facts_warn(struct facts *facts, const char *format, ...)
{
	char **warnings = reallocarray(facts->warnings, facts->warning_count + 1, sizeof(*warnings));
	char *text;
	va_list args;

	if (!warnings)
		return;
	facts->warnings = warnings;
	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		facts->warnings[facts->warning_count++] = text;
	va_end(args);
}

int facts_observe(struct facts *facts)
{
	free(facts->observations);
	facts->observations = calloc(facts->net.server_count + 1, sizeof(*facts->observations));
	facts->observation_count = facts->observations ? facts->net.server_count : 0;
	return facts->observations ? ZT_OK : ZT_ENOMEM;
}

int facts_ttl(struct facts *facts, enum change change)
{
	double ttl = facts->rrset_ttl_s;

	if (change == CHANGE_ADD)
		ttl = facts->negative_ttl_s < 0 ? -1 : fmin(facts->negative_ttl_s, facts->max_negative_ttl_s);
	if (ttl < 0)
		return ZT_ENOENT;
	facts->caches.ttl_s = ttl;
	return ZT_OK;
}
