/* Keys about dnstap. */
#include "authd/options_dnstap.h"

#include <string.h>
#include <unistd.h>

#include "config.h"
#include "lib/conf/problems.h"

enum { PORT = 6000, HOST_SIZE = 256 };

static const struct schema_row dnstap_rows[] = {
	{ "socket", SCHEMA_PATH, offsetof(struct dnstap_conf, socket), SCHEMA_RESTART | SCHEMA_WRITTEN,
	  .help = "Unix socket of a reader, such as dnstap or fstrm_capture. While nobody listens there, connecting is tried each second." },
	{ "address", SCHEMA_ADDRESS, offsetof(struct dnstap_conf, address), SCHEMA_RESTART, .port = PORT, .help = "TCP address of a reader, instead of a socket." },
	{ "file", SCHEMA_PATH, offsetof(struct dnstap_conf, file), SCHEMA_RESTART | SCHEMA_WRITTEN,
	  .help = "File to write, instead of a socket; written anew at each start." },
	{ "file-limit", SCHEMA_SIZE, offsetof(struct dnstap_conf, file_limit), SCHEMA_RESTART, .fallback = "1G", .min = 1 << 16, .max = INT64_C(1) << 50,
	  .help = "How large the file may grow. Then it is renamed to FILE.1, in place of the one before, and begun anew." },
	{ "sample", SCHEMA_FRACTION, offsetof(struct dnstap_conf, sample), SCHEMA_RESTART, .fallback = "1",
	  .help = "Share of the exchanges that are told, chosen by chance; a query and its response go together." },
	{ "queries", SCHEMA_BOOL, offsetof(struct dnstap_conf, queries), SCHEMA_RESTART, .fallback = "yes",
	  .help = "Whether queries are told (AUTH_QUERY, and UPDATE_QUERY for UPDATE)." },
	{ "responses", SCHEMA_BOOL, offsetof(struct dnstap_conf, responses), SCHEMA_RESTART, .fallback = "yes",
	  .help = "Whether responses are told (AUTH_RESPONSE, UPDATE_RESPONSE). Of transfers over TCP only the query is." },
	{ "identity", SCHEMA_TEXT, offsetof(struct dnstap_conf, identity), SCHEMA_RESTART, .fallback = "hostname",
	  .help = "What the server calls itself; \"hostname\" takes the host's name, \"none\" tells nothing." },
	{ "version", SCHEMA_TEXT, offsetof(struct dnstap_conf, version), SCHEMA_RESTART, .fallback = "authd " PACKAGE_VERSION,
	  .help = "What it calls its version; \"none\" tells nothing." },
};

const struct schema dnstap_schema = { .what = "dnstap", .size = sizeof(struct dnstap_conf), .rows = dnstap_rows, .row_count = SCHEMA_COUNT(dnstap_rows) };

static const char *identity_of(const char *text, struct yaml_tree *tree)
{
	char name[HOST_SIZE] = "";

	if (strcmp(text, "hostname") != 0)
		return strcmp(text, "none") == 0 ? NULL : text;
	return gethostname(name, sizeof(name) - 1) == 0 && name[0] ? arena_strdup(&tree->arena, name) : NULL;
}

void dnstap_options_read(struct dnstap_options *out, const struct dnstap_conf *conf, struct yaml_tree *tree, struct problems *problems)
{
	unsigned targets = (conf->socket != NULL) + (conf->file != NULL) + netaddr_is_set(&conf->address);

	*out = (struct dnstap_options){
		.is_on = conf->node != NULL, .socket = conf->socket, .file = conf->file, .file_limit = conf->file_limit, .address = conf->address, .sample = conf->sample,
		.queries = conf->queries, .responses = conf->responses,
	};
	if (!out->is_on)
		return;
	if (targets != 1)
		problems_add(problems, conf->node->line, conf->node->column, "dnstap goes to %s; expected exactly one of socket, address and file",
			     targets == 0 ? "nobody" : "more than one place");
	if (!conf->queries && !conf->responses)
		problems_add(problems, conf->node->line, conf->node->column, "dnstap tells neither queries nor responses; expected one of them to be yes");
	out->identity = identity_of(conf->identity, tree);
	out->version = strcmp(conf->version, "none") == 0 ? NULL : conf->version;
}
