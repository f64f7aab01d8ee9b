/* lib/base: folders, privileges and the sandbox, each tried in a child process that has them in force. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/folders.h"
#include "lib/base/landlock.h"
#include "lib/base/netaddr.h"
#include "lib/base/privileges.h"
#include "lib/base/sandbox.h"
#include "lib/base/syscalls.h"
#include "tests/support/suite.h"

enum { EXIT_DONE = 10, EXIT_NO_SANDBOX = 11, EXIT_BY_ERRNO = 20 };

struct place {
	char top[64], inside[96], outside[96], state[96];
};

static void file_make(const char *path)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("secret\n", file);
	fclose(file);
}

/* Two folders with a file each, and one to write in. */
static void place_make(struct place *place)
{
	char path[128];

	snprintf(place->top, sizeof(place->top), "/tmp/sandbox-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place->top));
	snprintf(place->inside, sizeof(place->inside), "%s/inside", place->top);
	snprintf(place->outside, sizeof(place->outside), "%s/outside", place->top);
	snprintf(place->state, sizeof(place->state), "%s/state", place->top);
	ck_assert(mkdir(place->inside, 0755) == 0 && mkdir(place->outside, 0755) == 0 && mkdir(place->state, 0755) == 0);
	snprintf(path, sizeof(path), "%s/file", place->inside);
	file_make(path);
	snprintf(path, sizeof(path), "%s/file", place->outside);
	file_make(path);
}

static void place_end(const struct place *place)
{
	static const char *const files[] = { "inside/file", "outside/file", "state/new", "inside", "outside", "state", "" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", place->top, files[i]);
		(void)remove(path);
	}
}

typedef int deed(const struct place *place);

/* Runs a deed in a child that is in the sandbox; returns what waitpid says of it. The deed's errno becomes the exit status. */
static int run_in_sandbox(deed *action, const struct place *place)
{
	struct sandbox_plan plan;
	struct sandbox_state state;
	int status;

	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		sandbox_plan_init(&plan);
		if (folders_add(&plan.reads, place->inside) != ZT_OK || folders_add(&plan.reads, "/nonexistent") != ZT_OK ||
		    folders_add(&plan.writes, place->state) != ZT_OK || sandbox_enter(&plan, &state) != ZT_OK || state.landlock_off || state.seccomp_off)
			_exit(EXIT_NO_SANDBOX);
		errno = 0;
		int err = action(place) < 0 ? errno : 0;
		_exit(err ? EXIT_BY_ERRNO + err : EXIT_DONE);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

#define works(action) ck_assert_int_eq(WEXITSTATUS(run_in_sandbox(action, &place)), EXIT_DONE)
#define fails(action, err) ck_assert_int_eq(WEXITSTATUS(run_in_sandbox(action, &place)), EXIT_BY_ERRNO + (err))
#define dies(action) ck_assert_int_eq(WTERMSIG(run_in_sandbox(action, &place)), SIGSYS)

/* ---- files ------------------------------------------------------------------------------------------------------------------------------ */

static int open_below(const char *folder, const char *name, int flags)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, flags, 0600);
}

static int read_inside(const struct place *place) { return open_below(place->inside, "file", O_RDONLY); }
static int write_inside(const struct place *place) { return open_below(place->inside, "file", O_WRONLY); }
static int make_inside(const struct place *place) { return open_below(place->inside, "new", O_WRONLY | O_CREAT); }
static int read_outside(const struct place *place) { return open_below(place->outside, "file", O_RDONLY); }
static int read_above(const struct place *place) { return open_below(place->inside, "../outside/file", O_RDONLY); }
static int write_state(const struct place *place) { return open_below(place->state, "new", O_RDWR | O_CREAT | O_TRUNC); }

static int remove_state(const struct place *place)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/new", place->state);
	return write_state(place) < 0 ? -1 : unlink(path);
}

static int read_shadow(const struct place *place)
{
	(void)place;
	return open("/etc/shadow", O_RDONLY);
}

static int forbidden_is_told(const struct place *place)
{
	char inside[160], outside[160], missing[160];
	snprintf(inside, sizeof(inside), "%s/file", place->inside);
	snprintf(outside, sizeof(outside), "%s/file", place->outside);
	snprintf(missing, sizeof(missing), "%s/none", place->outside);
	errno = EIO;
	return strstr(sandbox_hint(outside), "sandbox") && strstr(sandbox_hint(place->outside), "sandbox") && !*sandbox_hint(inside) && !*sandbox_hint(missing) ? 0 : -1;
}

START_TEST(files_can_be_read_where_the_plan_says_so_written_where_it_says_that_and_nothing_else)
{
	struct place place;

	place_make(&place);
	works(read_inside);
	fails(write_inside, EACCES);
	fails(make_inside, EACCES);
	fails(read_outside, EACCES);
	fails(read_above, EACCES);
	fails(read_shadow, EACCES);
	works(write_state);
	works(remove_state);
	works(forbidden_is_told);
	place_end(&place);
}
END_TEST

/* ---- system calls --------------------------------------------------------------------------------------------------------------------- */

static int do_exec(const struct place *place)
{
	char *const argv[] = { NULL };
	(void)place;
	return execve("/bin/true", argv, argv);
}

static int do_ptrace(const struct place *place)
{
	(void)place;
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int do_mount(const struct place *place)
{
	return mount("none", place->state, "tmpfs", 0, NULL);
}

static int do_module(const struct place *place)
{
	(void)place;
	return (int)syscall(SYS_finit_module, 0, "", 0);
}

static int do_bpf(const struct place *place)
{
	(void)place;
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int do_keyctl(const struct place *place)
{
	(void)place;
	return (int)syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static int do_chroot(const struct place *place)
{
	return chroot(place->inside);
}

static int do_unknown(const struct place *place)
{
	(void)place;
	return (int)syscall(1999);
}

static int do_io_uring(const struct place *place)
{
	(void)place;
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int do_fork(const struct place *place)
{
	(void)place;
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid;
}

static void *thread_main(void *arg)
{
	return arg;
}

static int do_thread(const struct place *place)
{
	pthread_t thread;
	(void)place;
	errno = EIO;
	return pthread_create(&thread, NULL, thread_main, NULL) == 0 && pthread_join(thread, NULL) == 0 ? 0 : -1;
}

static int do_map_code(const struct place *place)
{
	(void)place;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int do_map_data(const struct place *place)
{
	(void)place;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int do_make_code(const struct place *place)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)place;
	return page == MAP_FAILED ? 0 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int do_packet_socket(const struct place *place)
{
	(void)place;
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int do_kill(const struct place *place)
{
	(void)place;
	return kill(getppid(), 0);
}

START_TEST(what_only_an_intruder_would_do_ends_the_process)
{
	struct place place;

	place_make(&place);
	dies(do_exec);
	dies(do_ptrace);
	dies(do_mount);
	dies(do_module);
	dies(do_bpf);
	dies(do_keyctl);
	dies(do_chroot);
	place_end(&place);
}
END_TEST

START_TEST(a_call_that_is_not_on_the_list_fails_as_on_a_kernel_without_it)
{
	struct place place;

	place_make(&place);
	fails(do_unknown, ENOSYS);
	fails(do_io_uring, ENOSYS);
	fails(do_fork, ENOSYS);
	fails(do_packet_socket, ENOSYS);
	fails(do_kill, ENOSYS);
	fails(do_map_code, ENOSYS);
	fails(do_make_code, ENOSYS);
	works(do_map_data);
	works(do_thread);
	place_end(&place);
}
END_TEST

static int do_abort(const struct place *place)
{
	(void)place;
	abort();
}

START_TEST(a_failed_assertion_still_ends_in_abort)
{
	struct place place;

	place_make(&place);
	ck_assert_int_eq(WTERMSIG(run_in_sandbox(do_abort, &place)), SIGABRT);
	place_end(&place);
}
END_TEST

/* ---- network ------------------------------------------------------------------------------------------------------------------------- */

static int tcp_bind(uint16_t port)
{
	struct netaddr addr;

	if (netaddr_from_text(&addr, "127.0.0.1", port) != ZT_OK)
		return -1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd < 0 ? -1 : bind(fd, &addr.any, netaddr_len(&addr));
}

static int bind_any_port(const struct place *place)
{
	(void)place;
	return tcp_bind(0);
}

static int bind_a_port(const struct place *place)
{
	(void)place;
	return tcp_bind(2999);
}

START_TEST(tcp_sockets_are_bound_to_ports_of_the_kernels_choice_only)
{
	const char *reason;
	struct place place;

	if (landlock_version(&reason) < 4) {
		printf("# this kernel's Landlock knows no ports\n");
		return;
	}
	place_make(&place);
	works(bind_any_port);
	fails(bind_a_port, EACCES);
	place_end(&place);
}
END_TEST

START_TEST(a_plan_to_stay_outside_is_obeyed_and_reported)
{
	struct sandbox_plan plan;
	struct sandbox_state state;

	sandbox_plan_init(&plan);
	plan.off = "--no-sandbox";
	ck_assert_int_eq(sandbox_enter(&plan, &state), ZT_OK);
	sandbox_plan_fini(&plan);
	ck_assert_str_eq(state.landlock_off, "--no-sandbox");
	ck_assert_str_eq(state.seccomp_off, "--no-sandbox");
	ck_assert(state.landlock_abi == 0 && !state.has_seccomp);
	ck_assert_int_ge(open("/etc/passwd", O_RDONLY | O_CLOEXEC), 0);
}
END_TEST

/* ---- folders and users ------------------------------------------------------------------------------------------------------------------ */

START_TEST(a_set_of_folders_holds_each_once_in_order)
{
	static const char *const files[] = { "/b/x", "/b/y", "/a/b/c", "z", "/top", "/b//q", "/a/b/d", "/b/x" };
	static const char *const expected[] = { ".", "/", "/a/b", "/b", "/c" };
	struct folders folders;

	folders_init(&folders);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		ck_assert_int_eq(folders_add_of(&folders, files[i]), ZT_OK);
	ck_assert_int_eq(folders_add(&folders, "/c///"), ZT_OK);
	ck_assert_int_eq(folders_add(&folders, "/"), ZT_OK);
	ck_assert_uint_eq(folders.count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < folders.count; i++)
		ck_assert_str_eq(folders.items[i], expected[i]);
	folders_fini(&folders);
}
END_TEST

START_TEST(a_user_that_is_not_there_is_named_with_what_to_do)
{
	struct privileges who;
	char error[PRIVILEGES_ERROR_SIZE];

	ck_assert_int_eq(privileges_find(&who, "no-such-user", error), ZT_ENOENT);
	ck_assert_ptr_nonnull(strstr(error, "there is no user \"no-such-user\" on this system"));
	ck_assert_ptr_nonnull(strstr(error, "adduser"));
	ck_assert_int_eq(privileges_find(&who, "root:no-such-group", error), ZT_ENOENT);
	ck_assert_ptr_nonnull(strstr(error, "there is no group \"no-such-group\""));
	ck_assert_int_eq(privileges_find(&who, ":x", error), ZT_EINVAL);
	ck_assert_int_eq(privileges_find(&who, "root:", error), ZT_EINVAL);
	ck_assert_int_eq(privileges_find(&who, NULL, error), ZT_OK);
	ck_assert(!who.is_switched && who.uid == geteuid());
}
END_TEST

static int child_status(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void become_nobody(void)
{
	struct privileges who;
	char error[PRIVILEGES_ERROR_SIZE], caps[256];

	if (privileges_find(&who, "nobody", error) != ZT_OK || !who.is_switched || privileges_become(&who, error) != ZT_OK)
		_exit(1);
	privileges_capabilities(caps, sizeof(caps));
	if (getuid() != who.uid || geteuid() != who.uid || getegid() != who.gid || strcmp(caps, "cap_net_bind_service, cap_net_admin") != 0)
		_exit(2);
	if (tcp_bind(873) != 0 && errno != EADDRINUSE)      /* a low port */
		_exit(3);
	if (privileges_drop(&who, error) != ZT_OK)
		_exit(4);
	privileges_capabilities(caps, sizeof(caps));
	if (strcmp(caps, "none") != 0 || tcp_bind(872) == 0 || errno != EACCES || setuid(0) == 0)
		_exit(5);
}

static void become_another_as_nobody(void)
{
	struct privileges who;
	char error[PRIVILEGES_ERROR_SIZE];

	if (privileges_find(&who, "nobody", error) != ZT_OK || privileges_become(&who, error) != ZT_OK)
		_exit(1);
	if (privileges_find(&who, "root", error) != ZT_EDENIED || !strstr(error, "only root can become another user"))
		_exit(2);
	if (privileges_find(&who, "nobody", error) != ZT_OK || who.is_switched)      /* who one is already */
		_exit(3);
	if (privileges_confine("/tmp", error) == ZT_OK || !strstr(error, "only root can"))
		_exit(4);
}

START_TEST(root_becomes_the_user_keeps_the_right_to_bind_until_it_drops_that_too)
{
	if (geteuid() != 0) {
		printf("# not root: nothing to give up\n");
		return;
	}
	ck_assert_int_eq(child_status(become_nobody), 0);
	ck_assert_int_eq(child_status(become_another_as_nobody), 0);
}
END_TEST

START_TEST(a_folder_given_to_a_user_comes_with_its_files_but_not_with_what_links_lead_to)
{
	struct privileges who;
	struct stat info;
	struct place place;
	char error[PRIVILEGES_ERROR_SIZE], path[160], link_path[160], target[160];

	place_make(&place);
	snprintf(target, sizeof(target), "%s/file", place.outside);
	snprintf(link_path, sizeof(link_path), "%s/link", place.state);
	snprintf(path, sizeof(path), "%s/new", place.state);
	file_make(path);
	ck_assert_int_eq(symlink(target, link_path), 0);
	ck_assert_int_eq(privileges_find(&who, geteuid() == 0 ? "nobody" : NULL, error), ZT_OK);
	ck_assert_int_eq(privileges_own_folder(&who, place.state, error), ZT_OK);
	ck_assert(stat(place.state, &info) == 0 && info.st_uid == who.uid && info.st_gid == who.gid);
	ck_assert(stat(path, &info) == 0 && info.st_uid == who.uid);
	ck_assert(stat(target, &info) == 0 && info.st_uid == geteuid());
	unlink(link_path);
	/* A second name could be that of any file. */
	snprintf(link_path, sizeof(link_path), "%s/second", place.state);
	ck_assert_int_eq(link(target, link_path), 0);
	ck_assert_int_eq(privileges_own_folder(&who, place.state, error), ZT_OK);
	ck_assert(stat(target, &info) == 0 && info.st_uid == geteuid());
	unlink(link_path);
	place_end(&place);
}
END_TEST

static TCase *sandbox_case(void)
{
	const char *reason = sandbox_obstacle();
	TCase *tests = tcase_create("sandbox");

	tcase_add_test(tests, a_plan_to_stay_outside_is_obeyed_and_reported);
	if (reason || landlock_version(&reason) == 0 || !syscalls_can_restrict(&reason)) {
		printf("# no sandbox here: %s\n", reason);
		return tests;
	}
	tcase_add_test(tests, files_can_be_read_where_the_plan_says_so_written_where_it_says_that_and_nothing_else);
	tcase_add_test(tests, what_only_an_intruder_would_do_ends_the_process);
	tcase_add_test(tests, a_call_that_is_not_on_the_list_fails_as_on_a_kernel_without_it);
	tcase_add_test(tests, a_failed_assertion_still_ends_in_abort);
	tcase_add_test(tests, tcp_sockets_are_bound_to_ports_of_the_kernels_choice_only);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *users = tcase_create("users");

	tcase_add_test(users, a_set_of_folders_holds_each_once_in_order);
	tcase_add_test(users, a_user_that_is_not_there_is_named_with_what_to_do);
	tcase_add_test(users, root_becomes_the_user_keeps_the_right_to_bind_until_it_drops_that_too);
	tcase_add_test(users, a_folder_given_to_a_user_comes_with_its_files_but_not_with_what_links_lead_to);
	suite_add_tcase(suite, users);
	suite_add_tcase(suite, sandbox_case());
	return suite_run(suite);
}
