/* What workers tell by dnstap. */
#include "authd/serve/tapping.h"

#include "lib/dns/message.h"

void tapping_init(struct tapping *tapping, struct tap_lane *lane, double sample, const struct clock *clock)
{
	*tapping = (struct tapping){ .lane = lane, .clock = clock };
	tapping->share = sample >= 1 ? UINT64_MAX : (uint64_t)(sample * 0x1.0p64);
	rng_seed_system(&tapping->rng);
}

static bool is_update(const uint8_t *message, size_t len)
{
	return len >= MESSAGE_HEADER_LEN && (message[2] >> 3 & 15) == OPCODE_UPDATE;
}

void tapping_tell(struct tapping *tapping, struct tap_exchange *exchange)
{
	exchange->wall = clock_wall(tapping->clock);
	exchange->is_update = is_update(exchange->query_len ? exchange->query : exchange->response, exchange->query_len ? exchange->query_len : exchange->response_len);
	tap_put(tapping->lane, exchange);
}

void tapping_tell_reply(struct tapping *tapping, const struct request *request)
{
	struct tap_exchange exchange = {
		.client = &request->peer, .server = &request->local, .transport = request->is_encrypted ? DNSTAP_TLS : request->stream ? DNSTAP_TCP : DNSTAP_UDP,
		.response = request->reply.data, .response_len = (uint32_t)request->reply.len,
	};

	if (tapping->lane && request->is_tapped && request->reply.len > 0)
		tapping_tell(tapping, &exchange);
}
