/* Schemas for the tests. */
#include "tests/unit/conf/samples.h"

#include <stdbool.h>
#include <string.h>

enum { DAY_S = 86400 };

static const char *domain_name_check(const char *text)
{
	return text[0] && !strstr(text, "..") && !strchr(text, ' ') ? NULL : "a domain name";
}

static const struct schema_row server_rows[] = {
	{ "listen", SCHEMA_ADDRESS, offsetof(struct sample_server, listen), SCHEMA_LIST | SCHEMA_RESTART, .port = 53, .fallback = "127.0.0.1",
	  .help = "Where queries are answered, over UDP and TCP." },
	{ "workers", SCHEMA_INT, offsetof(struct sample_server, workers), SCHEMA_RESTART, .min = 1, .max = 256, .fallback = "1",
	  .help = "Threads that answer." },
	{ "state-dir", SCHEMA_PATH, offsetof(struct sample_server, state_dir), SCHEMA_RESTART, .fallback = "./state", .help = "Journal and images." },
	{ "control", SCHEMA_PATH, offsetof(struct sample_server, control), SCHEMA_RESTART, .help = "The control socket." },
	{ "metrics", SCHEMA_ADDRESS, offsetof(struct sample_server, metrics), .port = 9153, .help = "Prometheus text; absent = off." },
};
static const struct schema server_schema = {
	.what = "server", .size = sizeof(struct sample_server), .rows = server_rows, .row_count = SCHEMA_COUNT(server_rows),
};

static const struct schema_name algorithms[] = { { "hmac-sha256", 1 }, { "hmac-sha384", 2 }, { "hmac-sha512", 3 }, { 0 } };

static const struct schema_row key_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct sample_key, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = domain_name_check, .help = "Its name." },
	{ "algorithm", SCHEMA_ENUM, offsetof(struct sample_key, algorithm), .names = algorithms, .fallback = "hmac-sha256", .help = "The MAC." },
	{ "secret", SCHEMA_TEXT, offsetof(struct sample_key, secret), SCHEMA_REQUIRED, .help = "In base64." },
};
static const struct schema key_schema = {
	.what = "key", .size = sizeof(struct sample_key), .rows = key_rows, .row_count = SCHEMA_COUNT(key_rows),
};

static const struct schema_row tls_rows[] = {
	{ "hostname", SCHEMA_TEXT, offsetof(struct sample_tls, hostname), SCHEMA_REQUIRED, .help = "The name in the certificate." },
};
static const struct schema tls_schema = {
	.what = "tls", .size = sizeof(struct sample_tls), .rows = tls_rows, .row_count = SCHEMA_COUNT(tls_rows),
};

static const struct schema_row remote_rows[] = {
	{ "address", SCHEMA_ADDRESS, offsetof(struct sample_remote, address), SCHEMA_REQUIRED, .port = 53, .help = "Where it is." },
	{ "key", SCHEMA_TEXT, offsetof(struct sample_remote, key), .help = "The key to sign with." },
	{ "tls", SCHEMA_MAPPING, offsetof(struct sample_remote, tls), .mapping = &tls_schema, .help = "Use TLS." },
};
static const struct schema remote_schema = {
	.what = "remote", .size = sizeof(struct sample_remote), .rows = remote_rows, .row_count = SCHEMA_COUNT(remote_rows), .shorthand = "address",
};

static const struct schema_row zone_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct sample_zone, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = domain_name_check, .help = "The apex." },
	{ "file", SCHEMA_PATH, offsetof(struct sample_zone, file), .help = "The zone file." },
	{ "notify", SCHEMA_MAPPING, offsetof(struct sample_zone, notify), SCHEMA_LIST, .mapping = &remote_schema, .help = "Who is told of changes." },
	{ "primaries", SCHEMA_MAPPING, offsetof(struct sample_zone, primaries), SCHEMA_LIST, .mapping = &remote_schema, .help = "Where it comes from." },
	{ "allow-transfer", SCHEMA_ACCESS, offsetof(struct sample_zone, allow_transfer), SCHEMA_LIST, .help = "Who may fetch it." },
	{ "allow-update", SCHEMA_ACCESS, offsetof(struct sample_zone, allow_update), SCHEMA_LIST, .help = "Who may change it." },
	{ "allow-notify", SCHEMA_ACCESS, offsetof(struct sample_zone, allow_notify), SCHEMA_LIST, .help = "Whose NOTIFY counts." },
};
static const struct schema zone_schema = {
	.what = "zone", .size = sizeof(struct sample_zone), .rows = zone_rows, .row_count = SCHEMA_COUNT(zone_rows),
};

static const struct schema_row authd_rows[] = {
	{ "server", SCHEMA_MAPPING, offsetof(struct sample_authd, server), .mapping = &server_schema, .help = "The process." },
	{ "key", SCHEMA_MAPPING, offsetof(struct sample_authd, keys), SCHEMA_LIST, .mapping = &key_schema, .help = "Shared secrets." },
	{ "zone", SCHEMA_MAPPING, offsetof(struct sample_authd, zones), SCHEMA_LIST, .mapping = &zone_schema, .help = "Zones." },
};
const struct schema sample_authd_schema = {
	.what = "authd.yaml", .size = sizeof(struct sample_authd), .rows = authd_rows, .row_count = SCHEMA_COUNT(authd_rows),
};

static const struct schema_row resolver_rows[] = {
	{ "root-hints", SCHEMA_PATH, offsetof(struct sample_resolver, root_hints), .help = "Built in if absent." },
	{ "validate", SCHEMA_BOOL, offsetof(struct sample_resolver, validate), .fallback = "yes", .help = "Check DNSSEC signatures." },
	{ "upstream-port", SCHEMA_INT, offsetof(struct sample_resolver, upstream_port), .min = 1, .max = 65535, .fallback = "53", .help = "For labs." },
	{ "negative-trust-anchors", SCHEMA_TEXT, offsetof(struct sample_resolver, negative_trust_anchors), SCHEMA_LIST, .check = domain_name_check,
	  .help = "Names below which nothing is checked." },
};
static const struct schema resolver_schema = {
	.what = "resolver", .size = sizeof(struct sample_resolver), .rows = resolver_rows, .row_count = SCHEMA_COUNT(resolver_rows),
};

static const struct schema_row target_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct sample_target, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = domain_name_check, .help = "The apex." },
	{ "addresses", SCHEMA_ADDRESS, offsetof(struct sample_target, addresses), SCHEMA_LIST | SCHEMA_REQUIRED, .port = 53, .help = "Servers." },
};
static const struct schema target_schema = {
	.what = "target", .size = sizeof(struct sample_target), .rows = target_rows, .row_count = SCHEMA_COUNT(target_rows),
};

static const struct schema_row cache_rows[] = {
	{ "size", SCHEMA_SIZE, offsetof(struct sample_cache, size), SCHEMA_RESTART, .min = 1 << 20, .max = INT64_MAX, .fallback = "256M",
	  .help = "Upper bound." },
	{ "min-ttl", SCHEMA_DURATION, offsetof(struct sample_cache, min_ttl), .max = DAY_S * USEC_PER_SEC, .fallback = "0", .help = "TTLs below are raised." },
	{ "max-ttl", SCHEMA_DURATION, offsetof(struct sample_cache, max_ttl), .max = 7 * DAY_S * USEC_PER_SEC, .fallback = "86400",
	  .help = "TTLs above are cut." },
	{ "prefetch", SCHEMA_FRACTION, offsetof(struct sample_cache, prefetch), .fallback = "10%", .help = "The part of the TTL in which it is refreshed." },
	{ "serve-stale", SCHEMA_BOOL, offsetof(struct sample_cache, serve_stale), .fallback = "no", .help = "Better old than none." },
	{ "snapshot", SCHEMA_PATH, offsetof(struct sample_cache, snapshot), .help = "Kept over restarts." },
};
static const struct schema cache_schema = {
	.what = "cache", .size = sizeof(struct sample_cache), .rows = cache_rows, .row_count = SCHEMA_COUNT(cache_rows),
};

static const struct schema_row resolverd_rows[] = {
	{ "server", SCHEMA_MAPPING, offsetof(struct sample_resolverd, server), .mapping = &server_schema, .help = "The process." },
	{ "resolver", SCHEMA_MAPPING, offsetof(struct sample_resolverd, resolver), .mapping = &resolver_schema, .help = "How it resolves." },
	{ "stub", SCHEMA_MAPPING, offsetof(struct sample_resolverd, stubs), SCHEMA_LIST, .mapping = &target_schema, .help = "Known servers." },
	{ "forward", SCHEMA_MAPPING, offsetof(struct sample_resolverd, forwards), SCHEMA_LIST, .mapping = &target_schema, .help = "Other resolvers." },
	{ "cache", SCHEMA_MAPPING, offsetof(struct sample_resolverd, cache), .mapping = &cache_schema, .help = "What it remembers." },
	{ "labels", SCHEMA_NODE, offsetof(struct sample_resolverd, labels), .help = "Anything.\n.Not a request, \\no escape." },
};
const struct schema sample_resolverd_schema = {
	.what = "resolverd.yaml", .size = sizeof(struct sample_resolverd), .rows = resolverd_rows, .row_count = SCHEMA_COUNT(resolverd_rows),
};
