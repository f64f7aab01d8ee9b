/* Places in a zone's canonical order, as byte strings that compare like the names they stand for.
 *
 * A bound holds the labels below the apex, from the apex downwards: each label's bytes in lower case, and 0 between two labels. In a label the
 * byte 0 is written as 1 1 and the byte 1 as 1 2. Then plain comparison of the strings is the canonical order of the names (RFC 4034 section 6.1),
 * the beginning of a name's string is a place before the name, and two strings side by side share their beginning. The empty string is the apex.
 *
 * A bound is the place just before the name it spells, which need not exist. Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "lib/dns/name.h"

enum { RECONCILE_BOUND_MAX = 512 };

struct reconcile_bound {
	uint16_t len;
	uint8_t bytes[RECONCILE_BOUND_MAX];
};

/* `name` is at or below the apex, whose wire form has apex_len bytes. */
void reconcile_bound_of(struct reconcile_bound *bound, const uint8_t *name, size_t apex_len);
/* The shortest bound behind `before` and not behind `name`, which comes later in the order. */
void reconcile_bound_between(struct reconcile_bound *bound, const uint8_t *before, const uint8_t *name, size_t apex_len);
/* The name that the bound spells. ZT_EMALFORMED: none (an empty or long label, a broken escape, upper case, too long). */
int reconcile_bound_name(const struct reconcile_bound *bound, const uint8_t *apex, uint8_t out[NAME_MAX_LEN]) ZT_MUST_CHECK;
int reconcile_bound_cmp(const struct reconcile_bound *a, const struct reconcile_bound *b);
/* How many bytes both begin with. */
unsigned reconcile_bound_shared(const struct reconcile_bound *a, const struct reconcile_bound *b);
