/* Asking servers and judging their answers. */
#include "tools/propest/gather/probe.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/dns/serial.h"

enum { PROBES = 3, RDATA_ROOM = 1024 };

/* Loss and NOTIFY can't be seen from outside; these are assumed of servers that no file describes. */
static const double assumed_loss = .01;

/* RFC 2181 section 8: a TTL with its top bit set is 0. */
static uint32_t sane_ttl(uint32_t ttl)
{
	return ttl & UINT32_C(0x80000000) ? 0 : ttl;
}

static const char *trouble_of(const struct question *q)
{
	if (q->status == ZT_ETIMEOUT)
		return "does not answer";
	if (q->status == ZT_EREFUSED)
		return "nothing listens there";
	if (q->status != ZT_OK)
		return status_text(q->status);
	unsigned rcode = message_rcode(&q->message);
	if (rcode == RCODE_REFUSED || rcode == RCODE_NOTAUTH)
		return "refuses: it does not serve the zone, or not to us";
	if (rcode == RCODE_SERVFAIL)
		return "answers SERVFAIL: its copy of the zone may have expired";
	if (rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN)
		return "answers with an error";
	if (!(q->message.flags & FLAG_AA))
		return "is lame: it answers without authority";
	return NULL;
}

/* The SOA in a section; its owner in *owner. */
static bool find_soa(const struct message *m, enum section section, struct record *record, struct soa *soa)
{
	static const size_t room = RDATA_ROOM;
	uint8_t rdata[RDATA_ROOM];
	struct record_iter iter;

	record_iter_init(&iter, m, section);
	while (record_iter_next(&iter, record)) {
		struct wcursor out = wcursor_over(rdata, room);
		if (record->type == TYPE_SOA && record_rdata(m, record, &out) == ZT_OK && out.status == ZT_OK
		    && soa_from_rdata(soa, rdata, out.pos)) {
			/* The names would point into this function. */
			soa->mname = soa->rname = NULL;
			return true;
		}
	}
	return false;
}

static void read_nsid(const struct edns *edns, struct observation *out)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns->present || !edns_option(edns, EDNS_NSID, &data, &len))
		return;
	size_t n = 0;
	for (; n < len && n + 1 < FACTS_NSID_SIZE; n++)
		out->nsid[n] = isprint(data[n]) ? (char)data[n] : '?';
	out->nsid[n] = '\0';
}

static void read_options(const struct edns *edns, struct observation *out)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns->present)
		return;
	read_nsid(edns, out);
	if (edns_option(edns, EDNS_EXPIRE, &data, &len) && len == 4) {
		out->has_expire = true;
		out->edns_expire = wire_get_u32(data);
	}
	/* Label count, type (0: SOA serial), the serial. */
	if (edns_option(edns, EDNS_ZONEVERSION, &data, &len) && len == 6 && data[1] == 0) {
		out->has_version = true;
		out->zone_version = wire_get_u32(data + 2);
	}
}

bool probe_read_soa(const struct question *question, const uint8_t *zone, struct observation *out)
{
	struct record record;
	struct soa soa;

	out->trouble = trouble_of(question);
	if (out->trouble)
		return false;
	if (!find_soa(&question->message, SECTION_ANSWER, &record, &soa) || !name_equal(record.owner, zone)) {
		out->trouble = "has no SOA of the zone";
		return false;
	}
	out->serial = soa.serial;
	out->refresh = soa.refresh;
	out->retry = soa.retry;
	out->expire = soa.expire;
	out->minimum = soa.minimum;
	out->soa_ttl = sane_ttl(record.ttl);
	out->answered = true;
	read_options(&question->message.edns, out);
	return true;
}

void probe_read_rrset(const struct question *question, struct observation *out)
{
	struct record record, soa_record;
	struct record_iter iter;
	struct soa soa;

	if (question->status != ZT_OK)
		return;
	unsigned rcode = message_rcode(&question->message);
	record_iter_init(&iter, &question->message, SECTION_ANSWER);
	while (record_iter_next(&iter, &record)) {
		if (!name_equal(record.owner, question->name) || (record.type != question->type && record.type != TYPE_CNAME))
			continue;
		out->has_rrset = true;
		out->rrset_ttl = sane_ttl(record.ttl);
		return;
	}
	if (rcode == RCODE_NXDOMAIN || (rcode == RCODE_NOERROR && find_soa(&question->message, SECTION_AUTHORITY, &soa_record, &soa)))
		out->rrset_absent = true;
}

int probe_zone(struct asker *asker, const uint8_t *name, const struct netaddr *servers, size_t count, uint8_t zone[NAME_MAX_LEN])
{
	struct question *questions = calloc(count + 1, sizeof(*questions));
	int status = questions ? ZT_OK : ZT_ENOMEM;
	bool found = false;

	for (size_t i = 0; i < count && status == ZT_OK; i++)
		questions[i] = (struct question){ .to = servers[i], .name = name, .type = TYPE_SOA };
	if (status == ZT_OK)
		status = ask_all(asker, questions, count);
	for (size_t i = 0; i < count && status == ZT_OK && !found; i++) {
		struct record record;
		struct soa soa;
		if (trouble_of(&questions[i]))
			continue;
		found = find_soa(&questions[i].message, SECTION_ANSWER, &record, &soa)
			|| find_soa(&questions[i].message, SECTION_AUTHORITY, &record, &soa);
		found = found && name_is_within(name, record.owner);
		if (found)
			name_copy(zone, record.owner);
	}
	if (questions)
		ask_free(questions, count);
	free(questions);
	return status != ZT_OK ? status : found ? ZT_OK : ZT_ENOENT;
}

/* Several SOA questions one after the other, for round trips and loss; one question about the record set. */
static int observe_all(struct asker *asker, struct facts *facts, const struct target *target)
{
	size_t count = facts->observation_count;
	struct question *questions = calloc(count + 1, sizeof(*questions));
	struct observation **seen = calloc(count + 1, sizeof(struct observation *));
	int status = questions && seen ? ZT_OK : ZT_ENOMEM;

	for (int round = 0; round <= PROBES && status == ZT_OK; round++) {
		size_t asked = 0;
		bool rrset = round == PROBES;
		for (size_t i = 0; i < count; i++) {
			struct observation *o = &facts->observations[i];
			/* Who did not answer the first question is not waited for again. */
			if (!netaddr_is_set(&o->address) || (round > 0 && !o->answered))
				continue;
			o->asked = true;
			seen[asked] = o;
			questions[asked++] = (struct question){ .to = o->address, .name = rrset ? target->name : facts->zone,
				.type = rrset ? target->type : TYPE_SOA };
		}
		status = ask_all(asker, questions, asked);
		for (size_t i = 0; i < asked && status == ZT_OK; i++) {
			seen[i]->probes += questions[i].sent;
			seen[i]->lost += questions[i].lost;
			if (rrset)
				probe_read_rrset(&questions[i], seen[i]);
			else if (probe_read_soa(&questions[i], facts->zone, seen[i]) && questions[i].rtt_s > 0)
				seen[i]->rtt_s = seen[i]->rtt_s > 0 ? fmin(seen[i]->rtt_s, questions[i].rtt_s) : questions[i].rtt_s;
		}
		ask_free(questions, asked);
	}
	free(questions);
	free(seen);
	return status;
}

/* The answering server with the newest serial; observation_count when none answered. */
static size_t newest(const struct facts *facts)
{
	size_t best = facts->observation_count;

	for (size_t i = 0; i < facts->observation_count; i++)
		if (facts->observations[i].answered
		    && (best == facts->observation_count || serial_is_newer(facts->observations[i].serial, facts->observations[best].serial)))
			best = i;
	return best;
}

static void warn_troubles(struct facts *facts)
{
	for (size_t i = 0; i < facts->observation_count; i++) {
		const struct observation *o = &facts->observations[i];
		char text[NETADDR_TEXT_SIZE];
		if (o->asked && o->trouble)
			facts_warn(facts, "%s (%s) %s; counted by what is assumed of it", facts->net.servers[i].name,
				   netaddr_to_text(&o->address, text), o->trouble);
		if (o->lost > 0 && o->answered)
			facts_warn(facts, "%s lost %u of %u questions", facts->net.servers[i].name, o->lost, o->probes);
	}
}

static void warn_differences(struct facts *facts, const struct observation *reference)
{
	bool serials = false, timers = false, ttls = false;

	for (size_t i = 0; i < facts->observation_count; i++) {
		const struct observation *o = &facts->observations[i];
		if (!o->answered)
			continue;
		serials |= o->serial != reference->serial;
		timers |= o->refresh != reference->refresh || o->retry != reference->retry || o->expire != reference->expire
			|| o->minimum != reference->minimum;
		ttls |= o->has_rrset && reference->has_rrset && o->rrset_ttl != reference->rrset_ttl;
	}
	if (serials)
		facts_warn(facts, "the servers have different serials: an earlier change is still on its way");
	if (timers)
		facts_warn(facts, "the servers have different SOA timers; those of the newest serial are used");
	if (ttls)
		facts_warn(facts, "the servers give the record set different TTLs; the largest is used");
}

static void warn_values(struct facts *facts, const struct observation *reference)
{
	if (reference->refresh == 0 || reference->retry == 0)
		facts_warn(facts, "REFRESH %u and RETRY %u: zero is raised to what each vendor allows", reference->refresh, reference->retry);
	if (reference->expire < reference->refresh)
		facts_warn(facts, "EXPIRE %u is below REFRESH %u: secondaries give up the zone between two polls", reference->expire, reference->refresh);
	if (reference->refresh > 604800)
		facts_warn(facts, "REFRESH %u is more than a week: a lost NOTIFY takes that long to be made up for", reference->refresh);
	for (size_t i = 0; i < facts->net.server_count; i++) {
		const struct vendor *v = facts->net.servers[i].vendor;
		if (!facts->net.servers[i].primary && facts->net.servers[i].refresh_s < 0 && facts->net.timers.refresh_s < v->refresh_min) {
			facts_warn(facts, "%s: %s polls every %.0f s at the most often, not every %.0f s", facts->net.servers[i].name, v->name,
				   v->refresh_min, facts->net.timers.refresh_s);
			break;
		}
	}
}

static void take_ttls(struct facts *facts, const struct observation *reference)
{
	bool present = false, absent = false;
	double largest = 0;

	for (size_t i = 0; i < facts->observation_count; i++) {
		const struct observation *o = &facts->observations[i];
		if (o->has_rrset)
			largest = fmax(largest, o->rrset_ttl);
		present |= o->has_rrset;
		absent |= o->rrset_absent;
	}
	if (present && !facts->given.ttl) {
		facts->rrset_ttl_s = largest;
		if (largest == 0)
			facts_warn(facts, "the record set's TTL is 0: caches ask every time, so only the servers count");
	}
	if (present && absent)
		facts_warn(facts, "some servers have the record set and some do not");
	if (!facts->given.negative_ttl)
		facts->negative_ttl_s = fmin(reference->soa_ttl, reference->minimum);
}

/* A secondary's EXPIRE counts down from the SOA's, so it tells when the secondary last polled (RFC 7314). */
static void take_ages(struct facts *facts)
{
	for (size_t i = 0; i < facts->observation_count; i++) {
		const struct observation *o = &facts->observations[i];
		struct network_server *server = &facts->net.servers[i];
		if (o->has_expire && !server->primary && server->poll_age_s < 0 && o->edns_expire <= o->expire)
			server->poll_age_s = (double)(o->expire - o->edns_expire);
	}
}

static int take_all(struct facts *facts)
{
	size_t best = newest(facts);

	warn_troubles(facts);
	if (best == facts->observation_count)
		return ZT_ENOENT;
	const struct observation *reference = &facts->observations[best];
	if (!facts->given.timers)
		facts->net.timers = (struct network_timers){ reference->refresh, reference->retry, reference->expire };
	take_ttls(facts, reference);
	take_ages(facts);
	warn_differences(facts, reference);
	warn_values(facts, reference);
	return ZT_OK;
}

int probe_servers(struct asker *asker, struct facts *facts, const struct target *target)
{
	int status = facts_observe(facts);

	for (size_t i = 0; i < facts->observation_count; i++)
		if (facts->net.servers[i].address[0] && netaddr_from_text(&facts->observations[i].address, facts->net.servers[i].address, 53) != ZT_OK)
			return ZT_EINVAL;
	if (status == ZT_OK)
		status = observe_all(asker, facts, target);
	return status == ZT_OK ? take_all(facts) : status;
}

static int add_addresses(struct facts *facts, const struct netaddr *servers, size_t count)
{
	int status = ZT_OK;

	for (size_t i = 0; i < count && status == ZT_OK; i++) {
		char text[NETADDR_TEXT_SIZE];
		size_t index;
		netaddr_to_text(&servers[i], text);
		status = network_add_server(&facts->net, text, &index);
		if (status == ZT_OK)
			snprintf(facts->net.servers[index].address, NETWORK_NAME_SIZE, "%s", text);
	}
	return status;
}

int probe_build(struct asker *asker, struct facts *facts, const struct target *target, const struct netaddr *servers, size_t count)
{
	int status = add_addresses(facts, servers, count);

	if (status == ZT_OK)
		status = facts_observe(facts);
	if (status != ZT_OK)
		return status;
	for (size_t i = 0; i < count; i++)
		facts->observations[i].address = servers[i];
	status = observe_all(asker, facts, target);
	size_t primary = newest(facts);
	if (status != ZT_OK || primary == facts->observation_count) {
		warn_troubles(facts);
		return status != ZT_OK ? status : ZT_ENOENT;
	}
	facts->net.servers[primary].primary = true;
	for (size_t i = 0; i < count; i++) {
		if (i == primary)
			continue;
		struct network_link *link = network_add_link(&facts->net, primary, i);
		if (!link)
			return ZT_ENOMEM;
		link->notify_loss = link->query_loss = assumed_loss;
		link->rtt_s = fmax(facts->observations[i].rtt_s, facts->observations[primary].rtt_s);
	}
	if (count > 1)
		facts_warn(facts, "assumed: %s is the primary, notifies the others, 1 %% of datagrams are lost; --topology FILE tells better",
			   facts->net.servers[primary].name);
	return take_all(facts);
}
