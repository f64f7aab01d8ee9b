/* propest: how long until everyone sees a change? */
#include <signal.h>

#include "tools/propest/cli/cli.h"

int main(int argc, char **argv)
{
	struct options options;
	int status = options_read(&options, argc, argv);

	if (status != ZT_OK)
		return status == ZT_EDONE ? EXIT_OK : EXIT_USAGE;
	/* A vanished gnuplot or server shows as a failed write. */
	signal(SIGPIPE, SIG_IGN);
	return options.command == COMMAND_WATCH ? cli_watch(&options, clock_system()) : cli_estimate(&options, clock_system());
}
