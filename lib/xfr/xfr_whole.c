/* A whole zone on its way in. */
#include "lib/xfr/xfr_whole.h"

int xfr_whole_begin(struct xfr_whole *whole, struct zone *zone)
{
	*whole = (struct xfr_whole){ 0 };
	int status = zone_edit_begin(zone, &whole->edit);
	if (status == ZT_OK && zone_version_name_count(zone_current(zone)) == 0)
		status = zone_bulk_begin(whole->edit, &whole->bulk);
	else if (status == ZT_OK)
		status = zone_replace_begin(whole->edit, &whole->replace);
	if (status != ZT_OK)
		xfr_whole_drop(whole);
	return status;
}

int xfr_whole_add(struct xfr_whole *whole, const struct change_record *record)
{
	uint32_t ttl = record->ttl;
	int status = whole->bulk ? zone_bulk_add(whole->bulk, record, &ttl) : zone_replace_add(whole->replace, record, &ttl);

	return status == ZT_EEXIST ? ZT_OK : status;
}

int xfr_whole_finish(struct xfr_whole *whole, struct zone_edit **out)
{
	int status = whole->bulk ? zone_bulk_finish(whole->bulk) : zone_replace_finish(whole->replace);

	whole->bulk = NULL;      /* gone, also on failure */
	whole->replace = NULL;
	*out = NULL;
	if (status != ZT_OK) {
		xfr_whole_drop(whole);
		return status;
	}
	*out = whole->edit;
	whole->edit = NULL;
	return ZT_OK;
}

void xfr_whole_drop(struct xfr_whole *whole)
{
	zone_bulk_abort(whole->bulk);
	zone_replace_abort(whole->replace);
	zone_edit_abort(whole->edit);
	*whole = (struct xfr_whole){ 0 };
}
