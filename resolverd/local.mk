# files of resolverd
