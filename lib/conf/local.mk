# files of lib/conf
