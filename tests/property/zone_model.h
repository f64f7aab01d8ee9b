/* A naive model of a zone for property tests: a sorted array of names, each with a few RRsets out of a small universe.
 *
 * A universe is drawn at random: an apex, names in canonical order (sorted here, with a comparison of its own), and for each of SLOTS
 * (type, covers) a few rdata. A model says which of these are present. Every answer is found by looking at all of the array.
 */
#pragma once

#include "lib/base/rng.h"
#include "lib/zone/edit.h"

enum { MODEL_NAMES = 40, MODEL_SLOTS = 14, MODEL_RDATA = 4, MODEL_SOA = 3 };      /* MODEL_SOA: the slot of SOA */

struct model_rdata {
	uint8_t *data;
	uint16_t len;
};

struct universe {
	uint8_t apex[NAME_MAX_LEN];
	unsigned name_count;
	uint8_t name[MODEL_NAMES][NAME_MAX_LEN];      /* sorted; the apex is the first */
	struct model_rdata rdata[MODEL_SLOTS][MODEL_RDATA];
	struct fingerprint_key key;
};

struct model_set {
	uint8_t present;           /* bit i: rdata i */
	uint32_t ttl;
};

struct model {
	struct model_set set[MODEL_NAMES][MODEL_SLOTS];
};

/* As ck_assert, which is too slow here: it writes to a file each time. */
#define MUST(condition) must((condition), #condition, __FILE__, __LINE__)
void must_fail(const char *condition, const char *file, int line);
static inline void must(bool holds, const char *condition, const char *file, int line)
{
	if (!holds)
		must_fail(condition, file, line);
}

extern const struct model_slot { uint16_t type, covers; } model_slot[MODEL_SLOTS];

void universe_draw(struct universe *uni, struct rng *rng);
void universe_fini(struct universe *uni);
/* A name at or below the apex, in any letter case: mostly one of the universe or close to one. */
void universe_draw_name(const struct universe *uni, struct rng *rng, uint8_t out[NAME_MAX_LEN]);
/* The same name or rdata with other letter case where that makes no difference. */
void scramble_name(struct rng *rng, uint8_t *name);
int naive_name_cmp(const uint8_t *a, const uint8_t *b);

bool model_has_name(const struct model *model, unsigned name);
/* Compares everything that the interface tells with the model; each stops the test at a difference. */
void model_check_content(const struct universe *uni, const struct model *model, const struct zone_version *version);
void model_check_find(const struct universe *uni, const struct model *model, const struct zone_version *version, const uint8_t *name);
void model_check_order(const struct universe *uni, const struct model *model, const struct zone_version *version, const uint8_t *name);
void model_check_range(const struct universe *uni, const struct model *model, const struct zone_version *version,
		       const uint8_t *const range[2]);
void model_check_rank(const struct universe *uni, const struct model *model, const struct zone_version *version, struct rng *rng);
void model_check_changeset(const struct universe *uni, const struct model *from, const struct model *to, const struct changeset *change);
