/* The option table of authd.yaml, and the step from its text values to what the daemon works with. */
#include "authd/options.h"

#include <stdlib.h>
#include <string.h>

#include "authd/option_table.h"
#include "authd/options_catalog.h"
#include "authd/options_key.h"
#include "authd/options_reader.h"
#include "authd/options_serve.h"
#include "authd/options_stream.h"
#include "authd/options_sync.h"

struct server_conf {
	const struct yaml_node *node;
	struct schema_list listen;
	int64_t workers;
	const char *state_dir;
	const char *control;
	struct netaddr metrics;
	uint64_t journal_size;
	int64_t soa_query_rate;
	struct schema_list allow_query;
	struct serve_conf serve;
	const char *user;
	const char *chroot;
	struct schema_list sandbox_read;
	struct stream_conf stream;
	struct sync_conf sync;
};

struct root_conf {
	const struct yaml_node *node;
	struct server_conf server;
	struct dnstap_conf dnstap;
	struct schema_list keys;
	struct schema_list zones;
	struct schema_list templates;
};

static const char *user_check(const char *text)
{
	size_t len = strcspn(text, ":");
	return len > 0 && (!text[len] || (text[len + 1] && !strchr(text + len + 1, ':'))) ? NULL : "a user, or a user and a group as NAME:GROUP";
}

static const char *absolute_path_check(const char *text)
{
	return text[0] == '/' ? NULL : "a path that begins with /";
}

static const struct schema_row server_rows[] = {
	{ "listen", SCHEMA_ADDRESS, offsetof(struct server_conf, listen), SCHEMA_LIST | SCHEMA_RESTART, .fallback = "127.0.0.1@53", .port = 53,
	  .help = "Addresses to serve on, by UDP and TCP." },
	{ "workers", SCHEMA_INT, offsetof(struct server_conf, workers), SCHEMA_RESTART, .fallback = "0", .min = 0, .max = 256,
	  .help = "Threads that answer queries; 0 means one for each core." },
	{ "user", SCHEMA_TEXT, offsetof(struct server_conf, user), SCHEMA_RESTART, .check = user_check,
	  .help = "User, or user and group as NAME:GROUP, that the daemon becomes at its start, keeping of root's rights only that to bind low ports, and that until\n"
		  "they are bound. Only root can. The user gets the state-dir; it must be able to read the configuration and the zone files." },
	{ "chroot", SCHEMA_TEXT, offsetof(struct server_conf, chroot), SCHEMA_RESTART, .check = absolute_path_check,
	  .help = "Folder that becomes the root folder of the daemon. Every file of the configuration, and the configuration itself, must lie in it; they are named by\n"
		  "their full paths all the same, but for what zone files include, which is looked up inside." },
	{ "sandbox-read", SCHEMA_PATH, offsetof(struct server_conf, sandbox_read), SCHEMA_LIST | SCHEMA_RESTART,
	  .help = "More folders that may be read once the daemon is in its sandbox. The folders of all files that the configuration names at the start, and of those\n"
		  "they include, are known; this is for folders that a later reload will name." },
	{ "state-dir", SCHEMA_PATH, offsetof(struct server_conf, state_dir), SCHEMA_RESTART | SCHEMA_WRITTEN, .fallback = "state",
	  .help = "Folder for what must survive a restart: the journal with zone content, history and timers. Created when missing." },
	{ "control", SCHEMA_PATH, offsetof(struct server_conf, control), SCHEMA_RESTART | SCHEMA_WRITTEN, .fallback = "state/authd.sock",
	  .help = "Socket through which zonectl reaches the daemon." },
	{ "metrics", SCHEMA_ADDRESS, offsetof(struct server_conf, metrics), SCHEMA_RESTART, .port = 9153,
	  .help = "Address of the Prometheus metrics (HTTP, /metrics); absent means off." },
	{ "journal-size", SCHEMA_SIZE, offsetof(struct server_conf, journal_size), SCHEMA_RESTART, .fallback = "256M", .min = 1 << 20,
	  .max = INT64_C(1) << 40,
	  .help = "Most bytes of history kept for IXFR, over all zones; the oldest versions of the zone with the most go first." },
	{ "sync-secret", SCHEMA_TEXT, offsetof(struct server_conf, sync.secret), SCHEMA_RESTART,
	  .help = "A secret of at least 16 characters that the servers of a group share, so that nobody else can make two different contents that look the same when "
		  "they compare their zones by fingerprints. Worth it where zones hold records of people who are not trusted. Without it all servers use one "
		  "known key; what looks the same and is not is then found by the digest that ends every repair. Give it to all servers of the group or "
		  "to none: those with different secrets can't compare, and transfer whole zones instead." },
	{ "sync-secret-file", SCHEMA_PATH, offsetof(struct server_conf, sync.secret_file), SCHEMA_RESTART,
	  .help = "The same, in the first line of a file that others cannot read. Empty lines and lines that begin with # are skipped." },
	{ "soa-query-rate", SCHEMA_INT, offsetof(struct server_conf, soa_query_rate), .fallback = "1000", .min = 1, .max = 100000,
	  .help = "Most SOA queries a second to one primary, of all its secondary zones here together. What a NOTIFY asks for goes ahead of zones without content, these "
		  "ahead of zones whose timer has come. A primary that is down is tried by one zone twice a second." },
	{ "allow-query", SCHEMA_ACCESS, offsetof(struct server_conf, allow_query), SCHEMA_LIST,
	  .help = "Who may ask for the data of zones that have no allow-query of their own. Absent means everybody; an empty list, nobody. "
		  "Others are answered by REFUSED." },
	{ "udp-payload-size", SCHEMA_INT, offsetof(struct server_conf, serve.udp_payload_size), SCHEMA_RESTART, .fallback = "1232", .min = 512, .max = 4096,
	  .help = "The largest answer over UDP, in bytes, to clients that take as much, and what they are told that we take (EDNS, RFC 6891). "
		  "The default passes all networks without fragments." },
	{ "nsid", SCHEMA_TEXT, offsetof(struct server_conf, serve.nsid),
	  .help = "What clients that ask which server answered are told (RFC 5001): a text, bytes as 0x and hexadecimal digits, or the word hostname for the "
		  "host's name. Absent means nothing." },
	{ "version", SCHEMA_TEXT, offsetof(struct server_conf, serve.version), .fallback = "zonetide",
	  .help = "The answer to version.bind and version.server in class CHAOS; none refuses it." },
	{ "identity", SCHEMA_TEXT, offsetof(struct server_conf, serve.identity), .fallback = "none",
	  .help = "The answer to hostname.bind and id.server in class CHAOS (RFC 4892): a text, the word hostname for the host's name, or none to refuse it." },
	{ "cookies", SCHEMA_ENUM, offsetof(struct server_conf, serve.cookies), .fallback = "yes", .names = cookie_modes,
	  .help = "DNS cookies (RFC 7873, RFC 9018). A client with a good one has shown that it is where it says, so its answers are never rate-limited. "
		  "With required, UDP is for such clients alone: one with another cookie gets BADCOOKIE and a good one to come back with, one without "
		  "is sent to TCP." },
	{ "cookie-secret", SCHEMA_TEXT, offsetof(struct server_conf, serve.cookie_secret), SCHEMA_LIST,
	  .help = "Secrets of 32 hexadecimal digits, 8 at most, shared by servers that answer at one address, of whatever make. The first makes "
		  "cookies, all are accepted. To change it without turning a client away: add the new one at the end on every server, an hour later put it "
		  "first, another hour later take the old one out. Absent means a random one, new every day." },
	{ "cookie-secret-file", SCHEMA_PATH, offsetof(struct server_conf, serve.cookie_secret_file),
	  .help = "The same, one secret a line, in a file that others cannot read. Empty lines and lines that begin with # are skipped." },
	{ "rate-limit", SCHEMA_MAPPING, offsetof(struct server_conf, serve.limit), .mapping = &limit_schema,
	  .help = "Limits answers over UDP that are alike, so that nobody floods a victim with them by asking in its name." },
	{ "listen-tls", SCHEMA_ADDRESS, offsetof(struct server_conf, stream.listen_tls), SCHEMA_LIST | SCHEMA_RESTART, .port = 853,
	  .help = "Addresses to serve on by DNS over TLS (RFC 7858), TLS 1.2 or 1.3." },
	{ "tls-certificate", SCHEMA_PATH, offsetof(struct server_conf, stream.tls_certificate),
	  .help = "The certificate for TLS, with the certificates that lead to its authority behind it (PEM). Read again on reload. Absent means a "
		  "self-signed one, made at each start; clients can't tell then whom they talk to." },
	{ "tls-key", SCHEMA_PATH, offsetof(struct server_conf, stream.tls_key), .help = "The certificate's private key (PEM, without a passphrase)." },
	{ "tls-client-ca", SCHEMA_PATH, offsetof(struct server_conf, stream.tls_client_ca),
	  .help = "Certificates of the authorities that sign clients' certificates (PEM). With it, or with pin: in an access list, clients are asked for a certificate; "
		  "those that have none are served all the same, but not let in by tls:NAME (see allow-transfer). Read again on reload." },
	{ "proxy-allow", SCHEMA_ACCESS, offsetof(struct server_conf, stream.proxy_allow), SCHEMA_LIST,
	  .help = "Load balancers that are trusted to say, by a header of the PROXY protocol (version 2), on whose behalf they ask, over UDP, TCP and TLS. Access "
		  "lists and rate limits then go by the client's address. What they send without a header is their own. A header from others is refused." },
	{ "tcp-idle-timeout", SCHEMA_DURATION, offsetof(struct server_conf, stream.idle_timeout), SCHEMA_RESTART, .fallback = "10s", .min = USEC_PER_SEC / 10,
	  .max = 3600 * USEC_PER_SEC,
	  .help = "A TCP or TLS connection is closed when no query came for so long. Clients that ask are told (edns-tcp-keepalive, RFC 7828). While more than "
		  "three quarters of the connections are in use, a quarter of it." },
	{ "tcp-read-timeout", SCHEMA_DURATION, offsetof(struct server_conf, stream.read_timeout), SCHEMA_RESTART, .fallback = "3s", .min = USEC_PER_SEC / 10,
	  .max = 3600 * USEC_PER_SEC,
	  .help = "How long a query may take from its first byte to its last, a new connection until its first query, and the beginning of TLS." },
	{ "tcp-write-timeout", SCHEMA_DURATION, offsetof(struct server_conf, stream.write_timeout), SCHEMA_RESTART, .fallback = "10s",
	  .min = USEC_PER_SEC / 10, .max = 3600 * USEC_PER_SEC,
	  .help = "A client that has not taken the answers that wait for it, or 16 KiB of them, in this time is cut off." },
	{ "tcp-max-clients", SCHEMA_INT, offsetof(struct server_conf, stream.max_clients), SCHEMA_RESTART, .fallback = "0", .min = 0, .max = 1000000,
	  .help = "Most TCP and TLS connections open at once, shared out evenly among workers and addresses. When a share is used up, the connection idle "
		  "for longest makes room. 0 means half of the file descriptors the process may have, at most 1024 a share." },
	{ "tcp-max-per-client", SCHEMA_INT, offsetof(struct server_conf, stream.max_per_client), SCHEMA_RESTART, .fallback = "256", .min = 0, .max = 1000000,
	  .help = "Most connections of one client (an IPv4 address, an IPv6 /64) in each worker; more are closed at once. 0 means no limit." },
	{ "tcp-max-outstanding", SCHEMA_INT, offsetof(struct server_conf, stream.max_outstanding), SCHEMA_RESTART, .fallback = "100", .min = 1, .max = 65535,
	  .help = "With so many queries of a connection unanswered (transfers, updates), no more are read from it." },
};

static const struct schema server_schema = { .what = "server", .size = sizeof(struct server_conf), .rows = server_rows,
					     .row_count = SCHEMA_COUNT(server_rows) };

static const struct schema_row root_rows[] = {
	{ "server", SCHEMA_MAPPING, offsetof(struct root_conf, server), .mapping = &server_schema, .help = "The daemon." },
	{ "dnstap", SCHEMA_MAPPING, offsetof(struct root_conf, dnstap), .mapping = &dnstap_schema,
	  .help = "Copies of queries and responses for a reader of dnstap, by Frame Streams. What the reader does not take in time is dropped and counted; queries do not wait." },
	{ "key", SCHEMA_MAPPING, offsetof(struct root_conf, keys), SCHEMA_LIST, .mapping = &key_options_schema,
	  .help = "Secrets shared with other servers and with clients, by which messages are signed (TSIG, RFC 8945)." },
	{ "zone", SCHEMA_MAPPING, offsetof(struct root_conf, zones), SCHEMA_LIST, .mapping = &zone_options_schema, .help = "One entry for each zone." },
	{ "template", SCHEMA_MAPPING, offsetof(struct root_conf, templates), SCHEMA_LIST, .mapping = &zone_options_schema,
	  .help = "Settings of member zones, for catalog-template. Where it has no primaries, members are transferred from those of their catalog. Without file, "
		  "zonemd-generate and the keys about catalogs." },
};

const struct schema authd_schema = { .what = "configuration", .size = sizeof(struct root_conf), .rows = root_rows,
				     .row_count = SCHEMA_COUNT(root_rows) };

static int by_apex(const void *a, const void *b)
{
	return name_cmp((*(const struct zone_options *const *)a)->apex, (*(const struct zone_options *const *)b)->apex);
}

/* The table finds names that are spelled alike; here "example" and "EXAMPLE." meet too. */
static void duplicates_check(struct options_reader *reader, const struct zone_conf *confs)
{
	struct authd_options *options = reader->options;
	const struct zone_options **sorted = calloc(options->zone_count + 1, sizeof(*sorted));

	if (!sorted) {
		reader->status = ZT_ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < options->zone_count; i++)
		sorted[i] = &options->zones[i];
	qsort(sorted, options->zone_count, sizeof(*sorted), by_apex);
	for (uint32_t i = 1; i < options->zone_count; i++) {
		if (name_equal(sorted[i - 1]->apex, sorted[i]->apex)) {
			const struct zone_options *later = sorted[i] > sorted[i - 1] ? sorted[i] : sorted[i - 1];
			options_problem(reader, confs[later - options->zones].node, "the zone is listed twice; expected one entry for each zone");
		}
	}
	free(sorted);
}

static void root_read(struct options_reader *reader, const struct root_conf *conf)
{
	struct authd_options *options = reader->options;
	const struct zone_conf *zones = SCHEMA_ITEMS(conf->zones, struct zone_conf);

	options->listen = conf->server.listen.items;
	options->listen_count = (uint32_t)conf->server.listen.count;
	options->workers = (uint32_t)conf->server.workers;
	options->state_dir = conf->server.state_dir;
	options->control = conf->server.control;
	options->user = conf->server.user;
	options->metrics = conf->server.metrics;
	options->has_metrics = netaddr_is_set(&conf->server.metrics);
	options->journal_size = conf->server.journal_size;
	options->soa_query_rate = (uint32_t)conf->server.soa_query_rate;
	options->tcp = stream_options_limits(&conf->server.stream);
	options->listen_tls = conf->server.stream.listen_tls.items;
	options->listen_tls_count = (uint32_t)conf->server.stream.listen_tls.count;
	key_options_read(reader, &conf->keys, &options->keys);
	options->proxy_allow = options_acl_of_addresses(reader, conf->server.node, "proxy-allow", &conf->server.stream.proxy_allow);
	options->allow_query = options_acl(reader, conf->server.node, "allow-query", &conf->server.allow_query);
	options->limit_exempt = options_acl_of_addresses(reader, conf->server.serve.limit.node, "exempt", &conf->server.serve.limit.exempt);
	options->limit_buckets = (uint32_t)conf->server.serve.limit.table_size;
	int status = serve_options_read(&options->serve, &conf->server.serve, conf->server.node, &(struct serve_sink){ &options->tree, reader->problems });
	if (status == ZT_OK)
		status = sync_options_read(&options->sync_key, &conf->server.sync, conf->server.node, &(struct serve_sink){ &options->tree, reader->problems });
	if (status != ZT_OK)
		reader->status = status;
	options->serve.limit.exempt = options->limit_exempt;
	options->serve.proxy_allow = options->proxy_allow;
	options->serve.keys = &options->keys;
	options->holds_secrets = options->serve.secret_count > 0 || conf->server.sync.secret || conf->server.sync.secret_file ||
				 conf->server.stream.tls_key || options->listen_tls_count > 0 || options->keys.count > 0;
	dnstap_options_read(&options->dnstap, &conf->dnstap, &options->tree, reader->problems);
	options->zone_count = (uint32_t)conf->zones.count;
	options->zones = options_take(reader, options->zone_count * sizeof(*options->zones));
	for (uint32_t i = 0; options->zones && i < options->zone_count; i++)
		zone_options_read(reader, &zones[i], &options->zones[i]);
	options->holds_secrets = options->holds_secrets || options->remote_tls;
	if (options->zones && reader->problems->total == 0)
		duplicates_check(reader, zones);
	if (options->zones)
		catalog_options_read(reader, &conf->zones, &conf->templates, options->zones);
	options->has_client_ca = conf->server.stream.tls_client_ca;
	stream_options_tls(&options->tls, &conf->server.stream, &(struct stream_sink){ &options->tree, conf->server.node, reader->problems },
			   &(struct stream_clients){ reader->has_tls_names, reader->has_tls_pins });
}

/* ---- paths --------------------------------------------------------------------------------------------------------------------------- */

static int read_folder_note(void *ctx, const struct schema_row *row, const char *path)
{
	struct options_reader *reader = ctx;

	if (row->flags & SCHEMA_WRITTEN)
		return ZT_OK;
	if (strcmp(row->key, "sandbox-read") == 0)
		return folders_add(&reader->options->reads, path);
	if (strcmp(row->key, "file") != 0 && folders_add(&reader->options->files, path) != ZT_OK)
		return ZT_ENOMEM;
	return folders_add_of(&reader->options->reads, path);
}

/* For the walk over all paths. */
struct jail_check {
	struct options_reader *reader;
	const struct yaml_node *node;      /* of server.chroot */
	const char *jail;
};

static int outside_report(void *ctx, const struct schema_row *row, const char *path)
{
	const struct jail_check *check = ctx;

	if (!yaml_path_below(path, check->jail))
		problems_add(check->reader->problems, check->node ? check->node->line : 0, check->node ? check->node->column : 0,
			     "%s \"%s\" lies outside of server.chroot; expected it to be in %s", row->key, path, check->jail);
	return ZT_OK;
}

/* Everything in the configuration, and the file itself, is below the root folder; it is named as it is seen from there. False: paths mean nothing. */
static bool jail_apply(struct options_reader *reader, struct root_conf *conf, const char *jail)
{
	struct yaml_tree *tree = &reader->options->tree;
	struct jail_check check = { .reader = reader, .node = yaml_node_get(conf->server.node, "chroot"), .jail = jail };

	if (!jail || reader->status != ZT_OK)
		return true;
	if (tree->file[0] != '/') {
		options_problem(reader, check.node, "with server.chroot the configuration must be named by its full path; expected -c /FOLDER/authd.yaml");
		return false;
	}
	reader->status = outside_report(&check, &(struct schema_row){ .key = "this file" }, tree->file);
	if (reader->status == ZT_OK)
		reader->status = schema_each_path(&authd_schema, conf, outside_report, &check);
	tree->jail = reader->options->chroot = arena_strdup(&tree->arena, jail);
	if (!tree->jail)
		reader->status = ZT_ENOMEM;
	if (reader->status == ZT_OK && reader->problems->total == 0)
		reader->status = schema_fill(&authd_schema, tree, tree->root, conf, reader->problems);
	return reader->problems->total == 0;
}

static void paths_note(struct options_reader *reader, const struct root_conf *conf)
{
	int status = schema_each_path(&authd_schema, conf, read_folder_note, reader);
	const char *inside = reader->options->tree.jail ? yaml_path_below(reader->options->path, reader->options->tree.jail) : NULL;

	if (status == ZT_OK && remote_tls_uses_system_ca(reader->options->remote_tls) && tls_system_ca())
		status = folders_add_of(&reader->options->reads, tls_system_ca());
	if (status == ZT_OK)
		status = folders_add(&reader->options->files, inside ? inside : reader->options->path);
	if (status == ZT_OK)
		status = folders_add_of(&reader->options->reads, inside ? inside : reader->options->path);
	if (status != ZT_OK)
		reader->status = status;
}

/* ---- a whole file ------------------------------------------------------------------------------------------------------------------ */

static int tree_load(struct yaml_tree *tree, const char *path, const char *jail, struct problems *problems)
{
	return jail ? yaml_tree_load_jailed(tree, path, jail, problems) : yaml_tree_load(tree, path, problems);
}

/* `before`: in force in this process, which is in its root folder already; NULL at the start. */
static int file_read(struct authd_options **out, const char *path, const struct authd_options *before, struct buf *errors)
{
	const char *jail = before ? before->chroot : NULL;
	struct authd_options *options = calloc(1, sizeof(*options));
	struct problems problems;
	struct root_conf conf = { 0 };
	struct options_reader reader = { .options = options, .tree = &options->tree, .problems = &problems };

	if (!options)
		return ZT_ENOMEM;
	reader.contexts = &options->remote_tls;
	reader.contexts_before = before ? before->remote_tls : NULL;
	folders_init(&options->reads);
	folders_init(&options->files);
	problems_init(&problems, path);
	reader.status = tree_load(&options->tree, path, jail, &problems);
	if (options->tree.root) {
		int filled = schema_fill(&authd_schema, &options->tree, options->tree.root, &conf, &problems);
		reader.status = reader.status != ZT_OK ? reader.status : filled;
		options->path = arena_strdup(&options->tree.arena, path);
		if (!options->path)
			reader.status = ZT_ENOMEM;
	}
	bool has_paths = jail_apply(&reader, &conf, jail ? jail : conf.server.chroot);
	if (options->tree.root && has_paths && (reader.status == ZT_OK || reader.status == ZT_ESYNTAX))
		root_read(&reader, &conf);
	if (reader.status == ZT_OK)
		paths_note(&reader, &conf);
	if (problems.total > 0 && reader.status == ZT_OK)
		reader.status = ZT_ESYNTAX;
	problems_write(&problems, errors);
	problems_fini(&problems);
	/* Everything about a zone stands in its zone_options now; there may be very many. */
	yaml_tree_forget_items(&options->tree);
	if (reader.status != ZT_OK) {
		options_free(options);
		return reader.status;
	}
	*out = options;
	return ZT_OK;
}

int options_read(struct authd_options **out, const char *path, struct buf *errors)
{
	return file_read(out, path, NULL, errors);
}

int options_reread(struct authd_options **out, const struct authd_options *before, struct buf *errors)
{
	int status = file_read(out, before->path, before, errors);

	if (status == ZT_OK)
		(*out)->no_sandbox = before->no_sandbox;
	return status;
}

void options_free(struct authd_options *options)
{
	if (!options)
		return;
	if (options->allow_query)
		acl_fini(options->allow_query);
	if (options->limit_exempt)
		acl_fini(options->limit_exempt);
	if (options->proxy_allow)
		acl_fini(options->proxy_allow);
	tls_context_release(options->tls);
	remote_tls_release(options->remote_tls);
	for (uint32_t i = 0; options->zones && i < options->zone_count; i++)
		zone_options_fini(&options->zones[i]);
	key_options_fini(&options->keys);
	folders_fini(&options->reads);
	folders_fini(&options->files);
	yaml_tree_fini(&options->tree);
	free(options);
}
