/* Fuzzes what resolverd's front makes of a client's bytes: silence, a reply that can be read, or work; from an empty cache and from its own reply. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolverd/serve/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void try_query(struct front *front, const struct front_query *query)
{
	struct message reply;

	if (front_query(front, query) != FRONT_REPLY)
		return;
	check(front->out_len >= MESSAGE_HEADER_LEN && front->out_len <= front->out_size);
	check(message_read(&reply, front->out, front->out_len) == ZT_OK);
	check(reply.flags & FLAG_QR);
	check(reply.id == wire_get_u16(query->wire));
	check(query->is_tcp || front->out_len <= EDNS_UDP_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[MESSAGE_MAX_LEN];
	struct cache cache;
	struct netaddr remote;
	struct view *view = view_new();
	struct responder *responder = responder_new();
	struct front front = { .view = view, .cache = &cache, .responder = responder, .now = USEC_PER_SEC, .out = out, .out_size = sizeof(out) };
	struct front_query query = { .wire = data, .len = size, .remote = &remote };

	check(view && responder && cache_init(&cache, CACHE_MIN_SIZE, 1) == ZT_OK && netaddr_from_text(&remote, "192.0.2.1", 53) == ZT_OK);
	check(acl_add_text(&view->allow_query, "192.0.2.0/24") == ZT_OK);
	view->policy.local_zones = true;
	try_query(&front, &query);
	query.is_tcp = true;
	try_query(&front, &query);
	view_release(view);
	responder_free(responder);
	cache_fini(&cache);
	return 0;
}
