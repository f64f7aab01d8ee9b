/* authd's configuration: the structures the option table (options.c) fills from authd.yaml. Immutable once read. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "authd/options_dnstap.h"
#include "authd/options_tls.h"
#include "authd/options_zone.h"
#include "authd/serve/settings.h"
#include "lib/base/buf.h"
#include "lib/base/fingerprint.h"
#include "lib/base/folders.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/conf/yaml_tree.h"
#include "lib/dns/name.h"
#include "lib/dns/tsig_key.h"
#include "lib/net/acl.h"
#include "lib/net/entrance.h"

struct authd_options {
	struct yaml_tree tree;            /* owns every string here */
	const char *path;                 /* of the configuration file; absolute when `chroot` is set */
	const char *user;                 /* NAME or NAME:GROUP; NULL: whoever started it */
	const char *chroot;               /* NULL: none. Every path here is as seen from inside */
	bool no_sandbox;                  /* --no-sandbox */
	bool holds_secrets;               /* worth more than a core: given here or in a file named here, or those of TLS */
	struct folders files;             /* not folders: all files named here for reading but zone files */
	struct folders reads;             /* the folders of all files named here for reading, and those of sandbox-read */
	struct netaddr *listen;
	uint32_t listen_count;
	uint32_t workers;                 /* 0 = one per core */
	const char *state_dir;
	const char *control;              /* socket path */
	bool has_metrics;
	struct netaddr metrics;
	struct netaddr *listen_tls;
	uint32_t listen_tls_count;
	bool has_client_ca;
	struct tls_context *tls;          /* made from the certificate; NULL: none is named. Owned */
	struct acl *proxy_allow;          /* NULL = nobody */
	struct entrance_limits tcp;       /* max_connections: of all workers together; 0 = as many as the descriptors allow */
	struct tsig_keys keys;            /* owned */
	struct serve_settings serve;      /* but for `limit.workers`, and secrets where none were given */
	uint32_t limit_buckets;
	struct acl *allow_query;          /* the zones' default; NULL = everybody */
	struct acl *limit_exempt;
	struct fingerprint_key sync_key;  /* of fingerprints: the well-known one, or what sync-secret makes */
	struct remote_tls *remote_tls;    /* contexts for TLS to other servers */
	uint32_t soa_query_rate;          /* a second, to one server */
	uint64_t journal_size;            /* most bytes the journal's history may take, over all zones */
	struct dnstap_options dnstap;
	struct zone_options *zones;
	uint32_t zone_count;
};

/* Reads and checks a configuration file. Every error is appended to `errors` as a line FILE:LINE:COL: what is wrong, what was expected; then ZT_ESYNTAX
 * (or ZT_ENOMEM, ZT_EIO, … for other trouble, which is described there too). */
int options_read(struct authd_options **out, const char *path, struct buf *errors) ZT_MUST_CHECK;
/* The same for a reload: reads the file of `before` again, from inside its root folder. */
int options_reread(struct authd_options **out, const struct authd_options *before, struct buf *errors) ZT_MUST_CHECK;
/* NULL is fine. */
void options_free(struct authd_options *options);
