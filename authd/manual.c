/* Prints the manual page authd.yaml(5), generated from the option table, so that page and program can't disagree. Used by the build only. */
#include <stdio.h>

#include "authd/option_table.h"

static const char head[] =
	".Dd $Mdocdate$\n"
	".Dt AUTHD.YAML 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm authd.yaml\n"
	".Nd configuration of authd\n"
	".Sh DESCRIPTION\n"
	"A YAML file without anchors, aliases and tags.\n"
	"Unknown keys are errors.\n"
	"Relative paths are relative to the folder of the file that names them.\n"
	"Addresses are written\n"
	".Ar IP@PORT .\n"
	".Pp\n"
	"Every error is reported with its line and column;\n"
	".Ic authd -t -c\n"
	".Ar file\n"
	"only checks.\n"
	"On SIGHUP or\n"
	".Ic zonectl reload\n"
	"the file is read again; a file with errors changes nothing.\n";

static const char tail[] =
	".Sh EXAMPLES\n"
	"A primary zone and a secondary one:\n"
	".Bd -literal\n"
	"server:\n"
	"  listen: [127.0.0.1@5300]\n"
	"  state-dir: state\n"
	"zone:\n"
	"  - name: example.\n"
	"    file: example.zone                 # primary\n"
	"    notify: [127.0.0.1@5301]\n"
	"    allow-transfer: [127.0.0.0/8]\n"
	"  - name: example.net.\n"
	"    primaries: [127.0.0.1@5302]        # secondary\n"
	".Ed\n"
	".Pp\n"
	"A server for the public, one of several at one address:\n"
	".Bd -literal\n"
	"server:\n"
	"  listen: [192.0.2.53, \"2001:db8::53\"]\n"
	"  nsid: hostname\n"
	"  cookie-secret-file: /etc/zonetide/cookies   # the same on all of them\n"
	"  rate-limit: {responses-per-second: 200, exempt: [192.0.2.0/24]}\n"
	"zone:\n"
	"  - name: example.\n"
	"    file: example.zone\n"
	"  - name: inside.example.\n"
	"    file: inside.zone\n"
	"    allow-query: [10.0.0.0/8]\n"
	".Ed\n"
	".Pp\n"
	"A primary server that lists its zones in a catalog, and a secondary that serves what is listed:\n"
	".Bd -literal\n"
	"zone:\n"
	"  - name: catalog.invalid.\n"
	"    catalog: producer\n"
	"    notify: [192.0.2.2]\n"
	"    allow-transfer: [192.0.2.2]\n"
	"  - name: example.\n"
	"    file: example.zone\n"
	"    catalog-member: catalog.invalid.\n"
	"    notify: [192.0.2.2]\n"
	"    allow-transfer: [192.0.2.2]\n"
	".Ed\n"
	".Bd -literal\n"
	"zone:\n"
	"  - name: catalog.invalid.\n"
	"    primaries: [192.0.2.1]\n"
	"    catalog: consumer\n"
	"    catalog-template: [ordinary, internal]    # internal: members with this group\n"
	"template:\n"
	"  - name: ordinary\n"
	"  - name: internal\n"
	"    allow-query: [10.0.0.0/8]\n"
	".Ed\n"
	".Sh SEE ALSO\n"
	".Xr authd 8 ,\n"
	".Xr zonectl 1\n";

int main(void)
{
	struct buf options;

	buf_init(&options);
	schema_write_mdoc(&authd_schema, &options);
	if (options.status != ZT_OK)
		return 1;
	fputs(head, stdout);
	fwrite(options.data, 1, options.len, stdout);
	fputs(tail, stdout);
	buf_fini(&options);
	return fflush(stdout) == 0 ? 0 : 1;
}
