/* authd's command line. */
#include "authd/authd.h"
#include "lib/base/daemon.h"

static int read_options(void **options, const char *path, struct buf *errors)
{
	struct authd_options *read = NULL;
	int status = options_read(&read, path, errors);
	*options = read;
	return status;
}

static void free_options(void *options)
{
	options_free(options);
}

static void sandbox_off(void *options)
{
	((struct authd_options *)options)->no_sandbox = true;
}

static int open_daemon(void **daemon, void *options, struct log *log)
{
	struct authd *authd = NULL;
	int status = authd_open(&authd, options, log);
	*daemon = authd;
	return status;
}

static int run_daemon(void *daemon)
{
	return authd_run(daemon);
}

static void close_daemon(void *daemon)
{
	authd_close(daemon);
}

int main(int argc, char **argv)
{
	const struct daemon_kind kind = {
		.name = "authd",
		.purpose = "Serves DNS zones.",
		.reloads = "the configuration and the zone files",
		.options_read = read_options,
		.options_free = free_options,
		.sandbox_off = sandbox_off,
		.open = open_daemon,
		.run = run_daemon,
		.close = close_daemon,
	};
	return daemon_main(&kind, argc, argv);
}
