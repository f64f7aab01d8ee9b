/* Prints the manual page propest-topology(5), generated from the topology file's table, so that page and program can't disagree. Used by the
 * build only. */
#include <stdio.h>

#include "lib/conf/schema.h"
#include "tools/propest/gather/topology.h"

static const char head[] =
	".Dd $Mdocdate$\n"
	".Dt PROPEST-TOPOLOGY 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm propest-topology\n"
	".Nd what DNS cannot tell propest\n"
	".Sh DESCRIPTION\n"
	"A YAML file with facts about one zone: who transfers from whom, who is told by NOTIFY, what is lost, what will be cut off, what the caches are like.\n"
	"Given to\n"
	".Xr propest 1\n"
	"with\n"
	".Fl -topology .\n"
	"Servers with an address are asked for the rest, unless\n"
	".Fl -no-net\n"
	"forbids it; what the file says wins.\n"
	"Times are seconds, or written like 90s, 5m, 1h30m, 2d; sizes are bytes, or written like 20K, 3M.\n"
	"Unknown keys are errors.\n";

static const char tail[] =
	".Sh EXAMPLES\n"
	".Bd -literal\n"
	"zone: example.\n"
	"ttl: 300\n"
	"soa: {refresh: 1h, retry: 15m, expire: 7d, minimum: 10m, ttl: 1h}\n"
	"server:\n"
	"  - {name: hidden, vendor: authd, hidden: yes}\n"
	"  - {name: ns1, from: hidden, vendor: nsd, rtt: 20ms, loss: 1%}\n"
	"  - {name: ns2, from: ns1, vendor: bind, notify: no}\n"
	"outage:\n"
	"  - {begin: 0, end: 2m, probability: 5%, to: [ns1]}\n"
	"caches: {count: 1000, depth: 2}\n"
	".Ed\n"
	".Sh SEE ALSO\n"
	".Xr propest 1\n";

int main(void)
{
	struct buf keys;

	buf_init(&keys);
	schema_write_mdoc(topology_schema(), &keys);
	if (keys.status != ZT_OK)
		return 1;
	fputs(head, stdout);
	fwrite(keys.data, 1, keys.len, stdout);
	fputs(tail, stdout);
	buf_fini(&keys);
	return fflush(stdout) == 0 ? 0 : 1;
}
