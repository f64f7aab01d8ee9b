/* Giving up root: another user, a new root folder, no capabilities.
 *
 * The order of a daemon's start: privileges_find (while /etc/passwd can be read), privileges_confine (chroot), privileges_own_folder for what the user must be
 * able to write, privileges_become, then everything that a service needs (sockets on low ports too: become keeps the capability to bind them), then
 * privileges_drop. From then on nothing brings a right back: the bounding set is empty and no_new_privs is set.
 *
 * Capabilities belong to threads: all this is done before the first thread is made. Not here: what the kernel lets an unprivileged process do (sandbox.h).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/status.h"

enum {
	PRIVILEGES_ERROR_SIZE = 512,      /* room for a sentence on what went wrong and what to do */
	PRIVILEGES_NAME_SIZE = 64,
	PRIVILEGES_GROUPS_MAX = 64,
};

struct privileges {
	bool is_switched;                     /* become changes the user; otherwise the process stays who it is */
	uid_t uid;
	gid_t gid;
	char user[PRIVILEGES_NAME_SIZE];      /* names, or numbers where they have none */
	char group[PRIVILEGES_NAME_SIZE];
	gid_t groups[PRIVILEGES_GROUPS_MAX];  /* supplementary */
	int group_count;
};

/* Looks up "NAME" or "NAME:GROUP"; NULL: the process as it is. ZT_EDENIED: it is not root and the user is somebody else. */
ZT_MUST_CHECK int privileges_find(struct privileges *who, const char *text, char error[PRIVILEGES_ERROR_SIZE]);
/* Makes `folder` the root folder and the working folder. */
ZT_MUST_CHECK int privileges_confine(const char *folder, char error[PRIVILEGES_ERROR_SIZE]);
/* Creates `folder` (0750) when it is missing, and gives it with the plain files and folders in it to the user. Does nothing to what is there already
 * when the user is not switched. */
ZT_MUST_CHECK int privileges_own_folder(const struct privileges *who, const char *folder, char error[PRIVILEGES_ERROR_SIZE]);
/* Becomes the user, for good. Of root's capabilities those to bind low ports and to size socket buffers are left. */
ZT_MUST_CHECK int privileges_become(const struct privileges *who, char error[PRIVILEGES_ERROR_SIZE]);
/* Gives up every capability, and the way to get one by executing a file. Root that was not told to become somebody else keeps the one right that its
 * files may depend on: to open those of others (CAP_DAC_OVERRIDE). */
ZT_MUST_CHECK int privileges_drop(const struct privileges *who, char error[PRIVILEGES_ERROR_SIZE]);
/* The effective capabilities of this thread: "none", or a list of names. */
void privileges_capabilities(char *out, size_t size);
