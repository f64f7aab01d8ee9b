/* From the bytes of a request to the bytes of a response. */
#include "authd/serve/respond.h"

#include "authd/serve/answer.h"
#include "authd/serve/chaos.h"
#include "lib/dns/writer.h"
#include "lib/xfr/behind.h"
#include "lib/xfr/reconcile.h"

static const struct edns_error no_such_zone = EDNS_ERROR(EDE_NOT_AUTHORITATIVE, "no such zone here");
static const struct edns_error no_such_class = EDNS_ERROR(EDE_NOT_AUTHORITATIVE, "class not served");
static const struct edns_error query_not_allowed = EDNS_ERROR(EDE_PROHIBITED, "allow-query");
static const struct edns_error notify_not_allowed = EDNS_ERROR(EDE_PROHIBITED, "allow-notify");
static const struct edns_error update_not_allowed = EDNS_ERROR(EDE_PROHIBITED, "allow-update");
static const struct edns_error not_told = EDNS_ERROR(EDE_PROHIBITED, "not told");
static const struct edns_error zone_not_loaded = EDNS_ERROR(EDE_NOT_READY, "zone not loaded");
static const struct edns_error zone_expired = EDNS_ERROR(EDE_INVALID_DATA, "zone expired");
static const struct edns_error no_such_type = EDNS_ERROR(EDE_NOT_SUPPORTED, "query type");
static const struct edns_error needs_tcp = EDNS_ERROR(EDE_NOT_SUPPORTED, "AXFR over UDP");

static size_t message_limit(const struct respond *r)
{
	const struct edns *edns = &r->message.edns;
	size_t own = r->view->settings.udp_payload_size;

	if (r->is_tcp)
		return r->out_size;
	if (own > r->out_size)
		own = r->out_size;
	if (!edns->present || edns->udp_size <= EDNS_MIN_UDP_SIZE)
		return EDNS_MIN_UDP_SIZE;
	return edns->udp_size < own ? edns->udp_size : own;
}

size_t respond_limit(const struct respond *r)
{
	return message_limit(r) - r->signing.room;
}

/* A short answer that is signed may have no room for options beside a long name. */
static bool has_room_for_options(const struct respond *r)
{
	return r->signing.room == 0 || respond_limit(r) >= EDNS_MIN_UDP_SIZE;
}

/* RD comes back as it was sent (RFC 1035 section 4.1.1); AD and CD are cleared in an authoritative answer (RFC 4035 section 3.1.6). */
static uint16_t reply_flags(const struct message *query)
{
	return (uint16_t)(FLAG_QR | (query->flags & (FLAG_OPCODE_MASK | FLAG_RD)));
}

/* Header and question. The question is echoed where it could be read; a reply is understood without it. */
static int head_write(struct message_writer *writer, const struct message *query, uint16_t flags)
{
	message_writer_set_flags(writer, (uint16_t)(reply_flags(query) | flags));
	return query->qname_len > 0 ? message_write_question(writer, query->qname, query->qtype, query->qclass) : ZT_OK;
}

size_t respond_error_write(const struct message *query, enum rcode rcode, uint8_t *out, size_t out_size)
{
	struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .rcode = rcode, .flags = query->edns.flags & EDNS_FLAG_DO };
	struct message_writer writer;

	message_writer_init(&writer, out, out_size, query->id, 0);
	int status = head_write(&writer, query, rcode & FLAG_RCODE_MASK);
	if (query->edns.present && status == ZT_OK)
		status = message_write_edns(&writer, &edns);
	(void)status;
	return message_writer_finish(&writer);
}

/* The reply is whole. */
static void reply_end(struct respond *r, struct message_writer *writer)
{
	r->out_len = message_writer_finish(writer);
	if (r->signing.room > 0)
		signing_end(r);
}

/* A reply of head and OPT. */
static void bare_reply(struct respond *r, enum rcode rcode, uint16_t flags)
{
	const struct message *query = &r->message;
	struct message_writer writer;

	message_writer_init(&writer, r->out, respond_limit(r), query->id, 0);
	if (head_write(&writer, query, (uint16_t)(flags | (rcode & FLAG_RCODE_MASK))) == ZT_OK && query->edns.present)
		edns_write(r, &writer, rcode);
	r->rcode = rcode;
	r->truncated = flags & FLAG_TC;
	reply_end(r, &writer);
}

void respond_error(struct respond *r, enum rcode rcode, const struct edns_error *error)
{
	r->plan.error = error;
	bare_reply(r, rcode, 0);
}

/* ---- rate limits ------------------------------------------------------------------------------------------------------------------- */

/* Who has shown a good cookie is no victim of somebody else. */
static bool is_limited(const struct respond *r)
{
	return r->view->settings.limit.per_second > 0 && r->limiter && r->plan.cookie_kind != COOKIE_GOOD;
}

static uint64_t limit_hash(const struct respond *r, enum limit_kind kind, const uint8_t *name)
{
	return limiter_hash(r->limiter, &r->view->settings.limit, &(struct limit_item){ .peer = r->peer, .kind = kind, .name = name });
}

/* Counts an answer that is about to be given. */
static enum limit_verdict limit_count(struct respond *r, uint64_t hash)
{
	r->limited = limiter_check(r->limiter, &r->view->settings.limit, r->peer, hash, (uint32_t)(moment_now(r->moment) / USEC_PER_MSEC));
	return r->limited;
}

static enum limit_verdict limit_take(struct respond *r, enum limit_kind kind, const uint8_t *name)
{
	return is_limited(r) ? limit_count(r, limit_hash(r, kind, name)) : LIMIT_PASS;
}

/* What stands for the answer to a name that was looked up. */
static enum limit_verdict limit_answer(struct respond *r, const struct zone_lookup *look)
{
	if (look->cut)
		return limit_take(r, LIMIT_REFERRAL, znode_owner(look->cut));
	if (look->match == ZONE_MATCH_EXACT)
		return limit_count(r, r->limit_hash);
	if (look->dname)
		return limit_take(r, LIMIT_WILDCARD, znode_owner(look->dname));
	if (look->wildcard)
		return limit_take(r, LIMIT_WILDCARD, znode_owner(look->wildcard));
	return limit_take(r, LIMIT_NO_NAME, r->zone->apex);
}

/* ---- answers ----------------------------------------------------------------------------------------------------------------------- */

static enum respond_verdict reply_error(struct respond *r, enum rcode rcode, const struct edns_error *error)
{
	/* A limited error that slips through goes as it is: nothing is shorter. */
	if (limit_take(r, LIMIT_ERROR, name_root) != LIMIT_DROP)
		respond_error(r, rcode, error);
	return RESPOND_REPLY;
}

void respond_finish(struct respond *r)
{
	const struct message *query = &r->message;
	struct zone_lookup look;
	size_t limit = respond_limit(r);
	struct message_writer writer;

	zone_finder_finish(&r->finder, &look);
	if (is_limited(r) && limit_answer(r, &look) != LIMIT_PASS) {
		if (r->limited == LIMIT_SLIP)
			bare_reply(r, RCODE_NOERROR, FLAG_TC);
		return;
	}
	message_writer_init(&writer, r->out, limit, query->id, 0);
	/* Fits: the limit is at least 512. */
	int status = message_write_question(&writer, query->qname, query->qtype, query->qclass);
	message_writer_limit(&writer, limit - r->plan.room);

	struct answer_question question = {
		.name = query->qname, .type = query->qtype, .look = &look,
		.dnssec_ok = query->edns.present && query->edns.flags & EDNS_FLAG_DO, .is_tcp = r->is_tcp,
	};
	struct answer_result result = answer_query(r->version, &question, &writer);

	(void)status;
	r->rcode = result.rcode;
	r->truncated = result.truncated;
	message_writer_set_flags(&writer, (uint16_t)(reply_flags(query) | (result.authoritative ? FLAG_AA : 0) |
						     (result.truncated ? FLAG_TC : 0) | result.rcode));
	if (query->edns.present) {
		message_writer_limit(&writer, limit);
		edns_write(r, &writer, result.rcode);
	}
	reply_end(r, &writer);
}

/* The text of a CHAOS name, TTL 0 so that nobody keeps it. */
static void chaos_reply(struct respond *r, const char *text)
{
	const struct message *query = &r->message;
	uint8_t rdata[1 + CHAOS_TEXT_MAX_LEN];
	size_t len = strnlen(text, CHAOS_TEXT_MAX_LEN);
	struct record_out record = { .owner = query->qname, .type = TYPE_TXT, .rr_class = CLASS_CH, .rdata = rdata, .rdata_len = (uint16_t)(1 + len) };
	struct message_writer writer;
	size_t limit = respond_limit(r);

	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, text, len);
	message_writer_init(&writer, r->out, limit, query->id, 0);
	int status = head_write(&writer, query, FLAG_AA);
	message_writer_limit(&writer, limit - r->plan.room);
	if (status == ZT_OK && (query->qtype == TYPE_TXT || query->qtype == TYPE_ANY) &&
	    message_write_record(&writer, SECTION_ANSWER, &record) != ZT_OK) {
		message_writer_set_flags(&writer, (uint16_t)(reply_flags(query) | FLAG_AA | FLAG_TC));
		r->truncated = true;
	}
	if (query->edns.present) {
		message_writer_limit(&writer, limit);
		edns_write(r, &writer, RCODE_NOERROR);
	}
	reply_end(r, &writer);
}

static enum respond_verdict respond_chaos(struct respond *r)
{
	const char *text = chaos_text(&r->view->settings, r->message.qname);

	if (!text)
		return reply_error(r, RCODE_REFUSED, &not_told);
	enum limit_verdict limited = limit_take(r, LIMIT_ANSWER, r->message.qname);
	if (limited == LIMIT_PASS)
		chaos_reply(r, text);
	else if (limited == LIMIT_SLIP)
		bare_reply(r, RCODE_NOERROR, FLAG_TC);
	return RESPOND_REPLY;
}

/* ---- what is asked ----------------------------------------------------------------------------------------------------------------- */

/* IXFR over UDP is an answer like others: also what a transfer's ACL lets pass, or refuses, may go to somebody else. */
static enum respond_verdict respond_transfer(struct respond *r)
{
	enum limit_verdict limited = limit_take(r, LIMIT_ANSWER, r->message.qname);

	if (limited == LIMIT_SLIP)
		bare_reply(r, RCODE_NOERROR, FLAG_TC);
	return limited == LIMIT_PASS ? RESPOND_TRANSFER : RESPOND_REPLY;
}

static enum respond_verdict respond_query(struct respond *r)
{
	const struct message *query = &r->message;
	const uint8_t *option;
	uint16_t option_len;
	/* Without its option the type is one like any other that we do not know. */
	bool is_repair = query->qtype == RECONCILE_TYPE && r->is_tcp && edns_option(&query->edns, RECONCILE_OPTION, &option, &option_len);
	bool is_transfer = is_repair || query->qtype == TYPE_AXFR || query->qtype == TYPE_IXFR;

	if (query->qclass == CLASS_CH && !is_transfer)
		return respond_chaos(r);
	if (query->qclass != CLASS_IN)
		return reply_error(r, RCODE_REFUSED, &no_such_class);
	if (query->qtype == TYPE_AXFR && !r->is_tcp)      /* RFC 5936 section 4.2 */
		return reply_error(r, RCODE_FORMERR, &needs_tcp);
	if (rr_type_is_meta(query->qtype) && query->qtype != TYPE_ANY && !is_transfer)
		return reply_error(r, RCODE_NOTIMP, &no_such_type);
	r->zone = is_transfer ? view_get(r->view, query->qname) : view_find(r->view, query->qname, query->qtype == TYPE_DS);
	if (!r->zone)
		return reply_error(r, is_transfer ? RCODE_NOTAUTH : RCODE_REFUSED, &no_such_zone);
	if (r->zone->allow_query && !is_transfer && !respond_allows(r, r->zone->allow_query))
		return reply_error(r, RCODE_REFUSED, &query_not_allowed);
	const struct zone_version *version = zone_current(r->zone->zone);
	int state = atomic_load_explicit(&r->zone->state, memory_order_acquire);
	if (state != SERVED_OK || !zone_version_apex(version))
		return reply_error(r, RCODE_SERVFAIL, state == SERVED_EXPIRED ? &zone_expired : &zone_not_loaded);
	r->version = version;
	if (query->edns.present && has_room_for_options(r))
		edns_plan_zone(r);
	if (is_repair)
		return RESPOND_REPAIR;
	if (is_transfer)
		return respond_transfer(r);
	/* Most answers are of this kind: what counts them is fetched while the name is looked up. */
	if (is_limited(r))
		r->limit_hash = limit_hash(r, LIMIT_ANSWER, query->qname);
	zone_finder_start(&r->finder, version, query->qname);
	return RESPOND_LOOKUP;
}

/* Who may not change the zone learns it here: anybody can send a flood of these, and the manage thread has better things to do. */
static enum respond_verdict respond_update(struct respond *r)
{
	r->zone = view_get(r->view, r->message.qname);
	if (!r->zone)
		return reply_error(r, RCODE_NOTAUTH, &no_such_zone);
	return respond_allows(r, r->zone->allow_update) ? RESPOND_UPDATE : reply_error(r, RCODE_REFUSED, &update_not_allowed);
}

/* The same for NOTIFY. What is not as it should be in one that is allowed, the manage thread says. */
static enum respond_verdict respond_notify(struct respond *r)
{
	struct behind behind;

	r->zone = view_get(r->view, r->message.qname);
	/* That a server is behind may also be told to a primary (read repair). */
	bool is_for_us = r->zone && (r->zone->is_secondary || behind_read(&r->message.edns, &behind));
	if (!is_for_us)
		return reply_error(r, RCODE_NOTAUTH, r->zone ? NULL : &no_such_zone);
	if (!respond_allows(r, r->zone->allow_notify))
		return reply_error(r, RCODE_REFUSED, &notify_not_allowed);
	r->version = zone_current(r->zone->zone);
	if (r->message.edns.options_len >= ZSYNC_OPTION_LEN && zone_version_apex(r->version))
		edns_plan_zsync(r);
	return RESPOND_NOTIFY;
}

/* Whether the query's OPT lets it pass; if not, the reply is written. */
static bool edns_admits(struct respond *r)
{
	if (r->message.edns.version > 0) {
		r->plan.room = OPT_LEN;
		reply_error(r, RCODE_BADVERS, NULL);
		return false;
	}
	enum rcode rcode = edns_plan(r);
	if (!has_room_for_options(r)) {
		r->plan.codes = 0;
		r->plan.room = OPT_LEN;
	}
	if (rcode == RCODE_NOERROR)
		return true;
	reply_error(r, rcode, NULL);
	return false;
}

/* With `cookies: required` UDP is for those that have shown their address: who tried gets a cookie to come back with, the others are sent to TCP. */
static bool cookie_admits(struct respond *r)
{
	if (r->is_tcp || r->plan.cookie_kind == COOKIE_GOOD)
		return true;
	if (r->plan.cookie_kind != COOKIE_ABSENT)
		reply_error(r, RCODE_BADCOOKIE, NULL);
	else if (limit_take(r, LIMIT_ERROR, name_root) != LIMIT_DROP)
		bare_reply(r, RCODE_NOERROR, FLAG_TC);
	return false;
}

/* A query without a question that carries a cookie asks for nothing else (RFC 7873 section 5.4). */
static bool wants_only_cookie(const struct respond *r)
{
	return r->message.count[SECTION_QUESTION] == 0 && flags_opcode(r->message.flags) == OPCODE_QUERY && r->plan.cookie_kind != COOKIE_ABSENT;
}

enum respond_verdict respond_begin(struct respond *r)
{
	r->zone = NULL;
	r->out_len = 0;
	r->truncated = false;
	r->rcode = RCODE_NOERROR;
	r->limited = LIMIT_PASS;
	r->plan.codes = r->plan.room = r->plan.cookie_kind = r->plan.zsync_flags = 0;
	r->plan.says_zsync = false;
	r->plan.error = NULL;
	r->key = NULL;
	r->signing.room = 0;
	r->signing.is_looked_at = false;
	int status = message_read(&r->message, r->query, r->query_len);
	if (status == ZT_ETRUNC || (r->message.flags & FLAG_QR))
		return RESPOND_DROP;
	if (r->message.tsig_at > 0 && status == ZT_OK) {
		enum rcode rcode = signing_verify(r);
		if (rcode != RCODE_NOERROR)
			return reply_error(r, rcode, NULL);
	}
	unsigned opcode = flags_opcode(r->message.flags);
	/* What a message of another opcode must look like is not known here (RFC 8490 section 5.4 has no question, for one). */
	if (opcode != OPCODE_QUERY && opcode != OPCODE_NOTIFY && opcode != OPCODE_UPDATE)
		return reply_error(r, RCODE_NOTIMP, NULL);
	if (status != ZT_OK)
		return reply_error(r, RCODE_FORMERR, NULL);
	if (r->message.edns.present && !edns_admits(r))
		return RESPOND_REPLY;
	if (wants_only_cookie(r))
		return reply_error(r, RCODE_NOERROR, NULL);
	if (r->message.count[SECTION_QUESTION] != 1)
		return reply_error(r, RCODE_FORMERR, NULL);
	if (r->view->settings.cookies == COOKIES_REQUIRED && opcode == OPCODE_QUERY && !cookie_admits(r))
		return RESPOND_REPLY;
	switch (opcode) {
	case OPCODE_NOTIFY: return respond_notify(r);
	case OPCODE_UPDATE: return respond_update(r);
	default: return respond_query(r);
	}
}

enum respond_verdict respond(struct respond *r)
{
	struct zone_finder *finder = &r->finder;
	enum respond_verdict verdict = respond_begin(r);

	if (verdict != RESPOND_LOOKUP)
		return verdict;
	zone_finders_run(&finder, 1);
	respond_finish(r);
	return RESPOND_REPLY;
}
