/* What authd needs for TLS: which certificate is in use, and the keys of tickets, which change every hour. */
#pragma once

#include "authd/manage/manage.h"

/* Without listen-tls there is nothing to do. After the workers, before they start. */
int encrypt_open(struct manage *manage) ZT_MUST_CHECK;
/* Shows the workers the certificate of manage->options. What goes wrong is logged, and the one before stays. */
void encrypt_apply(struct manage *manage);
/* After the workers have ended. */
void encrypt_close(struct manage *manage);
