/* Catalog zones in authd.yaml: what a zone is to a catalog, and the templates of member zones. Part of options.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "authd/options_zone.h"
#include "lib/conf/schema.h"
#include "lib/zone/catalog.h"

struct options_reader;

/* The template for a member with these groups: the first one that is named by any of them, else the first. */
const struct zone_options *catalog_template(const struct catalog_options *catalog, const struct catalog_text *groups, size_t count);
/* Whether settings of a zone are those of one of the catalog's templates. */
bool catalog_has_template(const struct catalog_options *catalog, const struct zone_options *options);

/* Fills in what the zones have to do with catalogs, and looks for rules broken; `confs` are the zones as the table has them. */
void catalog_options_read(struct options_reader *reader, const struct schema_list *confs, const struct schema_list *templates,
			  struct zone_options *zones);
