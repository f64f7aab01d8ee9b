/* Life of the messages between worker threads and the manage thread. */
#include "authd/serve/request.h"

#include <stdlib.h>

#include "lib/net/tls.h"

struct request *request_new(enum request_kind kind)
{
	struct request *request = calloc(1, sizeof(*request));
	if (request) {
		request->kind = kind;
		buf_init(&request->reply);
	}
	return request;
}

void request_free(struct request *request)
{
	if (!request)
		return;
	if (request->pending)
		atomic_fetch_sub_explicit(request->pending, 1, memory_order_relaxed);
	tsig_key_release(request->signing.key);
	tls_peer_release(request->tls_peer);
	free(request->wire);
	buf_fini(&request->reply);
	free(request);
}
