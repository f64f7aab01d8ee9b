/* How late the lab's switch is: datagrams between real nodes at a steady pace, from the moment before each is sent to its arrival in the receiver's kernel,
 * less the delay that the weather says. One process sends, one receives, and this one is the switch.
 *
 *	bench_switch NODES PACKETS_PER_SECOND SECONDS DELAY_US        a line of JSON; packets per second 0 = idle */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/zonelab/weather/fabric.h"
#include "tools/zonelab/weather/nodenet.h"

enum { NODES_MAX = 1000, PAYLOAD = 100, PORT = 53 };

struct bench {
	unsigned nodes, rate, seconds;
	usec_t delay;
	struct space space;
	struct fabric *fabric;
	struct netaddr addresses[NODES_MAX];
	int sockets[NODES_MAX];
};

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int node_up(struct bench *bench, unsigned i, char reason[SPACE_REASON_SIZE])
{
	struct nodenet net;
	char text[32];
	int on = 1, room = 1 << 20;

	snprintf(text, sizeof(text), "10.53.%u.%u", i / 250, i % 250 + 1);
	if (netaddr_from_text(&bench->addresses[i], text, PORT) != ZT_OK)
		return ZT_EINVAL;
	const struct nodenet_config config = { .addresses = &bench->addresses[i], .address_count = 1, .mtu = NODENET_MTU };
	int status = nodenet_make(&bench->space, &config, &net, reason);
	if (status == ZT_OK)
		status = fabric_attach(bench->fabric, i, net.tun, config.addresses, 1);
	if (status == ZT_OK)
		status = space_socket(&bench->space, net.netns, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, &bench->sockets[i]);
	if (status != ZT_OK)
		return status;
	setsockopt(bench->sockets[i], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	setsockopt(bench->sockets[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	close(net.netns);
	return bind(bench->sockets[i], &bench->addresses[i].any, netaddr_len(&bench->addresses[i])) < 0 ? ZT_ESYSTEM : ZT_OK;
}

static int lab_up(struct bench *bench, char reason[SPACE_REASON_SIZE])
{
	const struct fabric_config config = { .clock = clock_system(), .nodes = bench->nodes, .mtu = NODENET_MTU, .seed = 1 };
	const struct weather weather = { .delay = bench->delay };

	space_init(&bench->space);
	int status = space_enter(&bench->space, SPACE_NET, reason);
	if (status == ZT_OK)
		status = fabric_new(&bench->fabric, &config);
	for (unsigned i = 0; status == ZT_OK && i < bench->nodes; i++)
		status = node_up(bench, i, reason);
	if (status == ZT_OK)
		status = fabric_set_weather(bench->fabric, SWITCH_ANY, SWITCH_ANY, &weather);
	return status == ZT_OK ? fabric_start(bench->fabric) : status;
}

/* A packet each 1/rate seconds, from node to node in turn; behind its time it catches up at once. */
static void send_all(const struct bench *bench)
{
	uint8_t payload[PAYLOAD] = { 0 };
	int64_t begin = now_ns(CLOCK_MONOTONIC), count = (int64_t)bench->rate * bench->seconds;

	for (int64_t i = 0; i < count; i++) {
		int64_t due = begin + i * 1000000000 / bench->rate;
		if (due > now_ns(CLOCK_MONOTONIC))
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){ due / 1000000000, due % 1000000000 }, NULL);
		unsigned from = (unsigned)(i % bench->nodes), to = (unsigned)((i * 7 + 1) % bench->nodes);
		if (to == from)
			to = (to + 1) % bench->nodes;
		int64_t sent = now_ns(CLOCK_REALTIME);
		memcpy(payload, &sent, sizeof(sent));
		sendto(bench->sockets[from], payload, sizeof(payload), 0, &bench->addresses[to].any, sizeof(bench->addresses[to].v4));
	}
	_exit(0);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static int64_t arrival_ns(struct msghdr *message)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec ts;
			memcpy(&ts, CMSG_DATA(cmsg), sizeof(ts));
			return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
		}
	}
	return 0;
}

static bool receive_one(int fd, int64_t *late_ns)
{
	uint8_t payload[PAYLOAD];
	_Alignas(struct cmsghdr) uint8_t control[128];
	struct iovec iov = { payload, sizeof(payload) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int64_t sent;

	if (recvmsg(fd, &message, 0) != PAYLOAD)
		return false;
	memcpy(&sent, payload, sizeof(sent));
	*late_ns = arrival_ns(&message) - sent;
	return true;
}

/* Until nothing came for a second behind the longest delay. Writes the sorted lateness to the pipe. */
static void receive_all(const struct bench *bench, int out)
{
	size_t room = (size_t)bench->rate * bench->seconds + 1, count = 0;
	int64_t *late = malloc(room * sizeof(*late));
	int epoll = epoll_create1(0), ready;
	struct epoll_event events[64];

	for (unsigned i = 0; i < bench->nodes; i++)
		epoll_ctl(epoll, EPOLL_CTL_ADD, bench->sockets[i], &(struct epoll_event){ .events = EPOLLIN, .data.fd = bench->sockets[i] });
	while ((ready = epoll_wait(epoll, events, 64, 1000 + (int)(bench->delay / 1000))) > 0) {
		for (int i = 0; i < ready; i++)
			while (count < room && receive_one(events[i].data.fd, &late[count]))
				late[count++] -= bench->delay * 1000;
	}
	qsort(late, count, sizeof(*late), compare);
	const double result[5] = {
		(double)count, count ? (double)late[count / 2] / 1000 : 0, count ? (double)late[count * 99 / 100] / 1000 : 0,
		count ? (double)late[0] / 1000 : 0, count ? (double)late[count - 1] / 1000 : 0,
	};
	_exit(write(out, result, sizeof(result)) == (ssize_t)sizeof(result) ? 0 : 1);
}

static double cpu_s(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int measure(struct bench *bench)
{
	int ends[2];
	double result[5] = { 0 }, cpu = cpu_s();
	int64_t begin = now_ns(CLOCK_MONOTONIC);

	if (bench->rate == 0) {
		sleep(bench->seconds);
	} else {
		if (pipe(ends) < 0)
			return 1;
		pid_t receiver = fork();
		if (receiver == 0)
			receive_all(bench, ends[1]);
		pid_t sender = fork();
		if (sender == 0)
			send_all(bench);
		waitpid(sender, NULL, 0);
		/* What the switch has used while it was busy. */
		cpu = cpu_s() - cpu;
		begin = now_ns(CLOCK_MONOTONIC) - begin;
		if (read(ends[0], result, sizeof(result)) != (ssize_t)sizeof(result))
			return 1;
		waitpid(receiver, NULL, 0);
	}
	if (bench->rate == 0) {
		cpu = cpu_s() - cpu;
		begin = now_ns(CLOCK_MONOTONIC) - begin;
	}
	struct switch_counts counts;
	size_t under_way;
	fabric_counts(bench->fabric, &counts, &under_way);
	printf("{\"nodes\": %u, \"rate\": %u, \"reached\": %.0f, \"delay_us\": %lld, \"sent\": %llu, \"arrived\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
	       "\"min_us\": %.1f, \"max_us\": %.1f, \"cpu\": %.4f}\n",
	       bench->nodes, bench->rate, (double)bench->rate * bench->seconds / ((double)begin / 1e9), (long long)bench->delay,
	       (unsigned long long)counts.received, result[0], result[1], result[2], result[3], result[4], cpu / ((double)begin / 1e9));
	return 0;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	char reason[SPACE_REASON_SIZE] = "";

	if (argc != 5) {
		fprintf(stderr, "usage: %s NODES PACKETS_PER_SECOND SECONDS DELAY_US\n", argv[0]);
		return 2;
	}
	bench.nodes = (unsigned)strtoul(argv[1], NULL, 10);
	bench.rate = (unsigned)strtoul(argv[2], NULL, 10);
	bench.seconds = (unsigned)strtoul(argv[3], NULL, 10);
	bench.delay = strtol(argv[4], NULL, 10);
	if (bench.nodes < 2 || bench.nodes > NODES_MAX || bench.seconds == 0) {
		fprintf(stderr, "2 to %d nodes, at least a second\n", NODES_MAX);
		return 2;
	}
	int status = lab_up(&bench, reason);
	if (status != ZT_OK)
		fprintf(stderr, "%s: no lab: %s %s\n", argv[0], status_text(status), reason);
	int result = status == ZT_OK ? measure(&bench) : 1;
	fabric_free(bench.fabric);
	space_end(&bench.space);
	return result;
}
