dist_pkgdata_DATA = %D%/lab.yaml
zonelabsdir = $(pkgdatadir)/labs
dist_zonelabs_DATA = \
	%D%/labs/broken-delegation.yaml \
	%D%/labs/fifty-secondaries.yaml \
	%D%/labs/hidden-primary.yaml \
	%D%/labs/hundred.yaml \
	%D%/labs/provider-move.yaml \
	%D%/labs/real-root.yaml \
	%D%/labs/signed.yaml \
	%D%/labs/three-tier.yaml \
	%D%/labs/two-tier.yaml \
	%D%/labs/vendors.yaml
zonescenariosdir = $(pkgdatadir)/scenarios
dist_zonescenarios_DATA = \
	%D%/scenarios/expire.yaml \
	%D%/scenarios/flood.yaml \
	%D%/scenarios/lost-notify.yaml \
	%D%/scenarios/lying-secondary.yaml \
	%D%/scenarios/partition.yaml \
	%D%/scenarios/provider-move.yaml \
	%D%/scenarios/rollback.yaml \
	%D%/scenarios/sticky-child.yaml \
	%D%/scenarios/ttl-right.yaml \
	%D%/scenarios/ttl-wrong.yaml
zonescenariolabsdir = $(pkgdatadir)/scenarios/topologies
dist_zonescenariolabs_DATA = \
	%D%/scenarios/topologies/short-lived.yaml \
	%D%/scenarios/topologies/slow-trio.yaml \
	%D%/scenarios/topologies/trio.yaml
