/* Backups of what a node has stored: a copy of its folder, as it lies on the disk, beside the lab's nodes (DIR/backup/NODE). The log is no part of it. */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* Copies again when something was written meanwhile, a few times. Replaces an earlier backup. Errors are printed; ZT_EBUSY: the node never stops writing. */
int backup_make(const struct lab *lab, const struct topology_node *node) ZT_MUST_CHECK;
/* Puts the backup in the folder's place. The node must not run. Errors are printed. */
int backup_restore(const struct lab *lab, const struct topology_node *node) ZT_MUST_CHECK;
