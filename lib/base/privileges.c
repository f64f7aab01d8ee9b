/* Giving up root. */
#include "lib/base/privileges.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LOOKUP_SIZE = 16 * 1024,      /* for a line of the user or group database */
	FOLDER_DEPTH_MAX = 8,
};

/* What binding needs: ports below 1024, and socket buffers beyond the system's usual limit. */
static const cap_value_t until_bound[] = { CAP_NET_BIND_SERVICE, CAP_NET_ADMIN };
/* What root without server.user keeps: zone files and a state folder may belong to others. */
static const cap_value_t of_plain_root[] = { CAP_DAC_OVERRIDE };

static int fail(char *error, int err, const char *what, const char *hint)
{
	snprintf(error, PRIVILEGES_ERROR_SIZE, "%s: %s%s%s", what, strerror(err), hint ? "; " : "", hint ? hint : "");
	return status_from_errno(err);
}

/* ---- who --------------------------------------------------------------------------------------------------------------------------- */

static void names_set(struct privileges *who, const char *user, const char *group)
{
	if (user)
		snprintf(who->user, sizeof(who->user), "%s", user);
	else
		snprintf(who->user, sizeof(who->user), "%lu", (unsigned long)who->uid);
	if (group)
		snprintf(who->group, sizeof(who->group), "%s", group);
	else
		snprintf(who->group, sizeof(who->group), "%lu", (unsigned long)who->gid);
}

static int group_find(struct privileges *who, const char *name, char *error)
{
	char room[LOOKUP_SIZE];
	struct group entry, *found = NULL;

	int err = getgrnam_r(name, &entry, room, sizeof(room), &found);
	if (!found) {
		snprintf(error, PRIVILEGES_ERROR_SIZE, "server.user: there is no group \"%.100s\" on this system%s%s; create it (addgroup --system %.100s) or name another", name,
			 err ? ": " : "", err ? strerror(err) : "", name);
		return ZT_ENOENT;
	}
	who->gid = entry.gr_gid;
	return ZT_OK;
}

static void names_look_up(struct privileges *who)
{
	char room[LOOKUP_SIZE], more[LOOKUP_SIZE];
	struct passwd user, *found_user = NULL;
	struct group group, *found_group = NULL;

	/* Names are for people; numbers do where there are none. */
	if (getpwuid_r(who->uid, &user, room, sizeof(room), &found_user) != 0)
		found_user = NULL;
	if (getgrgid_r(who->gid, &group, more, sizeof(more), &found_group) != 0)
		found_group = NULL;
	names_set(who, found_user ? found_user->pw_name : NULL, found_group ? found_group->gr_name : NULL);
}

static int user_find(struct privileges *who, const char *name, char *error)
{
	char room[LOOKUP_SIZE];
	struct passwd entry, *found = NULL;

	int err = getpwnam_r(name, &entry, room, sizeof(room), &found);
	if (!found) {
		snprintf(error, PRIVILEGES_ERROR_SIZE, "server.user: there is no user \"%.100s\" on this system%s%s; create it (adduser --system --group %.100s) or name another",
			 name, err ? ": " : "", err ? strerror(err) : "", name);
		return ZT_ENOENT;
	}
	who->uid = entry.pw_uid;
	who->gid = entry.pw_gid;
	return ZT_OK;
}

int privileges_find(struct privileges *who, const char *text, char error[PRIVILEGES_ERROR_SIZE])
{
	char name[PRIVILEGES_NAME_SIZE];

	*who = (struct privileges){ .uid = geteuid(), .gid = getegid() };
	if (!text) {
		names_look_up(who);
		return ZT_OK;
	}
	size_t len = strcspn(text, ":");
	if (len == 0 || len >= sizeof(name) || (text[len] && !text[len + 1])) {
		snprintf(error, PRIVILEGES_ERROR_SIZE, "server.user is \"%.100s\", expected NAME or NAME:GROUP", text);
		return ZT_EINVAL;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	int status = user_find(who, name, error);
	if (status == ZT_OK && text[len])
		status = group_find(who, text + len + 1, error);
	if (status != ZT_OK)
		return status;
	names_look_up(who);
	if (geteuid() != 0 && (who->uid != geteuid() || who->gid != getegid())) {
		snprintf(error, PRIVILEGES_ERROR_SIZE, "server.user is \"%.100s\", but only root can become another user and this is user %lu; start as root, or leave server.user out",
			 text, (unsigned long)geteuid());
		return ZT_EDENIED;
	}
	who->is_switched = geteuid() == 0 && who->uid != 0;
	who->group_count = PRIVILEGES_GROUPS_MAX;
	if (getgrouplist(name, who->gid, who->groups, &who->group_count) < 0)
		who->group_count = PRIVILEGES_GROUPS_MAX;      /* the first ones; a service in more groups than this needs none of the rest */
	return ZT_OK;
}

/* ---- where --------------------------------------------------------------------------------------------------------------------------- */

int privileges_confine(const char *folder, char error[PRIVILEGES_ERROR_SIZE])
{
	char what[PRIVILEGES_ERROR_SIZE / 2];

	snprintf(what, sizeof(what), "server.chroot: cannot make %.150s the root folder", folder);
	if (chroot(folder) != 0)
		return fail(error, errno, what, errno == EPERM ? "only root can: start as root, or leave server.chroot out" : "create it or name another");
	if (chdir("/") != 0)
		return fail(error, errno, what, NULL);
	return ZT_OK;
}

static int entries_own(const struct privileges *who, int folder, int depth);

/* A link is left alone, and so is a file that has other names too: they may lie anywhere. */
static int entry_own(const struct privileges *who, int folder, const char *name, int depth)
{
	struct stat info;
	int status = ZT_OK;

	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return ZT_OK;
	bool is_ours = fstat(fd, &info) == 0 && (S_ISDIR(info.st_mode) || (S_ISREG(info.st_mode) && info.st_nlink == 1));
	if (is_ours && (info.st_uid != who->uid || info.st_gid != who->gid) && fchown(fd, who->uid, who->gid) != 0)
		status = status_from_errno(errno);
	if (is_ours && S_ISDIR(info.st_mode) && status == ZT_OK && depth < FOLDER_DEPTH_MAX)
		return entries_own(who, fd, depth + 1);
	close(fd);
	return status;
}

/* Takes the descriptor over. */
static int entries_own(const struct privileges *who, int folder, int depth)
{
	DIR *dir = fdopendir(folder);
	int status = ZT_OK;

	if (!dir) {
		close(folder);
		return ZT_ENOMEM;
	}
	for (struct dirent *entry; status == ZT_OK && (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status = entry_own(who, dirfd(dir), entry->d_name, depth);
	}
	closedir(dir);
	return status;
}

int privileges_own_folder(const struct privileges *who, const char *folder, char error[PRIVILEGES_ERROR_SIZE])
{
	char what[PRIVILEGES_ERROR_SIZE / 2];

	snprintf(what, sizeof(what), "cannot create folder %.150s", folder);
	if (mkdir(folder, 0750) != 0 && errno != EEXIST)
		return fail(error, errno, what, "create it or name another one");
	if (!who->is_switched)
		return ZT_OK;
	snprintf(what, sizeof(what), "cannot give folder %.100s to user %s", folder, who->user);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchown(fd, who->uid, who->gid) != 0) {
		int err = errno;
		if (fd >= 0)
			close(fd);
		return fail(error, err, what, NULL);
	}
	int status = entries_own(who, fd, 0);
	if (status != ZT_OK)
		snprintf(error, PRIVILEGES_ERROR_SIZE, "%s: %s", what, status_text(status));
	return status;
}

/* ---- what it may ------------------------------------------------------------------------------------------------------------------------ */

/* Leaves of the permitted capabilities the listed ones, effective too. */
static int capabilities_keep(const cap_value_t *list, int count)
{
	cap_t before = cap_get_proc(), after = cap_init();
	int err = before && after ? 0 : ENOMEM;

	for (int i = 0; i < count && err == 0; i++) {
		cap_flag_value_t held = CAP_CLEAR;
		if (cap_get_flag(before, list[i], CAP_PERMITTED, &held) != 0 || held == CAP_CLEAR)
			continue;
		if (cap_set_flag(after, CAP_PERMITTED, 1, &list[i], CAP_SET) != 0 || cap_set_flag(after, CAP_EFFECTIVE, 1, &list[i], CAP_SET) != 0)
			err = errno;
	}
	if (err == 0 && cap_set_proc(after) != 0)
		err = errno;
	cap_free(before);
	cap_free(after);
	return err;
}

/* Empties the set of capabilities that executing a file could bring back. Without CAP_SETPCAP it stays, which no_new_privs makes harmless. */
static void bounding_set_empty(void)
{
	for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++)
		(void)cap_drop_bound(cap);
	(void)cap_reset_ambient();
}

int privileges_become(const struct privileges *who, char error[PRIVILEGES_ERROR_SIZE])
{
	char what[PRIVILEGES_ERROR_SIZE / 2];

	if (!who->is_switched)
		return ZT_OK;
	snprintf(what, sizeof(what), "cannot become user %s, group %s", who->user, who->group);
	bounding_set_empty();
	if (prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) != 0 || setgroups((size_t)who->group_count, who->groups) != 0 ||
	    setresgid(who->gid, who->gid, who->gid) != 0 || setresuid(who->uid, who->uid, who->uid) != 0)
		return fail(error, errno, what, "it takes the capabilities SETUID and SETGID");
	int err = capabilities_keep(until_bound, sizeof(until_bound) / sizeof(until_bound[0]));
	if (err == 0 && prctl(PR_SET_KEEPCAPS, 0L, 0L, 0L, 0L) != 0)
		err = errno;
	if (err == 0 && (setuid(0) == 0 || geteuid() != who->uid))
		err = EPERM;
	return err == 0 ? ZT_OK : fail(error, err, what, NULL);
}

int privileges_drop(const struct privileges *who, char error[PRIVILEGES_ERROR_SIZE])
{
	bool is_plain_root = !who->is_switched && geteuid() == 0;

	bounding_set_empty();
	int err = capabilities_keep(of_plain_root, is_plain_root ? sizeof(of_plain_root) / sizeof(of_plain_root[0]) : 0);
	if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0)
		err = errno;
	return err == 0 ? ZT_OK : fail(error, err, "cannot give up capabilities", NULL);
}

void privileges_capabilities(char *out, size_t size)
{
	cap_t caps = cap_get_proc();
	size_t len = 0;

	out[0] = '\0';
	for (cap_value_t cap = 0; caps && cap_get_bound(cap) >= 0; cap++) {
		cap_flag_value_t held = CAP_CLEAR;
		char *name = cap_get_flag(caps, cap, CAP_EFFECTIVE, &held) == 0 && held == CAP_SET ? cap_to_name(cap) : NULL;
		if (name && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", name);
		cap_free(name);
	}
	cap_free(caps);
	if (len == 0)
		snprintf(out, size, "none");
}
