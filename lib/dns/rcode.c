/* Names of response codes and opcodes. */
#include "lib/dns/rcode.h"

#include <stddef.h>

static const char *const rcodes[] = {
	[RCODE_NOERROR] = "NOERROR", [RCODE_FORMERR] = "FORMERR", [RCODE_SERVFAIL] = "SERVFAIL", [RCODE_NXDOMAIN] = "NXDOMAIN",
	[RCODE_NOTIMP] = "NOTIMP", [RCODE_REFUSED] = "REFUSED", [RCODE_YXDOMAIN] = "YXDOMAIN", [RCODE_YXRRSET] = "YXRRSET",
	[RCODE_NXRRSET] = "NXRRSET", [RCODE_NOTAUTH] = "NOTAUTH", [RCODE_NOTZONE] = "NOTZONE", [RCODE_BADVERS] = "BADVERS",
	[RCODE_BADKEY] = "BADKEY", [RCODE_BADTIME] = "BADTIME", [RCODE_BADTRUNC] = "BADTRUNC", [RCODE_BADCOOKIE] = "BADCOOKIE",
};

static const char *const opcodes[] = {
	[OPCODE_QUERY] = "QUERY", [OPCODE_IQUERY] = "IQUERY", [OPCODE_STATUS] = "STATUS", [OPCODE_NOTIFY] = "NOTIFY",
	[OPCODE_UPDATE] = "UPDATE", [OPCODE_DSO] = "DSO",
};

static const char *lookup(const char *const *names, size_t count, unsigned value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

const char *rcode_to_text(unsigned rcode)
{
	return lookup(rcodes, sizeof(rcodes) / sizeof(rcodes[0]), rcode);
}

const char *opcode_to_text(unsigned opcode)
{
	return lookup(opcodes, sizeof(opcodes) / sizeof(opcodes[0]), opcode);
}
