/* The manage thread's mailbox.
 *
 * UPDATEs are not run one by one: those that wait go to the updater together, so that they share one wait for the disk. A batch is bounded in messages and in
 * bytes, and between two batches the loop has a turn for everything else: NOTIFY, transfers, zonectl. What waits is bounded by the workers (worker_forward).
 */
#include "authd/manage/requests.h"

#include <stdlib.h>

#include "authd/manage/hosts.h"
#include "authd/manage/levels.h"
#include "authd/manage/notified.h"
#include "authd/manage/primary.h"
#include "authd/manage/updater.h"
#include "authd/serve/workers.h"
#include "lib/dns/rrtype.h"
#include "lib/net/tls.h"

enum {
	UPDATES_PER_BATCH = 1024,
	BYTES_PER_BATCH = 128 << 10,   /* of messages: some thousand records, so that a batch takes tens of milliseconds and not seconds */
};

struct requests {
	struct manage *manage;
	struct mailbox mailbox;
	struct loop_timer batch_end;
	struct request *first, *last;             /* UPDATEs that wait, linked by node.next; `last` counts where there is a first */
	struct request *batch[UPDATES_PER_BATCH];
};

/* Takes the oldest that wait; returns how many. */
static size_t batch_take(struct requests *requests)
{
	size_t count = 0, bytes = 0;

	while (requests->first && count < UPDATES_PER_BATCH && (count == 0 || bytes + requests->first->wire_len <= BYTES_PER_BATCH)) {
		struct request *request = requests->first;
		requests->first = (struct request *)(void *)request->node.next;
		requests->batch[count++] = request;
		bytes += request->wire_len;
	}
	return count;
}

static void run_batch(void *ctx)
{
	struct requests *requests = ctx;
	size_t count = batch_take(requests);

	if (count == 0)
		return;
	if (requests->first)
		loop_timer_in(&requests->batch_end, 0);
	updater_run(requests->manage, requests->batch, count);
	for (size_t i = 0; i < count; i++) {
		if (!requests->batch[i]->is_kept)
			worker_reply(requests->batch[i]);
	}
}

static void update_add(struct requests *requests, struct request *request)
{
	request->node.next = NULL;
	if (requests->first)
		requests->last->node.next = &request->node;
	else
		requests->first = request;
	requests->last = request;
	loop_timer_in(&requests->batch_end, 0);
}

/* Who shows a certificate was meant to be let in. */
static void refused_tell(struct manage *manage, const struct request *request)
{
	char name[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE], peer[NETADDR_TEXT_SIZE];
	struct buf shown;

	if (!log_limit_passes(&manage->log_updates, manage->log))
		return;
	buf_init(&shown);
	tls_peer_describe(request->tls_peer, &shown);
	buf_add_u8(&shown, 0);
	if (shown.status == ZT_OK)
		log_info(manage->log, "zone %s: %s to %s over TLS refused; it shows %s. To let it in, add tls:NAME or pin:PIN to allow-transfer%s",
			 name_to_text(request->apex, name), rr_type_to_text(request->evidence.type, type), netaddr_to_text(&request->peer, peer),
			 (const char *)shown.data, manage->options->has_client_ca ? "" : "; for names, tls-client-ca is needed too");
	buf_fini(&shown);
}

static void on_request(struct mailbox_node *node, void *ctx)
{
	struct requests *requests = ctx;
	struct request *request = (struct request *)(void *)node;

	if (request->kind == REQUEST_UPDATE || request->kind == REQUEST_NOTIFY)      /* who asks for something is there */
		hosts_on_sign(requests->manage->hosts, &request->peer, request->stream != 0);
	switch (request->kind) {
	case REQUEST_UPDATE:
		if (levels_knows(requests->manage->levels, request))      /* its answer will come */
			worker_reply(request);
		else
			update_add(requests, request);
		break;
	case REQUEST_NOTIFY:
		notified_on_request(requests->manage, request);
		worker_reply(request);
		break;
	case REQUEST_REFUSED:
		refused_tell(requests->manage, request);
		request_free(request);
		break;
	case REQUEST_EVIDENCE:
		primary_on_request(requests->manage, request);
		request_free(request);
		break;
	}
}

int requests_open(struct requests **out, struct manage *manage)
{
	struct requests *requests = calloc(1, sizeof(*requests));

	if (!requests)
		return ZT_ENOMEM;
	requests->manage = manage;
	loop_timer_init(&requests->batch_end, manage->loop, run_batch, requests);
	int status = levels_new(&manage->levels, manage);
	if (status == ZT_OK)
		status = mailbox_open(&requests->mailbox, manage->loop, on_request, requests);
	if (status != ZT_OK) {
		levels_free(manage->levels);
		manage->levels = NULL;
		free(requests);
		return status;
	}
	manage->mailbox = &requests->mailbox;
	*out = requests;
	return ZT_OK;
}

void requests_close(struct requests *requests)
{
	if (!requests)
		return;
	mailbox_close(&requests->mailbox);
	while (requests->first)
		run_batch(requests);
	levels_free(requests->manage->levels);
	requests->manage->levels = NULL;
	loop_timer_stop(&requests->batch_end);
	requests->manage->mailbox = NULL;
	free(requests);
}
