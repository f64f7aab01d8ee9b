/* Prometheus metrics of the daemon, where the configuration names an address for them. */
#pragma once

#include "authd/manage/manage.h"

struct exporter;

/* *out stays NULL where metrics are off. */
int exporter_open(struct exporter **out, struct manage *manage) ZT_MUST_CHECK;
/* NULL is fine. */
void exporter_close(struct exporter *exporter);
