/* Giving memory back to the system. */
#pragma once

/* Returns pages that are free to the kernel. Worth a call after something large was built and freed again, such as a reloaded zone; the allocator
 * would keep them for later otherwise. Takes milliseconds: not for the query path. */
void memory_trim(void);
