/* Capture files, as tcpdump reads them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/suite.h"
#include "tools/zonelab/weather/capture.h"
#include "tools/zonelab/weather/ip.h"

enum { PACKET_LEN = 64 };

/* A UDP packet from 10.53.0.FROM to 10.53.0.TO. */
static void write_packet(uint8_t packet[PACKET_LEN], unsigned from, unsigned to)
{
	memset(packet, 0, PACKET_LEN);
	packet[0] = 0x45;
	wire_put_u16(packet + 2, PACKET_LEN);
	packet[8] = 64;
	packet[9] = IP_UDP;
	wire_put_u32(packet + 12, 0x0a350000 | from);
	wire_put_u32(packet + 16, 0x0a350000 | to);
	wire_put_u16(packet + IP4_HEADER, 1000);
	wire_put_u16(packet + IP4_HEADER + 2, 2000);
	wire_put_u16(packet + IP4_HEADER + 4, PACKET_LEN - IP4_HEADER);
}

static void show(struct capture *capture, unsigned from, unsigned to, enum fate fate)
{
	uint8_t packet[PACKET_LEN];
	const struct sighting sighting = { .bytes = packet, .len = PACKET_LEN, .from = from, .to = to, .fate = fate, .sent = 1500000 + 1000 * from + to };

	write_packet(packet, from, to);
	capture_packet(capture, &sighting);
}

/* What tcpdump says of the file, one line a packet. */
static char *read_by_tcpdump(const char *path)
{
	char command[256], *text = calloc(1, 1 << 16);

	snprintf(command, sizeof(command), "tcpdump -n -tt --nano -r %s 2>&1", path);
	FILE *pipe = popen(command, "r");
	size_t len = fread(text, 1, (1 << 16) - 1, pipe);
	text[len] = '\0';
	ck_assert_int_eq(pclose(pipe), 0);
	return text;
}

static bool has_tcpdump(void)
{
	return system("command -v tcpdump >/dev/null") == 0;
}

static const char *capture_to_file(char path[64], const struct capture_config *config, struct capture_result *result)
{
	struct capture *capture;

	snprintf(path, 64, "%s/capture-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(capture_new(&capture, config, fd), ZT_OK);
	for (unsigned from = 1; from <= 3; from++) {
		for (unsigned to = 1; to <= 3; to++)
			show(capture, from, to, from == 1 && to == 3 ? FATE_LOSS : FATE_DELIVERED);
	}
	capture_free(capture, result);
	return path;
}

START_TEST(tcpdump_reads_what_was_chosen)
{
	static const struct {
		struct capture_config config;
		const char *text;
	} cases[] = {
		{ { .from = 1, .to = 2 }, "1764000001.501002000 IP 10.53.0.1.1000 > 10.53.0.2.2000: UDP, length 36\n" },
		{ { .from = 1, .to = 2, .both_ways = true }, "1764000001.501002000 IP 10.53.0.1.1000 > 10.53.0.2.2000: UDP, length 36\n"
							     "1764000001.502001000 IP 10.53.0.2.1000 > 10.53.0.1.2000: UDP, length 36\n" },
		{ { .from = 1, .to = 3 }, "1764000001.501003000 IP 10.53.0.1.1000 > 10.53.0.3.2000: UDP, length 36\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[64];
		struct capture_config config = cases[i].config;
		struct capture_result result;
		config.wall_offset = INT64_C(1764000000) * USEC_PER_SEC;
		char *text = read_by_tcpdump(capture_to_file(path, &config, &result));
		/* Behind the line that says what file it is. */
		const char *packets = strchr(text, '\n') + 1;
		ck_assert_str_eq(packets, cases[i].text);
		ck_assert_int_eq(result.status, ZT_OK);
		free(text);
		unlink(path);
	}
}
END_TEST

START_TEST(all_links_are_all_packets)
{
	char path[64];
	struct capture_result result;

	capture_to_file(path, &(struct capture_config){ .from = SWITCH_ANY, .to = SWITCH_ANY }, &result);
	ck_assert_uint_eq(result.packets, 9);
	unlink(path);
	capture_to_file(path, &(struct capture_config){ .from = 2, .to = SWITCH_ANY, .both_ways = true }, &result);
	ck_assert_uint_eq(result.packets, 5);
	unlink(path);
}
END_TEST

START_TEST(a_lost_packet_carries_its_reason)
{
	char path[64], bytes[4096];
	struct capture_result result;

	capture_to_file(path, &(struct capture_config){ .from = 1, .to = 3 }, &result);
	FILE *file = fopen(path, "rb");
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	ck_assert_uint_eq(len, result.bytes);
	ck_assert_ptr_nonnull(memmem(bytes, len, "\1\0\4\0loss", 8));
	unlink(path);
}
END_TEST

START_TEST(a_full_disk_ends_the_capture_and_says_so)
{
	struct capture *capture;
	struct capture_result result;

	int fd = open("/dev/full", O_WRONLY);
	ck_assert_int_eq(capture_new(&capture, &(struct capture_config){ .from = SWITCH_ANY, .to = SWITCH_ANY }, fd), ZT_OK);
	show(capture, 1, 2, FATE_DELIVERED);
	ck_assert(capture_has_more(capture));
	capture_flush(capture);
	ck_assert_int_eq(capture_result(capture).status, ZT_ENOSPC);
	ck_assert(!capture_has_more(capture));
	show(capture, 1, 2, FATE_DELIVERED);
	capture_free(capture, &result);
	ck_assert_uint_eq(result.packets, 1);
	ck_assert_uint_eq(result.bytes, 0);
	ck_assert_int_eq(result.status, ZT_ENOSPC);
}
END_TEST

START_TEST(more_packets_than_the_buffer_holds_are_written_without_a_flush)
{
	struct capture *capture;
	struct capture_result result;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(capture_new(&capture, &(struct capture_config){ .from = 1, .to = 2 }, null), ZT_OK);
	for (unsigned i = 0; i < 10000; i++)
		show(capture, 1, 2, FATE_DELIVERED);
	capture_free(capture, &result);
	ck_assert_uint_eq(result.packets, 10000);
	ck_assert_uint_eq(result.left_out, 0);
}
END_TEST

START_TEST(a_slow_reader_holds_up_nobody_and_gets_whole_packets)
{
	struct capture *capture;
	struct capture_result result;
	int ends[2];
	char path[64];

	/* A socket takes pieces of about half its room: with an odd one blocks are cut anywhere. */
	int room = 10001;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	ck_assert_int_eq(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	ck_assert_int_eq(capture_new(&capture, &(struct capture_config){ .from = 1, .to = 2 }, ends[1]), ZT_OK);
	snprintf(path, sizeof(path), "%s/capture-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	int out = mkstemp(path);
	for (unsigned i = 0; i < 20000; i++) {
		char bytes[1001];
		show(capture, 1, 2, FATE_DELIVERED);
		ssize_t len = i > 10000 ? read(ends[0], bytes, sizeof(bytes)) : 0;
		ck_assert(len <= 0 || write(out, bytes, (size_t)len) == len);
	}
	char rest[65536];
	ssize_t len;
	do {
		capture_flush(capture);
		len = read(ends[0], rest, sizeof(rest));
		ck_assert(len <= 0 || write(out, rest, (size_t)len) == len);
	} while (len > 0);
	capture_free(capture, &result);
	ck_assert_uint_gt(result.left_out, 1000);
	ck_assert_uint_eq(result.packets + result.left_out, 20000);
	ck_assert_uint_eq((uint64_t)lseek(out, 0, SEEK_CUR), result.bytes);
	if (has_tcpdump()) {
		char command[128];
		snprintf(command, sizeof(command), "test \"$(tcpdump -n -r %s 2>/dev/null | wc -l)\" = %u", path, (unsigned)result.packets);
		ck_assert_int_eq(system(command), 0);
	}
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("capture");
	TCase *tests = tcase_create("capture");

	if (has_tcpdump())
		tcase_add_test(tests, tcpdump_reads_what_was_chosen);
	else
		puts("# tcpdump is missing (apt-get install tcpdump): the files are not read by it");
	tcase_add_test(tests, all_links_are_all_packets);
	tcase_add_test(tests, a_lost_packet_carries_its_reason);
	tcase_add_test(tests, a_full_disk_ends_the_capture_and_says_so);
	tcase_add_test(tests, more_packets_than_the_buffer_holds_are_written_without_a_flush);
	tcase_add_test(tests, a_slow_reader_holds_up_nobody_and_gets_whole_packets);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
