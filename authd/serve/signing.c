/* Signatures of queries and replies. */
#include "authd/serve/signing.h"

#include "authd/serve/respond.h"

enum {
	/* What a reply of 512 bytes has beside a header, the longest question and an OPT record. Keys of ours never need more; names of strangers may. */
	ROOM_MAX = EDNS_MIN_UDP_SIZE - MESSAGE_HEADER_LEN - NAME_MAX_LEN - 4 - OPT_LEN,
	/* Of a record of the longest key and the longest MAC: both names, the fixed fields, the time of BADTIME. */
	ROOM_OF_KEYS = TSIG_KEY_NAME_MAX_LEN + 10 + 13 + 16 + TSIG_MAC_MAX_LEN + 6,
};

_Static_assert((int)ROOM_OF_KEYS <= (int)ROOM_MAX, "a reply has room for the signature by any key");

static uint64_t seconds(usec_t wall)
{
	return (uint64_t)(wall / USEC_PER_SEC);
}

/* Room for a record that only repeats the query's names; without it where they are too long to be anybody's. */
static void refuse(struct signing *signing, const struct tsig_record *record)
{
	size_t room = tsig_refuse_room(record);

	signing->is_refused = true;
	signing->room = room <= ROOM_MAX ? (uint16_t)room : 0;
}

enum rcode signing_verify(struct respond *r)
{
	struct signing *signing = &r->signing;
	struct tsig_record record;

	signing->is_looked_at = true;
	signing->error = RCODE_FORMERR;
	if (tsig_read(&record, &r->message) != ZT_OK)
		return RCODE_FORMERR;
	signing->key = tsig_keys_find(r->view->settings.keys, record.key);
	signing->is_refused = false;
	signing->time = record.time;
	signing->until = record.time + record.fudge;
	enum rcode error = RCODE_BADKEY;
	if (signing->key)
		error = tsig_verify_query(&signing->chain, signing->key, &r->message, &record, seconds(moment_wall(r->moment)));
	signing->error = (uint16_t)error;
	switch (error) {
	case RCODE_FORMERR:
		return RCODE_FORMERR;
	case RCODE_NOERROR:
		r->key = tsig_key_name(signing->key);
		signing->room = (uint16_t)tsig_room(signing->key);
		return RCODE_NOERROR;
	case RCODE_BADTIME:
	case RCODE_BADTRUNC:
		signing->room = (uint16_t)tsig_room(signing->key);
		return RCODE_NOTAUTH;
	default:
		refuse(signing, &record);
		return RCODE_NOTAUTH;
	}
}

int signing_sign(struct signing *signing, struct tsig_message *message, usec_t wall)
{
	struct tsig_stamp stamp = { .time = seconds(wall), .fudge = TSIG_FUDGE_S, .error = signing->error };

	if (signing->error == RCODE_BADTIME) {      /* in the client's time, so that it believes us; ours is said beside (section 5.2.3) */
		stamp.server_time = stamp.time;
		stamp.time = signing->time;
	}
	return tsig_sign(&signing->chain, message, &stamp);
}

void signing_end(struct respond *r)
{
	struct tsig_message message = { r->out, r->out_len, r->out_size };
	struct tsig_record record;
	int status;

	if (!r->signing.is_refused)
		status = signing_sign(&r->signing, &message, moment_wall(r->moment));
	else if ((status = tsig_read(&record, &r->message)) == ZT_OK)
		status = tsig_refuse(&record, &message, (enum rcode)r->signing.error);
	/* Room was kept. A reply that has none all the same is better not sent than sent without its signature. */
	r->out_len = status == ZT_OK ? message.len : 0;
}
