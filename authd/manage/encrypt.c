/* The certificate for TLS, and the keys of tickets. */
#include "authd/manage/encrypt.h"

#include <stdlib.h>
#include <string.h>

#include "authd/serve/workers.h"
#include "lib/net/tls.h"

enum { TICKET_KEY_LIFE_S = 3600, FINGERPRINT_SIZE = 65 };

struct encrypt {
	struct manage *manage;
	struct tls_tickets *tickets;
	struct tls_context *self_signed;      /* NULL until it is needed; then kept, so that its clients know it again */
	char fingerprint[FINGERPRINT_SIZE];   /* of what is in use */
	struct loop_timer roll;
};

static void on_roll(void *ctx)
{
	struct encrypt *encrypt = ctx;

	if (tls_tickets_roll(encrypt->tickets) != ZT_OK)
		log_warn(encrypt->manage->log, "TLS: cannot make new keys for tickets; the old ones stay in use");
	loop_timer_in(&encrypt->roll, TICKET_KEY_LIFE_S * USEC_PER_SEC);
}

static struct tls_context *self_signed_get(struct encrypt *encrypt)
{
	struct tls_server_config none = { .certificate = -1, .key = -1, .client_ca = -1 };
	struct buf problem;

	buf_init(&problem);
	/* The keys only when it is new: workers may use it already. */
	if (!encrypt->self_signed && tls_server_new(&encrypt->self_signed, &none, &problem) == ZT_OK)
		tls_context_set_tickets(encrypt->self_signed, encrypt->tickets);
	else if (!encrypt->self_signed)
		log_error(encrypt->manage->log, "TLS: %.*s", (int)problem.len, problem.len > 0 ? (const char *)problem.data : "");
	buf_fini(&problem);
	return encrypt->self_signed;
}

void encrypt_apply(struct manage *manage)
{
	struct encrypt *encrypt = manage->encrypt;
	char fingerprint[FINGERPRINT_SIZE];

	if (!encrypt)
		return;
	struct tls_context *named = manage->options->tls, *context = named ? named : self_signed_get(encrypt);
	if (!context)
		return;
	if (named)      /* read anew with each configuration */
		tls_context_set_tickets(named, encrypt->tickets);
	tls_context_fingerprint(context, fingerprint);
	workers_set_tls(manage->workers, context);
	if (strcmp(fingerprint, encrypt->fingerprint) == 0)
		return;
	memcpy(encrypt->fingerprint, fingerprint, sizeof(fingerprint));
	if (named)
		log_notice(manage->log, "TLS: the certificate's SHA-256 is %s", fingerprint);
	else
		log_warn(manage->log, "TLS: no tls-certificate is configured, using a self-signed one whose SHA-256 is %s", fingerprint);
}

int encrypt_open(struct manage *manage)
{
	struct encrypt *encrypt;

	if (manage->options->listen_tls_count == 0)
		return ZT_OK;
	encrypt = calloc(1, sizeof(*encrypt));
	if (!encrypt)
		return ZT_ENOMEM;
	manage->encrypt = encrypt;
	encrypt->manage = manage;
	loop_timer_init(&encrypt->roll, manage->loop, on_roll, encrypt);
	encrypt->tickets = tls_tickets_new();
	if (!encrypt->tickets)
		return ZT_ENOMEM;
	loop_timer_in(&encrypt->roll, TICKET_KEY_LIFE_S * USEC_PER_SEC);
	encrypt_apply(manage);
	return encrypt->fingerprint[0] ? ZT_OK : ZT_ESYSTEM;
}

void encrypt_close(struct manage *manage)
{
	struct encrypt *encrypt = manage->encrypt;

	if (!encrypt)
		return;
	loop_timer_stop(&encrypt->roll);
	tls_context_release(encrypt->self_signed);
	tls_tickets_free(encrypt->tickets);
	free(encrypt);
	manage->encrypt = NULL;
}
