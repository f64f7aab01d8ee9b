/* Servers that take a zone from us and are not in its notify list: they are shown, and count for how far back the history is kept; they are neither told nor
 * waited for. Those that were seen last are kept, a few for each zone. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "authd/manage/primary_inner.h"
#include "lib/dns/name.h"

#define PREFIX "stranger/"

/* The address, and where there is a key something that stands for it: names of states are short. */
static const char *state_name(const struct stranger *stranger, char out[JOURNAL_STATE_NAME_MAX])
{
	char text[NETADDR_TEXT_SIZE], key[12] = "";

	netaddr_ip_to_text(&stranger->address, text);
	if (stranger->key)
		snprintf(key, sizeof(key), "#%08x", (unsigned)(name_hash(stranger->key, 0) & UINT32_MAX));
	int len = snprintf(out, JOURNAL_STATE_NAME_MAX, "%s%s%s", PREFIX, text, key);
	assert(len < JOURNAL_STATE_NAME_MAX);
	return out;
}

static void put(struct primary *primary, const struct stranger *stranger, const struct buf *data)
{
	char name[JOURNAL_STATE_NAME_MAX];
	struct journal_state state = { .name = state_name(stranger, name), .data = data ? data->data : NULL, .len = data ? data->len : 0 };
	int status = journal_state_put(primary->manage->journal, primary->entry->apex, &state);

	if (status != ZT_OK)
		log_warn(primary->manage->log, "zone %s: the state of a peer is not stored: %s; it is not shown after a restart until it transfers again",
			 primary->entry->name, status_text(status));
}

/* Its standing, then the key's name. */
static void stranger_save(struct primary *primary, struct stranger *stranger)
{
	struct buf data;

	buf_init(&data);
	uint8_t *row = buf_reserve(&data, STANDING_ROW_LEN);
	if (row) {
		standing_write(&stranger->standing, primary->serial, row);
		data.len += STANDING_ROW_LEN;
	}
	if (stranger->key)
		buf_add(&data, stranger->key, name_len(stranger->key));
	if (data.status == ZT_OK)
		put(primary, stranger, &data);
	stranger->standing.is_dirty = false;
	buf_fini(&data);
}

unsigned strangers_save(struct primary *primary)
{
	unsigned rows = 0;

	for (uint32_t i = 0; i < primary->stranger_count; i++) {
		if (!primary->strangers[i].standing.is_dirty)
			continue;
		stranger_save(primary, &primary->strangers[i]);
		rows++;
	}
	return rows;
}

static bool same_key(const uint8_t *a, const uint8_t *b)
{
	return a && b ? name_equal(a, b) : a == b;
}

static struct stranger *stranger_find(const struct primary *primary, const struct evidence_subject *subject)
{
	for (uint32_t i = 0; i < primary->stranger_count; i++) {
		struct stranger *stranger = &primary->strangers[i];
		if (netaddr_ip_equal(&stranger->address, subject->peer) && same_key(stranger->key, subject->key))
			return stranger;
	}
	return NULL;
}

/* The one that was not seen for longest makes room. */
static struct stranger *displace_oldest(struct primary *primary)
{
	struct stranger *oldest = primary->strangers;

	for (uint32_t i = 1; i < primary->stranger_count; i++) {
		if (primary->strangers[i].standing.seen_wall < oldest->standing.seen_wall)
			oldest = &primary->strangers[i];
	}
	put(primary, oldest, NULL);
	free(oldest->key);
	return oldest;
}

/* NULL when memory is out: it will come again. */
static struct stranger *stranger_new(struct primary *primary, const struct evidence_subject *subject)
{
	uint8_t *key = subject->key ? malloc(name_len(subject->key)) : NULL;
	struct stranger *stranger;

	if (subject->key && !key)
		return NULL;
	if (!primary->strangers)
		primary->strangers = calloc(STRANGERS_MAX, sizeof(*primary->strangers));
	if (!primary->strangers) {
		free(key);
		return NULL;
	}
	stranger = primary->stranger_count < STRANGERS_MAX ? &primary->strangers[primary->stranger_count++] : displace_oldest(primary);
	*stranger = (struct stranger){ .address = *subject->peer, .key = key };
	netaddr_set_port(&stranger->address, 0);
	if (key)
		name_copy(key, subject->key);
	return stranger;
}

void strangers_note(struct primary *primary, const struct evidence_subject *subject, const struct evidence *evidence)
{
	usec_t wall = clock_wall(primary->manage->clock);
	struct stranger *stranger = stranger_find(primary, subject);

	if (!stranger)
		stranger = stranger_new(primary, subject);
	if (!stranger)
		return;
	/* Nobody asks it whether it serves what it took. */
	standing_see(&stranger->standing, evidence->serial, evidence->type, wall);
	if (evidence->event == EVIDENCE_FETCHED)
		standing_fetch(&stranger->standing, evidence, wall);
	primary_mark(primary);
}

static int on_state(void *ctx, const struct journal_state *state)
{
	struct primary *primary = ctx;
	const char *text = state->name + strlen(PREFIX);
	const uint8_t *key = state->len > STANDING_ROW_LEN ? (const uint8_t *)state->data + STANDING_ROW_LEN : NULL;
	char ip[NETADDR_TEXT_SIZE];
	struct standing standing;
	struct netaddr address;
	uint32_t told;

	snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(text, "#"), text);
	bool is_sound = state->len >= STANDING_ROW_LEN && netaddr_from_text(&address, ip, 0) == ZT_OK &&
			standing_read(&standing, &told, state->data, STANDING_ROW_LEN) == ZT_OK &&
			(!key || name_is_valid(key, state->len - STANDING_ROW_LEN));
	if (!is_sound || primary->stranger_count == STRANGERS_MAX)
		return ZT_OK;
	struct stranger *stranger = stranger_new(primary, &(struct evidence_subject){ .peer = &address, .key = key });
	if (!stranger)
		return ZT_ENOMEM;
	stranger->standing = standing;
	return ZT_OK;
}

void strangers_restore(struct primary *primary)
{
	int status = journal_state_list(primary->manage->journal, primary->entry->apex, PREFIX, on_state, primary);

	if (status != ZT_OK)
		log_warn(primary->manage->log, "zone %s: what the journal knows of peers that are not notified cannot be read: %s", primary->entry->name,
			 status_text(status));
}

void strangers_free(struct primary *primary)
{
	for (uint32_t i = 0; i < primary->stranger_count; i++)
		free(primary->strangers[i].key);
	free(primary->strangers);
}
