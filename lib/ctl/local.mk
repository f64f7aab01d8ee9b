# files of lib/ctl
