/* Giving memory back to the system: glibc's way; other allocators keep their own counsel. */
#include "lib/base/memory.h"

#include <malloc.h>

void memory_trim(void)
{
	malloc_trim(0);
}
