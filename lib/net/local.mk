# files of lib/net
