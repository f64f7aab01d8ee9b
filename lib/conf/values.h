/* The texts of single configuration values (private to lib/conf): one parser a type, and the words for what each expects. */
#pragma once

#include "lib/base/buf.h"
#include "lib/conf/schema.h"

/* Bytes of the C type of a value of this row (not of its list); 0 for SCHEMA_MAPPING, whose schema says it. */
size_t value_size(const struct schema_row *row);
/* Parses the text of a scalar type into `out`. Texts are stored in the tree's arena. ZT_ESYNTAX, ZT_ENOMEM. */
ZT_MUST_CHECK int value_from_text(const struct schema_row *row, struct yaml_tree *tree, const char *text, void *out);
/* Appends "a whole number from 1 to 64" and the like, also for the man page. `text` (may be NULL) is the value that was refused. */
void value_expected_write(const struct schema_row *row, const char *text, struct buf *out);
