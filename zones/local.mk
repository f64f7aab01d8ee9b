# files of zones
