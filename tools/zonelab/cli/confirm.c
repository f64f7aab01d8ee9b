/* Asking a primary whether all have a version. */
#include "tools/zonelab/cli/confirm.h"

#include <stdio.h>

#include "tools/zonelab/cli/pending.h"

int confirm_begin(const struct lab *lab, const struct topology_zone *zone, uint32_t serial, double timeout_s)
{
	char path[4096], text[16];

	if (zone->primary->kind != NODE_AUTHD || lab_path(lab, zone->primary, "control.sock", path) != ZT_OK)
		return -1;
	snprintf(text, sizeof(text), "%u", serial);
	return pending_begin(path, json_pack("{s:s, s:[s, s], s:s, s:f}", "command", "wait", "args", zone->text, text, "at", "all", "timeout_s", timeout_s));
}

json_t *confirm_end(int fd, int timeout_ms)
{
	json_t *reply = pending_end(fd, timeout_ms);
	json_t *result = json_is_true(json_object_get(reply, "ok")) ? json_incref(json_object_get(reply, "result")) : NULL;

	json_decref(reply);
	return result;
}
