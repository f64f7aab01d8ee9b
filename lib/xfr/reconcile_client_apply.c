/* The reconciliation client's end: the edit, and the proof that it leads where it should. */
#include "lib/xfr/reconcile_client_state.h"

#include "lib/zone/znode.h"

enum { APPLIED_MAX = 200, DIGESTED_MAX = 2000 };      /* RRsets or records in one call */

/* What of ours fingerprints leave out gives way to the server's. */
static int carried_remove(struct reconcile_client *client)
{
	const struct znode *apex = zone_version_apex(client->version);
	int status = ZT_OK;
	struct rrset set;

	for (size_t pos = 0; apex && status == ZT_OK && znode_next(apex, &pos, &set);) {
		if (!rrset_is_counted_at_apex(&set))
			status = zone_edit_remove_rrset(client->edit, client->apex, set.type, set.covers);
	}
	return status;
}

static int edit_begin(struct reconcile_client *client)
{
	if (zone_current(client->config.zone) != client->version)
		return reconcile_fail(client, RECONCILE_LOCAL, ZT_EBUSY, "the zone was changed meanwhile");
	int status = zone_edit_begin(client->config.zone, &client->edit);
	if (status == ZT_OK)
		status = carried_remove(client);
	client->removals_pos = client->given_pos = 0;
	return status == ZT_OK ? ZT_OK : reconcile_fail(client, RECONCILE_LOCAL, status, "the zone can't be edited: %s", status_text(status));
}

static int removal_apply(struct reconcile_client *client)
{
	const uint8_t *owner = client->removals.data + client->removals_pos, *type = owner + name_len(owner);

	client->removals_pos += (size_t)(type - owner) + 4;
	return zone_edit_remove_rrset(client->edit, owner, wire_get_u16(type), wire_get_u16(type + 2));
}

/* ZT_EDONE: there is none left. */
static int given_apply(struct reconcile_client *client)
{
	struct change_record record;

	if (!change_record_next(&client->given.added, &client->given_pos, &record))
		return ZT_EDONE;
	int status = zone_edit_add(client->edit, &record);
	return status == ZT_EEXIST ? ZT_OK : status;
}

/* The bytes are not looked at any more; they may be many. */
static void gathered_drop(struct reconcile_client *client)
{
	buf_fini(&client->removals);
	changeset_fini(&client->given);
	buf_init(&client->removals);
	changeset_init(&client->given);
}

static int outcome_check(struct reconcile_client *client)
{
	struct zsync outcome = zsync_of_version(zone_edit_view(client->edit), client->config.key);

	gathered_drop(client);
	if (outcome.serial == client->target.serial && zsync_is_same(&outcome, &client->target))
		return ZT_OK;
	return reconcile_fail(client, RECONCILE_MISMATCH, ZT_ECORRUPT, "with all that the server sent, the zone has not the fingerprint of the server's version");
}

int reconcile_apply(struct reconcile_client *client)
{
	int status = ZT_OK;

	if (!client->edit && (status = edit_begin(client)) != ZT_OK)
		return status;
	for (unsigned i = 0; i < APPLIED_MAX && status == ZT_OK; i++)
		status = client->removals_pos < client->removals.len ? removal_apply(client) : given_apply(client);
	if (status == ZT_EDONE)
		return outcome_check(client);
	/* Each range was gone through once, so nothing is removed twice: only memory can be short here, or a set too large. */
	return status == ZT_OK ? ZT_EAGAIN
			       : reconcile_fail(client, status == ZT_ENOMEM ? RECONCILE_LOCAL : RECONCILE_MALFORMED, status, "the differences do not fit the zone: %s", status_text(status));
}

int reconcile_verify(struct reconcile_client *client)
{
	struct zone_digest digest;
	int status = ZT_OK;

	if (!client->digester)
		status = zone_digester_new(zone_edit_view(client->edit), &client->digester);
	if (status == ZT_OK)
		status = zone_digester_step(client->digester, DIGESTED_MAX, &digest);
	if (status == ZT_EAGAIN)
		return status;
	zone_digester_free(client->digester);
	client->digester = NULL;
	if (status != ZT_OK)
		return reconcile_fail_memory(client);
	if (memcmp(digest.bytes, client->digest.bytes, ZONE_DIGEST_LEN) == 0)
		return ZT_OK;
	return reconcile_fail(client, RECONCILE_MISMATCH, ZT_ECORRUPT, "all fingerprints agree, but the digest of the zone is not that of the server's version");
}
