/* Keys about what servers share. */
#include "authd/options_sync.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/sandbox.h"
#include "lib/base/secret_line.h"
#include "lib/xfr/zsync.h"

enum { LINE_SIZE = 1024 };

static int file_read(struct fingerprint_key *out, const char *path, const struct yaml_node *node, const struct serve_sink *sink)
{
	char line[LINE_SIZE];
	int fd = yaml_tree_open(sink->tree, path), status = ZT_OK;
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (!in) {
		if (fd >= 0)
			close(fd);
		problems_add(sink->problems, node->line, node->column, "sync-secret-file: cannot open %.200s: %s%s", path, strerror(errno), sandbox_hint(path));
		return ZT_OK;
	}
	secret_line_read(in, line, sizeof(line));
	fclose(in);
	if (strlen(line) < ZSYNC_SECRET_LEAST)
		problems_add(sink->problems, node->line, node->column, "sync-secret-file: %.200s holds no secret, expected a line of at least 16 characters", path);
	else
		status = zsync_key(line, out);
	sodium_memzero(line, sizeof(line));
	return status;
}

int sync_options_read(struct fingerprint_key *out, const struct sync_conf *conf, const struct yaml_node *server, const struct serve_sink *sink)
{
	const struct yaml_node *file = yaml_node_get(server, "sync-secret-file"), *secret = yaml_node_get(server, "sync-secret");

	/* The messages never show the text: it may be most of a secret. */
	if (conf->secret && strlen(conf->secret) < ZSYNC_SECRET_LEAST)
		problems_add(sink->problems, secret->line, secret->column, "sync-secret is too short, expected at least 16 characters, such as openssl rand -hex 16 prints");
	if (!conf->secret_file)
		return zsync_key(conf->secret, out);
	if (conf->secret) {
		problems_add(sink->problems, file->line, file->column, "sync-secret-file stands beside sync-secret, expected one of them");
		return ZT_OK;
	}
	return file_read(out, conf->secret_file, file, sink);
}
