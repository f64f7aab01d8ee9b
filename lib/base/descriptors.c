/* The limit of open descriptors: shells commonly set a soft one far below the hard one, for programs that use select(2). */
#include "lib/base/descriptors.h"

#include <limits.h>
#include <sys/resource.h>

enum { USUAL_LIMIT = 1024 };

unsigned descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return USUAL_LIMIT;
	rlim_t before = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		limit.rlim_cur = before;
	return limit.rlim_cur > INT_MAX ? INT_MAX : (unsigned)limit.rlim_cur;
}
