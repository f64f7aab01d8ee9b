/* Dynamic UPDATE (RFC 2136): takes the waiting requests together, applies them in order, makes them durable at once, answers.
 *
 * Each UPDATE is atomic on its own: one that fails leaves no trace, whatever it shares the batch with. All UPDATEs of one zone in
 * a batch become one version (one serial). An answer of NOERROR means that the change is on disk.
 */
#pragma once

#include "authd/manage/manage.h"
#include "authd/serve/request.h"

/* Fills each request's reply; the caller posts them back. Requests are of kind REQUEST_UPDATE, in order of arrival. */
void updater_run(struct manage *manage, struct request *const *requests, size_t count);
