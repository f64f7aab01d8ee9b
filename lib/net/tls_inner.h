/* What the files of TLS share: tls.c (contexts, sessions), tls_peer.c (who the other side is, and what is wrong with it). */
#pragma once

#include <openssl/ssl.h>

#include "lib/net/tls.h"

struct tls_context {
	SSL_CTX *ctx;
	bool is_server;
	bool for_transfers, takes_no_alpn;
	char *hostname;
	uint8_t *pins;                      /* of servers; pin_count times TLS_PIN_LEN */
	size_t pin_count;
	SSL_SESSION *session;               /* a client's newest; borrowed by nobody between calls */
	unsigned references;                /* sessions and the owner; atomic */
};

struct tls {
	SSL *ssl;
	struct tls_context *context;
	struct tls_peer *peer;              /* NULL: nobody has asked yet, or there is none */
	char *problem;
	bool wants_write;
};

/* OpenSSL's questions whether a certificate is good: 1, or 0 with the reason in the store's context. */
int tls_server_judge(X509_STORE_CTX *store, void *arg);
/* All are; what is wrong is remembered in the session. */
int tls_client_judge(X509_STORE_CTX *store, void *arg);

/* The first problem is the one that counts. */
void tls_problem_set(struct tls *tls, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What the other side's alert, or our own complaint, with OpenSSL's number means for the operator. */
void tls_alert_explain(struct tls *tls, unsigned long code);
