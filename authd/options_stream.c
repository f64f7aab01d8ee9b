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

/* What the access lists need of TLS is there. */
static bool clients_check(const struct stream_conf *conf, const struct stream_sink *sink, const struct stream_clients *clients)
{
	const char *key = conf->tls_client_ca ? "tls-client-ca" : "listen-tls";

	if (!conf->tls_certificate && (conf->tls_client_ca || clients->has_names || clients->has_pins))
		problem_at(sink, key, "clients are told apart by their certificates (tls-client-ca, or tls: and pin: in access lists), expected tls-certificate and tls-key too");
	else if (clients->has_names && !conf->tls_client_ca)
		problem_at(sink, key, "an access list has tls:NAME, expected tls-client-ca with the authorities of clients; without any, pin:PIN can be used");
	else
		return true;
	return false;
}

void stream_options_tls(struct tls_context **context, const struct stream_conf *conf, const struct stream_sink *sink, const struct stream_clients *clients)
{
	struct tls_server_config files = { .certificate = -1, .key = -1, .client_ca = -1, .asks_client = clients->has_pins || conf->tls_client_ca };
	struct buf problem;

	if (!conf->tls_certificate != !conf->tls_key) {
		problem_at(sink, conf->tls_key ? "tls-key" : "tls-certificate", "stands alone, expected tls-certificate and tls-key together");
		return;
	}
	if (!clients_check(conf, sink, clients) || !conf->tls_certificate)
		return;
	files.certificate = file_open(sink, "tls-certificate", conf->tls_certificate);
	files.key = file_open(sink, "tls-key", conf->tls_key);
	if (conf->tls_client_ca)
		files.client_ca = file_open(sink, "tls-client-ca", conf->tls_client_ca);
	buf_init(&problem);
	if (files.certificate >= 0 && files.key >= 0 && (!conf->tls_client_ca || files.client_ca >= 0) && tls_server_new(context, &files, &problem) != ZT_OK) {
		buf_printf(&problem, "%s, expected PEM files, certificate and key belonging together, the key without a passphrase", problem.len > 0 ? "" : "out of memory");
		buf_add_u8(&problem, 0);
		problem_at(sink, "tls-certificate", problem.status == ZT_OK ? (const char *)problem.data : "out of memory");
	}
	buf_fini(&problem);
	close_fd(files.certificate);
	close_fd(files.key);
	close_fd(files.client_ca);
}
