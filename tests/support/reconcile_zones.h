/* Zones of reconciliation tests: random ones, scripts of random changes, and plain ones with many hosts. Every failure fails the test. */
#pragma once

#include "lib/base/rng.h"
#include "lib/zone/edit.h"

extern const uint8_t reconcile_apex[9];
extern const struct fingerprint_key reconcile_key;

/* A zone with the content of a version (NULL: empty) in an edit that is not yet published. */
struct zone *zone_with_same(const struct zone_version *version, struct zone_edit **edit);
void put_soa(struct zone_edit *edit, uint32_t serial);
void add(struct zone_edit *edit, const uint8_t *owner, const struct change_record *what);
void add_a(struct zone_edit *edit, const uint8_t *owner, uint32_t address);
/* A signature of no worth: its fields and some bytes. */
void add_rrsig(struct zone_edit *edit, const uint8_t *owner, uint16_t covers, uint32_t salt);
/* Names of few different labels of all kinds, with records of several types. */
void random_records(struct rng *rng, struct zone_edit *edit, unsigned count);
/* Adds, deletes, changes, renames or signs anew at random. */
void random_step(struct rng *rng, struct zone_edit *edit);
/* As in bench/: names of one label, an A record each, serial 1. With `like` a copy of that. */
struct zone *host_zone(unsigned hosts, const struct zone_version *like, struct zone_edit **edit);
void change_host(struct zone_edit *edit, unsigned host);
