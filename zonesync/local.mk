# files of zonesync
