/* What the daemons' main functions share. */
#include "lib/base/daemon.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "lib/base/lab_clock.h"
#include "lib/base/status.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct arguments {
	const char *config;
	bool check_only;
	bool no_sandbox;
	bool json;
	enum log_level level;
	const struct clock *clock;
	int exit_code;      /* -1: go on */
};

static void usage(const struct daemon_kind *kind)
{
	printf("usage: %s -c FILE [-t] [--log-format text|json] [--log-level error|warning|notice|info|debug]%s\n"
	       "       %s -V | -h\n"
	       "\n"
	       "%s Stays in the foreground and logs to standard error.\n"
	       "  -c FILE               configuration (%s.yaml)\n"
	       "  -t                    check the configuration and exit\n"
	       "  --log-format FORMAT   text (default) or json\n"
	       "  --log-level LEVEL     least important messages to log (default info)\n"
	       "%s"
	       "  -V                    version and build\n"
	       "  -h                    this help\n"
	       "Signals: SIGHUP reloads %s, SIGTERM stops.\n", kind->name, kind->sandbox_off ? " [--no-sandbox]" : "", kind->name,
	       kind->purpose, kind->name, kind->sandbox_off ? "  --no-sandbox          leave files and system calls to the process as they are\n" : "", kind->reloads);
}

static int usage_error(const struct daemon_kind *kind, const char *what, const char *argument)
{
	fprintf(stderr, "%s: %s%s; see %s -h\n", kind->name, what, argument, kind->name);
	return EXIT_USAGE;
}

static struct arguments arguments_parse(const struct daemon_kind *kind, int argc, char **argv)
{
	struct arguments args = { .level = LOG_LEVEL_INFO, .clock = clock_of_environment(), .exit_code = -1 };

	for (int i = 1; i < argc && args.exit_code < 0; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			usage(kind);
			args.exit_code = EXIT_OK;
		} else if (strcmp(argv[i], "-V") == 0 || strcmp(argv[i], "--version") == 0) {
			printf("%s (zonetide) %s\nbuilt with %s\n", kind->name, PACKAGE_VERSION, ZT_BUILD_FEATURES);
			args.exit_code = EXIT_OK;
		} else if (strcmp(argv[i], "-t") == 0) {
			args.check_only = true;
		} else if (strcmp(argv[i], "--no-sandbox") == 0 && kind->sandbox_off) {
			args.no_sandbox = true;
		} else if (strcmp(argv[i], "-c") == 0 && value) {
			args.config = argv[++i];
		} else if (strcmp(argv[i], "--log-format") == 0 && value && (strcmp(value, "json") == 0 || strcmp(value, "text") == 0)) {
			args.json = strcmp(argv[++i], "json") == 0;
		} else if (strcmp(argv[i], "--log-level") == 0 && value && log_level_from_text(value, &args.level)) {
			i++;
		} else if (value && argv[i][0] == '-' && (strncmp(argv[i], "--log", 5) == 0)) {
			args.exit_code = usage_error(kind, "bad value for ", argv[i]);
		} else {
			args.exit_code = usage_error(kind, "cannot use argument ", argv[i]);
		}
	}
	if (args.exit_code < 0 && !args.config)
		args.exit_code = usage_error(kind, "a configuration is needed: -c FILE", "");
	return args;
}

static bool configuration_read(const struct daemon_kind *kind, void **options, const char *path)
{
	struct buf errors;

	buf_init(&errors);
	int status = kind->options_read(options, path, &errors);
	if (errors.len > 0)
		fwrite(errors.data, 1, errors.len, stderr);
	else if (status != ZT_OK)
		fprintf(stderr, "%s: cannot read %s: %s\n", kind->name, path, status_text(status));
	buf_fini(&errors);
	return status == ZT_OK;
}

static void log_begin(struct log *log, const struct daemon_kind *kind, const struct arguments *args)
{
	char now[WALL_TEXT_SIZE];

	log_init(log, STDERR_FILENO, kind->name);
	log->json = args->json;
	log->level = args->level;
	log->clock = args->clock;
	if (log->clock->speed > 1)
		log_warn(log, "a lab's clock (" LAB_CLOCK_VARIABLE "): %d times as fast as real time, now %s; not for production", log->clock->speed,
			 wall_to_text(clock_wall(log->clock), now));
}

int daemon_main(const struct daemon_kind *kind, int argc, char **argv)
{
	struct arguments args = arguments_parse(kind, argc, argv);
	void *options = NULL, *daemon = NULL;
	struct log log;

	if (args.exit_code >= 0)
		return args.exit_code;
	if (sodium_init() < 0) {
		fprintf(stderr, "%s: libsodium does not start; is /dev/urandom there?\n", kind->name);
		return EXIT_FAILED;
	}
	if (!args.clock) {
		lab_clock_complain(kind->name);
		return EXIT_USAGE;
	}
	if (!configuration_read(kind, &options, args.config))
		return EXIT_USAGE;
	if (args.check_only) {
		kind->options_free(options);
		return EXIT_OK;
	}
	if (args.no_sandbox)
		kind->sandbox_off(options);
	log_begin(&log, kind, &args);
	signal(SIGPIPE, SIG_IGN);      /* a client that goes away shows as an error of the write */
	int status = kind->open(&daemon, options, &log);
	if (status == ZT_OK)
		status = kind->run(daemon);
	kind->close(daemon);
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}
