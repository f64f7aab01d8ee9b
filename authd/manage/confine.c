/* authd with as few rights as it needs. */
#include "authd/manage/confine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authd/manage/manage.h"
#include "lib/base/privileges.h"
#include "lib/base/sandbox.h"
#include "lib/zone/zonefile.h"

enum { CAPABILITIES_SIZE = 1024 };

struct confine {
	struct privileges who;
	struct sandbox_plan plan;
	struct sandbox_state state;
	bool is_entered;
	int status;               /* of the notes taken */
	char capabilities[CAPABILITIES_SIZE];
};

/* ---- user and root folder ----------------------------------------------------------------------------------------------------------- */

/* A reload reads the configuration again, and the journal is written all the time: better to know now. */
static int access_check(const struct manage *manage)
{
	const struct authd_options *options = manage->options;
	const struct confine *confine = manage->confine;

	if (access(options->state_dir, R_OK | W_OK | X_OK) != 0) {
		log_error(manage->log, "user %s cannot write in state-dir %s; give it to that user (chown -R %s:%s), or name another folder", confine->who.user,
			options->state_dir, confine->who.user, confine->who.group);
		return ZT_EDENIED;
	}
	for (uint32_t i = 0; i < options->files.count; i++) {
		const char *file = options->files.items[i];
		if (access(file, R_OK) == 0 || errno != EACCES)      /* what is wrong otherwise is told by who needs it */
			continue;
		log_error(manage->log, "user %s cannot read %s, so no reload would work; let group %s read it and the folders above it (chgrp %s, chmod g+r)",
			confine->who.user, file, confine->who.group, confine->who.group);
		return ZT_EDENIED;
	}
	return ZT_OK;
}

/* A missing folder of the control socket is made like state-dir; one that exists is its owner's business. */
static int control_folder_make(const struct manage *manage, char *error)
{
	const char *control = manage->options->control, *slash = strrchr(control, '/');
	char folder[PATH_MAX];
	struct stat info;

	if (!slash || slash == control || slash - control >= (ptrdiff_t)sizeof(folder))
		return ZT_OK;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - control), control);
	if (stat(folder, &info) == 0)
		return ZT_OK;
	return privileges_own_folder(&manage->confine->who, folder, error);
}

static int identity_change(struct manage *manage, char *error)
{
	const struct authd_options *options = manage->options;
	struct privileges *who = &manage->confine->who;

	int status = privileges_find(who, options->user, error);
	if (status == ZT_OK && options->chroot)
		status = privileges_confine(options->chroot, error);
	if (status == ZT_OK)
		status = privileges_own_folder(who, options->state_dir, error);
	if (status == ZT_OK)
		status = control_folder_make(manage, error);
	if (status == ZT_OK)
		status = privileges_become(who, error);
	return status;
}

int confine_begin(struct manage *manage)
{
	char error[PRIVILEGES_ERROR_SIZE] = "";
	struct confine *confine = calloc(1, sizeof(*confine));

	if (!confine)
		return ZT_ENOMEM;
	manage->confine = confine;
	sandbox_plan_init(&confine->plan);
	int status = identity_change(manage, error);
	if (status != ZT_OK) {
		log_error(manage->log, "%s", error[0] ? error : status_text(status));
		return status;
	}
	return access_check(manage);
}

int confine_bound(struct manage *manage)
{
	char error[PRIVILEGES_ERROR_SIZE];
	struct confine *confine = manage->confine;

	int status = privileges_drop(&confine->who, error);
	if (status != ZT_OK) {
		log_error(manage->log, "%s", error);
		return status;
	}
	if (!confine->who.is_switched && confine->who.uid == 0)
		log_warn(manage->log, "running as root: name an unprivileged user in server.user, and give it read access to the configuration and the zone files");
	return ZT_OK;
}

/* ---- sandbox --------------------------------------------------------------------------------------------------------------------------- */

/* Landlock goes by where a file really lies: where the path is a link, the folder of what it leads to counts as well. */
static int file_note(void *ctx, const char *path)
{
	struct confine *confine = ctx;
	char real[PATH_MAX];
	struct stat info;

	int status = folders_add_of(&confine->plan.reads, path);
	if (status == ZT_OK && lstat(path, &info) == 0 && S_ISLNK(info.st_mode) && realpath(path, real))
		status = folders_add_of(&confine->plan.reads, real);
	return status;
}

void confine_note_sources(struct confine *confine, const uint8_t *sources, size_t len)
{
	if (!confine || confine->is_entered || confine->status != ZT_OK)
		return;
	confine->status = zonefile_sources_each(sources, len, file_note, confine);
}

static int plan_complete(struct manage *manage)
{
	const struct authd_options *options = manage->options;
	struct sandbox_plan *plan = &manage->confine->plan;
	int status = manage->confine->status;

	for (uint32_t i = 0; i < options->reads.count && status == ZT_OK; i++)
		status = folders_add(&plan->reads, options->reads.items[i]);
	if (status == ZT_OK)
		status = folders_add(&plan->reads, "/proc/self");      /* the daemon's own memory use */
	if (status == ZT_OK)
		status = folders_add(&plan->writes, options->state_dir);
	if (status == ZT_OK)
		status = folders_add_of(&plan->writes, options->control);
	if (status == ZT_OK && options->dnstap.file)
		status = folders_add_of(&plan->writes, options->dnstap.file);
	return status;
}

/* Folders with more than one service's files in them, or with secrets: a zone file right there opens all of it. */
static void wide_folders_warn(const struct manage *manage)
{
	static const char *const wide[] = { "/", "/etc", "/home", "/root", "/usr", "/var", "/var/lib", "/run" };
	const struct folders *reads = &manage->confine->plan.reads;

	for (uint32_t i = 0; i < reads->count; i++)
		for (size_t k = 0; k < sizeof(wide) / sizeof(wide[0]); k++)
			if (!manage->options->chroot && strcmp(reads->items[i], wide[k]) == 0)
				log_warn(manage->log, "the sandbox allows reading all of %s, because a file of the configuration lies right in it; move it to a folder of its own",
					wide[k]);
}

static void state_log(const struct manage *manage)
{
	const struct confine *confine = manage->confine;
	const struct sandbox_state *state = &confine->state;
	char landlock[64];

	snprintf(landlock, sizeof(landlock), "on (version %d)", state->landlock_abi);
	log_write(manage->log, state->landlock_off || state->seccomp_off ? LOG_LEVEL_WARN : LOG_LEVEL_NOTICE,
		"user %s, group %s%s%s, capabilities: %s; Landlock %s%s; system call filter %s%s", confine->who.user, confine->who.group,
		manage->options->chroot ? ", root folder " : "", manage->options->chroot ? manage->options->chroot : "", confine->capabilities,
		state->landlock_off ? "off: " : landlock, state->landlock_off ? state->landlock_off : "", state->seccomp_off ? "off: " : "on",
		state->seccomp_off ? state->seccomp_off : "");
}

int confine_enter(struct manage *manage)
{
	struct confine *confine = manage->confine;

	confine->plan.off = manage->options->no_sandbox ? "--no-sandbox" : sandbox_obstacle();
	int status = plan_complete(manage);
	/* Nobody shall read keys out of a process that gave up root or holds them, nor out of its core. Without either a core is worth more than what is in it:
	 * cookie secrets made at the start end with the process. */
	if ((confine->who.is_switched || manage->options->holds_secrets) && !confine->plan.off)
		sandbox_hide_memory();
	if (status == ZT_OK)
		status = sandbox_enter(&confine->plan, &confine->state);
	if (status != ZT_OK) {
		log_error(manage->log, "cannot enter the sandbox: %s; --no-sandbox starts without it", status_text(status));
		return status;
	}
	confine->is_entered = true;
	privileges_capabilities(confine->capabilities, sizeof(confine->capabilities));
	if (confine->state.landlock_abi > 0)
		wide_folders_warn(manage);
	state_log(manage);
	return ZT_OK;
}

void confine_free(struct confine *confine)
{
	if (!confine)
		return;
	sandbox_plan_fini(&confine->plan);
	free(confine);
}

/* ---- what it tells ---------------------------------------------------------------------------------------------------------------------- */

void confine_check_reload(const struct manage *manage)
{
	const struct folders *reads = &manage->options->reads;

	for (uint32_t i = 0; manage->confine && manage->confine->state.landlock_abi > 0 && i < reads->count; i++) {
		const char *hint = sandbox_hint(reads->items[i]);
		if (hint[0])
			log_error(manage->log, "reload: files in %s cannot be read%s", reads->items[i], hint);
	}
}

json_t *confine_status(const struct manage *manage)
{
	const struct confine *confine = manage->confine;
	const struct sandbox_state *state = &confine->state;

	return json_pack("{s:s, s:s, s:s?, s:s, s:b, s:i, s:s?, s:b, s:s?, s:b}", "user", confine->who.user, "group", confine->who.group, "chroot", manage->options->chroot,
			 "capabilities", confine->capabilities, "landlock", state->landlock_abi > 0, "landlock_version", state->landlock_abi, "landlock_off", state->landlock_off,
			 "seccomp", state->has_seccomp, "seccomp_off", state->seccomp_off, "core_dumps", !sandbox_hides_memory());
}
