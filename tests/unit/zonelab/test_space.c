/* Real namespaces, TUN devices and packets: three nodes and the switch between them. Skipped where the kernel or the user lacks what it takes.
 * Each test is a process of its own (Check forks), which is what entering namespaces needs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/suite.h"
#include "tools/zonelab/weather/fabric.h"
#include "tools/zonelab/weather/nodenet.h"

enum { NODES = 3, PATIENCE_MS = 10000 };

struct lab {
	struct space space;
	struct nodenet nodes[NODES];
	struct netaddr v4[NODES], v6[NODES];
	struct fabric *fabric;
};

static struct netaddr address(const char *text)
{
	struct netaddr addr;
	ck_assert_int_eq(netaddr_from_text(&addr, text, 53), ZT_OK);
	return addr;
}

static void lab_up(struct lab *lab)
{
	char reason[SPACE_REASON_SIZE] = "";
	struct fabric_config config = { .clock = clock_system(), .nodes = NODES, .mtu = NODENET_MTU, .seed = 1 };

	space_init(&lab->space);
	ck_assert_msg(space_enter(&lab->space, SPACE_NET, reason) == ZT_OK, "%s", reason);
	ck_assert_int_eq(fabric_new(&lab->fabric, &config), ZT_OK);
	for (unsigned i = 0; i < NODES; i++) {
		char text[64];
		snprintf(text, sizeof(text), "10.53.0.%u", i + 1);
		lab->v4[i] = address(text);
		snprintf(text, sizeof(text), "fd53::%u", i + 1);
		lab->v6[i] = address(text);
		const struct netaddr both[2] = { lab->v4[i], lab->v6[i] };
		const struct nodenet_config node = { .addresses = both, .address_count = 2, .mtu = NODENET_MTU };
		ck_assert_msg(nodenet_make(&lab->space, &node, &lab->nodes[i], reason) == ZT_OK, "%s", reason);
		ck_assert_int_eq(fabric_attach(lab->fabric, i, lab->nodes[i].tun, both, 2), ZT_OK);
	}
	ck_assert_int_eq(fabric_start(lab->fabric), ZT_OK);
}

static void lab_down(struct lab *lab)
{
	fabric_free(lab->fabric);
	for (unsigned i = 0; i < NODES; i++)
		close(lab->nodes[i].netns);
	space_end(&lab->space);
}

static int door(struct lab *lab, unsigned node, int family, int type)
{
	int fd;
	ck_assert_int_eq(space_socket(&lab->space, lab->nodes[node].netns, family, type, &fd), ZT_OK);
	return fd;
}

static int server(struct lab *lab, unsigned node, const struct netaddr *addr, int type)
{
	int fd = door(lab, node, addr->family, type);
	ck_assert_msg(bind(fd, &addr->any, netaddr_len(addr)) == 0, "port 53: %s", strerror(errno));
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	return poll(&pollfd, 1, timeout_ms) == 1;
}

/* One datagram there and back; false when it did not arrive within timeout_ms. */
static bool datagram_passes(int client, int at, const struct netaddr *to, int timeout_ms)
{
	char text[1400] = "hello", got[2000];
	struct netaddr from;
	socklen_t from_len = sizeof(from.v6);

	ck_assert_int_eq(sendto(client, text, sizeof(text), 0, &to->any, netaddr_len(to)), sizeof(text));
	if (!readable(at, timeout_ms))
		return false;
	ck_assert_int_eq(recvfrom(at, got, sizeof(got), 0, &from.any, &from_len), sizeof(text));
	ck_assert_int_eq(sendto(at, got, 5, 0, &from.any, from_len), 5);
	return readable(client, timeout_ms) && recv(client, got, sizeof(got), 0) == 5;
}

START_TEST(datagrams_and_connections_of_both_families_pass_between_nodes)
{
	struct lab lab;

	lab_up(&lab);
	for (unsigned round = 0; round < 2; round++) {
		const struct netaddr *to = round ? &lab.v6[1] : &lab.v4[1];
		int at = server(&lab, 1, to, SOCK_DGRAM), client = door(&lab, 0, to->family, SOCK_DGRAM);
		ck_assert(datagram_passes(client, at, to, PATIENCE_MS));
		close(client);
		close(at);

		int listener = server(&lab, 1, to, SOCK_STREAM), stream = door(&lab, 2, to->family, SOCK_STREAM);
		ck_assert_msg(connect(stream, &to->any, netaddr_len(to)) == 0, "connect: %s", strerror(errno));
		struct netaddr from;
		socklen_t from_len = sizeof(from.v6);
		int accepted = accept(listener, &from.any, &from_len);
		ck_assert(netaddr_ip_equal(&from, round ? &lab.v6[2] : &lab.v4[2]));
		char block[100000], got[100000];
		memset(block, 'x', sizeof(block));
		ck_assert_int_eq(write(stream, block, sizeof(block)), sizeof(block));
		ck_assert_int_eq(recv(accepted, got, sizeof(got), MSG_WAITALL), sizeof(got));
		ck_assert_mem_eq(block, got, sizeof(got));
		close(accepted);
		close(stream);
		close(listener);
	}
	struct switch_counts counts;
	size_t under_way;
	fabric_counts(lab.fabric, &counts, &under_way);
	ck_assert_uint_gt(counts.fates[FATE_DELIVERED], 100);
	ck_assert_uint_gt(counts.bytes, 200000);
	lab_down(&lab);
}
END_TEST

START_TEST(weather_changes_while_packets_run)
{
	struct lab lab;
	const struct clock *clock = clock_system();
	const struct weather slow = { .delay = 40 * USEC_PER_MSEC }, cut = { .cut = true }, fine = { .delay = 0 };

	lab_up(&lab);
	int at = server(&lab, 1, &lab.v4[1], SOCK_DGRAM), client = door(&lab, 0, AF_INET, SOCK_DGRAM);
	ck_assert_int_eq(fabric_set_weather(lab.fabric, 0, 1, &slow), ZT_OK);
	usec_t begin = clock_now(clock);
	ck_assert(datagram_passes(client, at, &lab.v4[1], PATIENCE_MS));
	ck_assert_int_ge(clock_now(clock) - begin, slow.delay);
	/* One direction is enough: the answer is lost. */
	ck_assert_int_eq(fabric_set_weather(lab.fabric, 1, SWITCH_ANY, &cut), ZT_OK);
	ck_assert(!datagram_passes(client, at, &lab.v4[1], 200));
	ck_assert_int_eq(fabric_set_weather(lab.fabric, SWITCH_ANY, SWITCH_ANY, &fine), ZT_OK);
	ck_assert(datagram_passes(client, at, &lab.v4[1], PATIENCE_MS));
	/* Weather that was never there while packets passed. */
	fabric_hold(lab.fabric);
	ck_assert_int_eq(fabric_set_weather(lab.fabric, 0, 2, &cut), ZT_OK);
	ck_assert(!datagram_passes(client, at, &lab.v4[1], 50));
	ck_assert_int_eq(fabric_set_weather(lab.fabric, 0, 1, &cut), ZT_OK);
	fabric_release(lab.fabric);
	ck_assert(!readable(at, 100));
	struct switch_counts counts;
	fabric_link_counts(lab.fabric, 0, 1, &counts);
	ck_assert_uint_eq(counts.fates[FATE_CUT], 1);
	fabric_link_counts(lab.fabric, 1, 0, &counts);
	ck_assert_uint_eq(counts.fates[FATE_CUT], 1);
	ck_assert_uint_eq(counts.fates[FATE_DELIVERED], 2);
	close(client);
	close(at);
	lab_down(&lab);
}
END_TEST

START_TEST(a_narrow_link_fragments_datagrams_and_tells_connections_their_mtu)
{
	struct lab lab;
	const struct weather narrow = { .mtu = 1280 };
	int off = 0;

	lab_up(&lab);
	ck_assert_int_eq(fabric_set_weather(lab.fabric, SWITCH_ANY, SWITCH_ANY, &narrow), ZT_OK);
	int at = server(&lab, 1, &lab.v4[1], SOCK_DGRAM), client = door(&lab, 0, AF_INET, SOCK_DGRAM);
	/* Without "don't fragment" the datagram of 1,400 bytes comes in two fragments; the node puts them together. */
	ck_assert_int_eq(setsockopt(client, IPPROTO_IP, IP_MTU_DISCOVER, &off, sizeof(off)), 0);
	ck_assert(datagram_passes(client, at, &lab.v4[1], PATIENCE_MS));
	struct switch_counts counts;
	fabric_link_counts(lab.fabric, 0, 1, &counts);
	ck_assert_uint_eq(counts.fates[FATE_TOO_BIG], 1);
	ck_assert_uint_eq(counts.fates[FATE_DELIVERED], 2);
	/* TCP sends with "don't fragment", and learns from the ICMP error. */
	for (unsigned round = 0; round < 2; round++) {
		const struct netaddr *to = round ? &lab.v6[1] : &lab.v4[1];
		int listener = server(&lab, 1, to, SOCK_STREAM), stream = door(&lab, 2, to->family, SOCK_STREAM);
		ck_assert_int_eq(connect(stream, &to->any, netaddr_len(to)), 0);
		int accepted = accept(listener, NULL, NULL);
		char block[20000] = "", got[20000];
		ck_assert_int_eq(write(stream, block, sizeof(block)), sizeof(block));
		ck_assert_int_eq(recv(accepted, got, sizeof(got), MSG_WAITALL), sizeof(got));
		close(accepted);
		close(stream);
		close(listener);
	}
	fabric_link_counts(lab.fabric, 2, 1, &counts);
	ck_assert_uint_gt(counts.fates[FATE_TOO_BIG], 1);
	close(client);
	close(at);
	lab_down(&lab);
}
END_TEST

/* A transfer over TCP port 53: the question and so many answers of 1,000 bytes each. They are no zone, so it is the connection's end that ends it. */
static void transfer(struct lab *lab, unsigned answers)
{
	static const uint8_t question[] = "\0\x1e\0\7\0\0\0\1\0\0\0\0\0\0\4shop\7example\0\0\xfc\0\1", head[] = "\x3\xe8\0\7\x84\0\0\0\0\2\0\0\0\0";
	uint8_t got[sizeof(question) - 1], answer[1002] = { 0 };
	int listener = server(lab, 1, &lab->v4[1], SOCK_STREAM), stream = door(lab, 0, AF_INET, SOCK_STREAM);

	memcpy(answer, head, sizeof(head) - 1);
	ck_assert_int_eq(connect(stream, &lab->v4[1].any, netaddr_len(&lab->v4[1])), 0);
	int accepted = accept(listener, NULL, NULL);
	ck_assert_int_eq(write(stream, question, sizeof(question) - 1), sizeof(question) - 1);
	ck_assert_int_eq(recv(accepted, got, sizeof(got), MSG_WAITALL), sizeof(got));
	pid_t reader = fork();
	if (reader == 0) {
		size_t sum = 0;
		uint8_t bytes[4096];
		for (ssize_t len; sum < answers * sizeof(answer) && (len = read(stream, bytes, sizeof(bytes))) > 0;)
			sum += (size_t)len;
		_exit(sum == answers * sizeof(answer) ? 0 : 1);
	}
	for (unsigned i = 0; i < answers; i++)
		ck_assert_int_eq(write(accepted, answer, sizeof(answer)), sizeof(answer));
	int status;
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	ck_assert_int_eq(status, 0);
	close(accepted);
	close(stream);
	close(listener);
}

START_TEST(a_transfer_in_bad_weather_is_seen_whole_and_captured)
{
	enum { ANSWERS = 300 };
	struct lab lab;
	const struct weather bad = { .delay = 2 * USEC_PER_MSEC, .loss = 0.05, .burst = 3, .duplicate = 0.02, .reorder = 0.02 };
	struct sniff_message message;
	struct capture_result result;
	unsigned id;

	lab_up(&lab);
	ck_assert_int_eq(fabric_set_weather(lab.fabric, 1, 0, &bad), ZT_OK);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(fabric_capture(lab.fabric, &(struct capture_config){ .from = 1, .to = 0 }, full, &id), ZT_ENOSPC);
	ck_assert_int_eq(fabric_capture(lab.fabric, &(struct capture_config){ .from = 1, .to = 0 }, null, &id), ZT_OK);
	transfer(&lab, ANSWERS);
	ck_assert(readable(fabric_news(lab.fabric), PATIENCE_MS));
	uint64_t missed;
	ck_assert_uint_eq(fabric_messages(lab.fabric, &message, 1, &missed), 1);
	ck_assert_uint_eq(missed, 0);
	ck_assert(!readable(fabric_news(lab.fabric), 0));
	ck_assert_int_eq(message.kind, SNIFF_AXFR);
	ck_assert_uint_eq(message.from, 0);
	ck_assert_uint_eq(message.to, 1);
	ck_assert(message.is_answered);
	ck_assert_uint_eq(message.bytes, ANSWERS * 1000);
	ck_assert_int_eq(fabric_capture_end(lab.fabric, id, &result), ZT_OK);
	ck_assert_int_eq(fabric_capture_end(lab.fabric, id, &result), ZT_ENOENT);
	ck_assert_int_eq(result.status, ZT_OK);
	ck_assert_uint_gt(result.bytes, ANSWERS * 1000);
	ck_assert_uint_ge(result.packets, ANSWERS * 1002 / 1460);
	lab_down(&lab);
}
END_TEST

static int64_t cpu_us(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* In the node's network, by who may: the keeper. */
static void device_delete(struct lab *lab, unsigned node)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		struct rtattr attribute;
		char name[8];
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_DELLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.attribute = { .rta_type = IFLA_IFNAME, .rta_len = RTA_LENGTH(sizeof(NODENET_INTERFACE)) }, .name = NODENET_INTERFACE,
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer;
	int fd = door(lab, node, AF_NETLINK, SOCK_RAW);
	ck_assert_int_eq(send(fd, &request, sizeof(request), 0), sizeof(request));
	ck_assert_int_ge(recv(fd, &answer, sizeof(answer), 0), (int)sizeof(answer));
	ck_assert_int_eq(answer.error.error, 0);
	close(fd);
}

START_TEST(a_node_that_loses_its_device_leaves_the_others_and_the_processor_alone)
{
	struct lab lab;

	lab_up(&lab);
	device_delete(&lab, 2);
	int at = server(&lab, 1, &lab.v4[1], SOCK_DGRAM), client = door(&lab, 0, AF_INET, SOCK_DGRAM);
	ck_assert_int_eq(sendto(client, "x", 1, 0, &lab.v4[2].any, netaddr_len(&lab.v4[2])), 1);
	ck_assert(datagram_passes(client, at, &lab.v4[1], PATIENCE_MS));
	struct switch_counts counts;
	size_t under_way;
	fabric_counts(lab.fabric, &counts, &under_way);
	ck_assert_uint_eq(counts.fates[FATE_REFUSED], 1);
	/* Nothing comes in that time, so it only passes. */
	int64_t before = cpu_us();
	ck_assert(!readable(at, 200));
	ck_assert_int_lt(cpu_us() - before, 20000);
	close(client);
	close(at);
	lab_down(&lab);
}
END_TEST

START_TEST(nothing_leads_out_of_the_lab)
{
	struct lab lab;
	const struct netaddr outside[] = { address("192.0.2.1"), address("2001:db8::1"), address("224.0.0.1") };

	/* Outside and before, so that there is something to be reached. */
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct netaddr here = address("127.0.0.1");
	netaddr_set_port(&here, 0);
	socklen_t len = sizeof(here.v4);
	ck_assert_int_eq(bind(listener, &here.any, len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, &here.any, &len), 0);
	lab_up(&lab);
	for (size_t i = 0; i < 3; i++) {
		int fd = door(&lab, 0, outside[i].family, SOCK_DGRAM);
		ck_assert_int_eq(sendto(fd, "x", 1, 0, &outside[i].any, netaddr_len(&outside[i])), 1);
		close(fd);
	}
	int inside = door(&lab, 0, AF_INET, SOCK_STREAM), hub = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(inside, &here.any, len), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	/* The keeper's own network has not even a loopback. */
	ck_assert_int_eq(connect(hub, &here.any, len), -1);
	ck_assert_int_eq(errno, ENETUNREACH);
	struct switch_counts counts;
	size_t under_way;
	do {
		fabric_counts(lab.fabric, &counts, &under_way);
	} while (counts.fates[FATE_NO_ROUTE] < 2 || counts.fates[FATE_MULTICAST] < 1);
	ck_assert_uint_eq(counts.fates[FATE_DELIVERED], 0);
	close(inside);
	close(hub);
	close(listener);
	lab_down(&lab);
}
END_TEST

/* The pid of a process's child of the lab, written by it. */
static pid_t pid_read(int fd)
{
	pid_t pid = 0;
	ck_assert_int_eq(read(fd, &pid, sizeof(pid)), sizeof(pid));
	return pid;
}

START_TEST(a_killed_keeper_leaves_no_process_of_its_lab)
{
	int pids[2], alive[2];

	ck_assert_int_eq(pipe(pids), 0);
	ck_assert_int_eq(pipe(alive), 0);
	pid_t keeper = fork();
	if (keeper == 0) {
		char reason[SPACE_REASON_SIZE];
		struct space space;
		space_init(&space);
		if (space_enter(&space, SPACE_CHILDREN, reason) != ZT_OK)
			_exit(1);
		pid_t child = space_fork(&space);
		if (child == 0) {
			/* A daemon with a child of its own, in a session of its own. */
			setsid();
			fork();
			for (;;)
				pause();
		}
		if (write(pids[1], &child, sizeof(child)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(pids[1]);
	close(alive[1]);
	pid_t child = pid_read(pids[0]);
	ck_assert_int_eq(kill(child, 0), 0);
	/* Every process of the lab holds the pipe open. */
	ck_assert(!readable(alive[0], 0));
	kill(keeper, SIGKILL);
	ck_assert_int_eq(waitpid(keeper, NULL, 0), keeper);
	ck_assert(readable(alive[0], PATIENCE_MS));
	ck_assert_int_eq(read(alive[0], &child, sizeof(child)), 0);
}
END_TEST

START_TEST(the_end_of_a_space_ends_its_processes_and_threads_can_be_made_in_it)
{
	struct lab lab;
	struct space *space = &lab.space;

	lab_up(&lab);       /* with the switch's thread */
	pid_t child = space_fork(space);
	if (child == 0) {
		/* It sees itself as one of few, and can go into a node. */
		bool good = getpid() < 10 && space_move(lab.nodes[0].netns) == ZT_OK;
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		good &= bind(fd, &lab.v4[0].any, netaddr_len(&lab.v4[0])) == 0;
		_exit(good ? 7 : 1);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	child = space_fork(space);
	if (child == 0) {
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	ck_assert_int_gt(child, 0);
	lab_down(&lab);
	ck_assert_int_eq(kill(child, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
	space_end(space);
}
END_TEST

START_TEST(another_process_of_the_user_makes_sockets_in_a_node)
{
	struct lab lab;
	int go[2], done[2];
	char byte;

	ck_assert_int_eq(pipe(go), 0);
	ck_assert_int_eq(pipe(done), 0);
	pid_t keeper = fork();
	if (keeper == 0) {
		lab_up(&lab);
		int numbers[2] = { lab.nodes[0].netns, lab.nodes[1].netns };
		if (write(go[1], numbers, sizeof(numbers)) < 0 || read(done[0], &byte, 1) != 1)
			_exit(1);
		lab_down(&lab);
		_exit(0);
	}
	char reason[SPACE_REASON_SIZE] = "";
	int numbers[2];
	ck_assert_int_eq(read(go[0], numbers, sizeof(numbers)), sizeof(numbers));
	ck_assert_msg(space_join(&lab.space, keeper, reason) == ZT_OK, "%s", reason);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(space_open(keeper, numbers[i], &lab.nodes[i].netns), ZT_OK);
	const struct netaddr to = address("10.53.0.2");
	int at = server(&lab, 1, &to, SOCK_DGRAM), client = door(&lab, 0, AF_INET, SOCK_DGRAM);
	ck_assert(datagram_passes(client, at, &to, PATIENCE_MS));
	/* And a program inside one, without privileges where the user has none: this one, for main's sake. */
	pid_t child = fork();
	if (child == 0) {
		if (space_move(lab.nodes[0].netns) != ZT_OK)
			_exit(1);
		char uid[16];
		snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
		execl("/proc/self/exe", "test_space", uid, (char *)NULL);
		_exit(1);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(write(done[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(keeper, &status, 0), keeper);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(space_join(&lab.space, keeper, reason), ZT_ENOENT);
	ck_assert_ptr_nonnull(strstr(reason, "can't be joined"));
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, datagrams_and_connections_of_both_families_pass_between_nodes);
	tcase_add_test(tests, weather_changes_while_packets_run);
	tcase_add_test(tests, a_narrow_link_fragments_datagrams_and_tells_connections_their_mtu);
	tcase_add_test(tests, a_transfer_in_bad_weather_is_seen_whole_and_captured);
	tcase_add_test(tests, a_node_that_loses_its_device_leaves_the_others_and_the_processor_alone);
	tcase_add_test(tests, nothing_leads_out_of_the_lab);
	tcase_add_test(tests, a_killed_keeper_leaves_no_process_of_its_lab);
	tcase_add_test(tests, the_end_of_a_space_ends_its_processes_and_threads_can_be_made_in_it);
	tcase_add_test(tests, another_process_of_the_user_makes_sockets_in_a_node);
}

/* As a program in the first node: it is who it was, and may have port 53 there. */
static int guest(const char *uid)
{
	struct netaddr addr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (strtoul(uid, NULL, 10) != geteuid() || netaddr_from_text(&addr, "10.53.0.1", 53) != ZT_OK)
		return 2;
	return bind(fd, &addr.any, netaddr_len(&addr)) == 0 ? 0 : 3;
}

int main(int argc, char **argv)
{
	char reason[SPACE_REASON_SIZE] = "";

	if (argc == 2)
		return guest(argv[1]);
	if (space_check(reason) != ZT_OK) {
		printf("1..0 # SKIP no net mode here: %s\n", reason);
		return EXIT_SUCCESS;
	}
	Suite *suite = suite_create("space");
	TCase *tests = tcase_create("space");
	add_tests(tests);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
