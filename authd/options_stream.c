/* Keys about TCP and TLS clients: the certificate. */
#include "authd/options_stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/sandbox.h"

static void problem_at(const struct stream_sink *sink, const char *key, const char *what)
{
	const struct yaml_node *node = yaml_node_get(sink->server, key);
	problems_add(sink->problems, node ? node->line : 0, node ? node->column : 0, "%s: %s", key, what);
}

/* A descriptor, or -1 and a problem. */
static int file_open(const struct stream_sink *sink, const char *key, const char *path)
{
	int fd = yaml_tree_open(sink->tree, path);
	const struct yaml_node *node = yaml_node_get(sink->server, key);

	if (fd < 0)
		problems_add(sink->problems, node ? node->line : 0, node ? node->column : 0, "%s: cannot open %.200s: %s%s", key, path, strerror(errno),
			     sandbox_hint(path));
	return fd;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void stream_options_tls(struct tls_context **context, const struct stream_conf *conf, const struct stream_sink *sink)
{
	struct buf problem;

	if (!conf->tls_certificate && !conf->tls_key)
		return;
	if (!conf->tls_certificate || !conf->tls_key) {
		problem_at(sink, conf->tls_key ? "tls-key" : "tls-certificate", "stands alone, expected tls-certificate and tls-key together");
		return;
	}
	struct tls_server_config files = {
		.certificate = file_open(sink, "tls-certificate", conf->tls_certificate), .key = file_open(sink, "tls-key", conf->tls_key),
	};
	buf_init(&problem);
	if (files.certificate >= 0 && files.key >= 0 && tls_server_new(context, &files, &problem) != ZT_OK) {
		buf_printf(&problem, "%s, expected PEM files that belong together, the key without a passphrase", problem.len > 0 ? "" : "out of memory");
		buf_add_u8(&problem, 0);
		problem_at(sink, "tls-certificate", problem.status == ZT_OK ? (const char *)problem.data : "out of memory");
	}
	buf_fini(&problem);
	close_fd(files.certificate);
	close_fd(files.key);
}
