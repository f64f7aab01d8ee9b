/* zonesync: compares the copies of a zone at servers and in files. */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>

#include "config.h"
#include "zonesync/arguments.h"
#include "zonesync/diff.h"
#include "zonesync/pull.h"
#include "zonesync/verify.h"
#include "zonesync/verify_file.h"

static enum command_exit run(const struct arguments *arguments)
{
	struct secure_rng rng;
	struct command command = {
		.operands = { arguments->operands[0], arguments->operands[1] }, .output = arguments->output, .json = arguments->json,
		.loader = { .clock = clock_system(), .rng = &rng, .timeout = arguments->timeout },
	};

	if (sodium_init() < 0)
		return command_failed(&command, "libsodium does not start; is /dev/urandom there?");
	signal(SIGPIPE, SIG_IGN);      /* a server that goes away shows as the stream's end */
	secure_rng_init(&rng);
	/* A key of this run: nobody who serves a zone can aim at a fingerprint. */
	secure_rng_fill(&rng, command.loader.key.bytes, sizeof(command.loader.key.bytes));
	switch (arguments->command) {
	case ARGUMENTS_VERIFY: return verify_run(&command);
	case ARGUMENTS_DIFF: return diff_run(&command);
	case ARGUMENTS_PULL: return pull_run(&command);
	case ARGUMENTS_VERIFY_FILE: return verify_file_run(&command);
	}
	return COMMAND_WRONG;
}

int main(int argc, char **argv)
{
	struct arguments arguments;

	arguments_parse(&arguments, argc, argv);
	switch (arguments.action) {
	case ARGUMENTS_HELP: arguments_write_help(stdout); break;
	case ARGUMENTS_VERSION: puts("zonesync (zonetide) " PACKAGE_VERSION "\nbuilt with " ZT_BUILD_FEATURES); break;
	case ARGUMENTS_WRONG: return command_wrong(arguments.error);
	case ARGUMENTS_RUN: return run(&arguments);
	}
	return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
}
