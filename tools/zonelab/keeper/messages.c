/* Events of the messages that the switch has seen. */
#include "tools/zonelab/keeper/messages.h"

#include "lib/dns/name.h"
#include "tools/zonelab/keeper/keeper_inner.h"

enum { BATCH = 64 };

static double seconds(usec_t time)
{
	return (double)time / USEC_PER_SEC;
}

static void message_tell(struct keeper *keeper, const struct sniff_message *message)
{
	const struct topology_node *nodes = keeper->lab->topology.nodes;
	char zone[NAME_TEXT_SIZE];

	events_add(&keeper->events, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:f, s:f, s:b, s:b, s:b}", "event", "message", "kind",
					      sniff_kind_text(message->kind), "from", nodes[message->from].name, "to", nodes[message->to].name, "zone",
					      name_to_text(message->zone, zone), "bytes", (json_int_t)message->bytes, "begun",
					      seconds(message->begin - keeper->events.origin), "took_s", seconds(message->end - message->begin),
					      "answered", (int)message->is_answered, "dropped", (int)message->is_dropped, "tcp", (int)message->is_tcp));
}

void messages_take(struct keeper *keeper)
{
	struct sniff_message messages[BATCH];
	size_t count;

	if (!keeper->fabric)
		return;
	do {
		count = fabric_messages(keeper->fabric, messages, BATCH, NULL);
		for (size_t i = 0; i < count; i++)
			message_tell(keeper, &messages[i]);
	} while (count == BATCH);
}
