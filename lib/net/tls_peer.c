/* Who the other side of a TLS session is, and what is wrong with it in words for the operator. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/netaddr.h"
#include "lib/net/tls_inner.h"

enum { PROBLEM_SIZE = 512, NAMES_SIZE = 200, TIME_SIZE = 64, PIN_TEXT_SIZE = 48 };

struct tls_peer {
	X509 *certificate;
	uint8_t pin[TLS_PIN_LEN];
	bool is_verified;        /* leads to an authority */
	unsigned references;     /* atomic */
};

/* ---- certificates ------------------------------------------------------------------------------------------------------------------- */

static bool pin_of(const X509 *certificate, uint8_t pin[TLS_PIN_LEN])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	bool fine = len > 0 && EVP_Digest(der, (size_t)len, pin, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return fine;
}

static const char *pin_text(const uint8_t pin[TLS_PIN_LEN], char out[PIN_TEXT_SIZE])
{
	return sodium_bin2base64(out, PIN_TEXT_SIZE, pin, TLS_PIN_LEN, sodium_base64_VARIANT_ORIGINAL);
}

/* Adds to a text that is cut off at its size; what is not printable is strangers' doing. */
static void text_add(char *out, size_t size, const void *data, size_t len)
{
	size_t at = strlen(out);
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len && at + 1 < size; i++)
		out[at++] = bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\' ? (char)bytes[i] : '?';
	out[at] = '\0';
}

static void address_add(char *out, size_t size, const ASN1_OCTET_STRING *ip)
{
	char text[INET6_ADDRSTRLEN] = "?";
	int len = ASN1_STRING_length(ip);

	if (len == 4 || len == 16)
		(void)inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text, sizeof(text));
	text_add(out, size, text, strlen(text));
}

/* The DNS names and addresses that a certificate is for. */
static const char *names_text(const X509 *certificate, char out[NAMES_SIZE])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	out[0] = '\0';
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			continue;
		if (out[0])
			text_add(out, NAMES_SIZE, ", ", 2);
		if (name->type == GEN_DNS)
			text_add(out, NAMES_SIZE, ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName));
		else
			address_add(out, NAMES_SIZE, name->d.iPAddress);
	}
	GENERAL_NAMES_free(names);
	return out[0] ? out : "no name";
}

static const char *time_text(const ASN1_TIME *time, char out[TIME_SIZE])
{
	struct tm tm;

	if (!time || ASN1_TIME_to_tm(time, &tm) != 1 || strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(out, TIME_SIZE, "an unknown time");
	return out;
}

static const char *issuer_text(const X509 *certificate, char out[NAMES_SIZE])
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *data;
	long len;

	out[0] = '\0';
	if (memory && X509_NAME_print_ex(memory, X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253) >= 0 && (len = BIO_get_mem_data(memory, &data)) > 0)
		text_add(out, NAMES_SIZE, data, (size_t)len);
	BIO_free(memory);
	return out;
}

/* ---- problems ----------------------------------------------------------------------------------------------------------------------- */

void tls_problem_set(struct tls *tls, const char *format, ...)
{
	va_list args;

	if (tls->problem || !(tls->problem = malloc(PROBLEM_SIZE)))
		return;
	va_start(args, format);
	vsnprintf(tls->problem, PROBLEM_SIZE, format, args);
	va_end(args);
}

static void chain_explain(struct tls *tls, X509_STORE_CTX *store)
{
	const X509 *at = X509_STORE_CTX_get_current_cert(store);
	const char *whose = X509_STORE_CTX_get_error_depth(store) > 0 ? "a certificate on the way to its authority" : "its certificate";
	int error = X509_STORE_CTX_get_error(store);
	char text[NAMES_SIZE], time[TIME_SIZE];

	if (!at)
		at = X509_STORE_CTX_get0_cert(store);
	switch (error) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		tls_problem_set(tls, "its certificate is for %s, not for %s; is the hostname right, and is this the right server?",
				names_text(X509_STORE_CTX_get0_cert(store), text), tls->context->hostname);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		tls_problem_set(tls, "%s expired at %s; it must be renewed there", whose, time_text(X509_get0_notAfter(at), time));
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		tls_problem_set(tls, "%s is not valid before %s; are the clocks right?", whose, time_text(X509_get0_notBefore(at), time));
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		tls_problem_set(tls, "its certificate is self-signed, by %s, and not itself in ca-file; expected it there, or a pin", issuer_text(at, text));
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		tls_problem_set(tls, "its certificate was signed by %s, who is no authority in ca-file; expected that authority's certificate there",
				issuer_text(at, text));
		break;
	default:
		tls_problem_set(tls, "%s is not good: %s", whose, X509_verify_cert_error_string(error));
		break;
	}
}

void tls_alert_explain(struct tls *tls, unsigned long code)
{
	const char *reason = ERR_reason_error_string(code);

	switch (ERR_GET_REASON(code)) {
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		tls_problem_set(tls, "the other side wants a certificate of ours; expected certificate and key in tls");
		break;
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
		tls_problem_set(tls, "the other side does not accept our certificate: %s", reason ? reason : "no reason given");
		break;
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
	case SSL_R_UNSUPPORTED_PROTOCOL:
		tls_problem_set(tls, "the other side does not speak TLS 1.3, as it must for zone transfers (RFC 9103)");
		break;
	case SSL_R_WRONG_VERSION_NUMBER:
		tls_problem_set(tls, "what the other side says is no TLS; is this its port for TLS?");
		break;
	default:
		if (reason)
			tls_problem_set(tls, "%s", reason);
	}
}

/* ---- judging ------------------------------------------------------------------------------------------------------------------------ */

static struct tls *tls_of(X509_STORE_CTX *store)
{
	return SSL_get_app_data(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
}

static bool pin_is_good(struct tls *tls, const X509 *certificate)
{
	const struct tls_context *context = tls->context;
	char text[PIN_TEXT_SIZE];
	uint8_t pin[TLS_PIN_LEN];

	if (!pin_of(certificate, pin))
		return false;
	for (size_t i = 0; i < context->pin_count; i++) {
		if (memcmp(context->pins + i * TLS_PIN_LEN, pin, TLS_PIN_LEN) == 0)
			return true;
	}
	tls_problem_set(tls, "its key has the pin %s, which is none of those expected; if the server is right, put this in pin", pin_text(pin, text));
	return false;
}

int tls_server_judge(X509_STORE_CTX *store, void *arg)
{
	struct tls *tls = tls_of(store);
	(void)arg;

	if (tls->context->hostname && X509_verify_cert(store) != 1) {
		chain_explain(tls, store);
		return 0;
	}
	if (tls->context->pin_count > 0 && !pin_is_good(tls, X509_STORE_CTX_get0_cert(store))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

int tls_client_judge(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	if (X509_verify_cert(store) == 1)
		X509_STORE_CTX_set_error(store, X509_V_OK);
	else if (X509_STORE_CTX_get_error(store) == X509_V_OK)
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
	return 1;
}

/* ---- peers -------------------------------------------------------------------------------------------------------------------------- */

struct tls_peer *tls_peer_of(struct tls *tls)
{
	X509 *certificate;

	if (tls->peer || !(certificate = SSL_get0_peer_certificate(tls->ssl)))
		return tls->peer;
	struct tls_peer *peer = calloc(1, sizeof(*peer));
	if (!peer || !pin_of(certificate, peer->pin)) {
		free(peer);
		return NULL;
	}
	X509_up_ref(certificate);
	peer->certificate = certificate;
	peer->is_verified = SSL_get_verify_result(tls->ssl) == X509_V_OK;
	peer->references = 1;
	return tls->peer = peer;
}

struct tls_peer *tls_peer_acquire(struct tls_peer *peer)
{
	if (peer)
		__atomic_add_fetch(&peer->references, 1, __ATOMIC_RELAXED);
	return peer;
}

void tls_peer_release(struct tls_peer *peer)
{
	if (!peer || __atomic_sub_fetch(&peer->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	X509_free(peer->certificate);
	free(peer);
}

bool tls_peer_is_named(const struct tls_peer *peer, const char *name)
{
	struct netaddr addr;

	if (!peer->is_verified)
		return false;
	if (netaddr_from_text(&addr, name, 0) == ZT_OK)
		return X509_check_ip_asc(peer->certificate, name, 0) == 1;
	return X509_check_host(peer->certificate, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

bool tls_peer_has_pin(const struct tls_peer *peer, const uint8_t pin[TLS_PIN_LEN])
{
	return memcmp(peer->pin, pin, TLS_PIN_LEN) == 0;
}

void tls_peer_describe(const struct tls_peer *peer, struct buf *out)
{
	char names[NAMES_SIZE], pin[PIN_TEXT_SIZE];

	buf_printf(out, "a certificate for %s, of %s trusted authority, pin %s", names_text(peer->certificate, names), peer->is_verified ? "a" : "no",
		   pin_text(peer->pin, pin));
}
