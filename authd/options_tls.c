/* TLS towards other servers. */
#include "authd/options_tls.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/sandbox.h"

enum { PINS_MAX = 16, CHUNK = 4096, DIGEST_LEN = 32 };

static_assert((int)DIGEST_LEN == (int)crypto_hash_sha256_BYTES && (int)DIGEST_LEN == (int)TLS_PIN_LEN, "one hash");

static const char *pin_check(const char *text)
{
	uint8_t pin[TLS_PIN_LEN];
	return options_pin_from_text(pin, text) ? NULL : "the base64 of a SHA-256, 44 characters";
}

static const struct schema_row rows[] = {
	{ "hostname", SCHEMA_TEXT, offsetof(struct remote_tls_conf, hostname), .check = options_hostname_check,
	  .help = "The name, or IP address, that the server's certificate must be for, besides leading to an authority of ca-file." },
	{ "ca-file", SCHEMA_PATH, offsetof(struct remote_tls_conf, ca_file),
	  .help = "Certificates of the authorities to trust (PEM); a server's own, if it is self-signed. Absent means those that the system trusts. Read again on reload, as are "
		  "the others." },
	{ "pin", SCHEMA_TEXT, offsetof(struct remote_tls_conf, pin), SCHEMA_LIST, .check = pin_check,
	  .help = "SHA-256 of the server's public key (its SubjectPublicKeyInfo), in base64; of several one must match. Alone it is enough; beside hostname both must be right. "
		  "A server that has another key is logged with that key's pin." },
	{ "certificate", SCHEMA_PATH, offsetof(struct remote_tls_conf, certificate), .help = "Our own certificate for servers that want one, with its chain (PEM)." },
	{ "key", SCHEMA_PATH, offsetof(struct remote_tls_conf, key), .help = "Its private key (PEM, without a passphrase)." },
	{ "authenticate", SCHEMA_BOOL, offsetof(struct remote_tls_conf, authenticate), .fallback = "yes",
	  .help = "With no, and neither hostname nor pin, any server is believed to be the right one: nobody can read along, but anybody can stand in between." },
	{ "require-alpn", SCHEMA_BOOL, offsetof(struct remote_tls_conf, require_alpn), .fallback = "yes",
	  .help = "Whether the server must choose the protocol dot (ALPN), as RFC 9103 says. Some older servers, such as NSD 4.6, know no ALPN." },
};

const struct schema remote_tls_schema = { .what = "TLS to a server", .size = sizeof(struct remote_tls_conf), .rows = rows, .row_count = SCHEMA_COUNT(rows) };

/* ---- what a context is made of ------------------------------------------------------------------------------------------------------ */

struct files {
	int ca, certificate, key;
};

static bool conf_check(struct options_reader *reader, const struct remote_tls_conf *conf)
{
	const char *problem = NULL;

	if (conf->authenticate && !conf->hostname && conf->pin.count == 0)
		problem = "nothing says who the server must be; expected hostname or pin, or authenticate: no";
	else if (!conf->authenticate && (conf->hostname || conf->pin.count > 0))
		problem = "authenticate: no stands beside hostname or pin; expected one or the other";
	else if (conf->ca_file && !conf->hostname)
		problem = "ca-file stands without hostname; expected hostname, since any certificate of these authorities would do";
	else if (!conf->certificate != !conf->key)
		problem = "expected certificate and key together";
	else if (conf->pin.count > PINS_MAX)
		problem = "too many pins; expected at most 16";
	else if (conf->hostname && !conf->ca_file && reader->tree->jail)
		problem = "with server.chroot the system's authorities are out of reach; expected ca-file";
	if (problem)
		options_problem(reader, conf->node, problem);
	return !problem;
}

static const char *text_make(struct options_reader *reader, const struct remote_tls_conf *conf, const struct netaddr *address)
{
	const char *const *pins = SCHEMA_ITEMS(conf->pin, const char *);
	char where[NETADDR_TEXT_SIZE];
	struct buf text;

	buf_init(&text);
	buf_printf(&text, "%s\n%s\n%s\n%s\n%s\n%d%d", netaddr_to_text(address, where), conf->hostname ? conf->hostname : "", conf->ca_file ? conf->ca_file : "",
		   conf->certificate ? conf->certificate : "", conf->key ? conf->key : "", conf->authenticate, conf->require_alpn);
	for (size_t i = 0; i < conf->pin.count; i++)
		buf_printf(&text, "\n%s", pins[i] ? pins[i] : "");
	buf_add_u8(&text, 0);
	const char *own = text.status == ZT_OK ? arena_strdup(&reader->tree->arena, (const char *)text.data) : NULL;
	if (!own)
		reader->status = ZT_ENOMEM;
	buf_fini(&text);
	return own;
}

static struct remote_tls *find(struct remote_tls *contexts, const char *text, const uint8_t *digest)
{
	while (contexts && (strcmp(contexts->text, text) != 0 || (digest && memcmp(contexts->digest, digest, DIGEST_LEN) != 0)))
		contexts = contexts->next;
	return contexts;
}

/* Adds what a file holds, and rewinds it. */
static bool file_digest(crypto_hash_sha256_state *state, int fd)
{
	uint8_t chunk[CHUNK], mark[sizeof(uint64_t)];
	uint64_t total = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0)
			return false;
		crypto_hash_sha256_update(state, chunk, (size_t)got);
		total += (uint64_t)got;
	}
	memcpy(mark, &total, sizeof(mark));      /* so that no bytes pass from one file to the next unseen */
	crypto_hash_sha256_update(state, mark, sizeof(mark));
	sodium_memzero(chunk, sizeof(chunk));
	return fd < 0 || lseek(fd, 0, SEEK_SET) == 0;
}

static int file_open(struct options_reader *reader, const struct remote_tls_conf *conf, const char *key, const char *path)
{
	const struct yaml_node *node = yaml_node_get(conf->node, key);
	int fd = path ? yaml_tree_open(reader->tree, path) : -1;

	if (path && fd < 0)
		problems_add(reader->problems, node ? node->line : 0, node ? node->column : 0, "%s: cannot open %.200s: %s%s", key, path, strerror(errno),
			     sandbox_hint(path));
	return fd;
}

static bool files_open(struct options_reader *reader, const struct remote_tls_conf *conf, struct files *files)
{
	files->ca = file_open(reader, conf, "ca-file", conf->ca_file);
	files->certificate = file_open(reader, conf, "certificate", conf->certificate);
	files->key = file_open(reader, conf, "key", conf->key);
	return (!conf->ca_file || files->ca >= 0) && (!conf->certificate || files->certificate >= 0) && (!conf->key || files->key >= 0);
}

static void files_close(struct files *files)
{
	int fds[] = { files->ca, files->certificate, files->key };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* ---- making one --------------------------------------------------------------------------------------------------------------------- */

static struct tls_context *context_make(struct options_reader *reader, const struct remote_tls_conf *conf, const struct files *files)
{
	const char *const *texts = SCHEMA_ITEMS(conf->pin, const char *);
	uint8_t pins[PINS_MAX * TLS_PIN_LEN];
	struct tls_client_config config = {
		.hostname = conf->hostname, .ca = files->ca, .pins = pins, .certificate = files->certificate, .key = files->key, .for_transfers = true,
		.takes_no_alpn = !conf->require_alpn,
	};
	struct tls_context *context = NULL;
	struct buf problem;

	for (size_t i = 0; i < conf->pin.count; i++) {
		if (texts[i] && options_pin_from_text(pins + config.pin_count * TLS_PIN_LEN, texts[i]))
			config.pin_count++;
	}
	buf_init(&problem);
	int status = tls_client_new(&context, &config, &problem);
	buf_add_u8(&problem, 0);
	if (status == ZT_ENOMEM || problem.status != ZT_OK)
		reader->status = ZT_ENOMEM;
	else if (status != ZT_OK)
		problems_add(reader->problems, conf->node->line, conf->node->column, "tls: %s, expected PEM files; certificate and key must belong together",
			     (const char *)problem.data);
	buf_fini(&problem);
	return context;
}

/* The one of before, if nothing has changed, else a new one. */
static struct tls_context *context_get(struct options_reader *reader, const struct remote_tls_conf *conf, struct remote_tls *entry)
{
	crypto_hash_sha256_state state;
	struct tls_context *context = NULL;
	struct files files;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const uint8_t *)entry->text, strlen(entry->text));
	if (!files_open(reader, conf, &files)) {
		files_close(&files);
		return NULL;
	}
	if (!file_digest(&state, files.ca) || !file_digest(&state, files.certificate) || !file_digest(&state, files.key)) {
		options_problem(reader, conf->node, "tls: a file cannot be read; expected PEM files");
	} else {
		crypto_hash_sha256_final(&state, entry->digest);
		struct remote_tls *same = find(reader->contexts_before, entry->text, entry->digest);
		context = same ? tls_context_acquire(same->context) : context_make(reader, conf, &files);
	}
	files_close(&files);
	return context;
}

struct tls_context *remote_tls_read(struct options_reader *reader, const struct remote_tls_conf *conf, const struct netaddr *address)
{
	if (!conf_check(reader, conf))
		return NULL;
	const char *text = text_make(reader, conf, address);
	struct remote_tls *entry = text ? find(*reader->contexts, text, NULL) : NULL;
	if (entry || !text || !(entry = options_take(reader, sizeof(*entry))))
		return entry ? entry->context : NULL;
	entry->text = text;
	entry->uses_system_ca = conf->hostname && !conf->ca_file;
	entry->context = context_get(reader, conf, entry);
	/* One that failed is told once. */
	entry->next = *reader->contexts;
	*reader->contexts = entry;
	return entry->context;
}

void remote_tls_release(struct remote_tls *contexts)
{
	for (; contexts; contexts = contexts->next)
		tls_context_release(contexts->context);
}

bool remote_tls_uses_system_ca(const struct remote_tls *contexts)
{
	while (contexts && !contexts->uses_system_ca)
		contexts = contexts->next;
	return contexts;
}
