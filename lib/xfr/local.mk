# files of lib/xfr
