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
	%D%/scenarios/flood.yaml \
	%D%/scenarios/lost-notify.yaml \
	%D%/scenarios/lying-secondary.yaml \
	%D%/scenarios/rollback.yaml
zonescenariolabsdir = $(pkgdatadir)/scenarios/topologies
dist_zonescenariolabs_DATA = \
	%D%/scenarios/topologies/trio.yaml
