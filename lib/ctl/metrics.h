/* Prometheus text metrics over HTTP: GET /metrics, filled by a callback on each scrape. */
#pragma once

#include <event2/event.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"

struct metrics_server;

/* Appends all families to `out`. In the loop's thread. */
typedef void (*metrics_fill)(struct buf *out, void *ctx);

ZT_MUST_CHECK int metrics_open(struct metrics_server **server, struct event_base *base, const struct netaddr *local, metrics_fill fill, void *ctx);
/* NULL is fine. */
void metrics_close(struct metrics_server *server);
/* As bound, with the real port. */
void metrics_local(const struct metrics_server *server, struct netaddr *local);

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

struct metrics_label {
	const char *name;
	const char *value;            /* any text, escaped when written */
};

/* A family's HELP and TYPE lines; its samples must follow, all together. */
void metrics_family(struct buf *out, const char *name, enum metrics_type type, const char *help);
/* One sample; `labels` ends with a NULL name, NULL for none. Whole numbers up to 2^53 are written exactly. */
void metrics_sample(struct buf *out, const char *name, const struct metrics_label *labels, double value);
