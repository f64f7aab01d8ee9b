/* Files in a node's folder, and what is written into most of them. */
#pragma once

#include <stdio.h>

#include "tools/zonelab/lab/lab.h"

/* In the folder of a resolver that validates: DS or DNSKEY records of the top zone. */
#define NODE_TRUST_ANCHOR "root.key"

/* Printed where it cannot be; then NULL. */
FILE *node_file_open(const struct lab *lab, const struct topology_node *node, const char *name);
/* Printed where not all could be written. */
int node_file_close(FILE *file, const char *name);
/* Removes what an earlier lab left in the folder: its history of the same zones is another one. Makes `state/`, where daemons keep what they store. */
int node_folder_clear(const struct lab *lab, const struct topology_node *node) ZT_MUST_CHECK;
/* The folder as the node's own programs see it, for configurations that name it, between double quotes. Printed where it cannot be. */
int node_folder(const struct lab *lab, const struct topology_node *node, char out[4096]) ZT_MUST_CHECK;

/* A text as a YAML scalar, whatever is in it. */
void write_quoted(FILE *to, const char *text);

/* Everybody a daemon of the lab can hear: prefixes with `between` between them. Nothing from outside comes in. */
void write_everybody(FILE *to, const struct lab *lab, const char *between);

/* How daemons write an address. */
enum address_form {
	ADDRESS_AT,         /* IP@PORT */
	ADDRESS_YAML,       /* 'IP@PORT': an IPv6 address may look like something else there */
	ADDRESS_COLON,      /* IP:PORT, [IP]:PORT */
	ADDRESS_BIND,       /* IP port PORT */
	ADDRESS_IP,         /* IP */
};
void write_address(FILE *to, const struct netaddr *address, enum address_form form);
/* All of a node's, with `between` between them. */
void write_addresses(FILE *to, const struct topology_node *node, enum address_form form, const char *between);
bool node_has_family(const struct topology_node *node, sa_family_t family);
/* On the loopback network every address may be a source of everything: a daemon must be told to send from its own. From there nothing leaves the machine,
 * wherever a zone of one's own delegates to: the kernel refuses it (EINVAL). Elsewhere it has no other. */
static inline bool source_must_be_told(const struct lab *lab) { return lab->topology.mode == TOPOLOGY_LOOPBACK; }

enum direction { UPSTREAM, DOWNSTREAM };
/* Steps through those whom `node` transfers the zone from, or who transfer it from `node`: *at begins with 0; NULL at the end. */
const struct topology_node *neighbour_next(const struct topology_zone *zone, const struct topology_node *node, enum direction direction, uint32_t *at);
/* Whether the primary reads a file that was written for it: authd reads a user's own in its place, as it never writes into one. */
static inline bool zone_file_is_made(const struct topology_zone *zone)
{
	return !zone->file || zone->file_is_packed || zone->primary->kind != NODE_AUTHD || zone->signing != SIGNING_NONE;
}
/* Of the name of the zone's file that people and zonelab edit: a signed zone's is made from it (sign.h). */
static inline const char *zone_file_ending(const struct topology_zone *zone) { return zone->signing != SIGNING_NONE ? ".unsigned" : ".zone"; }
/* PATH of the zone's file below the node's folder: a secondary's is state. */
void write_zone_file_name(FILE *to, const struct topology_zone *zone, const struct topology_node *node);
/* Steps through the nodes that the zone above sends resolvers to. */
const struct topology_node *delegate_next(const struct topology_zone *zone, uint32_t *at);
/* Steps through the zones that resolvers are sent to, those with the most labels first: *at begins with 0; NULL at the end. A daemon that asks
 * servers on port 53 only is told of each zone's servers in a lab on another port. */
const struct topology_zone *deepest_zone_next(const struct topology *topology, uint64_t *at);
/* A resolver that must be told so. */
bool resolver_is_told_zones(const struct lab *lab, const struct topology_node *node);

/* `root.hints`: the servers of the top zone. */
int root_hints_write(const struct lab *lab, const struct topology_node *node) ZT_MUST_CHECK;
