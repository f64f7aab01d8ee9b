/* Answering reconciliation queries. */
#include "lib/xfr/reconcile_server.h"

#include <stdlib.h>

#include "lib/dns/writer.h"
#include "lib/xfr/reconcile_side.h"
#include "lib/zone/znode.h"

enum {
	MESSAGE_SOFT = 16384,            /* a message is ended when it is so long */
	WORK_MAX = 200,                  /* measured ranges, listed or given RRsets, in one call */
	OVERHEAD = 11 + 4 + ZSYNC_OPTION_LEN + RECONCILE_ANSWER_HEAD + ZONE_DIGEST_LEN,      /* of OPT, all but the entries */
	GIVE_MAX = 2 * RECONCILE_BOUND_MAX + RECONCILE_LIST_MAX / 8 + 64,                    /* of a GIVE, and the SKIP before it */
};

/* RRsets of one range on their way. */
struct giving {
	bool is_on;
	bool by_bitmap;                  /* a WANT: those whose bits are set; otherwise a LIST: those that are not in it */
	struct reconcile_items items;
	uint64_t index;                  /* of the next item */
	const uint8_t *set_at;           /* in the set that is being written; NULL: take the next */
};

struct reconcile_server {
	struct reconcile_server_config config;
	uint16_t id;
	uint16_t flags;
	uint8_t query_flags;
	uint8_t qname[NAME_MAX_LEN];
	struct reconcile_side side;
	struct reconcile_reader reader;
	struct giving giving;
	struct reconcile_match match;
	bool is_read;                    /* all entries are dealt with */
	bool is_done;
	bool has_digest;
	struct zone_digest digest;
	struct buf entries;              /* of the message in the making */
	struct reconcile_writer writer;
	unsigned work;                   /* in this call */
	uint64_t messages;
	uint8_t query[];                 /* the query's entries */
};

int reconcile_server_new(const struct reconcile_server_config *config, struct reconcile_server **out)
{
	struct reconcile_query query;

	int status = reconcile_query_read(&config->query->edns, &query);
	if (status != ZT_OK)
		return status;
	struct reconcile_server *server = malloc(sizeof(*server) + query.entries_len);
	if (!server)
		return ZT_ENOMEM;
	server->config = *config;
	server->config.query = NULL;
	server->id = config->query->id;
	server->flags = (uint16_t)(FLAG_QR | FLAG_AA | (config->query->flags & FLAG_RD));
	server->query_flags = query.flags;
	name_copy(server->qname, config->query->qname);
	memcpy(server->query, query.entries, query.entries_len);
	reconcile_side_init(&server->side, config->version, config->key);
	reconcile_reader_init(&server->reader, server->query, query.entries_len);
	server->giving.is_on = server->is_read = server->is_done = server->has_digest = false;
	server->messages = 0;
	buf_init(&server->entries);
	*out = server;
	return ZT_OK;
}

void reconcile_server_free(struct reconcile_server *server)
{
	if (!server)
		return;
	buf_fini(&server->entries);
	free(server);
}

/* ---- records ------------------------------------------------------------------------------------------------------------------------- */

/* Writes what is left of a set. ZT_ESPACE: not all fits; *at says where to go on. */
static int set_write(struct message_writer *writer, const uint8_t *owner, const struct rrset *set, const uint8_t **at)
{
	struct record_out record = { .owner = owner, .type = set->type, .rr_class = CLASS_IN, .ttl = set->ttl };
	int status = ZT_OK;

	for (const uint8_t *next = *at; status == ZT_OK && rrset_next(set, &next, &record.rdata, &record.rdata_len);) {
		status = message_write_record(writer, SECTION_ANSWER, &record);
		if (status == ZT_OK)
			*at = next;
	}
	return status;
}

/* What the client gets as it is: SOA first, then the other RRsets that fingerprints leave out. */
static int carried_write(const struct reconcile_server *server, struct message_writer *writer)
{
	const struct znode *apex = zone_version_apex(server->config.version);
	struct rrset set;

	if (!zone_version_soa(server->config.version, &set))
		return ZT_EINVAL;
	const uint8_t *at = set.rdata;
	int status = set_write(writer, znode_owner(apex), &set, &at);
	for (size_t pos = 0; status == ZT_OK && znode_next(apex, &pos, &set);) {
		at = set.rdata;
		if (set.type != TYPE_SOA && !rrset_is_counted_at_apex(&set))
			status = set_write(writer, znode_owner(apex), &set, &at);
	}
	return status == ZT_ESPACE ? ZT_ELIMIT : status;
}

static bool is_wanted(struct reconcile_server *server)
{
	struct giving *giving = &server->giving;

	if (giving->by_bitmap)
		return reconcile_bit(server->reader.entry.data, giving->index);
	return !reconcile_match_find(&server->match, reconcile_items_hash(&giving->items));
}

/* The list has been compared: what the client has and we have not. */
static void give_end(struct reconcile_server *server)
{
	server->giving.is_on = false;
	if (server->giving.by_bitmap)
		return;
	(void)reconcile_match_invert(&server->match);
	reconcile_entry_begin(&server->writer, RECONCILE_GIVE, &server->reader.entry.range, server->match.count);
	buf_add(&server->entries, server->match.found, (server->match.count + 7) / 8);
}

/* Goes on with the range in hand. ZT_ESPACE: the message is full. */
static int give(struct reconcile_server *server, struct message_writer *writer)
{
	struct giving *giving = &server->giving;

	while (server->work < WORK_MAX && writer->cur.pos < MESSAGE_SOFT) {
		if (!giving->set_at) {
			if (!reconcile_items_next(&giving->items)) {
				give_end(server);
				return ZT_OK;
			}
			server->work++;
			if (is_wanted(server))
				giving->set_at = giving->items.set.rdata;
			giving->index++;
		}
		if (!giving->set_at)
			continue;
		int status = set_write(writer, znode_owner(giving->items.node), &giving->items.set, &giving->set_at);
		if (status != ZT_OK)
			return status;
		giving->set_at = NULL;
	}
	return ZT_OK;
}

/* ---- entries ------------------------------------------------------------------------------------------------------------------------- */

static int give_begin(struct reconcile_server *server, const struct reconcile_measure *measure)
{
	const struct reconcile_entry *entry = &server->reader.entry;
	struct giving *giving = &server->giving;

	giving->by_bitmap = entry->kind == RECONCILE_WANT;
	if (giving->by_bitmap && entry->count != measure->in.count)
		return ZT_EMALFORMED;      /* of a list that we never sent */
	if (!giving->by_bitmap)
		reconcile_match_init(&server->match, entry);
	giving->is_on = true;
	giving->index = 0;
	giving->set_at = NULL;
	return reconcile_items_init(&giving->items, &server->side, &entry->range, measure->in.count);
}

static bool is_same(const struct reconcile_entry *entry, const struct zone_summary *summary)
{
	return entry->count == summary->count && fingerprint_equal(entry->fingerprint, summary->fingerprint);
}

static int entry_answer(struct reconcile_server *server)
{
	const struct reconcile_entry *entry = &server->reader.entry;
	struct reconcile_measure measure;
	unsigned cuts;

	int status = reconcile_side_measure(&server->side, &entry->range, &measure);
	server->work++;
	if (status != ZT_OK)
		return status;
	switch (entry->kind) {
	case RECONCILE_FP:
		if (is_same(entry, &measure.in))
			return ZT_OK;
		status = reconcile_side_describe(&server->side, &entry->range, &measure, &server->writer, &cuts);
		server->work += 2 * RECONCILE_WAYS;
		return status;
	case RECONCILE_LIST:
	case RECONCILE_WANT:
		return give_begin(server, &measure);
	default:
		return ZT_EMALFORMED;
	}
}

/* Fills the message until it is long enough, enough was done or all entries are answered. */
static int entries_answer(struct reconcile_server *server, struct message_writer *writer)
{
	int status = ZT_OK;

	while (status == ZT_OK && !server->is_read && server->work < WORK_MAX && server->entries.len + writer->cur.pos < MESSAGE_SOFT) {
		message_writer_limit(writer, MESSAGE_MAX_LEN - RECONCILE_ROOM - OVERHEAD - GIVE_MAX - server->entries.len);
		if (server->giving.is_on) {
			status = give(server, writer);
		} else if (reconcile_reader_next(&server->reader)) {
			status = entry_answer(server);
		} else {
			status = server->reader.cur.status == ZT_OK ? ZT_OK : ZT_EMALFORMED;
			server->is_read = true;
		}
	}
	if (status == ZT_ESPACE)
		status = writer->count[SECTION_ANSWER] > 0 || server->entries.len > 0 ? ZT_OK : ZT_ELIMIT;
	return status == ZT_OK ? server->entries.status : status;
}

/* ---- messages ------------------------------------------------------------------------------------------------------------------------ */

struct opt_parts {
	const struct zsync *zsync;               /* NULL: none */
	const struct reconcile_answer *answer;
};

static int opt_write(struct message_writer *writer, const struct opt_parts *parts)
{
	uint8_t head[RECONCILE_ANSWER_HEAD + ZONE_DIGEST_LEN], zsync[ZSYNC_OPTION_LEN];
	size_t head_len = reconcile_answer_head_write(parts->answer, head);
	struct buf options;

	buf_init(&options);
	if (parts->zsync) {
		zsync_write(parts->zsync, zsync);
		buf_add(&options, zsync, sizeof(zsync));
	}
	buf_add_u16(&options, RECONCILE_OPTION);
	buf_add_u16(&options, (uint16_t)(head_len + parts->answer->entries_len));
	buf_add(&options, head, head_len);
	buf_add(&options, parts->answer->entries, parts->answer->entries_len);
	int status = options.status;
	if (status == ZT_OK) {
		struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .options = options.data, .options_len = (uint16_t)options.len };
		message_writer_limit(writer, MESSAGE_MAX_LEN - RECONCILE_ROOM);
		status = message_write_edns(writer, &edns);
	}
	buf_fini(&options);
	return status == ZT_ESPACE ? ZT_ELIMIT : status;
}

static int message_end(struct reconcile_server *server, struct message_writer *writer, bool is_last)
{
	bool with_digest = is_last && server->query_flags & RECONCILE_DIGEST;
	struct reconcile_answer answer = {
		.flags = (uint8_t)((is_last ? RECONCILE_LAST : 0) | (with_digest ? RECONCILE_HAS_DIGEST : 0)),
		.digest = server->digest, .entries = server->entries.data, .entries_len = server->entries.len,
	};
	struct zsync zsync = zsync_of_version(server->config.version, server->config.key);

	zsync.flags = ZSYNC_RECONCILES;
	bool with_zsync = server->messages == 0 && server->query_flags & RECONCILE_FIRST;
	return opt_write(writer, &(struct opt_parts){ with_zsync ? &zsync : NULL, &answer });
}

int reconcile_server_next(struct reconcile_server *server, uint8_t *out, size_t *len)
{
	struct message_writer writer;
	int status = ZT_OK;

	if (server->is_done)
		return ZT_EDONE;
	message_writer_init(&writer, out, MESSAGE_MAX_LEN, server->id, server->flags);
	message_writer_keep_case(&writer);
	message_writer_limit(&writer, MESSAGE_MAX_LEN - RECONCILE_ROOM - OVERHEAD);
	buf_clear(&server->entries);
	reconcile_writer_init(&server->writer, &server->entries);
	server->work = 0;
	if (server->messages == 0)
		status = message_write_question(&writer, server->qname, RECONCILE_TYPE, CLASS_IN);
	if (status == ZT_OK && server->messages == 0 && server->query_flags & RECONCILE_FIRST)
		status = carried_write(server, &writer);
	uint16_t carried = writer.count[SECTION_ANSWER];
	if (status == ZT_OK)
		status = entries_answer(server, &writer);
	if (status != ZT_OK)
		return status;
	bool waits = server->is_read && server->query_flags & RECONCILE_DIGEST && !server->has_digest;
	bool is_empty = server->entries.len == 0 && writer.count[SECTION_ANSWER] == carried;
	if (is_empty && (waits || !server->is_read))
		return waits ? ZT_EBUSY : ZT_EAGAIN;
	bool is_last = server->is_read && !waits;
	status = message_end(server, &writer, is_last);
	if (status != ZT_OK)
		return status;
	*len = message_writer_finish(&writer);
	server->messages++;
	server->is_done = is_last;
	return ZT_OK;
}

void reconcile_server_digest(struct reconcile_server *server, const struct zone_digest *digest)
{
	server->digest = *digest;
	server->has_digest = true;
}

int reconcile_status_write(const struct message *query, enum reconcile_status status, uint8_t *out, size_t size, size_t *len)
{
	struct reconcile_answer answer = { .flags = RECONCILE_LAST, .status = (uint8_t)status };
	struct message_writer writer;

	message_writer_init(&writer, out, size, query->id, (uint16_t)(FLAG_QR | FLAG_AA | (query->flags & FLAG_RD)));
	int written = message_write_question(&writer, query->qname, query->qtype, CLASS_IN);
	if (written == ZT_OK)
		written = opt_write(&writer, &(struct opt_parts){ NULL, &answer });
	*len = message_writer_finish(&writer);
	return written;
}
