/* Signals that ask zonelab to end. */
#include "tools/zonelab/lab/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* Those that the caller did not choose to ignore: ignoring does not hold for a blocked signal. */
static sigset_t held(void)
{
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	return set;
}

void interrupt_hold(void)
{
	sigset_t set = held();

	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool interrupt_is_waiting(void)
{
	sigset_t waiting;

	sigpending(&waiting);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (sigismember(&waiting, numbers[i]))
			return true;
	}
	return false;
}

int interrupt_open(void)
{
	sigset_t set = held();
	return signalfd(-1, &set, SFD_CLOEXEC);
}

void interrupt_take(void)
{
	sigset_t interrupt;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	while (sigtimedwait(&interrupt, NULL, &(struct timespec){ 0 }) > 0)
		continue;
}

void interrupt_release(void)
{
	sigset_t set = held();
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
