/* From the root to the servers of a name. */
#include "tools/propest/gather/discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 16, MAX_RESOLVERS = 3, MAX_REFERRALS = 32 };

/* Name servers of one zone, with an address each once it is known. */
struct delegation {
	uint8_t zone[NAME_MAX_LEN];
	uint8_t names[MAX_NAMES][NAME_MAX_LEN];
	struct netaddr addresses[MAX_NAMES];
	size_t count;
};

struct search {
	struct asker *asker;
	struct netaddr resolvers[MAX_RESOLVERS];
	size_t resolver_count;
	const char *trouble;
};

static void read_resolv_conf(struct search *search)
{
	FILE *file = fopen("/etc/resolv.conf", "r");
	char line[512], address[128];

	while (file && search->resolver_count < MAX_RESOLVERS && fgets(line, sizeof(line), file))
		if (sscanf(line, " nameserver %127s", address) == 1
		    && netaddr_from_text(&search->resolvers[search->resolver_count], address, 53) == ZT_OK)
			search->resolver_count++;
	if (file)
		fclose(file);
}

/* The NS records of a section, as a new delegation. False when there is none. */
static bool read_names(const struct message *m, enum section section, struct delegation *out)
{
	struct record_iter iter;
	struct record record;

	out->count = 0;
	record_iter_init(&iter, m, section);
	while (record_iter_next(&iter, &record) && out->count < MAX_NAMES) {
		struct wcursor name = wcursor_over(out->names[out->count], NAME_MAX_LEN);
		if (record.type != TYPE_NS || record_rdata(m, &record, &name) != ZT_OK || name.status != ZT_OK)
			continue;
		name_copy(out->zone, record.owner);
		out->addresses[out->count++] = (struct netaddr){ 0 };
	}
	return out->count > 0;
}

/* Takes addresses from a section; IPv4 wins. */
static void read_addresses(const struct message *m, enum section section, uint16_t port, struct delegation *out)
{
	struct record_iter iter;
	struct record record;

	record_iter_init(&iter, m, section);
	while (record_iter_next(&iter, &record)) {
		bool v4 = record.type == TYPE_A && record.rdata_len == 4, v6 = record.type == TYPE_AAAA && record.rdata_len == 16;
		for (size_t i = 0; i < out->count && (v4 || v6); i++) {
			struct netaddr *address = &out->addresses[i];
			if (!name_equal(out->names[i], record.owner) || (v6 && netaddr_is_set(address)))
				continue;
			*address = (struct netaddr){ .family = v4 ? AF_INET : AF_INET6 };
			if (v4)
				memcpy(&address->v4.sin_addr, m->wire + record.rdata_at, 4);
			else
				memcpy(&address->v6.sin6_addr, m->wire + record.rdata_at, 16);
			netaddr_set_port(address, port);
		}
	}
}

/* Looks up the addresses that did not come with the delegation. */
static int find_addresses(struct search *search, struct delegation *delegation)
{
	static const uint16_t types[] = { TYPE_A, TYPE_AAAA };
	uint16_t port = netaddr_port(&search->resolvers[0]);

	for (size_t round = 0; round < 2; round++) {
		struct question questions[MAX_NAMES];
		size_t count = 0;
		for (size_t i = 0; i < delegation->count; i++)
			if (!netaddr_is_set(&delegation->addresses[i]))
				questions[count++] = (struct question){ .to = search->resolvers[0], .name = delegation->names[i], .type = types[round],
					.recurse = true };
		int status = ask_all(search->asker, questions, count);
		if (status != ZT_OK)
			return status;
		for (size_t i = 0; i < count; i++)
			if (questions[i].status == ZT_OK)
				read_addresses(&questions[i].message, SECTION_ANSWER, port, delegation);
		ask_free(questions, count);
	}
	return ZT_OK;
}

/* Asks all servers of the delegation the same; *best is the first sound answer, NULL when there is none. Free with ask_free. */
static int ask_delegation(struct search *search, const struct delegation *at, struct question *questions, const struct question **best)
{
	size_t count = 0;
	const uint8_t *name = questions[0].name;
	uint16_t type = questions[0].type;

	*best = NULL;
	for (size_t i = 0; i < at->count; i++)
		if (netaddr_is_set(&at->addresses[i]))
			questions[count++] = (struct question){ .to = at->addresses[i], .name = name, .type = type };
	int status = ask_all(search->asker, questions, count);
	for (size_t i = 0; i < count && status == ZT_OK && !*best; i++) {
		unsigned rcode = questions[i].status == ZT_OK ? message_rcode(&questions[i].message) : RCODE_SERVFAIL;
		if (rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN)
			*best = &questions[i];
	}
	return status;
}

/* The owner of the SOA that an authoritative answer shows. */
static bool answered_zone(const struct message *m, uint8_t zone[NAME_MAX_LEN])
{
	for (enum section section = SECTION_ANSWER; section <= SECTION_AUTHORITY; section++) {
		struct record_iter iter;
		struct record record;
		record_iter_init(&iter, m, section);
		while (m->flags & FLAG_AA && record_iter_next(&iter, &record)) {
			if (record.type == TYPE_SOA) {
				name_copy(zone, record.owner);
				return true;
			}
		}
	}
	return false;
}

/* One step down. ZT_EDONE: `at` serves the name's zone, which is in `zone`. */
static int descend(struct search *search, struct delegation *at, const uint8_t *name, uint8_t zone[NAME_MAX_LEN])
{
	struct question questions[MAX_NAMES] = { { .name = name, .type = TYPE_SOA } };
	const struct question *best;
	struct delegation next;
	int status = ask_delegation(search, at, questions, &best);

	if (status == ZT_OK && !best) {
		search->trouble = "servers on the way down from the root do not answer";
		status = ZT_ENOENT;
	} else if (status == ZT_OK && answered_zone(&best->message, zone)) {
		status = ZT_EDONE;
	} else if (status == ZT_OK && read_names(&best->message, SECTION_AUTHORITY, &next) && name_is_within(name, next.zone)
		   && name_label_count(next.zone) > name_label_count(at->zone)) {
		read_addresses(&best->message, SECTION_ADDITIONAL, netaddr_port(&search->resolvers[0]), &next);
		*at = next;
		status = find_addresses(search, at);
	} else if (status == ZT_OK) {
		search->trouble = "a server on the way down from the root gives neither a referral nor an answer";
		status = ZT_ENOENT;
	}
	ask_free(questions, MAX_NAMES);
	return status;
}

/* Replaces `at` by the zone's own NS set, as its servers give it. */
static int read_apex(struct search *search, struct delegation *at, const uint8_t *zone)
{
	struct question questions[MAX_NAMES] = { { .name = zone, .type = TYPE_NS } };
	const struct question *best;
	struct delegation apex;
	int status = ask_delegation(search, at, questions, &best);

	if (status == ZT_OK && best && read_names(&best->message, SECTION_ANSWER, &apex)) {
		read_addresses(&best->message, SECTION_ADDITIONAL, netaddr_port(&search->resolvers[0]), &apex);
		*at = apex;
		status = find_addresses(search, at);
	}
	ask_free(questions, MAX_NAMES);
	return status;
}

static int find_root(struct search *search, struct delegation *root)
{
	struct question question = { .to = search->resolvers[0], .name = name_root, .type = TYPE_NS, .recurse = true };
	int status = ask_all(search->asker, &question, 1);

	if (status == ZT_OK && (question.status != ZT_OK || !read_names(&question.message, SECTION_ANSWER, root))) {
		search->trouble = "the resolver does not tell the root's servers";
		status = ZT_ENOENT;
	}
	if (status == ZT_OK) {
		read_addresses(&question.message, SECTION_ADDITIONAL, netaddr_port(&search->resolvers[0]), root);
		status = find_addresses(search, root);
	}
	ask_free(&question, 1);
	return status;
}

static int run(struct search *search, struct delegation *at, const uint8_t *name)
{
	uint8_t zone[NAME_MAX_LEN];
	int status = find_root(search, at);

	for (int i = 0; i < MAX_REFERRALS && status == ZT_OK; i++)
		status = descend(search, at, name, zone);
	if (status == ZT_OK)
		search->trouble = "too many referrals";
	return status == ZT_EDONE ? read_apex(search, at, zone) : status == ZT_OK ? ZT_ELIMIT : status;
}

int discover_servers(struct asker *asker, struct discovery *discovery, const uint8_t *name)
{
	struct search search = { .asker = asker };
	struct delegation *at = calloc(1, sizeof(*at));

	if (!at)
		return ZT_ENOMEM;
	for (size_t i = 0; i < discovery->resolver_count && i < MAX_RESOLVERS; i++)
		search.resolvers[search.resolver_count++] = discovery->resolvers[i];
	if (search.resolver_count == 0)
		read_resolv_conf(&search);
	int status = ZT_ENOENT;
	if (search.resolver_count > 0)
		status = run(&search, at, name);
	else
		search.trouble = "/etc/resolv.conf names no resolver";
	discovery->count = 0;
	for (size_t i = 0; i < at->count && status == ZT_OK && discovery->count < discovery->size; i++)
		if (netaddr_is_set(&at->addresses[i]))
			discovery->servers[discovery->count++] = at->addresses[i];
	if (status == ZT_OK && discovery->count == 0) {
		search.trouble = "its name servers have no addresses";
		status = ZT_ENOENT;
	}
	discovery->trouble = search.trouble;
	free(at);
	return status;
}
