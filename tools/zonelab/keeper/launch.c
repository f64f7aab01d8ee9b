/* Making a keeper. */
#include "tools/zonelab/keeper/launch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/zonelab/lab/interrupt.h"

/* What the caller's shell happened to have open is not held open by a lab. */
static void descriptors_close(int first, int second)
{
	unsigned a = (unsigned)(first < second ? first : second), b = (unsigned)(first < second ? second : first);

	if (a > 3)
		close_range(3, a - 1, 0);
	if (b > a + 1)
		close_range(a + 1, b - 1, 0);
	close_range(b + 1, UINT_MAX, 0);
}

static void keeper_be(struct lab *lab, int report, const struct keeper_part *parts, size_t part_count)
{
	descriptors_close(report, lab->lock);
	int status = keeper_run(lab, report, parts, part_count);
	lab_free(lab);
	fflush(NULL);
	_exit(status == ZT_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Waits for the keeper's word; ZT_ECLOSED without one. */
static int word_wait(const struct launched *launched)
{
	int interrupts = interrupt_open();
	struct pollfd wait[] = { { .fd = launched->report, .events = POLLIN }, { .fd = interrupts, .events = POLLIN } };
	char word = 0;

	while (poll(wait, 2, -1) < 0 && errno == EINTR)
		continue;
	bool is_ready = wait[0].revents != 0 && read(launched->report, &word, 1) == 1 && word == KEEPER_READY;
	if (!is_ready && wait[0].revents == 0)
		fputs("zonelab: interrupted; what was started is ended again\n", stderr);
	if (interrupts >= 0)
		close(interrupts);
	return is_ready ? ZT_OK : ZT_ECLOSED;
}

int launch(struct lab *lab, const struct keeper_part *parts, size_t part_count, struct launched *launched)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		perror("zonelab: cannot make a keeper for the lab");
		return ZT_ESYSTEM;
	}
	fflush(NULL);
	*launched = (struct launched){ .report = ends[0], .pid = fork() };
	if (launched->pid == 0)
		keeper_be(lab, ends[1], parts, part_count);
	close(ends[1]);
	if (launched->pid < 0) {
		perror("zonelab: cannot make a keeper for the lab");
		close(ends[0]);
		return ZT_ESYSTEM;
	}
	int status = word_wait(launched);
	if (status != ZT_OK)
		launch_end(launched);
	return status;
}

void launch_leave(struct launched *launched)
{
	const char word = KEEPER_DETACH;

	if (write(launched->report, &word, 1) != 1)
		fputs("zonelab: the lab has ended meanwhile; keeper.log in its folder says why\n", stderr);
	close(launched->report);
}

void launch_end(struct launched *launched)
{
	int wait_status = 0;

	close(launched->report);
	while (waitpid(launched->pid, &wait_status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(wait_status))      /* it could not say so */
		fprintf(stderr, "zonelab: the lab's keeper, process %ld, was ended by signal %d\n", (long)launched->pid, WTERMSIG(wait_status));
}
