/* What qsbr.h needs an address of. */
#include "lib/base/qsbr.h"

const char qsbr_tag = 0;
