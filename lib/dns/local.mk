# files of lib/dns
