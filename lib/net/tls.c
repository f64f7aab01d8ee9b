/* TLS over a connected socket, on OpenSSL. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/netaddr.h"
#include "lib/net/tls_inner.h"

enum {
	TICKET_NAME_LEN = 16,
	TICKET_SECRET_LEN = 32,
	SESSION_LIFETIME = 7200,            /* seconds */
	SELF_SIGNED_DAYS = 3650,
	READ_AHEAD = 16 * 1024,             /* bytes of one read of the socket */
};

/* With forward secrecy and authenticated encryption alone (RFC 9325 section 4.2); those of TLS 1.3 all are. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const unsigned char alpn_dot[] = { 3, 'd', 'o', 't' };

struct ticket_key {
	uint8_t name[TICKET_NAME_LEN];      /* travels in the ticket */
	uint8_t cipher[TICKET_SECRET_LEN];
	uint8_t mac[TICKET_SECRET_LEN];
};

struct tls_tickets {
	pthread_mutex_t lock;               /* taken once in a handshake */
	struct ticket_key now, before;
};

/* ---- tickets ----------------------------------------------------------------------------------------------------------------------- */

static int key_make(struct ticket_key *key)
{
	return RAND_bytes((unsigned char *)key, sizeof(*key)) == 1 ? ZT_OK : ZT_ESYSTEM;
}

struct tls_tickets *tls_tickets_new(void)
{
	struct tls_tickets *tickets = calloc(1, sizeof(*tickets));

	if (!tickets)
		return NULL;
	if (key_make(&tickets->now) != ZT_OK || key_make(&tickets->before) != ZT_OK) {
		free(tickets);
		return NULL;
	}
	pthread_mutex_init(&tickets->lock, NULL);
	return tickets;
}

void tls_tickets_free(struct tls_tickets *tickets)
{
	if (!tickets)
		return;
	pthread_mutex_destroy(&tickets->lock);
	OPENSSL_cleanse(tickets, sizeof(*tickets));
	free(tickets);
}

int tls_tickets_roll(struct tls_tickets *tickets)
{
	struct ticket_key fresh;

	int status = key_make(&fresh);
	if (status == ZT_OK) {
		pthread_mutex_lock(&tickets->lock);
		tickets->before = tickets->now;
		tickets->now = fresh;
		pthread_mutex_unlock(&tickets->lock);
	}
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	return status;
}

/* The key for a ticket to be read; false when it is of none of ours. */
static bool key_find(struct tls_tickets *tickets, const unsigned char *name, struct ticket_key *key, bool *is_old)
{
	pthread_mutex_lock(&tickets->lock);
	bool is_now = CRYPTO_memcmp(name, tickets->now.name, TICKET_NAME_LEN) == 0;
	bool is_before = CRYPTO_memcmp(name, tickets->before.name, TICKET_NAME_LEN) == 0;
	*key = is_now ? tickets->now : tickets->before;
	pthread_mutex_unlock(&tickets->lock);
	*is_old = !is_now;
	return is_now || is_before;
}

static bool key_use(const struct ticket_key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
	char digest[] = "SHA256";
	uint8_t secret[TICKET_SECRET_LEN];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret, sizeof(secret)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	memcpy(secret, key->mac, sizeof(secret));
	bool fine = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, encrypt) == 1 && EVP_MAC_CTX_set_params(mac, params) == 1;
	OPENSSL_cleanse(secret, sizeof(secret));
	return fine;
}

/* OpenSSL's question for a ticket's key: 0 = none, 1 = here it is, 2 = here, and the client should get a new ticket, negative = failed. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
	struct tls_tickets *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct ticket_key key;
	bool is_old = false;
	int result = -1;

	if (encrypt) {
		pthread_mutex_lock(&tickets->lock);
		key = tickets->now;
		pthread_mutex_unlock(&tickets->lock);
		memcpy(name, key.name, TICKET_NAME_LEN);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 && key_use(&key, iv, cipher, mac, 1))
			result = 1;
	} else if (!key_find(tickets, name, &key, &is_old)) {
		result = 0;
	} else if (key_use(&key, iv, cipher, mac, 0)) {
		/* Of TLS 1.3 a ticket is used once, so that nobody tells two visits apart (RFC 8446 appendix C.4). */
		result = is_old || SSL_version(ssl) >= TLS1_3_VERSION ? 2 : 1;
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return result;
}

/* ---- contexts ---------------------------------------------------------------------------------------------------------------------- */

static int problem_tell(struct buf *problem, const char *what, const char *path)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

	buf_printf(problem, "%s %s: %s", what, path, reason ? reason : "nothing usable in it");
	ERR_clear_error();
	return ZT_EINVAL;
}

static struct tls_context *context_new(const SSL_METHOD *method)
{
	struct tls_context *context = calloc(1, sizeof(*context));

	if (!context)
		return NULL;
	context->references = 1;
	context->ctx = SSL_CTX_new(method);
	if (!context->ctx) {
		free(context);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(context->ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(context->ctx, ciphers);
	SSL_CTX_set_options(context->ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(context->ctx, 1);
	SSL_CTX_set_default_read_buffer_len(context->ctx, READ_AHEAD);
	return context;
}

void tls_context_release(struct tls_context *context)
{
	if (!context || __atomic_sub_fetch(&context->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	SSL_SESSION_free(context->session);
	SSL_CTX_free(context->ctx);
	free(context->hostname);
	free(context->pins);
	free(context);
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *ctx)
{
	unsigned char *chosen;
	(void)ssl;
	(void)ctx;

	if (SSL_select_next_proto(&chosen, out_len, alpn_dot, sizeof(alpn_dot), in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool self_sign(X509 *certificate, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	uint64_t serial = 0;

	return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 && X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 && X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * SELF_SIGNED_DAYS) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"self-signed", -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

static int self_signed_load(SSL_CTX *ctx, struct buf *problem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	int status = key && certificate && self_sign(certificate, key) && SSL_CTX_use_certificate(ctx, certificate) == 1 &&
				     SSL_CTX_use_PrivateKey(ctx, key) == 1
			     ? ZT_OK
			     : problem_tell(problem, "cannot make", "a self-signed certificate");

	X509_free(certificate);
	EVP_PKEY_free(key);
	return status;
}

/* No question on the terminal for a key's passphrase. */
static int on_passphrase(char *out, int size, int writes, void *ctx)
{
	(void)out;
	(void)size;
	(void)writes;
	(void)ctx;
	return -1;
}

/* The certificates of a PEM file: the first is the server's, the others lead to an authority. */
static bool chain_load(SSL_CTX *ctx, BIO *in)
{
	X509 *certificate = PEM_read_bio_X509_AUX(in, NULL, on_passphrase, NULL);
	bool fine = certificate && SSL_CTX_use_certificate(ctx, certificate) == 1;

	X509_free(certificate);
	while (fine && (certificate = PEM_read_bio_X509(in, NULL, on_passphrase, NULL)))
		fine = SSL_CTX_add0_chain_cert(ctx, certificate) == 1;
	/* The end of the file is an error too. */
	if (fine)
		ERR_clear_error();
	return fine;
}

static bool key_load(SSL_CTX *ctx, BIO *in)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, on_passphrase, NULL);
	bool fine = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	return fine;
}

static int certificate_load(SSL_CTX *ctx, int certificate_fd, int key_fd, struct buf *problem)
{
	int status = ZT_OK;

	ERR_clear_error();
	BIO *certificate = BIO_new_fd(certificate_fd, BIO_NOCLOSE), *key = BIO_new_fd(key_fd, BIO_NOCLOSE);
	if (!certificate || !key)
		status = ZT_ENOMEM;
	else if (!chain_load(ctx, certificate))
		status = problem_tell(problem, "cannot use", "the certificate");
	else if (!key_load(ctx, key))
		status = problem_tell(problem, "cannot use", "the key");
	BIO_free(certificate);
	BIO_free(key);
	return status;
}

/* The certificates of authorities in a PEM file. */
static int authorities_load(SSL_CTX *ctx, int fd, const char *what, struct buf *problem)
{
	BIO *in = BIO_new_fd(fd, BIO_NOCLOSE);
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	unsigned count = 0;
	X509 *certificate;
	bool fine = in;

	ERR_clear_error();
	while (fine && (certificate = PEM_read_bio_X509_AUX(in, NULL, on_passphrase, NULL))) {
		fine = X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
		count++;
	}
	BIO_free(in);
	/* The end of the file is an error too; another one is no end. */
	unsigned long code = ERR_peek_last_error();
	if (fine && count > 0 && ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return ZT_OK;
	}
	return problem_tell(problem, "cannot use", what);
}

const char *tls_system_ca(void)
{
	static const char *const bundles[] = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" };

	if (access(X509_get_default_cert_file(), R_OK) == 0)
		return X509_get_default_cert_file();
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		if (access(bundles[i], R_OK) == 0)
			return bundles[i];
	}
	return NULL;
}

static int system_authorities_load(SSL_CTX *ctx, struct buf *problem)
{
	const char *path = tls_system_ca();
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		buf_printf(problem, "the system has no file of trusted authorities, expected ca-file");
		return ZT_EINVAL;
	}
	int status = authorities_load(ctx, fd, "the system's authorities", problem);
	close(fd);
	return status;
}

/* A ticket carries what the client had shown, so it is good only where the same is trusted. */
static int clients_prepare(SSL_CTX *ctx, const struct tls_server_config *config, struct buf *problem)
{
	unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
	unsigned len = 1;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int status = config->client_ca >= 0 ? authorities_load(ctx, config->client_ca, "the authorities of clients", problem) : ZT_OK;
	STACK_OF(X509) *trusted = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(ctx));

	if (!md || !trusted || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		status = status != ZT_OK ? status : ZT_ENOMEM;
	for (int i = 0; status == ZT_OK && i < sk_X509_num(trusted); i++) {
		unsigned char one[EVP_MAX_MD_SIZE];
		if (X509_digest(sk_X509_value(trusted, i), EVP_sha256(), one, &len) != 1 || EVP_DigestUpdate(md, one, len) != 1 ||
		    SSL_CTX_add_client_CA(ctx, sk_X509_value(trusted, i)) != 1)
			status = ZT_ENOMEM;
	}
	if (status == ZT_OK && (EVP_DigestFinal_ex(md, digest, &len) != 1 ||
				SSL_CTX_set_session_id_context(ctx, digest, len < SSL_MAX_SID_CTX_LENGTH ? len : SSL_MAX_SID_CTX_LENGTH) != 1))
		status = ZT_ENOMEM;
	sk_X509_pop_free(trusted, X509_free);
	EVP_MD_CTX_free(md);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, tls_client_judge, NULL);
	return status;
}

int tls_server_new(struct tls_context **out, const struct tls_server_config *config, struct buf *problem)
{
	struct tls_context *context = context_new(TLS_server_method());

	if (!context)
		return ZT_ENOMEM;
	context->is_server = true;
	int status = config->certificate < 0 ? self_signed_load(context->ctx, problem) :
					       certificate_load(context->ctx, config->certificate, config->key, problem);
	if (status == ZT_OK && config->asks_client)
		status = clients_prepare(context->ctx, config, problem);
	if (status != ZT_OK) {
		tls_context_release(context);
		return status;
	}
	SSL_CTX_set_options(context->ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_alpn_select_cb(context->ctx, on_alpn, NULL);
	/* Tickets alone: what a client must remember costs us nothing. */
	SSL_CTX_set_session_cache_mode(context->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(context->ctx, SESSION_LIFETIME);
	SSL_CTX_set_options(context->ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(context->ctx, 0);
	*out = context;
	return ZT_OK;
}

void tls_context_set_tickets(struct tls_context *context, struct tls_tickets *tickets)
{
	SSL_CTX_set_app_data(context->ctx, tickets);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(context->ctx, on_ticket);
	SSL_CTX_clear_options(context->ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(context->ctx, 1);
}

struct tls_context *tls_context_acquire(struct tls_context *context)
{
	__atomic_add_fetch(&context->references, 1, __ATOMIC_RELAXED);
	return context;
}

/* A client has a ticket: it replaces the one before. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(context->session);
	context->session = session;
	return 1;
}

static int client_configure(struct tls_context *context, const struct tls_client_config *config, struct buf *problem)
{
	int status = ZT_OK;

	context->for_transfers = config->for_transfers;
	context->takes_no_alpn = config->takes_no_alpn;
	if (config->hostname && !(context->hostname = strdup(config->hostname)))
		return ZT_ENOMEM;
	if (config->pin_count > 0) {
		context->pins = malloc(config->pin_count * TLS_PIN_LEN);
		if (!context->pins)
			return ZT_ENOMEM;
		memcpy(context->pins, config->pins, config->pin_count * TLS_PIN_LEN);
		context->pin_count = config->pin_count;
	}
	if (config->hostname)
		status = config->ca >= 0 ? authorities_load(context->ctx, config->ca, "the authorities to trust", problem) :
					   system_authorities_load(context->ctx, problem);
	if (status == ZT_OK && config->certificate >= 0)
		status = certificate_load(context->ctx, config->certificate, config->key, problem);
	return status;
}

int tls_client_new(struct tls_context **out, const struct tls_client_config *config, struct buf *problem)
{
	struct tls_context *context = context_new(TLS_client_method());

	if (!context)
		return ZT_ENOMEM;
	ERR_clear_error();
	int status = client_configure(context, config, problem);
	if (status != ZT_OK || SSL_CTX_set_alpn_protos(context->ctx, alpn_dot, sizeof(alpn_dot)) != 0) {
		tls_context_release(context);
		return status != ZT_OK ? status : ZT_ENOMEM;
	}
	if (config->for_transfers)
		SSL_CTX_set_min_proto_version(context->ctx, TLS1_3_VERSION);
	SSL_CTX_set_verify(context->ctx, config->hostname || config->pin_count > 0 ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(context->ctx, tls_server_judge, NULL);
	SSL_CTX_set_session_cache_mode(context->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_set_app_data(context->ctx, context);
	SSL_CTX_sess_set_new_cb(context->ctx, on_session);
	*out = context;
	return ZT_OK;
}

void tls_context_fingerprint(const struct tls_context *context, char out[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	X509 *certificate = SSL_CTX_get0_certificate(context->ctx);

	out[0] = '\0';
	if (!certificate || X509_digest(certificate, EVP_sha256(), digest, &len) != 1)
		return;
	for (unsigned i = 0; i < 32 && i < len; i++) {
		out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
		out[2 * i + 2] = '\0';
	}
}

/* ---- sessions ---------------------------------------------------------------------------------------------------------------------- */

/* A name goes with SNI, an address without (RFC 6066 section 3). */
static bool name_expect(SSL *ssl, const char *name)
{
	struct netaddr addr;

	if (netaddr_from_text(&addr, name, 0) == ZT_OK)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

static bool client_prepare(struct tls *tls)
{
	const struct tls_context *context = tls->context;

	SSL_set_connect_state(tls->ssl);
	if (context->hostname && !name_expect(tls->ssl, context->hostname))
		return false;
	if (!context->session)
		return true;
	/* A copy, since OpenSSL marks what has been resumed as used up; several connections to one server may begin before a new ticket comes. */
	SSL_SESSION *session = SSL_SESSION_dup(context->session);
	bool fine = session && SSL_set_session(tls->ssl, session) == 1;
	SSL_SESSION_free(session);
	return fine;
}

int tls_open(struct tls **out, struct tls_context *context, int fd)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return ZT_ENOMEM;
	tls->context = tls_context_acquire(context);
	tls->ssl = SSL_new(context->ctx);
	if (!tls->ssl || SSL_set_app_data(tls->ssl, tls) != 1 || SSL_set_fd(tls->ssl, fd) != 1 || (!context->is_server && !client_prepare(tls))) {
		tls_close(tls);
		ERR_clear_error();
		return ZT_ENOMEM;
	}
	if (context->is_server)
		SSL_set_accept_state(tls->ssl);
	*out = tls;
	return ZT_OK;
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->ssl && SSL_is_init_finished(tls->ssl)) {
		ERR_clear_error();
		(void)SSL_shutdown(tls->ssl);
		/* However the connection ended, what was agreed on in it is good for the next one. */
		SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		ERR_clear_error();
	}
	SSL_free(tls->ssl);
	tls_context_release(tls->context);
	tls_peer_release(tls->peer);
	free(tls->problem);
	free(tls);
}

/* What the failure `result` of an SSL call means. */
static int failure(struct tls *tls, int result)
{
	int saved = errno;
	int reason = SSL_get_error(tls->ssl, result);
	unsigned long code = ERR_peek_error();

	tls->wants_write = reason == SSL_ERROR_WANT_WRITE;
	ERR_clear_error();
	switch (reason) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE: return ZT_EAGAIN;
	case SSL_ERROR_ZERO_RETURN: return ZT_ECLOSED;
	case SSL_ERROR_SYSCALL: return saved ? status_from_errno(saved) : ZT_ECLOSED;
	default: break;
	}
	tls_alert_explain(tls, code);
	switch (ERR_GET_REASON(code)) {
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE: return ZT_EDENIED;
	default: return ZT_EMALFORMED;
	}
}

/* ALPN keeps us from talking to what is no server for DNS (RFC 9103 section 7.1). */
static bool alpn_is_dot(struct tls *tls)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(tls->ssl, &name, &len);
	if ((len == sizeof(alpn_dot) - 1 && memcmp(name, alpn_dot + 1, len) == 0) || (len == 0 && tls->context->takes_no_alpn))
		return true;
	tls_problem_set(tls, "the server does not choose ALPN dot, as it must for zone transfers (RFC 9103); is it one for DNS over TLS? For one that knows no ALPN there is require-alpn: no");
	return false;
}

int tls_handshake(struct tls *tls)
{
	ERR_clear_error();
	errno = 0;
	int result = SSL_do_handshake(tls->ssl);
	if (result != 1)
		return failure(tls, result);
	return tls->context->for_transfers && !alpn_is_dot(tls) ? ZT_EDENIED : ZT_OK;
}

int tls_read(struct tls *tls, void *data, size_t size, size_t *len)
{
	ERR_clear_error();
	errno = 0;
	int result = SSL_read_ex(tls->ssl, data, size, len);
	return result == 1 ? ZT_OK : failure(tls, result);
}

int tls_write(struct tls *tls, const void *data, size_t len, size_t *written)
{
	ERR_clear_error();
	errno = 0;
	int result = SSL_write_ex(tls->ssl, data, len, written);
	return result == 1 ? ZT_OK : failure(tls, result);
}

bool tls_wants_write(const struct tls *tls)
{
	return tls->wants_write;
}

bool tls_is_resumed(const struct tls *tls)
{
	return SSL_session_reused(tls->ssl) == 1;
}

const char *tls_problem(const struct tls *tls)
{
	return tls->problem;
}
