/* resolverd's command line. */
#include "resolverd/resolverd.h"
#include "lib/base/daemon.h"

static int read_options(void **options, const char *path, struct buf *errors)
{
	struct resolverd_options *read = NULL;
	int status = options_read(&read, path, errors);
	*options = read;
	return status;
}

static void free_options(void *options)
{
	options_free(options);
}

static int open_daemon(void **daemon, void *options, struct log *log)
{
	struct resolverd *resolverd = NULL;
	int status = resolverd_open(&resolverd, options, log);
	*daemon = resolverd;
	return status;
}

static int run_daemon(void *daemon)
{
	return resolverd_run(daemon);
}

static void close_daemon(void *daemon)
{
	resolverd_close(daemon);
}

int main(int argc, char **argv)
{
	const struct daemon_kind kind = {
		.name = "resolverd",
		.purpose = "Resolves DNS names for others, and remembers.",
		.reloads = "the configuration",
		.options_read = read_options,
		.options_free = free_options,
		.open = open_daemon,
		.run = run_daemon,
		.close = close_daemon,
	};
	return daemon_main(&kind, argc, argv);
}
