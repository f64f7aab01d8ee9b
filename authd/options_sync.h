/* The keys of authd.yaml about what servers that hold the same zones share, and the step from their texts to the key of fingerprints. Part of options.c. */
#pragma once

#include "authd/options_serve.h"
#include "lib/base/fingerprint.h"

struct sync_conf {
	const char *secret;
	const char *secret_file;
};

/* The key that the secret makes, or the one of all servers without a secret; what is wrong goes to the problems. ZT_ENOMEM. */
int sync_options_read(struct fingerprint_key *out, const struct sync_conf *conf, const struct yaml_node *server, const struct serve_sink *sink) ZT_MUST_CHECK;
