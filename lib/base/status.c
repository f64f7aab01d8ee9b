/* The status table's texts. */
#include "lib/base/status.h"

#include <errno.h>
#include <stddef.h>

struct status_row {
	int value;
	bool retryable;
	const char *name;
	const char *text;
};

static const struct status_row rows[] = {
	{ ZT_OK, false, "OK", "success" },
#define X(name, value, retryable, text) { (value), (retryable), #name, (text) },
	STATUS_TABLE(X)
#undef X
};

static const struct status_row *row_find(int status)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value == status)
			return &rows[i];
	}
	return NULL;
}

const char *status_text(int status)
{
	const struct status_row *row = row_find(status);
	return row ? row->text : "unknown status";
}

const char *status_name(int status)
{
	const struct status_row *row = row_find(status);
	return row ? row->name : "UNKNOWN";
}

bool status_is_retryable(int status)
{
	const struct status_row *row = row_find(status);
	return row && row->retryable;
}

int status_from_errno(int err)
{
	switch (err) {
	case 0: return ZT_OK;
	case ENOMEM: return ZT_ENOMEM;
	case EINVAL: return ZT_EINVAL;
	case EADDRNOTAVAIL:      /* no interface has it */
	case ENOENT: return ZT_ENOENT;
	case EEXIST: return ZT_EEXIST;
	case EIO: return ZT_EIO;
	case ENOSPC:
	case EDQUOT: return ZT_ENOSPC;
	case EACCES:
	case EPERM: return ZT_EDENIED;
	case EADDRINUSE:
	case EBUSY: return ZT_EBUSY;
	case EINTR:
	case EAGAIN: return ZT_EAGAIN;
	case ETIMEDOUT: return ZT_ETIMEOUT;
	case ECONNREFUSED: return ZT_EREFUSED;
	case ECONNRESET:
	case EPIPE: return ZT_ECLOSED;
	default: return ZT_ESYSTEM;
	}
}
