/* One error scheme for the whole project: 0 is success, failures are negative codes of one table.
 *
 * Functions that can fail return `int` and are marked ZT_MUST_CHECK. DNS response codes are another type (enum rcode, lib/dns).
 * "Retryable" means: the same call may succeed later without anybody changing a file or a setting.
 */
#pragma once

#include <stdbool.h>

#define ZT_MUST_CHECK __attribute__((warn_unused_result))

/*        code name       value  retryable  text */
#define STATUS_TABLE(X) \
	X(ENOMEM,         -1, true,  "out of memory") \
	X(EINVAL,         -2, false, "invalid argument") \
	X(ESYNTAX,        -3, false, "syntax error") \
	X(ETRUNC,         -4, false, "data ends too early") \
	X(ESPACE,         -5, false, "no space left in the buffer") \
	X(EMALFORMED,     -6, false, "malformed message") \
	X(ELIMIT,         -7, false, "a limit was reached") \
	X(ENOENT,         -8, false, "not found") \
	X(EEXIST,         -9, false, "already exists") \
	X(EIO,           -10, true,  "input/output error") \
	X(ENOSPC,        -11, true,  "no space left on the device") \
	X(ECORRUPT,      -12, false, "stored data is damaged") \
	X(EBUSY,         -13, true,  "busy") \
	X(EAGAIN,        -14, true,  "try again") \
	X(ETIMEOUT,      -15, true,  "timed out") \
	X(ECLOSED,       -16, true,  "connection closed") \
	X(EREFUSED,      -17, true,  "connection refused") \
	X(EDENIED,       -18, false, "not permitted") \
	X(EZONE,         -19, false, "the zone breaks a rule of the DNS") \
	X(EOUTOFZONE,    -20, false, "name outside the zone") \
	X(ESERIAL,       -21, false, "serial does not move forward") \
	X(EDIFF,         -22, false, "difference does not fit the zone") \
	X(EUNSUPPORTED,  -23, false, "not supported") \
	X(ESYSTEM,       -24, true,  "system call failed") \
	X(EDONE,         -25, false, "nothing left")

enum status {
	ZT_OK = 0,
#define X(name, value, retryable, text) ZT_##name = (value),
	STATUS_TABLE(X)
#undef X
};

/* Text for people; never NULL, also for numbers that are no status. */
const char *status_text(int status);

/* The table's name, such as "ENOMEM"; for logs and JSON. */
const char *status_name(int status);

bool status_is_retryable(int status);

/* The status for an errno value (ENOSPC and EDQUOT stay ENOSPC, so that a full disk is told apart). */
int status_from_errno(int err);
