/* Prometheus metrics. */
#pragma once

#include "resolverd/manage/manage.h"

struct exporter;

/* *exporter is NULL where the configuration has no `metrics`. What goes wrong is logged. */
int exporter_open(struct exporter **exporter, struct manage *manage) ZT_MUST_CHECK;
/* NULL is fine. */
void exporter_close(struct exporter *exporter);
