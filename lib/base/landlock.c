/* Landlock. */
#include "lib/base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's interface as of version 6. System headers may be older than the kernel, so what came after the first version stands here. */
#define RIGHT_WRITE_FILE (UINT64_C(1) << 1)
#define RIGHT_READ_FILE (UINT64_C(1) << 2)
#define RIGHT_READ_DIR (UINT64_C(1) << 3)
#define RIGHT_REMOVE_DIR (UINT64_C(1) << 4)
#define RIGHT_REMOVE_FILE (UINT64_C(1) << 5)
#define RIGHT_MAKE_DIR (UINT64_C(1) << 7)
#define RIGHT_MAKE_REG (UINT64_C(1) << 8)
#define RIGHT_MAKE_SOCK (UINT64_C(1) << 9)
#define RIGHTS_OF_ABI_1 ((UINT64_C(1) << 13) - 1)
#define RIGHT_REFER (UINT64_C(1) << 13)        /* ABI 2 */
#define RIGHT_TRUNCATE (UINT64_C(1) << 14)     /* ABI 3 */
#define RIGHT_BIND_TCP (UINT64_C(1) << 0)      /* ABI 4 */
#define RIGHT_IOCTL_DEV (UINT64_C(1) << 15)    /* ABI 5 */
#define SCOPES ((UINT64_C(1) << 0) | (UINT64_C(1) << 1))      /* ABI 6: abstract Unix sockets, signals */

enum { RULE_PATH = 1, RULE_PORT = 2, CREATE_VERSION = 1 };

struct ruleset_attr {
	uint64_t files;
	uint64_t ports;
	uint64_t scopes;
};

/* Packed, as the kernel has it. */
struct path_attr {
	uint64_t allowed;
	int32_t folder;
} __attribute__((packed));

struct port_attr {
	uint64_t allowed;
	uint64_t port;
};

int landlock_version(const char **reason)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	if (version > 0)
		return (int)version;
	*reason = errno == ENOSYS       ? "this kernel has no Landlock"
		  : errno == EOPNOTSUPP ? "Landlock is not among the kernel's security modules (boot option lsm=)"
					: "a filter around this process forbids Landlock";
	return 0;
}

/* The kernel refuses rights it does not know, and sizes beyond what it knows unless the rest is zero. */
static struct ruleset_attr rights_of(int abi)
{
	struct ruleset_attr rights = { .files = RIGHTS_OF_ABI_1 };

	if (abi >= 2)
		rights.files |= RIGHT_REFER;
	if (abi >= 3)
		rights.files |= RIGHT_TRUNCATE;
	if (abi >= 4)
		rights.ports = RIGHT_BIND_TCP;
	if (abi >= 5)
		rights.files |= RIGHT_IOCTL_DEV;
	if (abi >= 6)
		rights.scopes = SCOPES;
	return rights;
}

int landlock_begin(struct landlock *landlock)
{
	const char *reason;
	int abi = landlock_version(&reason);
	struct ruleset_attr rights = rights_of(abi);
	struct port_attr any_free_port = { .allowed = RIGHT_BIND_TCP, .port = 0 };

	*landlock = (struct landlock){ .fd = -1, .abi = abi, .handled_files = rights.files };
	if (abi == 0)
		return ZT_EUNSUPPORTED;
	landlock->fd = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
	if (landlock->fd < 0)
		return status_from_errno(errno);
	if (rights.ports && syscall(SYS_landlock_add_rule, landlock->fd, RULE_PORT, &any_free_port, 0) != 0) {
		int status = status_from_errno(errno);
		landlock_end(landlock);
		return status;
	}
	return ZT_OK;
}

static int allow(const struct landlock *landlock, const char *folder, uint64_t rights)
{
	struct path_attr rule = { .allowed = rights & landlock->handled_files };
	int status = ZT_OK;

	rule.folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.folder < 0)
		return status_from_errno(errno);
	if (syscall(SYS_landlock_add_rule, landlock->fd, RULE_PATH, &rule, 0) != 0)
		status = status_from_errno(errno);
	close(rule.folder);
	return status;
}

int landlock_allow_read(struct landlock *landlock, const char *folder)
{
	return allow(landlock, folder, RIGHT_READ_FILE | RIGHT_READ_DIR);
}

int landlock_allow_write(struct landlock *landlock, const char *folder)
{
	return allow(landlock, folder, RIGHT_READ_FILE | RIGHT_READ_DIR | RIGHT_WRITE_FILE | RIGHT_TRUNCATE | RIGHT_MAKE_REG | RIGHT_MAKE_DIR | RIGHT_MAKE_SOCK |
					       RIGHT_REMOVE_FILE | RIGHT_REMOVE_DIR);
}

int landlock_apply(struct landlock *landlock)
{
	int status = syscall(SYS_landlock_restrict_self, landlock->fd, 0) == 0 ? ZT_OK : status_from_errno(errno);
	landlock_end(landlock);
	return status;
}

void landlock_end(struct landlock *landlock)
{
	if (landlock->fd >= 0)
		close(landlock->fd);
	landlock->fd = -1;
}
