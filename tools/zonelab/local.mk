# files of tools/zonelab
