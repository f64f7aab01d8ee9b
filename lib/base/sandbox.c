/* Entering the sandbox. */
#include "lib/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config.h"
#include "lib/base/landlock.h"
#include "lib/base/syscalls.h"

void sandbox_plan_init(struct sandbox_plan *plan)
{
	*plan = (struct sandbox_plan){ 0 };
	folders_init(&plan->reads);
	folders_init(&plan->writes);
}

void sandbox_plan_fini(struct sandbox_plan *plan)
{
	folders_fini(&plan->reads);
	folders_fini(&plan->writes);
}

const char *sandbox_obstacle(void)
{
	const char *preload = getenv("LD_PRELOAD"), *rr = getenv("RUNNING_UNDER_RR");

	if (ZT_IS_SANITIZED)
		return "built with sanitizers";
	if (preload && strstr(preload, "/vgpreload_"))
		return "run by valgrind";
	if (rr && rr[0])
		return "run by rr";
	return NULL;
}

static int rules_add(struct landlock *landlock, const struct sandbox_plan *plan)
{
	int status = ZT_OK;

	for (uint32_t i = 0; i < plan->reads.count && status == ZT_OK; i++) {
		status = landlock_allow_read(landlock, plan->reads.items[i]);
		/* What can't be reached now can't be read either; the one who wants to will say so. */
		if (status == ZT_ENOENT || status == ZT_EDENIED)
			status = ZT_OK;
	}
	for (uint32_t i = 0; i < plan->writes.count && status == ZT_OK; i++)
		status = landlock_allow_write(landlock, plan->writes.items[i]);
	return status;
}

static int files_restrict(const struct sandbox_plan *plan, struct sandbox_state *state)
{
	struct landlock landlock;

	if (landlock_version(&state->landlock_off) == 0)
		return ZT_OK;
	int status = landlock_begin(&landlock);
	if (status == ZT_OK)
		status = rules_add(&landlock, plan);
	if (status != ZT_OK) {
		landlock_end(&landlock);
		return status;
	}
	status = landlock_apply(&landlock);
	if (status == ZT_OK)
		state->landlock_abi = landlock.abi;
	return status;
}

static int calls_restrict(struct sandbox_state *state)
{
	if (!syscalls_can_restrict(&state->seccomp_off))
		return ZT_OK;
	int status = syscalls_restrict();
	state->has_seccomp = status == ZT_OK;
	return status;
}

int sandbox_enter(const struct sandbox_plan *plan, struct sandbox_state *state)
{
	*state = (struct sandbox_state){ .landlock_off = plan->off, .seccomp_off = plan->off };
	if (plan->off)
		return ZT_OK;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0)
		return status_from_errno(errno);
	int status = files_restrict(plan, state);
	return status == ZT_OK ? calls_restrict(state) : status;
}

void sandbox_hide_memory(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}

bool sandbox_hides_memory(void)
{
	return prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) != 1;
}

const char *sandbox_hint(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	if (fd >= 0 || errno != EACCES)
		return "";
	/* access knows of modes and not of Landlock. */
	if (access(path, R_OK) == 0)
		return "; the sandbox forbids it, because nothing in that folder was read at the start: restart the daemon, name the folder in server.sandbox-read before "
		       "the next start, or use --no-sandbox";
	return "; the user that the daemon runs as may not read it: see its mode, those of the folders above it, and server.user";
}
