/* Keys about how to answer. */
#include "authd/options_serve.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authd/serve/limit.h"
#include "lib/base/sandbox.h"

enum { SECRET_DIGITS = 2 * COOKIE_SECRET_LEN, LINE_SIZE = 256 };

const struct schema_name cookie_modes[] = { { "yes", COOKIES_ON }, { "no", COOKIES_OFF }, { "required", COOKIES_REQUIRED }, { NULL, 0 } };

static const struct schema_row limit_rows[] = {
	{ "responses-per-second", SCHEMA_INT, offsetof(struct limit_conf, per_second), .fallback = "0", .min = 0, .max = 1000000,
	  .help = "Answers of one kind that a network gets in a second; 0 means no limit. 200 suits a server for the public: resolvers ask for one name "
		  "far less often. Alike are answers with one existing name, with names that do not exist in one zone, from one wildcard, of one "
		  "delegation, and errors. TCP and clients with a good cookie are not limited. "
		  "Each worker enforces its share." },
	{ "slip", SCHEMA_INT, offsetof(struct limit_conf, slip), .fallback = "2", .min = 0, .max = 100,
	  .help = "One in so many limited answers is sent as truncated, so that who really asks comes back by TCP; the others are dropped. With 1 none are "
		  "dropped, with 0 all." },
	{ "ipv4-prefix", SCHEMA_INT, offsetof(struct limit_conf, ipv4_prefix), .fallback = "24", .min = 1, .max = 32,
	  .help = "Bits of an IPv4 address that make a network." },
	{ "ipv6-prefix", SCHEMA_INT, offsetof(struct limit_conf, ipv6_prefix), .fallback = "56", .min = 1, .max = 128,
	  .help = "Bits of an IPv6 address that make a network." },
	{ "exempt", SCHEMA_ACCESS, offsetof(struct limit_conf, exempt), SCHEMA_LIST, .help = "Who is never limited." },
	{ "table-size", SCHEMA_INT, offsetof(struct limit_conf, table_size), SCHEMA_RESTART, .fallback = "65536", .min = LIMIT_TABLE_MIN, .max = LIMIT_TABLE_MAX,
	  .help = "How many kinds of answers each worker keeps count of, at 16 bytes each. Where there are more, those least limited are forgotten." },
};

const struct schema limit_schema = { .what = "rate limit", .size = sizeof(struct limit_conf), .rows = limit_rows, .row_count = SCHEMA_COUNT(limit_rows),
				     .shorthand = "responses-per-second" };

struct serve_reader {
	struct serve_settings *out;
	const struct yaml_node *server;
	const struct serve_sink *sink;
	int status;
};

static void problem_at(struct serve_reader *reader, const char *key, const char *what)
{
	const struct yaml_node *node = yaml_node_get(reader->server, key);
	problems_add(reader->sink->problems, node ? node->line : 0, node ? node->column : 0, "%s %s", key, what);
}

static bool is_word(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static const char *host_name(struct serve_reader *reader, const char *key)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') {
		problem_at(reader, key, "is \"hostname\", but the host has no name; expected a text");
		return NULL;
	}
	const char *copy = arena_strdup(&reader->sink->tree->arena, name);
	if (!copy)
		reader->status = ZT_ENOMEM;
	return copy;
}

static void nsid_read(struct serve_reader *reader, const char *text)
{
	if (!text)
		return;
	if (is_word(text, "hostname") && !(text = host_name(reader, "nsid")))
		return;
	size_t len = strlen(text);
	if (strncmp(text, "0x", 2) != 0) {
		reader->out->nsid = (const uint8_t *)text;
	} else {
		uint8_t *bytes = arena_alloc(&reader->sink->tree->arena, len);
		const char *end;
		if (!bytes) {
			reader->status = ZT_ENOMEM;
			return;
		}
		if (sodium_hex2bin(bytes, len, text + 2, len - 2, NULL, &len, &end) != 0 || *end || len == 0) {
			problem_at(reader, "nsid", "begins with 0x, expected pairs of hexadecimal digits after it");
			return;
		}
		reader->out->nsid = bytes;
	}
	if (len > NSID_MAX_LEN)
		problem_at(reader, "nsid", "is too long, expected at most 128 bytes");
	else
		reader->out->nsid_len = (uint16_t)len;
}

/* A text of class CHAOS, NULL where it is not to be told. */
static const char *chaos_read(struct serve_reader *reader, const char *key, const char *text)
{
	if (is_word(text, "none"))
		return NULL;
	if (is_word(text, "hostname"))
		return host_name(reader, key);
	if (text && strlen(text) > CHAOS_TEXT_MAX_LEN)
		problem_at(reader, key, "is too long, expected at most 255 bytes");
	return text;
}

/* The messages never show the text: it may be most of a secret. False when it is no secret, or one too many. */
static bool secret_add(struct serve_settings *out, const char *text, size_t len)
{
	const char *end;
	size_t got;

	return out->secret_count < COOKIE_SECRETS_MAX && len == SECRET_DIGITS &&
	       sodium_hex2bin(out->secrets[out->secret_count].bytes, COOKIE_SECRET_LEN, text, len, NULL, &got, &end) == 0 && end == text + len &&
	       ++out->secret_count;
}

static void secret_file_read(struct serve_reader *reader, const char *path)
{
	char line[LINE_SIZE];
	unsigned number = 0;
	int fd = yaml_tree_open(reader->sink->tree, path);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (!in) {
		if (fd >= 0)
			close(fd);
		const struct yaml_node *node = yaml_node_get(reader->server, "cookie-secret-file");
		problems_add(reader->sink->problems, node->line, node->column, "cookie-secret-file: cannot open %.200s: %s%s", path, strerror(errno),
			     sandbox_hint(path));
		return;
	}
	while (fgets(line, sizeof(line), in)) {
		size_t len = strcspn(line, " \t\r\n");
		number++;
		if (line[0] == '#' || (len == 0 && line[strspn(line, " \t\r\n")] == '\0'))
			continue;
		if (!secret_add(reader->out, line, len)) {
			const struct yaml_node *node = yaml_node_get(reader->server, "cookie-secret-file");
			problems_add(reader->sink->problems, node->line, node->column,
				     "cookie-secret-file: line %u of %.200s is no secret, expected 32 hexadecimal digits, and at most 8 such lines", number, path);
			break;
		}
	}
	sodium_memzero(line, sizeof(line));
	fclose(in);
	if (reader->out->secret_count == 0)
		problem_at(reader, "cookie-secret-file", "holds no secret, expected a line of 32 hexadecimal digits");
}

static void secrets_read(struct serve_reader *reader, const struct serve_conf *conf)
{
	const char *const *texts = SCHEMA_ITEMS(conf->cookie_secret, const char *);

	if (conf->cookie_secret.count > 0 && conf->cookie_secret_file) {
		problem_at(reader, "cookie-secret-file", "stands beside cookie-secret, expected one of them");
		return;
	}
	for (size_t i = 0; i < conf->cookie_secret.count; i++) {
		if (texts[i] && !secret_add(reader->out, texts[i], strlen(texts[i]))) {
			problem_at(reader, "cookie-secret", "holds what is no secret, expected 32 hexadecimal digits, and at most 8 such");
			break;
		}
	}
	if (conf->cookie_secret_file)
		secret_file_read(reader, conf->cookie_secret_file);
}

int serve_options_read(struct serve_settings *out, const struct serve_conf *conf, const struct yaml_node *server, const struct serve_sink *sink)
{
	struct serve_reader reader = { .out = out, .server = server, .sink = sink, .status = ZT_OK };

	*out = (struct serve_settings){
		.udp_payload_size = (uint16_t)conf->udp_payload_size,
		.cookies = (enum cookie_mode)conf->cookies,
		.limit = {
			.per_second = (uint32_t)conf->limit.per_second, .slip = (uint32_t)conf->limit.slip,
			.ipv4_prefix = (uint8_t)conf->limit.ipv4_prefix, .ipv6_prefix = (uint8_t)conf->limit.ipv6_prefix,
		},
	};
	nsid_read(&reader, conf->nsid);
	out->version = chaos_read(&reader, "version", conf->version);
	out->identity = chaos_read(&reader, "identity", conf->identity);
	secrets_read(&reader, conf);
	return reader.status;
}
