dist_pkgdata_DATA = %D%/lab.yaml
