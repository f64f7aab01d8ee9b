/* From the command line to facts. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "tools/propest/cli/cli.h"
#include "tools/propest/gather/discover.h"
#include "tools/propest/gather/probe.h"
#include "tools/propest/gather/topology.h"

static enum exit_code load_topology(struct facts *facts, const struct options *options)
{
	struct problems problems;
	struct buf text;

	problems_init(&problems, options->topology);
	int status = topology_load(facts, options->topology, &problems);
	if (status != ZT_OK) {
		buf_init(&text);
		problems_write(&problems, &text);
		if (text.len > 0)
			fwrite(text.data, 1, text.len, stderr);
		else
			fprintf(stderr, "propest: %s: %s\n", options->topology, status_text(status));
		buf_fini(&text);
	}
	problems_fini(&problems);
	return status == ZT_OK ? EXIT_OK : EXIT_USAGE;
}

/* The warnings say why no server was of use. */
static enum exit_code no_server(const struct facts *facts, const char *what)
{
	fprintf(stderr, "propest: %s\n", what);
	for (size_t i = 0; i < facts->warning_count; i++)
		fprintf(stderr, "propest: %s\n", facts->warnings[i]);
	return EXIT_FAILED;
}

static enum exit_code ask_topology_servers(struct facts *facts, const struct options *options, struct asker *asker)
{
	struct target target = { options->name, options->type };
	size_t with_address = 0;

	for (size_t i = 0; i < facts->net.server_count; i++)
		with_address += facts->net.servers[i].address[0] != '\0';
	if (with_address == 0)
		return EXIT_OK;
	if (!facts->has_zone) {
		fprintf(stderr, "propest: %s: the zone's name is missing; expected a line such as \"zone: example.\"\n", options->topology);
		return EXIT_USAGE;
	}
	int status = probe_servers(asker, facts, &target);
	if (status == ZT_ENOENT)
		return no_server(facts, "none of the topology file's servers gave an answer; --no-net uses the file alone");
	if (status != ZT_OK)
		fprintf(stderr, "propest: asking the servers failed: %s\n", status_text(status));
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code ask_given_servers(struct facts *facts, const struct options *options, struct asker *asker)
{
	struct target target = { options->name, options->type };
	struct netaddr *found = NULL;
	const struct netaddr *servers = options->servers;
	size_t count = options->server_count;
	int status = ZT_OK;

	if (count == 0) {
		found = calloc(OPTIONS_MAX_ADDRESSES, sizeof(*found));
		struct discovery discovery = { .resolvers = options->resolvers, .resolver_count = options->resolver_count,
			.servers = found, .size = OPTIONS_MAX_ADDRESSES };
		status = found ? discover_servers(asker, &discovery, options->name) : ZT_ENOMEM;
		servers = found;
		count = discovery.count;
		if (status != ZT_OK) {
			fprintf(stderr, "propest: cannot find the servers of %s: %s; give them with --server\n", options->name_text,
				discovery.trouble ? discovery.trouble : status_text(status));
			free(found);
			return EXIT_FAILED;
		}
	}
	status = probe_zone(asker, options->name, servers, count, facts->zone);
	facts->has_zone = status == ZT_OK;
	if (status == ZT_OK)
		status = probe_build(asker, facts, &target, servers, count);
	free(found);
	if (status == ZT_ENOENT && !facts->has_zone)
		fprintf(stderr, "propest: none of the servers is authoritative for %s (unknown zone, refused, lame or not answering)\n",
			options->name_text);
	else if (status == ZT_ENOENT)
		return no_server(facts, "no server gave the zone's SOA");
	else if (status != ZT_OK)
		fprintf(stderr, "propest: asking the servers failed: %s\n", status_text(status));
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}

/* The kind of change must fit what the servers have. */
static enum exit_code check_change(struct facts *facts, const struct options *options)
{
	bool present = false, absent = false;

	for (size_t i = 0; i < facts->observation_count; i++) {
		present |= facts->observations[i].has_rrset;
		absent |= facts->observations[i].rrset_absent;
	}
	if (options->change == CHANGE_ADD && present)
		facts_warn(facts, "%s %s exists already: caches that hold it keep it for its TTL, which --change modify is about", options->name_text,
			   options->type_text);
	if (facts_ttl(facts, options->change) == ZT_OK)
		return EXIT_OK;
	if (options->change == CHANGE_ADD)
		fprintf(stderr, "propest: the negative TTL is not known; the topology file's soa needs \"minimum\" (and \"ttl\")\n");
	else if (absent)
		fprintf(stderr, "propest: the servers have no %s %s to %s; --change add is for new records\n", options->name_text,
			options->type_text, options->change == CHANGE_DELETE ? "delete" : "modify");
	else if (options->topology)
		fprintf(stderr, "propest: the TTL of %s %s is not known; expected \"ttl: …\" in %s\n", options->name_text, options->type_text,
			options->topology);
	else
		fprintf(stderr, "propest: no server gave %s %s, so its TTL is not known\n", options->name_text, options->type_text);
	return EXIT_FAILED;
}

enum exit_code cli_gather(struct facts *facts, const struct options *options, struct asker *asker)
{
	enum exit_code code = EXIT_OK;

	if (options->topology)
		code = load_topology(facts, options);
	if (code == EXIT_OK && facts->has_zone && !name_is_within(options->name, facts->zone)) {
		fprintf(stderr, "propest: %s does not lie in the zone of %s\n", options->name_text, options->topology);
		return EXIT_USAGE;
	}
	if (code == EXIT_OK && !options->no_net)
		code = options->topology ? ask_topology_servers(facts, options, asker) : ask_given_servers(facts, options, asker);
	if (options->caches > 0)
		facts->cache_count = options->caches;
	return code == EXIT_OK ? check_change(facts, options) : code;
}

enum exit_code cli_run(struct estimate *estimate, const struct facts *facts, const struct options *options)
{
	struct estimate_input input = { .net = &facts->net, .caches = facts->caches, .cache_count = facts->cache_count, .seed = options->seed,
		.samples = options->samples, .with_contributors = options->command == COMMAND_ESTIMATE };
	const char *why;
	size_t who;

	if (network_check(&facts->net, &why, &who) != ZT_OK) {
		fprintf(stderr, "propest: %s\n", why);
		return EXIT_USAGE;
	}
	int status = estimate_run(estimate, &input);
	if (status != ZT_OK)
		fprintf(stderr, "propest: the estimate failed: %s\n", status_text(status));
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}
