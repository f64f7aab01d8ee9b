dist_pkgdata_DATA = %D%/lab.yaml
zonelabsdir = $(pkgdatadir)/labs
dist_zonelabs_DATA = \
	%D%/labs/broken-delegation.yaml \
	%D%/labs/fifty-secondaries.yaml \
	%D%/labs/hidden-primary.yaml \
	%D%/labs/hundred.yaml \
	%D%/labs/provider-move.yaml \
	%D%/labs/signed.yaml \
	%D%/labs/three-tier.yaml \
	%D%/labs/two-tier.yaml \
	%D%/labs/vendors.yaml
