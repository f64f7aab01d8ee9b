/* Telling others: NOTIFY to the servers of a zone's notify list after each change, and what each of them has been seen at.
 *
 * Every zone has one, also a secondary's (chains of secondaries pass the news on). The machines are lib/xfr/notify.h; this file gives them sockets,
 * timers and storage.
 */
#pragma once

#include <jansson.h>

#include "authd/manage/manage.h"
#include "authd/serve/request.h"

/* Reads what the journal knows of the targets (entry->options->notify); what is not settled is sent at once. */
int primary_new(struct manage *manage, struct zone_entry *entry, struct primary **out) ZT_MUST_CHECK;
void primary_free(struct primary *primary);
/* The entry's options were replaced by a reload: targets that stay keep their state. */
int primary_reconfigure(struct zone_entry *entry) ZT_MUST_CHECK;

/* A new version of entry->zone is published: NOTIFY leaves before this returns. */
void primary_on_change(struct manage *manage, struct zone_entry *entry);

/* What a peer's question or transfer tells of it. */
struct primary_evidence {
	struct netaddr peer;         /* its port is not looked at */
	uint16_t type;               /* TYPE_SOA, TYPE_IXFR or TYPE_AXFR */
	uint32_t serial;             /* see struct request */
	bool completed;
	uint64_t bytes;
};

void primary_on_evidence(struct manage *manage, struct zone_entry *entry, const struct primary_evidence *evidence);
/* The mailbox's REQUEST_EVIDENCE; finds the zone. The caller frees the request. */
void primary_on_request(struct manage *manage, const struct request *request);

/* An array with one object per target; see doc/protocol-control.md. NULL when memory is out. */
json_t *primary_status(const struct zone_entry *entry);

/* How many targets are known to hold `serial` or newer, out of how many. */
void primary_count_at(const struct zone_entry *entry, uint32_t serial, uint32_t *reached, uint32_t *total);
