# files of lib/zone
