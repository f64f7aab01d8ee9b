/* The manage thread's mailbox.
 *
 * UPDATEs are not run one by one: all that arrived in one turn of the loop go to the updater together, so that they share one wait for the disk.
 */
#include "authd/manage/requests.h"

#include <stdlib.h>

#include "authd/manage/notified.h"
#include "authd/manage/primary.h"
#include "authd/manage/updater.h"
#include "authd/serve/workers.h"

enum {
	UPDATES_PER_BATCH = 1024,      /* more waiting ones make several batches */
};

struct requests {
	struct manage *manage;
	struct mailbox mailbox;
	struct loop_timer batch_end;
	struct request *updates[UPDATES_PER_BATCH];
	size_t update_count;
};

static void run_updates(void *ctx)
{
	struct requests *requests = ctx;
	size_t count = requests->update_count;

	if (count == 0)
		return;
	requests->update_count = 0;
	loop_timer_stop(&requests->batch_end);
	updater_run(requests->manage, requests->updates, count);
	for (size_t i = 0; i < count; i++)
		worker_reply(requests->updates[i]);
}

static void on_request(struct mailbox_node *node, void *ctx)
{
	struct requests *requests = ctx;
	struct request *request = (struct request *)(void *)node;

	switch (request->kind) {
	case REQUEST_UPDATE:
		if (requests->update_count == UPDATES_PER_BATCH)
			run_updates(requests);
		requests->updates[requests->update_count++] = request;
		loop_timer_in(&requests->batch_end, 0);
		break;
	case REQUEST_NOTIFY:
		notified_on_request(requests->manage, request);
		worker_reply(request);
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
	loop_timer_init(&requests->batch_end, manage->loop, run_updates, requests);
	int status = mailbox_open(&requests->mailbox, manage->loop, on_request, requests);
	if (status != ZT_OK) {
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
	run_updates(requests);
	loop_timer_stop(&requests->batch_end);
	requests->manage->mailbox = NULL;
	free(requests);
}
