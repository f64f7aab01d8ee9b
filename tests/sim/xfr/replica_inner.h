/* What replica.c and replica_serve.c share. */
#pragma once

#include "tests/sim/xfr/replica.h"

static const uint8_t replica_apex[] = "\7example";

static inline usec_t now_of(const struct replica *r)
{
	return simnet_now(r->net);
}

static inline bool happens(struct replica *r, double probability)
{
	return probability > 0 && rng_unit(&r->rng) < probability;
}

void replica_broken(struct replica *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Does what is due and sleeps until more is. */
void replica_run(struct replica *r);
/* Publishes the edit and keeps its difference. The serial must move forward, unless `any_serial`. False: it crashed meanwhile. */
bool replica_commit(struct replica *r, struct zone_edit *edit, bool any_serial);
/* Stores that its version was good so long ago. */
void replica_confirm(struct replica *r, usec_t age);
void replica_announce(struct replica *r);
struct replica_target *replica_target_of(struct replica *r, unsigned node);
/* The node at the other end was seen to hold the serial. */
void replica_evidence(struct replica *r, unsigned node, uint32_t serial);

/* The node of a server by the number it has in the machine: primaries, then members. */
static inline unsigned node_of(const struct replica *r, unsigned server)
{
	return server < r->config.primary_count ? r->config.primaries[server] : r->config.members[server - r->config.primary_count];
}
void replica_transfer_drop(struct replica *r);
/* A version was received by the transfer under way. */
void replica_received(struct replica *r, struct zone_edit *edit, unsigned *counter);
/* The options of a question about the zone. */
void replica_options_append(const struct replica *r, uint8_t *wire, size_t size, size_t *len);
/* What the primary says of itself, compared with what we have. */
struct refresh_peer replica_judge(struct replica *r, const struct xfr_edns *said, uint32_t serial);

void replica_repair_begin(struct replica *r, const struct refresh_action *action);
void replica_repair_message(struct replica *r, const uint8_t *data, size_t len);
void replica_answer_repair(struct replica *r, uint64_t stream, const struct message *query);

/* Answers to a SOA query, a NOTIFY and the question for a transfer. */
void replica_answer_soa(struct replica *r, unsigned from, const struct message *query);
void replica_answer_notify(struct replica *r, unsigned from, const struct message *query);
void replica_answer_transfer(struct replica *r, uint64_t stream, unsigned from, const struct message *query);
