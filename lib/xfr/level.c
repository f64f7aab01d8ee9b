/* Levels of an UPDATE. */
#include "lib/xfr/level.h"

#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/wire.h"

enum { VERSION = 1, HEAD_LEN = 4 };

static const char *const names[] = { [LEVEL_LOCAL] = "local", [LEVEL_QUORUM] = "quorum", [LEVEL_ALL] = "all", [LEVEL_VISIBLE] = "visible" };

enum { LEVELS = sizeof(names) / sizeof(names[0]) };

bool level_from_text(const char *text, enum level *level)
{
	for (unsigned i = 0; i < LEVELS; i++) {
		if (strcmp(text, names[i]) == 0) {
			*level = (enum level)i;
			return true;
		}
	}
	return false;
}

const char *level_to_text(enum level level)
{
	return (unsigned)level < LEVELS ? names[level] : "unknown";
}

/* The option's data after its version; false: there is none of ours. */
static bool option_open(const struct edns *edns, struct rcursor *cur)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns_option(edns, LEVEL_OPTION, &data, &len))
		return false;
	*cur = rcursor_over(data, len);
	return rcursor_u8(cur) == VERSION;
}

/* What stands before the level. */
static void option_begin(uint8_t *out, uint16_t len)
{
	wire_put_u16(out, LEVEL_OPTION);
	wire_put_u16(out + 2, (uint16_t)(len - HEAD_LEN));
	out[4] = VERSION;
}

int level_question_read(const struct edns *edns, struct level_question *out)
{
	struct rcursor cur;

	if (!option_open(edns, &cur))
		return ZT_ENOENT;
	unsigned level = rcursor_u8(&cur);
	rcursor_u16(&cur);
	*out = (struct level_question){ (enum level)level, rcursor_u32(&cur) };
	return cur.status == ZT_OK && rcursor_left(&cur) == 0 && level < LEVELS ? ZT_OK : ZT_EMALFORMED;
}

void level_question_write(const struct level_question *question, uint8_t out[LEVEL_QUESTION_LEN])
{
	option_begin(out, LEVEL_QUESTION_LEN);
	out[5] = (uint8_t)question->level;
	wire_put_u16(out + 6, 0);
	wire_put_u32(out + 8, question->timeout_ms);
}

bool level_answer_read(const struct edns *edns, struct level_answer *out)
{
	struct rcursor cur;

	if (!option_open(edns, &cur) || rcursor_left(&cur) != LEVEL_ANSWER_LEN - HEAD_LEN - 1)
		return false;
	unsigned asked = rcursor_u8(&cur), reached = rcursor_u8(&cur);
	out->flags = rcursor_u8(&cur);
	out->serial = rcursor_u32(&cur);
	out->fingerprint.hi = rcursor_u64(&cur);
	out->fingerprint.lo = rcursor_u64(&cur);
	out->confirmed = rcursor_u16(&cur);
	out->total = rcursor_u16(&cur);
	out->visible_in_s = rcursor_u32(&cur);
	out->waited_ms = rcursor_u32(&cur);
	out->asked = (enum level)asked;
	out->reached = (enum level)reached;
	return asked < LEVELS && reached < LEVELS;
}

void level_answer_write(const struct level_answer *answer, uint8_t out[LEVEL_ANSWER_LEN])
{
	option_begin(out, LEVEL_ANSWER_LEN);
	out[5] = (uint8_t)answer->asked;
	out[6] = (uint8_t)answer->reached;
	out[7] = answer->flags;
	wire_put_u32(out + 8, answer->serial);
	wire_put_u64(out + 12, answer->fingerprint.hi);
	wire_put_u64(out + 20, answer->fingerprint.lo);
	wire_put_u16(out + 28, answer->confirmed);
	wire_put_u16(out + 30, answer->total);
	wire_put_u32(out + 32, answer->visible_in_s);
	wire_put_u32(out + 36, answer->waited_ms);
}
