/* zonesync repair where B is a server. */
#include "zonesync/mend.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/dns/rcode.h"
#include "lib/zone/edit.h"
#include "zonesync/tell.h"

#define LOOK_PAUSE (100 * USEC_PER_MSEC)

/* How far it has come. */
struct mend {
	const struct command *command;
	struct command_pair *pair;
	struct fetch server;              /* B */
	struct fetch_state a, b;
	uint32_t removed, added;          /* by UPDATE */
	char error[SOURCE_TEXT_SIZE + 2 * FETCH_ERROR_SIZE];
};

static enum command_exit failed(struct mend *mend, const struct source *source, const char *what)
{
	size_t len = strlen(source_to_text(source, mend->error));

	snprintf(mend->error + len, sizeof(mend->error) - len, ": %s", what);
	return command_failed(mend->command, mend->error);
}

static enum command_exit state_get(struct mend *mend, int side, struct fetch_state *state)
{
	const struct source *source = &mend->pair->source[side];
	char error[FETCH_ERROR_SIZE];

	if (!source->is_server) {
		enum command_exit result = command_load(mend->command, source, &mend->pair->zone[side]);
		if (result == COMMAND_OK) {
			state->zsync = zsync_of_version(zone_current(mend->pair->zone[side]), &mend->command->sync_key);
			state->serial = state->zsync.serial;
			state->has_zsync = true;
		}
		return result;
	}
	struct fetch fetch = source_fetch(source, &mend->command->loader);
	fetch.key = &mend->command->sync_key;
	return fetch_state(&fetch, state, error) == ZT_OK ? COMMAND_OK : failed(mend, source, error);
}

/* As far as they say. Servers that say nothing but their serial are believed to be equal only after a NOTIFY has changed it. */
static bool is_equal(const struct mend *mend)
{
	return mend->a.serial == mend->b.serial && mend->a.has_zsync && mend->b.has_zsync && zsync_is_same(&mend->a.zsync, &mend->b.zsync);
}

static bool has_arrived(const struct mend *mend)
{
	return is_equal(mend) || (mend->a.serial == mend->b.serial && !(mend->a.has_zsync && mend->b.has_zsync));
}

static enum command_exit say(const struct mend *mend, const char *means, const char *text)
{
	char zone[NAME_TEXT_SIZE], b[SOURCE_TEXT_SIZE];

	if (mend->command->json)
		return command_print_json(json_pack("{s:b, s:s, s:s, s:s, s:I, s:I, s:I}", "ok", 1, "zone", name_to_text(mend->pair->source[0].zone, zone), "by", means,
						    "text", text, "serial", (json_int_t)mend->b.serial, "removed", (json_int_t)mend->removed, "added",
						    (json_int_t)mend->added), COMMAND_OK);
	printf("%s: %s, serial %" PRIu32 "\n", source_to_text(&mend->pair->source[1], b), text, mend->b.serial);
	return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
}

/* *rcode: of the NOTIFY. True: B is equal now. */
static bool notify(struct mend *mend, unsigned *rcode)
{
	const struct timespec pause = { .tv_nsec = LOOK_PAUSE * 1000 };
	const struct clock *clock = mend->command->loader.clock;
	struct zsync version = mend->a.has_zsync ? mend->a.zsync : (struct zsync){ .serial = mend->a.serial, .key_id = mend->b.zsync.key_id };
	char error[FETCH_ERROR_SIZE];

	*rcode = RCODE_SERVFAIL;
	if (tell_notify(&mend->server, &version, rcode, error) != ZT_OK || *rcode != RCODE_NOERROR)
		return false;
	for (usec_t until = clock_now(clock) + mend->command->loader.timeout; clock_now(clock) < until;) {
		if (fetch_state(&mend->server, &mend->b, error) == ZT_OK && has_arrived(mend))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static enum command_exit refused(struct mend *mend, unsigned notified, unsigned updated)
{
	char text[FETCH_ERROR_SIZE];

	snprintf(text, sizeof(text), "it takes no UPDATE from here (%s), and NOTIFY %s; allow one of them (allow-update on a primary, allow-notify on a secondary), or run \"zonectl "
		 "retransfer\" on its machine", rcode_to_text(updated), notified == RCODE_NOERROR ? "did not make it equal in time (--timeout)" : rcode_to_text(notified));
	return failed(mend, &mend->pair->source[1], text);
}

static enum command_exit update(struct mend *mend, unsigned notified)
{
	struct changeset change;
	char error[FETCH_ERROR_SIZE];
	unsigned rcode = RCODE_NOERROR;
	enum command_exit result = COMMAND_OK;

	for (int i = 0; i < 2 && result == COMMAND_OK; i++)
		result = mend->pair->zone[i] ? COMMAND_OK : command_load(mend->command, &mend->pair->source[i], &mend->pair->zone[i]);
	if (result != COMMAND_OK)
		return result;
	changeset_init(&change);
	int status = zone_diff(zone_current(mend->pair->zone[1]), zone_current(mend->pair->zone[0]), &change);
	mend->removed = change.removed_count;
	mend->added = change.added_count;
	bool is_needed = status == ZT_OK && !changeset_is_empty(&change);
	if (is_needed)
		status = tell_update(&mend->server, &change, &rcode, error);
	else if (status != ZT_OK)
		snprintf(error, sizeof(error), "%s", status_text(status));
	changeset_fini(&change);
	if (status != ZT_OK)
		return failed(mend, &mend->pair->source[1], error);
	if (rcode != RCODE_NOERROR)
		return refused(mend, notified, rcode);
	if (is_needed && fetch_state(&mend->server, &mend->b, error) != ZT_OK)
		return failed(mend, &mend->pair->source[1], error);
	return is_needed ? say(mend, "update", "changed by UPDATE; as a primary it may count its serials itself") : say(mend, "nothing", "holds what A holds already");
}

enum command_exit mend_run(const struct command *command, struct command_pair *pair)
{
	struct mend mend = { .command = command, .pair = pair, .server = source_fetch(&pair->source[1], &command->loader) };
	unsigned notified = RCODE_NOERROR;

	mend.server.key = &command->sync_key;
	enum command_exit result = state_get(&mend, 0, &mend.a);
	if (result == COMMAND_OK)
		result = state_get(&mend, 1, &mend.b);
	if (result != COMMAND_OK)
		return result;
	if (is_equal(&mend))
		return say(&mend, "nothing", "holds what A holds already");
	/* Where only serials are known and they are equal, a NOTIFY would not be understood. */
	if (!has_arrived(&mend) && notify(&mend, &notified))
		return say(&mend, "notify", "told of A's version, fetched it by itself");
	return update(&mend, notified);
}
