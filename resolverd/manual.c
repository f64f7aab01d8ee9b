/* Prints the manual page resolverd.yaml(5), generated from the option table, so that page and program can't disagree. Used by the build only. */
#include <stdio.h>

#include "resolverd/option_table.h"

static const char head[] =
	".Dd $Mdocdate$\n"
	".Dt RESOLVERD.YAML 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm resolverd.yaml\n"
	".Nd configuration of resolverd\n"
	".Sh DESCRIPTION\n"
	"A YAML file without anchors, aliases and tags.\n"
	"Unknown keys are errors.\n"
	"Relative paths are relative to the folder of the file that names them.\n"
	"Addresses are written\n"
	".Ar IP@PORT .\n"
	".Pp\n"
	"Every error is reported with its line and column;\n"
	".Ic resolverd -t -c\n"
	".Ar file\n"
	"only checks.\n"
	"On SIGHUP or\n"
	".Ic zonectl reload\n"
	"the file and the root hints are read again; a file with errors changes nothing.\n"
	"The cache stays.\n";

static const char tail[] =
	".Sh EXAMPLES\n"
	"A resolver for a laboratory whose servers all run on port 5300 of loopback addresses:\n"
	".Bd -literal\n"
	"server: {listen: [127.0.0.1@5353], control: state/resolverd.sock}\n"
	"resolver: {root-hints: root.hints, upstream-port: 5300, allow-loopback-upstream: yes}\n"
	"cache: {size: 64M}\n"
	".Ed\n"
	".Pp\n"
	"One that asks another resolver for everything but one zone:\n"
	".Bd -literal\n"
	"server: {listen: [192.0.2.1@53], allow-query: [192.0.2.0/24]}\n"
	"stub: [{name: corp.example., addresses: [192.0.2.53]}]\n"
	"forward: [{name: ., addresses: [198.51.100.1, 198.51.100.2]}]\n"
	".Ed\n"
	".Sh SEE ALSO\n"
	".Xr resolverd 8 ,\n"
	".Xr zonectl 1\n";

int main(void)
{
	struct buf options;

	buf_init(&options);
	schema_write_mdoc(&resolverd_schema, &options);
	if (options.status != ZT_OK)
		return 1;
	fputs(head, stdout);
	fwrite(options.data, 1, options.len, stdout);
	fputs(tail, stdout);
	buf_fini(&options);
	return fflush(stdout) == 0 ? 0 : 1;
}
