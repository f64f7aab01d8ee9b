/* Transfer times. */
#include "tools/propest/model/transfer.h"

#include <math.h>

enum { SEGMENT_LEN = 1460, FIRST_WINDOW = 10, MAX_LOST_HANDSHAKES = 6 };

double transfer_round_loss(double loss)
{
	return 1 - (1 - loss) * (1 - loss);
}

double transfer_seconds(const struct network_link *link, const struct vendor *vendor, double unit)
{
	/* The window doubles each round trip from ten segments on, until the rate is the limit. */
	double bytes = link->transfer_bytes;
	if (link->bytes_per_s > 0)
		bytes = fmin(bytes, link->bytes_per_s * link->rtt_s);
	double rounds = ceil(log2(1 + bytes / (FIRST_WINDOW * SEGMENT_LEN)));
	double flow = link->bytes_per_s > 0 ? link->transfer_bytes / link->bytes_per_s : 0;
	return (3 + rounds) * link->rtt_s + flow + unit * vendor->apply_max;
}

double transfer_handshake_wait(double loss, double unit)
{
	double lost = transfer_round_loss(loss);
	double chance = lost;
	int count = 0;

	while (count < MAX_LOST_HANDSHAKES && unit < chance) {
		chance *= lost;
		count++;
	}
	return ldexp(1, count) - 1;
}
