/* The page as a part of the keeper: `up --http`. */
#pragma once

#include "lib/base/netaddr.h"
#include "tools/zonelab/keeper/keeper.h"
#include "tools/zonelab/page/guard.h"

struct page_part;

/* NULL without memory. Nothing is opened before the keeper prepares it. */
struct page_part *page_part_new(const struct netaddr *address);
/* NULL is fine. */
void page_part_free(struct page_part *part);
struct keeper_part page_part_get(struct page_part *part);
/* Where people find it. Returns `out`. */
const char *page_part_url(const struct page_part *part, char out[GUARD_URL_SIZE]);
