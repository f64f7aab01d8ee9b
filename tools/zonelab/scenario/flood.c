/* A flood of questions. */
#include "tools/zonelab/scenario/flood.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dns/rrtype.h"
#include "lib/dns/writer.h"
#include "tools/zonelab/lab/door.h"

enum { QUERY_SIZE = 512, BATCH_MAX = 64 };

struct flood {
	int fd;
	const struct netaddr *to;
	const uint8_t *name;
	const struct clock *clock;
	usec_t span;               /* real time */
	double per_usec;           /* questions, in real time */
};

/* The n-th question; 0 bytes where the name leaves no room for a label of its own. */
static size_t question_write(const struct flood *flood, uint64_t n, uint8_t out[QUERY_SIZE])
{
	char label[24];
	uint8_t prefix[24], name[NAME_MAX_LEN];
	struct message_writer writer;

	prefix[0] = (uint8_t)snprintf(label, sizeof(label), "f%llu", (unsigned long long)n);
	memcpy(prefix + 1, label, prefix[0]);
	message_writer_init(&writer, out, QUERY_SIZE, (uint16_t)n, 0);
	if (name_join(name, prefix, (size_t)prefix[0] + 1, flood->name) != ZT_OK || message_write_question(&writer, name, TYPE_A, CLASS_IN) != ZT_OK)
		return 0;
	return message_writer_finish(&writer);
}

/* Nobody is interested in the answers; they are read so that the node's own kernel is no bottleneck. What can't be sent is lost, as in any flood. */
static void flood_run(const struct flood *flood)
{
	usec_t start = clock_now(flood->clock), now;
	uint8_t out[QUERY_SIZE], in[4096];
	uint64_t sent = 0;

	while ((now = clock_now(flood->clock)) - start < flood->span) {
		uint64_t wanted = (uint64_t)((double)(now - start) * flood->per_usec);
		for (unsigned i = 0; i < BATCH_MAX && sent < wanted; i++) {
			size_t len = question_write(flood, sent++, out);
			if (len == 0 || send(flood->fd, out, len, MSG_DONTWAIT) < 0)
				continue;
		}
		while (recv(flood->fd, in, sizeof(in), MSG_DONTWAIT) > 0)
			continue;
		if (sent >= wanted)
			poll(NULL, 0, 1);
	}
}

int flood_start(const struct lab *lab, const struct step *step, const struct lab_time *time, pid_t *pid)
{
	const struct topology_node *target = step->nodes[0];
	struct flood flood = {
		.to = &target->address, .name = step->flood_name, .clock = time->clock, .span = lab_time_real(time, step->flood_for),
		.per_usec = step->flood_rate * time->speed / USEC_PER_SEC,
	};
	int status = door_open(lab, step->from, SOCK_DGRAM, &flood.fd);

	if (status != ZT_OK)
		return status;
	if (connect(flood.fd, &flood.to->any, netaddr_len(flood.to)) != 0)
		status = ZT_ESYSTEM;
	*pid = status == ZT_OK ? fork() : -1;
	if (*pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
			flood_run(&flood);
		_exit(0);
	}
	close(flood.fd);
	return *pid > 0 ? ZT_OK : ZT_ESYSTEM;
}
