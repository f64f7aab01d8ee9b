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
/* Stores that its version is good at this time. */
void replica_confirm(struct replica *r);
void replica_announce(struct replica *r);
struct replica_target *replica_target_of(struct replica *r, unsigned node);
/* The node at the other end was seen to hold the serial. */
void replica_evidence(struct replica *r, unsigned node, uint32_t serial);

/* Answers to a SOA query, a NOTIFY and the question for a transfer. */
void replica_answer_soa(struct replica *r, unsigned from, const struct message *query);
void replica_answer_notify(struct replica *r, unsigned from, const struct message *query);
void replica_answer_transfer(struct replica *r, uint64_t stream, unsigned from, const struct message *query);
