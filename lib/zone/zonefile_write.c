/* A zone as a zone file. */
#include <errno.h>

#include "lib/base/buf.h"
#include "lib/dns/present.h"
#include "lib/zone/zone.h"
#include "lib/zone/zonefile.h"

enum { FLUSH_SIZE = 64 << 10 };

static void rrset_write(const struct znode *node, const struct rrset *set, struct buf *out)
{
	struct record_out record = { .owner = znode_owner(node), .type = set->type, .rr_class = CLASS_IN, .ttl = set->ttl };

	for (const uint8_t *at = set->rdata; rrset_next(set, &at, &record.rdata, &record.rdata_len);) {
		record_to_text(&record, out);
		buf_add_u8(out, '\n');
	}
}

static void node_write(const struct znode *node, struct buf *out)
{
	struct rrset set;

	if (znode_rrset(node, TYPE_SOA, 0, &set))
		rrset_write(node, &set, out);
	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (set.type != TYPE_SOA)
			rrset_write(node, &set, out);
	}
}

static int flush(struct buf *text, FILE *out)
{
	if (text->status != ZT_OK)
		return text->status;
	if (text->len > 0 && fwrite(text->data, 1, text->len, out) != text->len)
		return errno == ENOSPC ? ZT_ENOSPC : ZT_EIO;
	buf_clear(text);
	return ZT_OK;
}

int zonefile_write(const struct zone_version *version, FILE *out)
{
	struct zone_iter iter;
	struct buf text;
	const struct znode *node;
	int status = ZT_OK;

	buf_init(&text);
	zone_iter_init(&iter, version, NULL);
	while (status == ZT_OK && (node = zone_iter_next(&iter)) != NULL) {
		node_write(node, &text);
		if (text.len >= FLUSH_SIZE || text.status != ZT_OK)
			status = flush(&text, out);
	}
	if (status == ZT_OK)
		status = flush(&text, out);
	if (status == ZT_OK && fflush(out) != 0)
		status = errno == ENOSPC ? ZT_ENOSPC : ZT_EIO;
	buf_fini(&text);
	return status;
}
