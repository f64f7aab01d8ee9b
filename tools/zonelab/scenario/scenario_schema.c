/* The tables of the scenario file: each key with its type, its default and what it means. */
#include "tools/zonelab/scenario/scenario_reader.h"

#include "lib/dns/rrtype.h"

static const char *name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	return name_from_text(name, text, NULL) == ZT_OK ? NULL : "a domain name, such as www.example.";
}

static const char *type_check(const char *text)
{
	uint16_t type;
	return rr_type_from_text(text, &type) && !rr_type_is_meta(type) ? NULL : "a record type, such as A";
}

static const char *text_check(const char *text)
{
	return *text ? NULL : "some text";
}

enum message_kind { MESSAGE_NOTIFY, MESSAGE_SOA, MESSAGE_IXFR, MESSAGE_AXFR, MESSAGE_UPDATE, MESSAGE_ZSYNC };

static const struct schema_name message_kinds[] = {
	{ "NOTIFY", MESSAGE_NOTIFY }, { "SOA", MESSAGE_SOA }, { "IXFR", MESSAGE_IXFR }, { "AXFR", MESSAGE_AXFR }, { "UPDATE", MESSAGE_UPDATE },
	{ "ZSYNC", MESSAGE_ZSYNC }, { NULL, 0 },
};

const char *message_kind_text(int kind)
{
	return message_kinds[kind].name;
}

static const struct schema_row update_rows[] = {
	{ "zone", SCHEMA_TEXT, offsetof(struct update_conf, zone), SCHEMA_REQUIRED, .check = name_check, .help = "The zone to change, at its primary." },
	{ "add", SCHEMA_TEXT, offsetof(struct update_conf, add), .help = "NAME TTL TYPE RDATA: a record beside those that are there." },
	{ "delete", SCHEMA_TEXT, offsetof(struct update_conf, remove), .help = "NAME [TYPE [RDATA]]: a record, an RRset, or all at the name." },
	{ "replace", SCHEMA_TEXT, offsetof(struct update_conf, replace), .help = "NAME TTL TYPE RDATA: this record instead of all of its type, in one step." },
};

static const struct schema update_schema = { .what = "update", .size = sizeof(struct update_conf), .rows = update_rows,
					     .row_count = SCHEMA_COUNT(update_rows) };

static const struct schema_row partition_rows[] = {
	{ "nodes", SCHEMA_TEXT, offsetof(struct partition_conf, nodes), SCHEMA_LIST | SCHEMA_REQUIRED, .help = "The nodes on one side." },
	{ "from", SCHEMA_TEXT, offsetof(struct partition_conf, from), SCHEMA_LIST, .help = "Those on the other; by default all the rest." },
};

static const struct schema partition_schema = { .what = "partition", .size = sizeof(struct partition_conf), .rows = partition_rows,
						.row_count = SCHEMA_COUNT(partition_rows), .shorthand = "nodes" };

static const struct schema_row flood_rows[] = {
	{ "target", SCHEMA_TEXT, offsetof(struct flood_conf, target), SCHEMA_REQUIRED, .help = "The node that is flooded with questions." },
	{ "from", SCHEMA_TEXT, offsetof(struct flood_conf, from), SCHEMA_REQUIRED, .help = "The node they come from." },
	{ "name", SCHEMA_TEXT, offsetof(struct flood_conf, name), SCHEMA_REQUIRED, .check = name_check,
	  .help = "Below which names are asked for, each another one." },
	{ "rate", SCHEMA_INT, offsetof(struct flood_conf, rate), SCHEMA_REQUIRED, .min = 1, .max = 1000000, .help = "Questions in a second." },
	{ "for", SCHEMA_DURATION, offsetof(struct flood_conf, duration), SCHEMA_REQUIRED, .min = USEC_PER_MSEC, .max = INT64_MAX, .help = "How long." },
};

static const struct schema flood_schema = { .what = "flood", .size = sizeof(struct flood_conf), .rows = flood_rows, .row_count = SCHEMA_COUNT(flood_rows) };

static const struct schema_row exec_rows[] = {
	{ "at", SCHEMA_TEXT, offsetof(struct exec_conf, at), SCHEMA_REQUIRED, .help = "The node for which, and in whose network, it runs." },
	{ "command", SCHEMA_TEXT, offsetof(struct exec_conf, command), SCHEMA_LIST | SCHEMA_REQUIRED,
	  .help = "The program and its arguments. {NODE} is replaced by that node's IP@PORT." },
	{ "exit", SCHEMA_INT, offsetof(struct exec_conf, exit), .fallback = "0", .min = 0, .max = 255, .help = "The exit status that is right." },
	{ "prints", SCHEMA_TEXT, offsetof(struct exec_conf, prints), .check = text_check, .help = "What its output has to hold." },
};

static const struct schema exec_schema = { .what = "exec", .size = sizeof(struct exec_conf), .rows = exec_rows, .row_count = SCHEMA_COUNT(exec_rows) };

static const struct schema_row serial_rows[] = {
	{ "zone", SCHEMA_TEXT, offsetof(struct serial_conf, zone), SCHEMA_REQUIRED, .check = name_check, .help = "The zone." },
	{ "at", SCHEMA_TEXT, offsetof(struct serial_conf, at), SCHEMA_LIST | SCHEMA_REQUIRED, .help = "Nodes that serve it, or servers, or secondaries." },
	{ "is", SCHEMA_TEXT, offsetof(struct serial_conf, is), .help = "A number, or primary: what the zone's primary has." },
	{ "at-least", SCHEMA_TEXT, offsetof(struct serial_conf, at_least), .help = "This serial or a newer one." },
	{ "below", SCHEMA_TEXT, offsetof(struct serial_conf, below), .help = "An older one." },
};

static const struct schema serial_schema = { .what = "serial", .size = sizeof(struct serial_conf), .rows = serial_rows,
					     .row_count = SCHEMA_COUNT(serial_rows) };

static const struct schema_row answer_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct answer_conf, name), SCHEMA_REQUIRED, .check = name_check, .help = "What is asked for." },
	{ "type", SCHEMA_TEXT, offsetof(struct answer_conf, type), .fallback = "A", .check = type_check, .help = "Its type." },
	{ "at", SCHEMA_TEXT, offsetof(struct answer_conf, at), SCHEMA_LIST | SCHEMA_REQUIRED, .help = "The nodes that are asked, or resolvers." },
	{ "is", SCHEMA_TEXT, offsetof(struct answer_conf, is), SCHEMA_LIST | SCHEMA_REQUIRED,
	  .help = "All records of the answer; or NODATA, NXDOMAIN, SERVFAIL or another rcode; or silent; or fresh: what the zone's primary says (said, when it is "
		  "silent); or stale: records, but others than those." },
};

static const struct schema answer_schema = { .what = "answer", .size = sizeof(struct answer_conf), .rows = answer_rows,
					     .row_count = SCHEMA_COUNT(answer_rows) };

static const struct schema_row message_rows[] = {
	{ "kind", SCHEMA_ENUM, offsetof(struct message_conf, kind), SCHEMA_REQUIRED, .names = message_kinds, .help = "What was said." },
	{ "from", SCHEMA_TEXT, offsetof(struct message_conf, from), .help = "Who said it; of transfers: who asked for one." },
	{ "to", SCHEMA_TEXT, offsetof(struct message_conf, to), .help = "To whom; of transfers: who gave it." },
	{ "zone", SCHEMA_TEXT, offsetof(struct message_conf, zone), .check = name_check, .help = "About which zone." },
	{ "bytes-at-most", SCHEMA_SIZE, offsetof(struct message_conf, bytes_at_most), .min = 1, .max = INT64_MAX, .help = "How large it was; of transfers: the answer." },
	{ "count", SCHEMA_INT, offsetof(struct message_conf, count), .fallback = "1", .min = 1, .max = 1000000, .help = "At least so many of them." },
	{ "since", SCHEMA_TEXT, offsetof(struct message_conf, since),
	  .help = "Since the begin of the step of that name; by default of the latest step before that expects nothing." },
};

static const struct schema message_schema = { .what = "message", .size = sizeof(struct message_conf), .rows = message_rows,
					      .row_count = SCHEMA_COUNT(message_rows) };

static const struct schema_row expect_rows[] = {
	{ "serial", SCHEMA_MAPPING, offsetof(struct expect_conf, serial), .mapping = &serial_schema, .help = "Which version of a zone nodes serve." },
	{ "answer", SCHEMA_MAPPING, offsetof(struct expect_conf, answer), .mapping = &answer_schema, .help = "What nodes say to a question." },
	{ "converged", SCHEMA_TEXT, offsetof(struct expect_conf, converged), .check = name_check, .help = "All servers of the zone have its primary's serial." },
	{ "message", SCHEMA_MAPPING, offsetof(struct expect_conf, message), .mapping = &message_schema, .help = "A message between nodes, as the network saw it." },
	{ "exec", SCHEMA_MAPPING, offsetof(struct expect_conf, exec), .mapping = &exec_schema, .help = "A program that ends well; it is run again until it does." },
	{ "not", SCHEMA_BOOL, offsetof(struct expect_conf, inverted), .fallback = "no", .help = "The opposite, at each of the nodes." },
};

static const struct schema expect_schema = { .what = "expect", .size = sizeof(struct expect_conf), .rows = expect_rows,
					     .row_count = SCHEMA_COUNT(expect_rows) };

static const struct schema_row step_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct step_conf, name), SCHEMA_UNIQUE, .check = text_check, .help = "For since." },
	{ "at", SCHEMA_DURATION, offsetof(struct step_conf, at),
	  .help = "When it begins, since the scenario's begin; or at once, where that is past. By default when the step before has ended." },
	{ "after", SCHEMA_DURATION, offsetof(struct step_conf, after), .help = "So long after the step before has ended." },
	{ "update", SCHEMA_MAPPING, offsetof(struct step_conf, update), .mapping = &update_schema, .help = "Change a zone." },
	{ "fault", SCHEMA_NODE, offsetof(struct step_conf, fault),
	  .help = "link: A:B, A or \"*\"; one-way: yes; and the weather: delay, jitter, loss, burst, duplicate, reorder, rate, queue, mtu, cut." },
	{ "partition", SCHEMA_MAPPING, offsetof(struct step_conf, partition), .mapping = &partition_schema, .help = "Nothing passes between two groups of nodes." },
	{ "heal", SCHEMA_TEXT, offsetof(struct step_conf, heal), .check = text_check, .help = "Fine weather again: of all links, or of A:B or A." },
	{ "kill", SCHEMA_TEXT, offsetof(struct step_conf, kill), SCHEMA_LIST, .help = "Nodes whose daemons die at once." },
	{ "start", SCHEMA_TEXT, offsetof(struct step_conf, start), SCHEMA_LIST, .help = "They start again, with what they have stored." },
	{ "backup", SCHEMA_TEXT, offsetof(struct step_conf, backup), SCHEMA_LIST, .help = "A copy of what the nodes have stored." },
	{ "restore-backup", SCHEMA_TEXT, offsetof(struct step_conf, restore), SCHEMA_LIST,
	  .help = "The nodes' daemons die, get what the latest backup holds, and start (if they ran)." },
	{ "flood", SCHEMA_MAPPING, offsetof(struct step_conf, flood), .mapping = &flood_schema, .help = "Questions, more than is good. The next step begins at once." },
	{ "exec", SCHEMA_MAPPING, offsetof(struct step_conf, exec), .mapping = &exec_schema, .help = "Run a program; it has to end as said." },
	{ "expect", SCHEMA_MAPPING, offsetof(struct step_conf, expect), .mapping = &expect_schema, .help = "A condition." },
	{ "within", SCHEMA_DURATION, offsetof(struct step_conf, within), .help = "By when the condition has to be true." },
	{ "holds-for", SCHEMA_DURATION, offsetof(struct step_conf, holds), .min = USEC_PER_MSEC, .max = INT64_MAX,
	  .help = "How long it has to stay true; without within: from the begin." },
	{ "background", SCHEMA_BOOL, offsetof(struct step_conf, background), .fallback = "no",
	  .help = "The next step does not wait for this expectation; the scenario's end does." },
};

static const struct schema step_schema = { .what = "step", .size = sizeof(struct step_conf), .rows = step_rows, .row_count = SCHEMA_COUNT(step_rows) };

static const struct schema_row scenario_rows[] = {
	{ "title", SCHEMA_TEXT, offsetof(struct scenario_conf, title), SCHEMA_REQUIRED, .check = text_check, .help = "What happens, in one line." },
	{ "teaches", SCHEMA_TEXT, offsetof(struct scenario_conf, teaches), .help = "What is to be learned from it." },
	{ "topology", SCHEMA_TEXT, offsetof(struct scenario_conf, topology), SCHEMA_REQUIRED, .check = text_check,
	  .help = "The lab: a file, relative to this one, or the name of one in zones/labs." },
	{ "speed", SCHEMA_INT, offsetof(struct scenario_conf, speed), .min = 1, .max = 1000, .help = "How many times as fast the lab's clocks run." },
	{ "roles", SCHEMA_NODE, offsetof(struct scenario_conf, roles),
	  .help = "Names for groups of nodes, whose kind can then be chosen: zonelab run --kind secondary=knot." },
	{ "steps", SCHEMA_MAPPING, offsetof(struct scenario_conf, steps), SCHEMA_LIST | SCHEMA_REQUIRED, .mapping = &step_schema, .help = "What happens." },
};

const struct schema scenario_schema = { .what = "scenario", .size = sizeof(struct scenario_conf), .rows = scenario_rows,
					.row_count = SCHEMA_COUNT(scenario_rows) };
