/* The option table itself, for the generator of authd.yaml(5). */
#pragma once

#include "lib/conf/schema.h"

extern const struct schema authd_schema;
