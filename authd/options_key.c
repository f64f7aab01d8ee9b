/* The keys of TSIG. */
#include "authd/options_key.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authd/options_reader.h"
#include "lib/base/nearest.h"
#include "lib/base/sandbox.h"
#include "lib/dns/name.h"

enum { SECRET_TEXT_SIZE = 1024 };

static const struct schema_name algorithm_names[] = {
	{ "hmac-sha1", 0 }, { "hmac-sha224", 1 }, { "hmac-sha256", 2 }, { "hmac-sha384", 3 }, { "hmac-sha512", 4 }, { "hmac-sha256-128", 5 },
	{ "hmac-sha384-192", 6 }, { "hmac-sha512-256", 7 }, { NULL, 0 },
};

static const char *key_name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	bool is_good = name_from_text(name, text, NULL) == ZT_OK && name[0] != 0 && name_len(name) <= TSIG_KEY_NAME_MAX_LEN;
	return is_good ? NULL : "a name like a domain's, of at most 120 bytes, the same on both sides";
}

static const struct schema_row key_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct key_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = key_name_check,
	  .help = "The key's name, the same on both sides: a domain name, that need not exist. Access lists name it as key:NAME." },
	{ "algorithm", SCHEMA_ENUM, offsetof(struct key_conf, algorithm), .fallback = "hmac-sha256", .names = algorithm_names,
	  .help = "The same on both sides. Those with a second number send signatures cut to so many bits, and take none that are shorter; of the servers known "
		  "to us only BIND does that too. HMAC-MD5 must not be used any more (RFC 8945 section 6)." },
	{ "secret", SCHEMA_TEXT, offsetof(struct key_conf, secret),
	  .help = "What both sides know, in base64: random bytes, as many as the algorithm's hash has or more. This makes one of 32: openssl rand -base64 32." },
	{ "secret-file", SCHEMA_PATH, offsetof(struct key_conf, secret_file), .help = "The same, in the first line of a file that others cannot read." },
};

const struct schema key_options_schema = { .what = "key", .size = sizeof(struct key_conf), .rows = key_rows, .row_count = SCHEMA_COUNT(key_rows) };

static void file_problem(struct options_reader *reader, const struct key_conf *conf, const char *what)
{
	const struct yaml_node *node = yaml_node_get(conf->node, "secret-file");
	problems_add(reader->problems, node->line, node->column, "secret-file: %.200s %s", conf->secret_file, what);
}

/* The first line; false, and a problem, where it cannot be had. */
static bool secret_file_read(struct options_reader *reader, const struct key_conf *conf, char out[SECRET_TEXT_SIZE])
{
	int fd = yaml_tree_open(reader->tree, conf->secret_file);
	struct stat about;
	ssize_t len = 0;

	if (fd < 0) {
		char what[256];
		snprintf(what, sizeof(what), "cannot be opened: %s%s", strerror(errno), sandbox_hint(conf->secret_file));
		file_problem(reader, conf, what);
		return false;
	}
	bool is_open_to_others = fstat(fd, &about) == 0 && (about.st_mode & S_IRWXO);
	if (!is_open_to_others)
		len = read(fd, out, SECRET_TEXT_SIZE - 1);
	close(fd);
	if (is_open_to_others)
		file_problem(reader, conf, "can be read by others; expected none but its owner and group to (chmod o= it, and make a new secret)");
	if (len < 0)
		file_problem(reader, conf, "cannot be read");
	if (is_open_to_others || len < 0)
		return false;
	out[len] = '\0';
	out[strcspn(out, " \t\r\n")] = '\0';
	return true;
}

/* No message shows the text: it may be most of a secret. */
static struct tsig_key *key_make(struct options_reader *reader, const struct key_conf *conf)
{
	uint8_t name[NAME_MAX_LEN], secret[TSIG_SECRET_MAX_LEN];
	char text[SECRET_TEXT_SIZE];
	struct tsig_key_config config = { .name = name, .algorithm = tsig_algorithm_from_text(algorithm_names[conf->algorithm].name), .secret = secret };
	struct tsig_key *key = NULL;

	if (!conf->name || name_from_text(name, conf->name, NULL) != ZT_OK)
		return NULL;      /* reported already */
	if (!conf->secret == !conf->secret_file) {
		options_problem(reader, conf->node, "key without a secret or with two; expected secret or secret-file");
		return NULL;
	}
	if (conf->secret_file && !secret_file_read(reader, conf, text))
		return NULL;
	if (tsig_secret_from_text(secret, &config.secret_len, conf->secret ? conf->secret : text) != ZT_OK) {
		if (conf->secret)
			options_problem(reader, yaml_node_get(conf->node, "secret"), "secret is no base64 (RFC 4648), or longer than 512 bytes; expected a text such as "
				"openssl rand -base64 32 prints");
		else
			file_problem(reader, conf, "does not begin with a line of base64 (RFC 4648); expected a text such as openssl rand -base64 32 prints");
	} else if (tsig_key_new(&key, &config) == ZT_ENOMEM) {
		reader->status = ZT_ENOMEM;
	}
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
	return key;
}

/* The table finds names that are spelled alike; here "key" and "KEY." meet too. */
static void duplicates_report(struct options_reader *reader)
{
	const struct key_conf *confs = SCHEMA_ITEMS(*reader->key_confs, struct key_conf);
	const struct tsig_keys *keys = reader->keys;
	uint8_t name[NAME_MAX_LEN];

	for (uint32_t i = 1; i < keys->count; i++) {
		size_t k = reader->key_confs->count;
		if (!name_equal(tsig_key_name(keys->list[i - 1]), tsig_key_name(keys->list[i])))
			continue;
		do
			k--;
		while (k > 0 && !(confs[k].name && name_from_text(name, confs[k].name, NULL) == ZT_OK && name_equal(name, tsig_key_name(keys->list[i]))));
		options_problem(reader, confs[k].node, "the key is listed twice; expected one entry for each name");
	}
}

void key_options_read(struct options_reader *reader, const struct schema_list *confs, struct tsig_keys *keys)
{
	const struct key_conf *items = SCHEMA_ITEMS(*confs, struct key_conf);

	keys->list = options_take(reader, confs->count * sizeof(struct tsig_key *));
	for (size_t i = 0; keys->list && i < confs->count; i++) {
		struct tsig_key *key = key_make(reader, &items[i]);
		if (key)
			keys->list[keys->count++] = key;
	}
	tsig_keys_sort(keys);
	reader->keys = keys;
	reader->key_confs = confs;
	duplicates_report(reader);
}

void key_options_fini(struct tsig_keys *keys)
{
	for (uint32_t i = 0; i < keys->count; i++)
		tsig_key_release(keys->list[i]);
}

struct tsig_key *options_key(struct options_reader *reader, const struct yaml_node *node, const char *name)
{
	const struct key_conf *confs = SCHEMA_ITEMS(*reader->key_confs, struct key_conf);
	const char *nearest = NULL;
	uint8_t wire[NAME_MAX_LEN];
	bool is_name = name_from_text(wire, name, NULL) == ZT_OK;
	struct tsig_key *key = is_name ? tsig_keys_find(reader->keys, wire) : NULL;

	if (key)
		return key;
	for (size_t i = 0; i < reader->key_confs->count; i++) {
		uint8_t listed[NAME_MAX_LEN];
		if (!confs[i].name)
			continue;
		/* There is one, and what is wrong with it is told already. */
		if (is_name && name_from_text(listed, confs[i].name, NULL) == ZT_OK && name_equal(listed, wire))
			return NULL;
		nearest_consider(name, confs[i].name, &nearest);
	}
	if (nearest)
		problems_add(reader->problems, node ? node->line : 0, node ? node->column : 0, "no key is named \"%.100s\", did you mean \"%s\"?", name, nearest);
	else
		problems_add(reader->problems, node ? node->line : 0, node ? node->column : 0, "no key is named \"%.100s\", expected one of those under \"key\"", name);
	return NULL;
}
