/* lib/net/tls by itself, and under streams. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/wire.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"
#include "tests/unit/net/turns.h"

enum { MESSAGE = 12 };

static struct loop loop;
static char folder[256];

/* ---- certificates ---------------------------------------------------------------------------------------------------------------------- */

static const char *path_of(const char *name, char out[512])
{
	snprintf(out, 512, "%s/%s", folder, name);
	return out;
}

static void write_pem(const char *name, X509 *certificate, EVP_PKEY *key)
{
	char path[512];
	FILE *out = fopen(path_of(name, path), "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(certificate ? PEM_write_X509(out, certificate) : PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(out);
}

/* A certificate for one host, which is its own authority. Leaves NAME.crt and NAME.key. */
static void make_certificate(const char *name, const char *host)
{
	char text[300], file[64];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509V3_CTX ctx;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	X509_set_pubkey(certificate, key);
	snprintf(text, sizeof(text), "DNS:%s", host);
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, text);
	ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
	snprintf(file, sizeof(file), "%s.crt", name);
	write_pem(file, certificate, NULL);
	snprintf(file, sizeof(file), "%s.key", name);
	write_pem(file, NULL, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static int server_from(struct tls_context **context, const char *certificate, const char *key, struct buf *problem)
{
	char path[512];
	struct tls_server_config config = { .certificate = open(path_of(certificate, path), O_RDONLY), .key = open(path_of(key, path), O_RDONLY) };

	int status = tls_server_new(context, &config, problem);
	close(config.certificate);
	close(config.key);
	return status;
}

static struct tls_context *server_self_signed(struct tls_tickets *tickets)
{
	struct tls_server_config config = { .certificate = -1, .key = -1 };
	struct tls_context *context = NULL;
	struct buf problem;

	buf_init(&problem);
	ck_assert_int_eq(tls_server_new(&context, &config, &problem), ZT_OK);
	if (tickets)
		tls_context_set_tickets(context, tickets);
	buf_fini(&problem);
	return context;
}

static struct tls_context *client_for(const char *hostname, const char *ca)
{
	char path[512];
	struct tls_client_config config = {
		.hostname = hostname, .ca = ca ? open(path_of(ca, path), O_RDONLY) : -1, .certificate = -1, .key = -1,
	};
	struct tls_context *context = NULL;
	struct buf problem;

	buf_init(&problem);
	ck_assert_int_eq(tls_client_new(&context, &config, &problem), ZT_OK);
	buf_fini(&problem);
	if (config.ca >= 0)
		close(config.ca);
	return context;
}

/* A client for transfers, with pins or a certificate of its own. */
static struct tls_context *client_strict(const uint8_t *pins, size_t pin_count, const char *own)
{
	char path[512], file[64];
	struct tls_client_config config = { .ca = -1, .pins = pins, .pin_count = pin_count, .certificate = -1, .key = -1, .for_transfers = true };
	struct tls_context *context = NULL;
	struct buf problem;

	if (own) {
		snprintf(file, sizeof(file), "%s.crt", own);
		config.certificate = open(path_of(file, path), O_RDONLY);
		snprintf(file, sizeof(file), "%s.key", own);
		config.key = open(path_of(file, path), O_RDONLY);
	}
	buf_init(&problem);
	ck_assert_int_eq(tls_client_new(&context, &config, &problem), ZT_OK);
	buf_fini(&problem);
	if (own) {
		close(config.certificate);
		close(config.key);
	}
	return context;
}

static struct tls_context *server_that_asks(const char *own, const char *authority)
{
	char path[4][512], file[2][64];
	struct tls_server_config config = { .asks_client = true, .client_ca = authority ? open(path_of(authority, path[2]), O_RDONLY) : -1 };
	struct tls_context *context = NULL;
	struct buf problem;

	snprintf(file[0], sizeof(file[0]), "%s.crt", own);
	snprintf(file[1], sizeof(file[1]), "%s.key", own);
	config.certificate = open(path_of(file[0], path[0]), O_RDONLY);
	config.key = open(path_of(file[1], path[1]), O_RDONLY);
	buf_init(&problem);
	ck_assert_int_eq(tls_server_new(&context, &config, &problem), ZT_OK);
	buf_fini(&problem);
	close(config.certificate);
	close(config.key);
	if (config.client_ca >= 0)
		close(config.client_ca);
	return context;
}

static void pin_read(const char *name, uint8_t pin[TLS_PIN_LEN])
{
	char path[512];
	FILE *in = fopen(path_of(name, path), "r");
	X509 *certificate = PEM_read_X509(in, NULL, NULL, NULL);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(X509_get0_pubkey(certificate), &der);

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(EVP_Digest(der, (size_t)len, pin, NULL, EVP_sha256(), NULL), 1);
	OPENSSL_free(der);
	X509_free(certificate);
	fclose(in);
}

/* ---- sessions -------------------------------------------------------------------------------------------------------------------------- */

struct meeting {
	int server, client;      /* how the handshakes ended */
	bool is_resumed;
	bool has_shown;          /* the client, a certificate … */
	bool is_named;           /* … that is good for c.example */
	bool has_pin;            /* … and has the key asked for */
	char problem[512];       /* as the client sees it */
};

static uint8_t pin_asked[TLS_PIN_LEN];

/* One connection: a handshake, a byte each way (which brings the ticket along), the end. */
static struct meeting meet(struct tls_context *server, struct tls_context *client)
{
	struct meeting meeting = { .server = ZT_EAGAIN, .client = ZT_EAGAIN };
	struct tls *a, *b;
	uint8_t byte = 7;
	size_t len;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	ck_assert_int_eq(tls_open(&a, server, fds[0]), ZT_OK);
	ck_assert_int_eq(tls_open(&b, client, fds[1]), ZT_OK);
	for (int i = 0; i < 20 && (meeting.server == ZT_EAGAIN || meeting.client == ZT_EAGAIN); i++) {
		if (meeting.client == ZT_EAGAIN)
			meeting.client = tls_handshake(b);
		if (meeting.server == ZT_EAGAIN)
			meeting.server = tls_handshake(a);
	}
	if (meeting.server == ZT_OK && meeting.client == ZT_OK) {
		ck_assert_int_eq(tls_write(a, &byte, 1, &len), ZT_OK);
		byte = 0;
		ck_assert_int_eq(tls_read(b, &byte, 1, &len), ZT_OK);
		ck_assert_uint_eq(byte, 7);
		meeting.is_resumed = tls_is_resumed(a);
		ck_assert_int_eq(tls_is_resumed(b), meeting.is_resumed);
		const struct tls_peer *peer = tls_peer_of(a);
		meeting.has_shown = peer;
		meeting.is_named = peer && tls_peer_is_named(peer, "c.example");
		meeting.has_pin = peer && tls_peer_has_pin(peer, pin_asked);
	}
	snprintf(meeting.problem, sizeof(meeting.problem), "%s", tls_problem(b) ? tls_problem(b) : "");
	tls_close(b);
	tls_close(a);
	close(fds[0]);
	close(fds[1]);
	return meeting;
}

START_TEST(a_second_session_resumes_until_the_keys_have_rolled_twice)
{
	struct tls_tickets *tickets = tls_tickets_new();
	struct tls_context *server = server_self_signed(tickets), *client = client_for(NULL, NULL);

	struct meeting first = meet(server, client);
	ck_assert_int_eq(first.server, ZT_OK);
	ck_assert(!first.is_resumed);
	ck_assert_msg(meet(server, client).is_resumed, "line %d", __LINE__);
	ck_assert_int_eq(tls_tickets_roll(tickets), ZT_OK);
	ck_assert_msg(meet(server, client).is_resumed, "line %d", __LINE__);      /* and has brought a ticket of the new key */
	ck_assert_int_eq(tls_tickets_roll(tickets), ZT_OK);
	ck_assert_msg(meet(server, client).is_resumed, "line %d", __LINE__);
	/* A context of another certificate, the tickets the same. */
	struct tls_context *renewed = server_self_signed(tickets);
	ck_assert_msg(meet(renewed, client).is_resumed, "line %d", __LINE__);
	ck_assert_int_eq(tls_tickets_roll(tickets), ZT_OK);
	ck_assert_int_eq(tls_tickets_roll(tickets), ZT_OK);
	struct meeting last = meet(renewed, client);
	ck_assert_int_eq(last.client, ZT_OK);
	ck_assert(!last.is_resumed);
	tls_context_release(client);
	tls_context_release(renewed);
	tls_context_release(server);
	tls_tickets_free(tickets);
}
END_TEST

START_TEST(without_tickets_nothing_is_resumed)
{
	struct tls_context *server = server_self_signed(NULL), *client = client_for(NULL, NULL);

	ck_assert_int_eq(meet(server, client).client, ZT_OK);
	ck_assert(!meet(server, client).is_resumed);
	tls_context_release(client);
	tls_context_release(server);
}
END_TEST

START_TEST(a_client_that_is_told_whom_to_expect_believes_nobody_else)
{
	struct tls_context *server = NULL;
	struct buf problem;

	buf_init(&problem);
	make_certificate("right", "ns.example.net");
	make_certificate("wrong", "ns.example.net");
	ck_assert_int_eq(server_from(&server, "right.crt", "right.key", &problem), ZT_OK);
	struct tls_context *good = client_for("ns.example.net", "right.crt"), *name = client_for("ns.example.org", "right.crt"),
			   *authority = client_for("ns.example.net", "wrong.crt"),
			   *nobody = tls_system_ca() ? client_for("ns.example.net", NULL) : NULL;

	ck_assert_int_eq(meet(server, good).client, ZT_OK);
	struct meeting refused = meet(server, name);
	ck_assert_int_eq(refused.client, ZT_EDENIED);
	ck_assert_ptr_nonnull(strstr(refused.problem, "is for ns.example.net, not for ns.example.org"));
	refused = meet(server, authority);
	ck_assert_int_eq(refused.client, ZT_EDENIED);
	ck_assert_ptr_nonnull(strstr(refused.problem, "self-signed, by CN=right"));
	ck_assert_int_eq(meet(server, authority).server, ZT_EDENIED);
	if (nobody)
		ck_assert_int_eq(meet(server, nobody).client, ZT_EDENIED);
	tls_context_release(good);
	tls_context_release(name);
	tls_context_release(authority);
	tls_context_release(nobody);
	tls_context_release(server);
	buf_fini(&problem);
}
END_TEST

START_TEST(a_pin_is_enough_and_another_key_is_told_with_its_pin)
{
	uint8_t pins[2 * TLS_PIN_LEN] = { 0 };

	make_certificate("server", "ns.example.net");
	make_certificate("other", "ns.example.net");
	pin_read("server.crt", pins + TLS_PIN_LEN);
	struct tls_context *server = server_that_asks("server", NULL), *other = server_that_asks("other", NULL);
	struct tls_context *good = client_strict(pins, 2, NULL), *bad = client_strict(pins, 1, NULL);
	struct meeting met = meet(server, good), refused = meet(server, bad);

	ck_assert_int_eq(met.client, ZT_OK);
	ck_assert(!met.has_shown);
	ck_assert_int_eq(refused.client, ZT_EDENIED);
	ck_assert_ptr_nonnull(strstr(refused.problem, "its key has the pin "));
	ck_assert_int_eq(meet(other, good).client, ZT_EDENIED);
	tls_context_release(good);
	tls_context_release(bad);
	tls_context_release(server);
	tls_context_release(other);
}
END_TEST

START_TEST(what_a_client_shows_is_known_and_stays_known_when_it_resumes)
{
	struct tls_tickets *tickets = tls_tickets_new();

	make_certificate("server", "ns.example.net");
	make_certificate("client", "c.example");
	make_certificate("stranger", "c.example");
	pin_read("stranger.crt", pin_asked);
	struct tls_context *server = server_that_asks("server", "client.crt"), *later = server_that_asks("server", "stranger.crt");
	tls_context_set_tickets(server, tickets);
	tls_context_set_tickets(later, tickets);
	struct tls_context *client = client_strict(NULL, 0, "client"), *stranger = client_strict(NULL, 0, "stranger"), *none = client_strict(NULL, 0, NULL);

	struct meeting met = meet(server, client);
	ck_assert(met.has_shown && met.is_named && !met.has_pin && !met.is_resumed);
	met = meet(server, client);
	ck_assert(met.is_resumed && met.is_named && !met.has_pin);
	met = meet(server, stranger);
	ck_assert(met.has_shown && !met.is_named && met.has_pin);
	met = meet(server, stranger);
	ck_assert(met.is_resumed && !met.is_named && met.has_pin);
	met = meet(server, none);
	ck_assert(met.client == ZT_OK && !met.has_shown);
	/* Where others are trusted now, a ticket of before is worth nothing. */
	met = meet(later, client);
	ck_assert(!met.is_resumed && met.has_shown && !met.is_named);
	tls_context_release(client);
	tls_context_release(stranger);
	tls_context_release(none);
	tls_context_release(server);
	tls_context_release(later);
	tls_tickets_free(tickets);
}
END_TEST

START_TEST(files_that_are_no_good_are_told)
{
	struct tls_context *server = NULL;
	struct buf problem;
	char path[512];

	make_certificate("one", "a.example");
	make_certificate("two", "b.example");
	FILE *empty = fopen(path_of("empty", path), "w");
	fclose(empty);
	static const char *const pairs[][2] = { { "one.crt", "two.key" }, { "empty", "one.key" }, { "one.crt", "empty" }, { "one.key", "one.crt" } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buf_init(&problem);
		ck_assert_int_eq(server_from(&server, pairs[i][0], pairs[i][1], &problem), ZT_EINVAL);
		ck_assert_uint_gt(problem.len, 20);
		ck_assert_ptr_null(server);
		buf_fini(&problem);
	}
	struct tls_client_config config = { .hostname = "a.example", .ca = open(path_of("empty", path), O_RDONLY), .certificate = -1, .key = -1 };
	buf_init(&problem);
	ck_assert_int_eq(tls_client_new(&server, &config, &problem), ZT_EINVAL);
	ck_assert_uint_gt(problem.len, 20);
	close(config.ca);
	buf_fini(&problem);
}
END_TEST

/* ---- streams --------------------------------------------------------------------------------------------------------------------------- */

struct end {
	struct stream *stream;
	unsigned connects, messages;
	uint64_t bytes;
	uint8_t last[UINT16_MAX];
	bool echo, closed;
	int status;
};

static void on_connect(struct stream *stream, void *ctx)
{
	struct end *end = ctx;
	(void)stream;
	end->connects++;
}

static void on_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	struct end *end = ctx;

	end->messages++;
	end->bytes += len;
	memcpy(end->last, message, len);
	if (end->echo)
		ck_assert_int_eq(stream_send(stream, message, len), ZT_OK);
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct end *end = ctx;
	(void)stream;
	end->closed = true;
	end->status = status;
	end->stream = NULL;
}

static const struct stream_handler handler = { .on_connect = on_connect, .on_message = on_message, .on_close = on_close };

static struct end server_end, client_end;

static int listening_socket(struct netaddr *local)
{
	socklen_t len = sizeof(*local);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(netaddr_from_text(local, "127.0.0.1", 0), ZT_OK);
	ck_assert_int_eq(bind(fd, &local->any, netaddr_len(local)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, &local->any, &len), 0);
	return fd;
}

static void accept_from(int listening, struct stream_config config)
{
	server_end = (struct end){ .echo = true };
	config.handler = &handler;
	config.ctx = &server_end;
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
	ck_assert_int_eq(stream_accept(&server_end.stream, &loop, fd, &config), ZT_OK);
}

static void connect_to(const struct netaddr *address, struct stream_config config)
{
	client_end = (struct end){ 0 };
	config.handler = &handler;
	config.ctx = &client_end;
	ck_assert_int_eq(stream_connect(&client_end.stream, &loop, address, NULL, &config), ZT_OK);
}

static bool client_has(void *ctx)
{
	return client_end.messages == *(const unsigned *)ctx;
}

static bool server_is_closed(void *ctx)
{
	(void)ctx;
	return server_end.closed;
}

static bool both_are_closed(void *ctx)
{
	(void)ctx;
	return server_end.closed && client_end.closed;
}

START_TEST(messages_of_every_size_and_many_at_once_go_through_tls)
{
	static const size_t sizes[] = { 12, 512, 16383, 16384, 16385, 65535 };
	static uint8_t message[UINT16_MAX];
	struct netaddr address;
	int listening = listening_socket(&address);
	struct tls_context *server = server_self_signed(NULL), *client = client_for(NULL, NULL);
	unsigned sent = 0;

	connect_to(&address, (struct stream_config){ .tls = client });
	accept_from(listening, (struct stream_config){ .tls = server });
	/* Nobody else holds them now. */
	tls_context_release(server);
	tls_context_release(client);
	ck_assert(stream_is_encrypted(server_end.stream));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(message, (int)i + 1, sizes[i]);
		ck_assert_int_eq(stream_send(client_end.stream, message, sizes[i]), ZT_OK);
		sent++;
		turns_until(&loop, client_has, &sent);
		ck_assert_mem_eq(client_end.last, message, sizes[i]);
	}
	for (unsigned i = 0; i < 3000; i++, sent++)
		ck_assert_int_eq(stream_send(client_end.stream, message, i % 2 ? 300 : MESSAGE), ZT_OK);
	turns_until(&loop, client_has, &sent);
	ck_assert_uint_eq(client_end.connects, 1);
	ck_assert_uint_eq(client_end.bytes, server_end.bytes);
	stream_close(client_end.stream);
	turns_until(&loop, server_is_closed, NULL);
	ck_assert_int_eq(server_end.status, ZT_ECLOSED);
	close(listening);
}
END_TEST

START_TEST(a_client_that_talks_no_tls_and_one_that_stops_in_the_middle_are_ended)
{
	static const uint8_t plain[64] = { 0, 62 };
	static const uint8_t hello_begun[] = { 0x16, 3, 1, 2, 0, 1 };
	struct netaddr address;
	int listening = listening_socket(&address);
	struct tls_context *server = server_self_signed(NULL);
	struct stream_config config = { .tls = server, .idle_timeout = 60 * USEC_PER_SEC, .read_timeout = 50 * USEC_PER_MSEC };

	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, &address.any, netaddr_len(&address)), 0);
	accept_from(listening, config);
	ck_assert_int_eq(send(fd, plain, sizeof(plain), MSG_NOSIGNAL), (ssize_t)sizeof(plain));
	turns_until(&loop, server_is_closed, NULL);
	ck_assert_int_eq(server_end.status, ZT_EMALFORMED);
	close(fd);

	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, &address.any, netaddr_len(&address)), 0);
	accept_from(listening, config);
	ck_assert_int_eq(send(fd, hello_begun, sizeof(hello_begun), MSG_NOSIGNAL), (ssize_t)sizeof(hello_begun));
	turns_until(&loop, server_is_closed, NULL);
	ck_assert_int_eq(server_end.status, ZT_ETIMEOUT);
	close(fd);
	close(listening);
	tls_context_release(server);
}
END_TEST

START_TEST(a_certificate_that_is_not_good_ends_a_clients_stream)
{
	struct netaddr address;
	int listening = listening_socket(&address);
	struct tls_context *server = server_self_signed(NULL), *client = client_for("ns.example", NULL);

	connect_to(&address, (struct stream_config){ .tls = client });
	ck_assert_int_eq(stream_send(client_end.stream, (const uint8_t[MESSAGE]){ 1 }, MESSAGE), ZT_OK);
	accept_from(listening, (struct stream_config){ .tls = server });
	turns_until(&loop, both_are_closed, NULL);
	ck_assert_int_eq(client_end.status, ZT_EDENIED);
	ck_assert_uint_eq(client_end.connects, 0);
	ck_assert_uint_eq(server_end.messages, 0);
	close(listening);
	tls_context_release(client);
	tls_context_release(server);
}
END_TEST

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof(folder), "%s/tls-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(loop_init(&loop, clock_system(), LOOP_PRECISE), ZT_OK);
}

static void teardown(void)
{
	static const char *const files[] = { "right.crt", "right.key", "wrong.crt", "wrong.key", "one.crt", "one.key", "two.crt", "two.key", "empty" };
	char path[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(path_of(files[i], path));
	rmdir(folder);
	loop_fini(&loop);
}

int main(void)
{
	Suite *suite = suite_create("tls");
	TCase *tests = tcase_create("tls");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_second_session_resumes_until_the_keys_have_rolled_twice);
	tcase_add_test(tests, without_tickets_nothing_is_resumed);
	tcase_add_test(tests, a_client_that_is_told_whom_to_expect_believes_nobody_else);
	tcase_add_test(tests, a_pin_is_enough_and_another_key_is_told_with_its_pin);
	tcase_add_test(tests, what_a_client_shows_is_known_and_stays_known_when_it_resumes);
	tcase_add_test(tests, files_that_are_no_good_are_told);
	tcase_add_test(tests, messages_of_every_size_and_many_at_once_go_through_tls);
	tcase_add_test(tests, a_client_that_talks_no_tls_and_one_that_stops_in_the_middle_are_ended);
	tcase_add_test(tests, a_certificate_that_is_not_good_ends_a_clients_stream);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
