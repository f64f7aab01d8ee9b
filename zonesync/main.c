/* zonesync: compares the copies of a zone at servers and in files. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "lib/base/lab_clock.h"
#include "lib/base/secret_line.h"
#include "lib/xfr/zsync.h"
#include "zonesync/arguments.h"
#include "zonesync/diff.h"
#include "zonesync/pull.h"
#include "zonesync/repair.h"
#include "zonesync/verify.h"
#include "zonesync/verify_file.h"

/* The key that the servers of a group make of their secret, the first line of the file; without a file that of all servers. */
static enum command_exit sync_key_read(struct command *command, const char *path)
{
	char line[1024] = "", error[512];
	FILE *in = path ? fopen(path, "r") : NULL;

	if (!path)
		return zsync_key(NULL, &command->sync_key) == ZT_OK ? COMMAND_OK : command_failed(command, status_text(ZT_ENOMEM));
	if (!in) {
		snprintf(error, sizeof(error), "--sync-secret-file: cannot open %.300s: %s", path, strerror(errno));
		return command_wrong(error);
	}
	secret_line_read(in, line, sizeof(line));
	fclose(in);
	if (strlen(line) < ZSYNC_SECRET_LEAST)
		return command_wrong("--sync-secret-file: no secret in the file, expected a line of at least 16 characters");
	int status = zsync_key(line, &command->sync_key);
	sodium_memzero(line, sizeof(line));
	return status == ZT_OK ? COMMAND_OK : command_failed(command, status_text(status));
}

static enum command_exit run(const struct arguments *arguments)
{
	struct secure_rng rng;
	struct command command = {
		.operands = { arguments->operands[0], arguments->operands[1] }, .output = arguments->output, .json = arguments->json, .full = arguments->full, .report = arguments->report,
		.loader = { .clock = clock_of_environment(), .rng = &rng, .timeout = arguments->timeout, .tsig = arguments->key },
	};

	if (!command.loader.clock) {
		lab_clock_complain("zonesync");
		return COMMAND_WRONG;
	}
	if (sodium_init() < 0)
		return command_failed(&command, "libsodium does not start; is /dev/urandom there?");
	signal(SIGPIPE, SIG_IGN);      /* a server that goes away shows as the stream's end */
	secure_rng_init(&rng);
	if (sync_key_read(&command, arguments->secret_file) != COMMAND_OK)
		return COMMAND_WRONG;
	secure_rng_fill(&rng, command.loader.key.bytes, sizeof(command.loader.key.bytes));
	switch (arguments->command) {
	case ARGUMENTS_VERIFY: return verify_run(&command);
	case ARGUMENTS_DIFF: return diff_run(&command);
	case ARGUMENTS_REPAIR: return repair_run(&command);
	case ARGUMENTS_PULL: return pull_run(&command);
	case ARGUMENTS_VERIFY_FILE: return verify_file_run(&command);
	}
	return COMMAND_WRONG;
}

int main(int argc, char **argv)
{
	struct arguments arguments;

	enum command_exit end = COMMAND_OK;

	arguments_parse(&arguments, argc, argv);
	switch (arguments.action) {
	case ARGUMENTS_HELP: arguments_write_help(stdout); break;
	case ARGUMENTS_VERSION: puts("zonesync (zonetide) " PACKAGE_VERSION "\nbuilt with " ZT_BUILD_FEATURES); break;
	case ARGUMENTS_WRONG: end = command_wrong(arguments.error); break;
	case ARGUMENTS_RUN: end = run(&arguments); break;
	}
	tsig_key_release(arguments.key);
	return end != COMMAND_OK || fflush(stdout) == 0 ? end : COMMAND_FAILED;
}
