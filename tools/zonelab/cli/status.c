/* The table of a lab's nodes. */
#include "tools/zonelab/cli/status.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rcode.h"
#include "lib/dns/rrtype.h"
#include "tools/zonelab/lab/probe.h"
#include "tools/zonelab/lab/process.h"

enum { ANSWER_WAIT_MS = 1000 };

/* One line of the table. */
struct row {
	const struct topology_node *node;
	const struct topology_zone *zone;      /* NULL for a resolver */
	bool alive;
	const struct probe *probe;             /* NULL when dead */
};

/* The rows and the questions to those that live, which are not to be moved. */
struct table {
	struct row *rows;
	struct probe *probes;
	uint32_t count, probe_count;
};

static void row_add(struct table *table, struct row row)
{
	const struct topology_node *node = row.node;

	if (row.alive) {
		struct probe *probe = &table->probes[table->probe_count++];
		*probe = (struct probe){
			.node = node, .name = row.zone ? row.zone->apex : name_root, .type = TYPE_SOA, .recurse = topology_is_resolver(node),
		};
		row.probe = probe;
	}
	table->rows[table->count++] = row;
}

static void rows_make(const struct lab *lab, struct table *table)
{
	const struct topology *topology = &lab->topology;

	for (uint32_t n = 0; n < topology->node_count; n++) {
		const struct topology_node *node = &topology->nodes[n];
		bool alive = process_is_alive(&lab->processes[n]);
		for (uint32_t z = 0; z < topology->zone_count; z++) {
			if (topology_serves(&topology->zones[z], node))
				row_add(table, (struct row){ .node = node, .zone = &topology->zones[z], .alive = alive });
		}
		if (topology_is_resolver(node))
			row_add(table, (struct row){ .node = node, .alive = alive });
	}
}

static bool answers_well(const struct row *row)
{
	return row->alive && row->probe->answered && row->probe->rcode == RCODE_NOERROR && row->probe->count > 0;
}

/* Whether the row has what its zone's primary has. */
static bool is_current(const struct row *rows, uint32_t count, const struct row *row)
{
	for (uint32_t i = 0; i < count && row->zone; i++) {
		if (rows[i].zone == row->zone && rows[i].node == row->zone->primary)
			return answers_well(&rows[i]) && rows[i].probe->serial == row->probe->serial;
	}
	return true;
}

static const char *state_text(const struct row *rows, uint32_t count, const struct row *row)
{
	if (!row->alive)
		return "dead";
	if (!answers_well(row))
		return row->probe->answered ? rcode_to_text(row->probe->rcode) : "no answer";
	return is_current(rows, count, row) ? "ok" : "behind";
}

enum { COLUMN_COUNT = 7, COLUMN_SIZE = 256 };

/* A row's texts; the heads where `row` is NULL. */
static void cells_write(const struct table *table, const struct row *row, char cells[COLUMN_COUNT][COLUMN_SIZE])
{
	static const char *const heads[COLUMN_COUNT] = { "NODE", "KIND", "ADDRESS", "ZONE", "ROLE", "SERIAL", "STATE" };
	char address[NETADDR_TEXT_SIZE], serial[16] = "-";

	if (row && row->zone && answers_well(row))
		snprintf(serial, sizeof(serial), "%u", row->probe->serial);
	for (int i = 0; i < COLUMN_COUNT; i++) {
		const char *text = heads[i];
		if (row && i == 0)
			text = row->node->name;
		else if (row && i == 1)
			text = topology_kind_text(row->node->kind);
		else if (row && i == 2)
			text = netaddr_to_text(&row->node->address, address);
		else if (row && i == 3)
			text = row->zone ? row->zone->text : "-";
		else if (row && i == 4)
			text = !row->zone ? (row->node->forward_count > 0 ? "forwarder" : "resolver") : row->zone->primary == row->node ? "primary" : "secondary";
		else if (row && i == 5)
			text = serial;
		else if (row)
			text = state_text(table->rows, table->count, row);
		snprintf(cells[i], COLUMN_SIZE, "%s", text);
	}
}

static void table_print(const struct lab *lab, const struct table *table)
{
	char cells[COLUMN_COUNT][COLUMN_SIZE], now[WALL_TEXT_SIZE];
	int widths[COLUMN_COUNT] = { 0 };

	/* `r` counts rows after the line of heads. */
	for (int64_t r = -1; r < (int64_t)table->count; r++) {
		cells_write(table, r < 0 ? NULL : &table->rows[r], cells);
		for (int i = 0; i < COLUMN_COUNT; i++)
			widths[i] = (int)strlen(cells[i]) > widths[i] ? (int)strlen(cells[i]) : widths[i];
	}
	for (int64_t r = -1; r < (int64_t)table->count; r++) {
		cells_write(table, r < 0 ? NULL : &table->rows[r], cells);
		for (int i = 0; i < COLUMN_COUNT - 1; i++)
			printf("%-*s  ", widths[i], cells[i]);
		puts(cells[COLUMN_COUNT - 1]);
	}
	printf("lab %s in %s, %s mode, port %u", lab->topology.name, lab->dir, lab_mode_text(lab->topology.mode),
	       netaddr_port(&lab->topology.nodes[0].address));
	if (lab->clock.clock.speed > 1)
		printf(", clocks %d times as fast, %s", lab->clock.clock.speed, wall_to_text(clock_wall(&lab->clock.clock), now));
	putchar('\n');
}

static void json_print(const struct lab *lab, const struct table *table)
{
	const struct row *rows = table->rows;
	const uint32_t count = table->count;
	json_t *list = json_array();

	for (uint32_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		char address[NETADDR_TEXT_SIZE];
		bool has_serial = row->zone && answers_well(row);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?, s:b, s:o, s:s, s:I}", "node", row->node->name, "kind",
						      topology_kind_text(row->node->kind), "address",
						      netaddr_to_text(&row->node->address, address), "zone", row->zone ? row->zone->text : NULL,
						      "primary", row->zone && row->zone->primary == row->node, "serial",
						      has_serial ? json_integer(row->probe->serial) : json_null(), "state",
						      state_text(rows, count, row), "pid",
						      (json_int_t)lab->processes[row->node - lab->topology.nodes].pid));
	}
	json_t *root = json_pack("{s:s, s:s, s:s, s:i, s:o}", "lab", lab->topology.name, "dir", lab->dir, "mode", lab_mode_text(lab->topology.mode), "port",
				 (int)netaddr_port(&lab->topology.nodes[0].address), "nodes", list);
	json_dumpf(root, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(root);
}

bool status_print(const struct lab *lab, bool json)
{
	size_t most = topology_role_count(&lab->topology);
	struct table table = { .rows = calloc(most + 1, sizeof(*table.rows)), .probes = calloc(most + 1, sizeof(*table.probes)) };
	bool well = table.rows && table.probes;

	if (well) {
		rows_make(lab, &table);
		well = probe_all(lab, table.probes, table.probe_count, ANSWER_WAIT_MS * USEC_PER_MSEC) == ZT_OK;
		(json ? json_print : table_print)(lab, &table);
		for (uint32_t i = 0; i < table.count; i++)
			well = well && answers_well(&table.rows[i]) && is_current(table.rows, table.count, &table.rows[i]);
	}
	free(table.rows);
	free(table.probes);
	return well;
}
