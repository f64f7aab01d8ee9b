/* Signed UPDATEs of late. */
#include "authd/manage/replays.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/wire.h"

enum { MAC_LEN = 16 };      /* of a MAC; nobody makes two that agree in so much */

struct replay {
	uint8_t mac[MAC_LEN];
	uint64_t until;           /* 0: forgotten */
	uint32_t next;            /* with the same hash: number + 1; 0 = none */
	int32_t rcode;            /* or REPLAY_UNANSWERED */
};

struct replays {
	size_t size;
	size_t at;                /* where the next one goes: the oldest */
	struct replay *ring;
	uint32_t *heads;          /* by hash: number + 1; 0 = none */
};

struct replays *replays_new(size_t size)
{
	struct replays *replays = calloc(1, sizeof(*replays));

	if (!replays)
		return NULL;
	replays->size = size;
	replays->ring = calloc(size, sizeof(*replays->ring));
	replays->heads = calloc(size, sizeof(*replays->heads));
	if (!replays->ring || !replays->heads) {
		replays_free(replays);
		return NULL;
	}
	return replays;
}

void replays_free(struct replays *replays)
{
	if (!replays)
		return;
	free(replays->ring);
	free(replays->heads);
	free(replays);
}

/* MACs are as good as random. */
static uint32_t *head_of(struct replays *replays, const uint8_t *mac)
{
	return &replays->heads[wire_get_u64(mac) & (replays->size - 1)];
}

static struct replay *find(struct replays *replays, const uint8_t *mac)
{
	for (uint32_t number = *head_of(replays, mac); number > 0; number = replays->ring[number - 1].next) {
		struct replay *replay = &replays->ring[number - 1];
		if (replay->until > 0 && memcmp(replay->mac, mac, MAC_LEN) == 0)
			return replay;
	}
	return NULL;
}

static void unlink_oldest(struct replays *replays)
{
	const struct replay *oldest = &replays->ring[replays->at];
	uint32_t *at = head_of(replays, oldest->mac);

	while (*at > 0 && *at != replays->at + 1)
		at = &replays->ring[*at - 1].next;
	if (*at > 0)
		*at = oldest->next;
}

int replays_look(struct replays *replays, const uint8_t *mac, uint64_t until, uint64_t now)
{
	struct replay *replay = find(replays, mac);

	if (replay && replay->until >= now)
		return replay->rcode;
	unlink_oldest(replays);
	uint32_t *head = head_of(replays, mac);
	replay = &replays->ring[replays->at];
	*replay = (struct replay){ .until = until, .next = *head, .rcode = REPLAY_UNANSWERED };
	memcpy(replay->mac, mac, MAC_LEN);
	*head = (uint32_t)replays->at + 1;
	replays->at = (replays->at + 1) & (replays->size - 1);
	return REPLAY_NEW;
}

int replays_rcode(struct replays *replays, const uint8_t *mac)
{
	const struct replay *replay = find(replays, mac);
	return replay ? replay->rcode : REPLAY_UNANSWERED;
}

void replays_answer(struct replays *replays, const uint8_t *mac, unsigned rcode)
{
	struct replay *replay = find(replays, mac);

	if (replay)
		replay->rcode = (int32_t)rcode;
}

void replays_forget(struct replays *replays, const uint8_t *mac)
{
	struct replay *replay = find(replays, mac);

	if (replay)
		replay->until = 0;
}
