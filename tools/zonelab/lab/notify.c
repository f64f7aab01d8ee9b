/* One NOTIFY. */
#include "tools/zonelab/lab/notify.h"

#include <sys/socket.h>

#include "lib/base/rng.h"
#include "lib/dns/message.h"
#include "lib/dns/rcode.h"
#include "lib/dns/rrtype.h"
#include "lib/dns/writer.h"
#include "lib/net/udp.h"
#include "tools/zonelab/lab/door.h"

int notify_send(const struct lab *lab, const struct topology_node *node, const uint8_t *apex)
{
	struct udp_socket sock = { .fd = -1 };
	struct message_writer writer;
	struct secure_rng rng;
	uint8_t out[512];

	secure_rng_init(&rng);
	message_writer_init(&writer, out, sizeof(out), secure_rng_u16(&rng), (uint16_t)(opcode_flags(OPCODE_NOTIFY) | FLAG_AA));
	int status = message_write_question(&writer, apex, TYPE_SOA, CLASS_IN);
	if (status == ZT_OK)
		status = door_open(lab, node, SOCK_DGRAM | SOCK_NONBLOCK, &sock.fd);
	if (status != ZT_OK)
		return status;
	status = udp_send(&sock, &node->address, out, message_writer_finish(&writer));
	udp_close(&sock);
	return status;
}
