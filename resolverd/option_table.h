/* The option table itself, for the generator of resolverd.yaml(5). */
#pragma once

#include "lib/conf/schema.h"

extern const struct schema resolverd_schema;
