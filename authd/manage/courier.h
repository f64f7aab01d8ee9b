/* Telling one server of one zone's newest version, until it has been seen to have it.
 *
 * There is one only for a server that is not current, or that is to be told again: who is settled costs no more than its standing. The machine is
 * lib/xfr/notify.h; here it gets its sockets. What it learns goes to primary.h, which also runs it when its time has come.
 */
#pragma once

#include "authd/manage/hosts.h"
#include "authd/manage/outbound.h"
#include "lib/xfr/notify.h"

struct primary;
struct target;

struct courier {
	struct cds_list_head of_host;        /* host.couriers */
	struct cds_list_head of_primary;
	struct cds_list_head of_all;         /* hosts_couriers */
	struct primary *primary;
	struct target *target;
	struct notify_sender sender;
	struct outbound_query notify;
	struct outbound_query probe;
	bool says;                           /* the last NOTIFY told what version we have (lib/xfr/zsync.h) */
	bool is_plain;                       /* it does not take EDNS */
	uint16_t probe_rcode;                /* of the last answer to a probe */
	bool has_diverged;                   /* it said that it has our serial with other content, and has fetched nothing since */
	usec_t behind_wall;                  /* since when it lacks something; as far as is known */
};

/* For a target that has none. NULL when memory is out. */
struct courier *courier_new(struct primary *primary, struct target *target);
/* NULL is fine. */
void courier_free(struct courier *courier);

/* Does what is due. The courier may be gone afterwards. */
void courier_run(struct courier *courier);
/* Brings forward what waits for a sign of life. False: nothing does. */
bool courier_hurry(struct courier *courier, usec_t at);
/* Why the server is not where it should be, in words. */
void courier_reason(const struct courier *courier, char *out, size_t size);
